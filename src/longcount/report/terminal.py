"""Tables for a terminal: no line is longer than the terminal is wide, no number is cut, no two names look alike.

What does not fit is wrapped where words and settings begin, never inside a number; columns that still find no room
follow below, beside the names of the rows again.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from longcount.report.formats import Table

if TYPE_CHECKING:
    import pandas as pd

GAP = 2  # blanks between columns
STYLES = {"std": "2", "95%": "2", "min / max": "2", "paper": "36"}
"""How rows of such labels are set off where colours are shown: dim, or cyan (SGR codes)."""

_GROUPS = re.compile(r"\([^()]*\)\S*|[^\s(]+(?: (?:[×/]|to(?= [-+−\d])) [^\s(]+| %)*|\S+")
_WORDS = re.compile(r"\S+(?: × 10\S*| %)?")
_SETTINGS = re.compile(r"(?<=[A-Za-z]{2}[-_:/])(?=[A-Za-z0-9(\[])|(?<=[A-Za-z)\]]=)|(?<=,)(?=[A-Za-z])")
_NUMBER = re.compile(r"(?:from |[-+−≥<]?)\d.*|–|none|yes|no|")

_RANGE = re.compile(r"(\S+) \((\S+ / \S+)\)")

Piece = tuple[str, str]  # what comes before it on the same line, and itself


def table_text(table: Table, width: int, coloured: bool = False) -> str:
    """A table with its title and caption, each line with its end.

    Args:
        table: its title, texts, groups and caption.
        width: columns of the terminal.
        coloured: whether rows of spread and of published values are set off by colours.
    """
    shown = table.shown.astype(str)
    parts = [_panel(shown.loc[:, names], table.groups, width, coloured) for names in _panels(shown, table.keys, width)]
    title, caption = (_prose(text, width) for text in (table.title, table.caption))
    lines = [*title, "", *(line for part in parts for line in (*part, "")), *caption]
    return "\n".join(lines).rstrip("\n") + "\n"


def stacked(shown: pd.DataFrame, groups: Sequence[int]) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """A frame of texts with ranges in rows of their own, and where its groups then begin: "5 (3 / 8)" is 5, and below
    it, in a row called "min / max", 3 / 8."""
    import pandas as pd

    first, *_ = shown.columns
    rows: list[dict[str, str]] = []
    begins = []
    for at, row in enumerate(shown.to_dict("records")):
        if at in groups:
            begins.append(len(rows))
        ranges = {name: found for name, text in row.items() if (found := _RANGE.fullmatch(text))}
        rows.append(row | {name: found[1] for name, found in ranges.items()})
        if ranges:
            rows.append({first: "  min / max", **{name: found[2] for name, found in ranges.items()}})
    return pd.DataFrame(rows, columns=shown.columns, dtype=object).fillna(""), tuple(begins)


def _prose(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _panels(shown: pd.DataFrame, keys: int, width: int) -> list[list[str]]:
    """The columns that stand side by side: as many as find room, each time after those that say which row it is."""
    names = list(shown.columns)
    room = width - sum(_least(shown, name) for name in names[:keys]) - GAP * (keys - 1)
    panels, left = [names[:keys]], room
    for name in names[keys:]:
        needed = GAP + _least(shown, name)
        if needed > left and len(panels[-1]) > keys:
            panels.append(names[:keys])
            left = room
        panels[-1].append(name)
        left -= needed
    return panels


def _texts(shown: pd.DataFrame, name: str) -> list[str]:
    return [name, *shown[name]]


def _least(shown: pd.DataFrame, name: str) -> int:
    return max(_longest(text, finest=True) for text in _texts(shown, name))


def _longest(text: str, finest: bool) -> int:
    return max((len(piece) for _, piece in _pieces(text, finest)), default=0)


def _pieces(text: str, finest: bool) -> list[Piece]:
    """What a text may be broken into: words and what stands in brackets, at the finest also settings.

    >>> _pieces("916.8 (802.4 / 946.4)", finest=False)
    [('', '916.8'), (' ', '(802.4 / 946.4)')]
    >>> [piece for _, piece in _pieces("lstm-learning_rate=0.003,order=shared", finest=True)]
    ['lstm-', 'learning_', 'rate=', '0.003,', 'order=', 'shared']
    >>> [piece for _, piece in _pieces("1.05e-10 1,234 1.1 × 10⁻⁸", finest=True)]
    ['1.05e-10', '1,234', '1.1 × 10⁻⁸']
    """
    indent = len(text) - len(text.lstrip())
    words = (_WORDS if finest else _GROUPS).findall(text)
    pieces: list[Piece] = []
    for word in words:
        parts = _SETTINGS.split(word) if finest else [word]
        before = text[:indent] if not pieces else " "
        pieces += [(before if not at else "", part) for at, part in enumerate(parts)]
    if pieces:
        (before, first), *others = pieces
        pieces = [("", before + first), *others]
    return pieces


def _wrapped(text: str, width: int) -> list[str]:
    """A text in lines of a width, broken where it reads best; longer only where a piece is."""
    if len(text) <= width:
        return [text]
    finest, indent = _longest(text, finest=False) > width, text[: len(text) - len(text.lstrip())]
    lines = [""]
    for before, piece in _pieces(text, finest):
        if lines[-1] and len(lines[-1]) + len(before) + len(piece) > width:
            lines.append(indent + piece)
        else:
            lines[-1] += (before if lines[-1] else "") + piece
    return lines


def _widths(shown: pd.DataFrame, width: int) -> list[int]:
    """The width of each column: as its texts are where there is room; else the widest are wrapped first."""
    wanted = [max(map(len, _texts(shown, name))) for name in shown.columns]
    room = width - GAP * (len(wanted) - 1)
    for finest in (False, True):
        least = [max(_longest(text, finest) for text in _texts(shown, name)) for name in shown.columns]
        while sum(wanted) > room and (wide := [at for at in range(len(wanted)) if wanted[at] > least[at]]):
            wanted[max(wide, key=wanted.__getitem__)] -= 1
    return wanted


def _panel(shown: pd.DataFrame, groups: Sequence[int], width: int, coloured: bool) -> list[str]:
    widths = _widths(shown, width)
    right = [at > 0 and all(_NUMBER.fullmatch(text) for text in shown[name]) for at, name in enumerate(shown.columns)]

    def row(texts: Sequence[str], bottom: bool = False) -> list[str]:
        cells = [_wrapped(text, wide) for text, wide in zip(texts, widths, strict=True)]
        height = max(map(len, cells))
        cells = [[""] * (height - len(cell)) + cell if bottom else cell + [""] * (height - len(cell)) for cell in cells]
        lines = []
        for line in zip(*cells, strict=True):
            set_ = (text.rjust(w) if r else text.ljust(w) for text, w, r in zip(line, widths, right, strict=True))
            lines.append((" " * GAP).join(set_).rstrip())
        return lines

    lines = row(list(shown.columns), bottom=True)
    lines.append("─" * min(width, sum(widths) + GAP * (len(widths) - 1)))
    for at, texts in enumerate(shown.to_numpy().tolist()):
        if at in groups:
            lines.append("")
        style = STYLES.get(texts[0].strip()) if coloured else None
        lines += [f"\033[{style}m{line}\033[0m" if style else line for line in row(texts)]
    return lines
