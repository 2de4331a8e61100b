"""How figures look: colours that keep apart for the colour-blind and stand on light and dark, sizes for a paper."""

import itertools
from collections.abc import Iterable
from typing import Any

COLOURS = {"lstm": "#3a7fc1", "relu": "#d9730d", "gru": "#2a9d68", "relu_all": "#a88a1c"}
OTHER_COLOURS = ("#8e5bc0", "#bf4a73", "#5f7f9e", "#8f6f3c")
PALETTE = (*list(COLOURS.values())[:3], *OTHER_COLOURS[:2], COLOURS["relu_all"], *OTHER_COLOURS[2:])
"""For whatever else is drawn together, such as a network's gates."""
GREY = "#6a737d"  # the constant answer, and whatever else is no cell
DEPTH = "#d33a3a"  # the paper draws depth in red
PHASE_COLOURS = ("#7b3294", "#c2528b", "#e9a3c9", "#a1c9a0", "#3b8f4f")  # opening, closing, at zero, later, never

TEXT_WIDTH = 528  # CSS pixels: the 5.5 inches of the paper's page
COLUMN_WIDTH = 312  # the 3.25 inches of a column, where a page has two
PNG_DENSITY = 300  # dots of PNG per inch
CSS_DENSITY = 96  # CSS pixels per inch

INK, QUIET, GRID = "#1c2127", "#59636e", "#e7eaee"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"


def colour(cell: str) -> str:
    """The colour of a cell or condition, always the same for the same name."""
    if cell in COLOURS:
        return COLOURS[cell]
    return OTHER_COLOURS[sum(cell.encode()) % len(OTHER_COLOURS)]


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """Colours of cells or conditions that are drawn together: different ones, as far as there are."""
    names = list(dict.fromkeys(names))
    free = itertools.cycle(OTHER_COLOURS)
    return {name: COLOURS[name] if name in COLOURS else next(free) for name in names}


def config(
    ink: str = INK, quiet: str = QUIET, grid: str = GRID, font: str = FONT, size: float = 9.5, weight: str = "normal"
) -> dict[str, Any]:
    """Vega-Lite's configuration: a quiet frame.

    Args:
        ink: colour of titles; the page gives a CSS variable, which follows light and dark by itself.
        quiet: colour of labels and axes.
        grid: colour of grid lines.
        font: of all text.
        size: of text, in CSS pixels.
        weight: of titles. Print has one weight, because vl-convert writes two fonts into a PDF in an arbitrary order.
    """
    return {
        "background": None,
        "font": font,
        "view": {"stroke": None},
        "axis": {
            "labelColor": quiet,
            "titleColor": ink,
            "domainColor": quiet,
            "tickColor": quiet,
            "gridColor": grid,
            "labelFontSize": size - 0.5,
            "titleFontSize": size,
            "titleFontWeight": "normal",
            "tickSize": 3,
            "labelOverlap": True,
        },
        "legend": {
            "labelColor": ink,
            "titleColor": ink,
            "labelFontSize": size,
            "titleFontSize": size,
            "titleFontWeight": "normal",
            "orient": "bottom",
            "symbolSize": 40,
            "columns": 4,
        },
        "title": {
            "color": ink,
            "subtitleColor": quiet,
            "fontSize": size + 1.5,
            "subtitleFontSize": size,
            "fontWeight": weight,
            "anchor": "start",
            "frame": "group",
            "offset": 6,
        },
        "text": {"fontSize": size - 1, "color": ink},
        "header": {"labelColor": ink, "titleColor": ink},
    }
