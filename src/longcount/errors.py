"""What a user can fix."""

from collections.abc import Iterable
from difflib import get_close_matches


def hint(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """What a message says after a name that is none of the known ones: the nearest of them, or else which there are.

    Args:
        name: what the user gave.
        known: what could have been meant.
        otherwise: said where none is near, in place of all known ones.

    >>> hint("lsmt", ["lstm", "gru"]), hint("x", ["lstm", "gru"]), hint("x", ["lstm"], "it holds none")
    ("did you mean 'lstm'?", 'there are lstm, gru', 'it holds none')
    """
    known = list(known)
    near = get_close_matches(name, known, 1) or get_close_matches(name.lower(), known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there are {', '.join(known)}" if otherwise is None else otherwise


class UserError(Exception):
    """Something the user can fix; its text is one clear line: where, what is wrong, what would be right.

    The command line prints it as ``longcount: TEXT`` on standard error and exits with status 2. Library callers catch
    it like any exception.

    >>> raise UserError("words.txt:3: 'x' is not a bracket; a word is made of '(' and ')'")
    Traceback (most recent call last):
        ...
    longcount.errors.UserError: words.txt:3: 'x' is not a bracket; a word is made of '(' and ')'
    """
