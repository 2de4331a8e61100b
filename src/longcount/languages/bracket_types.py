"""Words of several types of brackets by the grammar of one type: nested as in Dyck-2, or shuffled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longcount.errors import UserError
from longcount.languages.dyck import DYCK1
from longcount.languages.dyck2 import Stack
from longcount.languages.language import Language
from longcount.languages.sampler import GrammarSampler
from longcount.languages.shuffle import PAIRS, shuffle
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words, offsets_of


@dataclass(frozen=True)
class NestedTypes:
    """The derivation of a Dyck-1 word, the type of each pair as likely as any other.

    >>> from longcount import languages
    >>> NestedTypes(languages.get("dyck2"), GrammarSampler(limit=8)).draw(2, Uniforms(0), 6, 8).strings()
    ['([]())', '[[()]]']
    """

    language: Stack
    grammar: GrammarSampler

    @property
    def kind(self) -> str:
        """Its description, for messages."""
        return self.grammar.kind

    def draw(self, count: int, uniforms: Uniforms, minimum: int, maximum: int) -> Words:
        """Words whose lengths lie in [minimum, maximum], of the grammar's distribution of lengths."""
        words = self.grammar.draw(count, uniforms, minimum, maximum)
        tokens = words.tokens.copy()
        opening = tokens == 0
        tokens[opening] = 2 * uniforms.indices(int(opening.sum()), len(self.language.letters) // 2)
        return self.language.with_closings(Words(tokens, words.offsets, self.language.letters))


@dataclass(frozen=True)
class ShuffledTypes:
    """The length is that of the grammar, the type of each pair as likely as any other; the brackets of each type are a
    word of the grammar, given their number; and all ways to shuffle these words into one are equally likely.

    >>> from longcount import languages
    >>> ShuffledTypes(languages.get("shuffle2"), GrammarSampler(limit=8)).draw(2, Uniforms(0), 6, 8).strings()
    ['[](())', '(()[])']
    """

    language: Language
    grammar: GrammarSampler

    @property
    def kind(self) -> str:
        """Its description, for messages."""
        return self.grammar.kind

    def draw(self, count: int, uniforms: Uniforms, minimum: int, maximum: int) -> Words:
        """Words whose lengths lie in [minimum, maximum], of the grammar's distribution of lengths."""
        types = len(self.language.letters) // 2
        pairs = self.grammar.draw_pairs(count, uniforms, minimum, maximum)
        owners = np.repeat(np.arange(count), pairs) * types + uniforms.indices(int(pairs.sum()), types)
        pairs_of_type = np.bincount(owners, minlength=count * types)  # [words, types] in one dimension
        parts = self.grammar.derive(pairs_of_type, uniforms)
        part = np.repeat(np.arange(count * types), parts.lengths)
        # A place is drawn for each bracket; those of one part then stand there in their own order.
        shuffled = np.lexsort((uniforms.take(len(part)), part // types))
        tokens = np.empty(len(part), np.uint8)
        tokens[np.argsort(part[shuffled], kind="stable")] = parts.tokens + 2 * (part % types)
        return Words(tokens, offsets_of(2 * pairs), self.language.letters)


def grammar_sampler(language: Language, limit: int, p: float, q: float) -> GrammarSampler | NestedTypes | ShuffledTypes:
    """The grammar for a language of brackets, with a size limit; UserError for other languages."""
    grammar = GrammarSampler(limit, p, q)
    if language == DYCK1:
        return grammar
    if isinstance(language, Stack):
        return NestedTypes(language, grammar)
    if len(language.letters) <= len(PAIRS) and language == shuffle(len(language.letters) // 2):
        return ShuffledTypes(language, grammar)
    raise UserError(f"{language.name} has no grammar to draw words by; take the sampler walk or uniform")
