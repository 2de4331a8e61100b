"""What is counted: languages, grammar samplers, words as token arrays, word files and the splits of a study.

A language is a `Language`: most are a `Machine`, a table of rules. A new one is a function that makes it, beside its
family or in a file of its own, and a line in `LANGUAGES`.
"""

from difflib import get_close_matches

from longcount.errors import UserError
from longcount.languages.blocks import an_b2n, an_bm_cm_dn, an_bm_cnm, an_bn, an_bn_cn, an_bn_cn_dn
from longcount.languages.boolean import boolean
from longcount.languages.dyck import DYCK1, semi_dyck1
from longcount.languages.dyck2 import dyck2
from longcount.languages.language import Language
from longcount.languages.machine import Machine
from longcount.languages.majority import majority
from longcount.languages.shuffle import shuffle
from longcount.languages.words import Words

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

__all__ = ["LANGUAGES", "Language", "Machine", "Words", "get", "names"]


def names() -> tuple[str, ...]:
    """Names of the built-in languages.

    >>> names()[:2]
    ('dyck1', 'semi_dyck1')
    """
    return tuple(LANGUAGES)


def get(name: str) -> Language:
    """The language of that name; UserError where there is none.

    >>> get("dyck1").targets(Words.from_strings(["()"])).tolist()
    [[1, 1], [1, 0]]
    """
    if name not in LANGUAGES:
        near = get_close_matches(name.lower(), LANGUAGES, 1)
        hint = f"did you mean {near[0]}?" if near else f"the languages are {', '.join(LANGUAGES)}"
        raise UserError(f"no language is called {name!r}: {hint}")
    return LANGUAGES[name]
