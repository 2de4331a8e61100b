"""What is counted: languages, grammar samplers, words as token arrays, word files and the splits of a study.

A language is a module with

- ``targets(words)``: uint8 [T, 2], which letters may follow each token,
- ``first_bad_tokens(words)``: int64 [N], where each word leaves the language (-1: nowhere),
- ``complaint(words, word)``: one line that says what is wrong with a bad word.

A new language is one such file and one line in `LANGUAGES`.
"""

import importlib
from typing import Protocol, cast

import numpy as np

from longcount.errors import UserError
from longcount.languages.words import Words

__all__ = ["LANGUAGES", "Language", "Words", "get", "names"]

LANGUAGES = {
    "dyck1": "longcount.languages.dyck",
}


class Language(Protocol):
    """What the rest of the program asks of a language's module."""

    def targets(self, words: Words) -> np.ndarray: ...
    def first_bad_tokens(self, words: Words) -> np.ndarray: ...
    def complaint(self, words: Words, word: int) -> str: ...


def names() -> tuple[str, ...]:
    """Names of the languages there are.

    >>> names()
    ('dyck1',)
    """
    return tuple(LANGUAGES)


def get(name: str) -> Language:
    """The language of that name; UserError where there is none.

    >>> get("dyck1").targets(Words.from_strings(["()"])).tolist()
    [[1, 1], [1, 0]]
    """
    if name not in LANGUAGES:
        raise UserError(f"unknown language {name!r}; there is {', '.join(LANGUAGES)}")
    return cast(Language, importlib.import_module(LANGUAGES[name]))
