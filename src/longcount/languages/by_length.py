"""Samplers that draw words of given lengths: a length first, then a word of that length.

`Walk` takes letters one by one, each as likely as any other that may come next; `Counted` takes each word of the length
with the same probability. Both take every length of a window that has words with the same probability. The grammar of
`longcount.languages.sampler` has lengths of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from longcount.errors import UserError
from longcount.languages.language import Language
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words

MOST_TRIES = 500
"""Walks that may end in dead ends, one after the other, before drawing is given up."""


class LengthSampler(Protocol):
    """A sampler of words by their lengths."""

    @property
    def language(self) -> Language:
        """Whose words it draws."""
        ...

    @property
    def kind(self) -> str:
        """Its description, for messages: "by ..."."""
        ...

    def draw(self, count: int, uniforms: Uniforms, minimum: int, maximum: int) -> Words:
        """Words whose lengths lie in [minimum, maximum]; UserError where there are none."""
        ...


def no_words(language: Language, minimum: int, maximum: int) -> UserError:
    """The error for a window of lengths that has no words."""
    lengths = f"{minimum:,}" if minimum == maximum else f"{minimum:,} to {maximum:,}"
    return UserError(f"{language.name} has no words of {lengths} tokens; take other lengths")


@dataclass(frozen=True)
class Walk:
    """Words letter by letter: each is as likely as any other that may come next and after which the word can still be
    completed in the letters left. Walks that run into a dead end all the same, which those of the built-in languages
    never do, are taken again from the beginning.

    >>> from longcount import languages
    >>> Walk(languages.get("an_bn")).draw(3, Uniforms(0), 2, 9).strings()
    ['ab', 'aabb', 'aabb']
    """

    language: Language
    kind = "by walks"

    def draw(self, count: int, uniforms: Uniforms, minimum: int, maximum: int) -> Words:
        """Words whose lengths lie in [minimum, maximum], each length equally likely; UserError where there are none."""
        language = self.language
        possible = [length for length in range(minimum, maximum + 1) if language.may_complete(language.start, length)]
        if not possible:
            raise no_words(language, minimum, maximum)
        lengths = np.array(possible, np.int64)[uniforms.indices(count, len(possible))]
        words, ended = language.walk(lengths, uniforms)
        tries = 1
        while not ended.all():
            if tries == MOST_TRIES:
                length = int(lengths[~ended][0])
                raise UserError(
                    f"{language.name}: {tries} walks of {length:,} letters ended in dead ends; take the sampler uniform"
                )
            waiting = np.flatnonzero(~ended)
            again, done = language.walk(lengths[waiting], uniforms)
            places = np.arange(count)
            places[waiting] = count + np.arange(len(waiting))
            words = Words.concatenate([words, again]).select(places)
            ended[waiting] = done
            tries = 1 if done.any() else tries + 1
        return words


def walk_probabilities(language: Language, length: int) -> dict[str, float]:
    """The probability of each word under walks of that many letters, by enumerating all walks; slow.

    >>> from longcount import languages
    >>> walk_probabilities(languages.get("dyck1"), 6)
    {'((()))': 0.25, '(()())': 0.125, '(())()': 0.125, '()(())': 0.25, '()()()': 0.25}
    """
    found: dict[str, float] = {}
    waiting = [("", language.start, 1.0)]
    while waiting:
        prefix, configuration, probability = waiting.pop()
        left = length - len(prefix)
        if left == 0:
            if language.may_end(configuration):
                found[prefix] = probability
            continue
        choices = [each for each in language.following(configuration) if language.may_complete(each[1], left - 1)]
        for letter, following in reversed(choices):
            waiting.append((prefix + letter, following, probability / len(choices)))
    total = sum(found.values())
    return {word: probability / total for word, probability in found.items()}


@dataclass(frozen=True)
class Counted:
    """Each word of a length as likely as any other, by counting them.

    >>> from longcount import languages
    >>> Counted(languages.get("majority")).draw(4, Uniforms(0), 1, 5).strings()
    ['1', '11', '111', '1']
    """

    language: Language
    kind = "by counting"

    def draw(self, count: int, uniforms: Uniforms, minimum: int, maximum: int) -> Words:
        """Words whose lengths lie in [minimum, maximum], each length equally likely; UserError where there are none, or
        they cannot be counted (`Language.count`)."""
        possible = [length for length in range(minimum, maximum + 1) if self.language.count(length)]
        if not possible:
            raise no_words(self.language, minimum, maximum)
        lengths = np.array(possible)[uniforms.indices(count, len(possible))].tolist()
        return Words.from_strings([self.language.draw(length, uniforms) for length in lengths], self.language.letters)
