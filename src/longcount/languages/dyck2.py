"""Dyck-2: brackets of two types, which only a stack can match: the control that no counter machine decides."""

from dataclasses import dataclass

import numpy as np

from longcount.languages.dyck import complaint_of_open
from longcount.languages.language import Language
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words, offsets_of


@dataclass(frozen=True, kw_only=True)
class Stack(Language):
    """Balanced brackets of several types, ``()[]...``: opening letters have even tokens, their closing ones the next.
    The configuration is the string of open brackets."""

    @property
    def start(self) -> str:
        """No bracket is open."""
        return ""

    def following(self, configuration: str) -> list[tuple[str, str]]:
        """Each letter that may come next, with the brackets that are open then."""
        after = []
        for opening, closing in zip(self.letters[::2], self.letters[1::2], strict=True):
            after.append((opening, configuration + opening))
            if configuration.endswith(opening):
                after.append((closing, configuration[:-1]))
        return after

    def may_end(self, configuration: str) -> bool:
        """Whether no bracket is open."""
        return not configuration

    def representative(self, configuration: str) -> int:
        """How many brackets are open: their types do not change in how many ways a word can continue."""
        return len(configuration)

    def letters_due(self, configuration: str) -> int:
        """Every open bracket has to be closed."""
        return len(configuration)

    def may_complete(self, configuration: str, left: int) -> bool:
        """Whether that many letters can close all open brackets, opening and closing others: exactly."""
        return len(configuration) <= left and (left - len(configuration)) % 2 == 0

    def walk(self, lengths: np.ndarray, uniforms: Uniforms) -> tuple[Words, np.ndarray]:
        """As `Language.walk` says: one letter of every string at a time. Strings of odd lengths reach no end."""
        order = np.argsort(-lengths, kind="stable")
        ordered, longest = lengths[order], int(lengths.max(initial=0))
        offsets = offsets_of(lengths)
        starts = offsets[order]
        tokens = np.zeros(int(offsets[-1]), np.uint8)
        opened = np.zeros((len(lengths), longest + 1), np.uint8)  # [word, depth]: the bracket open there
        heights = np.zeros(len(lengths), np.int64)
        letters = np.arange(len(self.letters))
        for position, active in enumerate(np.searchsorted(-ordered, -np.arange(longest)).tolist()):
            rows, height = np.arange(active), heights[:active]
            last = np.where(height > 0, opened[rows, height], 255)[:, None]
            after = height[:, None] + 1 - 2 * (letters % 2)
            left = ordered[:active, None] - position - 1
            options = (letters % 2 == 0) | (letters == last.astype(np.int64) + 1)
            letter = np.maximum(uniforms.choices(options & (after <= left) & ((left - after) % 2 == 0)), 0)
            tokens[starts[:active] + position] = letter
            height += 1 - 2 * (letter % 2)
            opening = np.flatnonzero(letter % 2 == 0)
            opened[opening, height[opening]] = letter[opening]
        ended = np.empty(len(lengths), bool)
        ended[order] = heights == 0
        return Words(tokens, offsets, self.letters), ended

    def allowed(self, words: Words) -> np.ndarray:
        """What may follow each token, uint8 [T, L + 1]: each letter, then the end.

        All tokens at once. Of the brackets at one depth of a word, an opening and a closing one take turns as long as
        the word is in the language, so that the last bracket open after a token is the last one that opened at the
        depth after it.
        """
        heights, tokens = self.depths(words), words.tokens
        closing = np.flatnonzero(tokens % 2)
        last_open = tokens.copy()
        last_open[closing] = self._last_opened(words, heights, closing, heights[closing])
        closed = self._last_opened(words, heights, closing, heights[closing] + 1)
        bad = np.zeros(len(tokens), bool)
        bad[closing] = (heights[closing] < 0) | (tokens[closing] != closed + 1)
        inside = words.running_sums(bad) == 0
        allowed = np.zeros((len(tokens), len(self.letters) + 1), np.uint8)
        allowed[:, :-1:2] = inside[:, None]
        open_after = np.flatnonzero(inside & (heights > 0))
        allowed[open_after, last_open[open_after] + 1] = 1
        allowed[:, -1] = inside & (heights == 0)
        return allowed

    def depths(self, words: Words) -> np.ndarray:
        """How many brackets are open after each token, int32 [T]; of no meaning once a word has left the language."""
        return words.running_sums(1 - 2 * (self.own(words).tokens % 2).astype(np.int8))

    def _last_opened(self, words: Words, heights: np.ndarray, places: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """The last letter that opened before each of some places (int64 [n], indices of tokens) and left that many
        brackets as asked (int32 [n]) open in its word: uint8 [n], tokens; of no meaning where there is none.

        All letters that open are sorted by word, height and place; the one asked for is found by bisection.
        """
        owners = np.repeat(np.arange(len(words)), words.lengths)
        highest = int(heights.max(initial=0)) + 2

        def keys(places: np.ndarray, heights: np.ndarray) -> np.ndarray:
            return (owners[places] * highest + np.maximum(heights, 0)) * len(owners) + places

        opening = np.flatnonzero(words.tokens % 2 == 0)
        if not len(opening):
            return np.zeros(len(places), np.uint8)
        opening_keys = keys(opening, heights[opening])
        order = np.argsort(opening_keys)
        found = np.searchsorted(opening_keys[order], keys(places, asked)) - 1
        return words.tokens[opening[order[np.maximum(found, 0)]]]

    def with_closings(self, words: Words) -> Words:
        """The same words, each closing bracket being of the type of the one that it closes.

        ValueError where one closes nothing.
        """
        heights, tokens = self.depths(words), words.tokens.copy()
        if heights.min(initial=0) < 0:
            raise ValueError("a bracket closes nothing")
        closing = np.flatnonzero(tokens % 2)
        tokens[closing] = self._last_opened(words, heights, closing, heights[closing] + 1) + 1
        return Words(tokens, words.offsets, words.letters)

    def complaint(self, words: Words, word: int) -> str:
        """What is wrong with a word that is not a member, in one line (columns count from 1)."""
        text, still_open = words.text(word), []
        for column, letter in enumerate(text, start=1):
            token = self.letters.index(letter)
            if token % 2 == 0:
                still_open.append(letter)
            elif not still_open:
                return f"{letter!r} at column {column} closes nothing"
            elif (opened := still_open.pop()) != self.letters[token - 1]:
                return f"{letter!r} at column {column} comes while {opened!r} is still open"
        openings = self.letters[::2]
        return complaint_of_open(openings, [still_open.count(letter) for letter in openings], len(text))


def dyck2() -> Stack:
    """Words of ``()[]`` in which every bracket is matched by one of its type, in the order of a stack; the empty word
    is one.

    Suzgun et al. (2019, arXiv:1906.03648), whose networks do not learn it. As there, the end is not an output.

    >>> dyck2().targets(Words.from_strings(["([])"], "()[]")).tolist()
    [[1, 1, 1, 0], [1, 0, 1, 1], [1, 1, 1, 0], [1, 0, 1, 0]]
    >>> dyck2().count(4)
    8
    >>> dyck2().counters
    Traceback (most recent call last):
        ...
    longcount.errors.UserError: dyck2 needs a stack: no counters decide it
    """
    return Stack(
        name="dyck2",
        letters="()[]",
        description="balanced brackets of two types",
        source="Suzgun et al. 2019 (1906.03648)",
    )
