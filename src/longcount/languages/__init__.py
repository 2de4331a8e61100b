"""What is counted: languages, grammar samplers, words as token arrays, word files and the splits of a study.

A language is a `Language`: most are a `Machine`, a table of rules. A new one is a function that makes it, beside its
family or in a file of its own, and a line in `LANGUAGES`.
"""

from typing import Any

from longcount.languages.blocks import an_b2n, an_bm_cm_dn, an_bm_cnm, an_bn, an_bn_cn, an_bn_cn_dn
from longcount.languages.boolean import boolean
from longcount.languages.dyck import DYCK1, semi_dyck1
from longcount.languages.dyck2 import dyck2
from longcount.languages.language import Language
from longcount.languages.machine import Machine
from longcount.languages.majority import majority
from longcount.languages.shuffle import shuffle
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
        dyck2(),
    )
}
"""Every built-in language by name, the default first."""

__all__ = ["KIND", "LANGUAGES", "Language", "Machine", "Words", "get", "names"]


def _refusal(part: Any) -> str | None:
    return None if isinstance(part, Language) else what_it_is(part)


KIND = Kind(
    "language",
    "languages",
    LANGUAGES,
    "a longcount.languages.Language, such as a Machine",
    _refusal,
    line_of=lambda language: language.description,
)


def names() -> tuple[str, ...]:
    """Names of the built-in languages.

    >>> names()[:2]
    ('dyck1', 'semi_dyck1')
    """
    return tuple(LANGUAGES)


def get(name: str) -> Language:
    """The language of that name, built in or offered by an installed package, or of `module:Name`; UserError where
    there is none.

    >>> get("dyck1").targets(Words.from_strings(["()"])).tolist()
    [[1, 1], [1, 0]]
    """
    return KIND.get(name)
