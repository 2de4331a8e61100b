"""Words on which the page looks at its networks, written as parts, each so many times: [text, times], ..."""

from __future__ import annotations

from typing import Any

import numpy as np

from longcount.languages.dyck import Brackets
from longcount.languages.language import Language
from longcount.languages.machine import Machine
from longcount.languages.words import Words

Parts = list[tuple[str, int]]

LENGTH = 1_000
"""Tokens of a probe, about."""
DEEPEST = 1_000
"""Of the words that are searched for failures."""
SHOWN = 48
"""Tokens, at most, of the word that the page shows first."""


def probes(language: Language) -> list[dict[str, Any]]:
    """Long words that ask for different things: to come back to zero again and again, to count far, and both."""
    if not isinstance(language, Brackets):
        return [{"title": f"n = {n}", "parts": by_number(language, n)} for n in (60, 150, 400)]
    letters = language.letters
    return [
        {"title": f"{(letters * 3)[:6]}…", "parts": [(letters, LENGTH // len(letters))]},
        {"title": "nested", "parts": _mountain(letters, LENGTH // len(letters))},
        {"title": "zigzag", "parts": _mountain(letters, 25) * (LENGTH // (25 * len(letters)))},
    ]


def family(language: Language) -> list[Parts]:
    """The words that are searched: mountains of every height, and what stays at a height for long."""
    if not isinstance(language, Brackets):
        return [by_number(language, n) for n in _heights()]
    letters = language.letters
    found = [_mountain(letters, height) for height in _heights()]
    for height in _heights(100):
        up, down = _mountain(letters, height)[: len(letters) // 2], _mountain(letters, height)[len(letters) // 2 :]
        found.append([*up, (letters, 400 // len(letters)), *down])
        found.append(_mountain(letters, height) * max(1, 400 // (len(letters) * height)))
    return found


def example(language: Language, words: Words) -> str:
    """Of words of a language the one that counts highest, among those short enough to be shown."""
    short = np.flatnonzero(words.lengths <= SHOWN)
    if not isinstance(language, Machine) or not len(short):
        return words.text(int(short[-1]) if len(short) else 0)
    heights = language.counts_after(words).max(axis=1)
    highest = [heights[words.offsets[k] : words.offsets[k + 1]].sum() for k in short]
    return words.text(int(short[int(np.argmax(highest))]))


def by_number(language: Language, n: int) -> Parts:
    """The word of a number, of a language whose words are given by one; where it is given by several, all alike."""
    if not isinstance(language, Machine) or not language.index:
        return [(language.letters, n)]
    return [(part, n * len(times)) for part, times in language.index]


def _mountain(letters: str, height: int) -> Parts:
    """Each kind of bracket opened so many times, and closed again."""
    return [*((letter, height) for letter in letters[::2]), *((letter, height) for letter in letters[:0:-2])]


def _heights(most: int = DEEPEST) -> list[int]:
    """Every height at first, then ever fewer."""
    return sorted({*range(1, 41), *(int(40 * 1.12**k) for k in range(1, 40) if 40 * 1.12**k <= most), most})
