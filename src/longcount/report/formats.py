"""One table, three files: CSV for programs, Markdown for readers, LaTeX for papers."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from longcount.report.writing import csv_text, write_text

if TYPE_CHECKING:
    import pandas as pd

_LATEX_SPECIAL = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "{": r"\{", "}": r"\}"}
_RAISED, _LOWERED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_LATEX_SIGNS = {
    "²": r"\textsuperscript{2}",
    "…": r"\dots{}",
    "“": "``",
    "”": "''",
    "−": r"$-$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "–": "--",
    "×": r"$\times$",
    "ρ": r"$\rho$",
    "→": r"$\rightarrow$",
    "`": r"\textasciigrave{}",
}


@dataclass(frozen=True, eq=False)
class Table:
    """One table: ``values`` go to the CSV file, ``shown`` is text; a new group begins at each row of ``groups``; the
    first ``keys`` columns say which row it is."""

    name: str
    short: str  # for the page's list of sections
    title: str
    values: "pd.DataFrame"
    shown: "pd.DataFrame"
    caption: str
    groups: tuple[int, ...] = ()
    keys: int = 1

    @cached_property
    def texts(self) -> dict[str, str]:
        """Its files by their endings: csv (the numbers), md and tex (the texts)."""
        return {
            "csv": csv_text(self.values),
            "md": f"{markdown_text(self.shown)}\n\n{self.caption}\n",
            "tex": latex_text(self.shown, self.caption, f"tab:{self.name}", self.groups),
        }


def markdown_text(frame: "pd.DataFrame") -> str:
    """A frame of strings as a Markdown table; the first column is set left, the others right.

    >>> import pandas as pd
    >>> print(markdown_text(pd.DataFrame({"cell": ["LSTM"], "long": ["100 (99.8 / 100)"]})))
    | cell | long             |
    |:-----|-----------------:|
    | LSTM | 100 (99.8 / 100) |
    """
    texts = frame.astype(str).map(lambda text: text.replace("|", r"\|").replace("\n", "<br>"))
    widths = [max(len(str(name)), *(len(text) for text in texts[name]), 3) for name in texts.columns]
    rows = [list(map(str, texts.columns)), *texts.to_numpy().tolist()]
    lines = []
    for row in rows:
        cells = [
            text.ljust(w) if at == 0 else text.rjust(w) for at, (text, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("| " + " | ".join(cells) + " |")
    rule = "|".join(":" + "-" * (w + 1) if at == 0 else "-" * (w + 1) + ":" for at, w in enumerate(widths))
    lines.insert(1, f"|{rule}|")
    return "\n".join(lines)


def latex_text(frame: "pd.DataFrame", caption: str, label: str, rules_before: tuple[int, ...] = ()) -> str:
    """A frame of strings as a LaTeX table in the style of ``booktabs``.

    Args:
        frame: the texts; the first column is set left, the others right.
        caption: what the table shows; plain text.
        label: for ``\\ref``.
        rules_before: rows (counted from 0) that a thin rule sets off from those above.
    """
    escaped = frame.astype(str).map(escape_latex).rename(columns=lambda name: escape_latex(str(name)))
    text = escaped.style.hide(axis="index").to_latex(
        hrules=True,
        column_format="l" + "r" * (len(frame.columns) - 1),
        caption=escape_latex(re.sub(r"^Table \d+: ", "", caption)),  # LaTeX numbers tables itself
        label=label,
        position="t",
        position_float="centering",
    )
    lines = [line.replace("  ", r"\quad ", 1) if line.startswith("  ") else line for line in text.split("\n")]
    first_row = lines.index(r"\midrule") + 1
    for row in sorted(rules_before, reverse=True):
        lines.insert(first_row + row, r"\midrule")
    return "\n".join(lines)


def escape_latex(text: str) -> str:
    """Plain text as LaTeX text, of several lines as a stack of them.

    >>> escape_latex("R² of 5 %")
    'R\\\\textsuperscript{2} of 5 \\\\%'
    """
    if "\n" in text:
        lines = [re.sub("^ +", r"\\quad ", escape_latex(line)) for line in text.split("\n")]
        return r"\shortstack[l]{" + r"\\".join(lines) + "}"
    signs = _LATEX_SPECIAL | _LATEX_SIGNS
    text = re.sub(f"[{_RAISED}]{{2,}}", lambda found: f"^{found.group().translate(_LOWERED)}^", text)
    text = re.sub("|".join(map(re.escape, signs)), lambda found: signs[found.group()], text)
    return re.sub(r"\^([-\d]+)\^", r"$^{\1}$", text)


def write_table(directory: Path, table: Table) -> None:
    """Write a table's files into ``directory``.

    Raises:
        UserError: where the directory cannot be written.
    """
    for suffix, text in table.texts.items():
        write_text(directory / f"{table.name}.{suffix}", text)


def figure_latex(name: str, caption: str) -> str:
    """A figure's file as LaTeX includes it.

    Args:
        name: of the file, without its ending.
        caption: plain text.
    """
    return (
        "\\begin{figure}[t]\n\\centering\n"
        f"\\includegraphics[width=\\linewidth]{{figures/{name}.pdf}}\n"
        f"\\caption{{{escape_latex(caption)}}}\n\\label{{fig:{name}}}\n\\end{{figure}}\n"
    )
