"""A figure: panels in lines, with its title and texts, laid out for page and print."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar

from longcount.report.panels import Panel
from longcount.report.style import COLUMN_WIDTH, TEXT_WIDTH

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]

GAP = 14  # CSS pixels between panels in print
SMALL = 60  # CSS pixels: figures with lower panels are small multiples
PANELS_OF_FULL_HEIGHT, LOW = 4, 84  # in a column, where more panels are lower, in CSS pixels


@dataclass(frozen=True, repr=False)
class Figure:
    """One figure, for page and print.

    ``rows`` holds its panels line by line; ``height`` is a panel's in CSS pixels, in print; ``beside`` says what the
    paper shows; ``sentence`` what ours shows.
    """

    name: str
    title: str
    beside: str
    sentence: str
    alternative: str  # for those who cannot see it
    rows: list[list[Panel]]
    height: int
    aside: int = 52  # CSS pixels that axes take beside a panel
    width: int = TEXT_WIDTH
    names_aside: bool = False  # the panels of a line have the same names up their sides: print writes them once

    def __repr__(self) -> str:
        return f"Figure({self.name}: {self.title})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the drawing with its title and texts."""
        from longcount.report.image_files import drawn_svg  # which draws figures, and so needs this module

        texts = "".join(f"<p>{escape(text)}</p>" for text in (self.sentence, self.beside))
        return f"<figure><b>{escape(self.title)}</b><br>{drawn_svg(self.for_print())}{texts}</figure>"

    @property
    def is_small(self) -> bool:
        """Whether its panels are small multiples."""
        return self.height < SMALL

    def for_print(self) -> dict[str, Any]:
        """All panels at the sizes of a paper's page, as one Vega-Lite specification."""
        return self._printed(self.rows, self.width, self.height, self.names_aside)

    def for_column(self) -> dict[str, Any]:
        """The same one under another, within a column of a paper that has two. Small multiples take both columns."""
        columns = range(max(len(row) for row in self.rows))
        rows = [[row[at]] for at in columns for row in self.rows if at < len(row)]
        height = self.height if len(rows) <= PANELS_OF_FULL_HEIGHT else min(self.height, LOW)
        return self._printed(rows, COLUMN_WIDTH, height, False)

    def _printed(self, rows: list[list[Panel]], whole: int, height: int, names_aside: bool) -> dict[str, Any]:
        columns = max(len(row) for row in rows)
        width = round((whole - GAP * (columns - 1)) / columns - self.aside)
        apart = {"scale": dict.fromkeys(("color", "opacity", "shape", "strokeDash"), "independent")}
        lines = [
            {
                "hconcat": [
                    {**_in_print(panel, bool(at) and names_aside), "width": width, "height": height}
                    for at, panel in enumerate(row)
                ],
                "spacing": GAP,
                "resolve": apart,
            }
            for row in rows
        ]
        return {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "vconcat": lines, "spacing": GAP}


def _in_print(panel: Panel, nameless: bool) -> Panel:
    """The panel without what is for the page alone, and without the names up its side where it has those of another."""
    panel = {name: part for name, part in panel.items() if name != "usermeta"}
    if not nameless:
        return panel
    y = panel["encoding"]["y"]
    return {**panel, "encoding": {**panel["encoding"], "y": {**y, "axis": {**y["axis"], "labels": False}}}}


Drawn = TypeVar("Drawn")  # a panel, or what one is made from

COLUMNS = 4
"""Panels in a line, at most."""


def in_lines(made: list[Drawn]) -> list[list[Drawn]]:
    """Panels line by line, none of which is much shorter than the others."""
    lines = -(-len(made) // COLUMNS)
    columns = -(-len(made) // max(1, lines))
    return [made[at : at + columns] for at in range(0, len(made), max(1, columns))]
