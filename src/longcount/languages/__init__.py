"""Languages and tasks, samplers, words as token arrays, word files and the splits of a study.

A language is a `Language`: most are a `Machine`, a table of rules. A new one is a function that makes it, beside its
family or in a file of its own, and a line in `LANGUAGES`.
"""

import inspect
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from longcount.errors import UserError
from longcount.languages.anbn import an_b2n, an_bm_cm_dn, an_bm_cnm, an_bn, an_bn_cn, an_bn_cn_dn
from longcount.languages.boolean import OPERATORS, boolean
from longcount.languages.dyck import DYCK1, semi_dyck1
from longcount.languages.dyck2 import dyck2
from longcount.languages.language import Language
from longcount.languages.machine import Machine
from longcount.languages.majority import balance, majority
from longcount.languages.shuffle import PAIRS, shuffle
from longcount.languages.words import Words
from longcount.registry import Kind, what_it_is

LANGUAGES: dict[str, Language] = {
    language.name: language
    for language in (
        DYCK1,
        semi_dyck1(),
        an_bn(),
        an_bn_cn(),
        an_bn_cn_dn(),
        an_b2n(),
        an_bm_cnm(),
        an_bm_cm_dn(),
        shuffle(2),
        shuffle(4),
        shuffle(6),
        boolean(3),
        boolean(5),
        majority(),
        balance(),
        dyck2(),
    )
}
"""Every built-in language by name, the default first."""

FAMILIES: dict[str, tuple[Callable[[int], Machine], int]] = {
    "shuffle": (shuffle, len(PAIRS) // 2),
    "boolean": (boolean, len(OPERATORS)),
}
"""Families of languages, one for each number from 1 on: what makes them, and the largest number."""

__all__ = ["FAMILIES", "KIND", "LANGUAGES", "Language", "Machine", "Words", "get", "names"]


@cache
def _of_family(name: str) -> Language | None:
    family = re.fullmatch(r"([a-z]+)([1-9][0-9]{0,3})", name)
    if family is None or family[1] not in FAMILIES:
        return None
    make, largest = FAMILIES[family[1]]
    if int(family[2]) > largest:
        raise UserError(f"{name}: there are letters for {family[1]}1 to {family[1]}{largest} only")
    return make(int(family[2]))


def _made(part: Any) -> Any:
    """The language that a function without arguments returns, the same each time; other things as they are."""
    plain = inspect.isfunction(part) and not inspect.signature(part).parameters
    return _returned(part) if plain else part


@cache
def _returned(function: Callable[[], Any]) -> Any:
    return function()


def _refusal(part: Any) -> str | None:
    return None if isinstance(part, Language) else what_it_is(part)


KIND = Kind(
    "language",
    "languages",
    LANGUAGES,
    "a longcount.languages.Language, such as a Machine, or a function without arguments that returns one",
    _refusal,
    line_of=lambda language: language.description,
    family=_of_family,
    made=_made,
)


def names() -> tuple[str, ...]:
    """Names of the built-in languages.

    >>> names()[:2]
    ('dyck1', 'semi_dyck1')
    """
    return tuple(LANGUAGES)


def get(name: str) -> Language:
    """The language of that name, built in (also a further member of a family) or offered by an installed package, or of
    `module:Name`; UserError where there is none.

    >>> get("dyck1").targets(Words.from_strings(["()"])).tolist()
    [[1, 1], [1, 0]]
    >>> get("shuffle3").letters, get("boolean4").letters
    ('()[]{}', '01~+>*')
    """
    return KIND.get(name)
