"""The leaderboard drawn: for every cell how often each intervention ends in a proof, beside average and worst case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longcount.analysis.baselines import BASELINES
from longcount.analysis.interventions import BASELINE
from longcount.analysis.leaderboard import Leaderboard
from longcount.analysis.selection import values, where
from longcount.report.channels import name, number, rows, shown
from longcount.report.layout import Figure
from longcount.report.panels import DASHED, Panel
from longcount.report.style import DEPTH, GREY, OTHER_COLOURS, colour
from longcount.report.table1 import cell_title

if TYPE_CHECKING:
    import pandas as pd

AVERAGE, WORST = "average", "worst case"
WORST_COLOUR = OTHER_COLOURS[0]
LINE, FEWEST = 12, 6  # CSS pixels per line in print, and the lines that even a small panel has room for
LABELS = 150  # CSS pixels that the interventions' names take in print


def leaderboard_figure(leaderboard: Leaderboard) -> Figure:
    """Two panels per cell, one line per intervention, best first."""
    constant, length = (float(where(leaderboard.baselines, baseline=name)["fpf_mean"].iloc[0]) for name in BASELINES)
    lines, tallest = [], 0
    for cell in dict.fromkeys(leaderboard.table["cell"]):
        table = where(leaderboard.table, cell=cell)
        lines.append([_proved(table, cell), _failures(table, cell, constant, length)])
        tallest = max(tallest, len(table))
    return Figure(
        "leaderboard",
        "How often each intervention ends in a counter, and how far its networks count",
        "Not in the paper, which judges by the average over random words and calls learning to count an open problem.",
        "Left: the share of runs that are proved exact, with its 95 % interval (Wilson). Right: the average first "
        "point of failure on Very Long words, with its 95 % interval over runs, and the worst case: no word whatever "
        "fails before this token (median over the runs that were bounded, fainter where they are few: runs that are "
        "proved exact fail on no word and are left out of it). The dashed line is what the answer “) may always "
        f"follow” scores on the same words, {constant:.0f}. The red band is the paper's protocol as it is.",
        "Dot plots, two per cell, one line per intervention, best first: the share of runs proved exact with its "
        "interval; the average first point of failure with its interval beside the worst case, and the constant answer "
        "as a dashed line.",
        lines,
        LINE * max(tallest, FEWEST),
        aside=LABELS // 2 + 4,
        names_aside=True,
    )


def _by_name(table: pd.DataFrame) -> dict[str, Any]:
    """The axis of interventions, in the table's order."""
    axis = {"labelLimit": 220, "domain": False, "ticks": False, "grid": True, "labelPadding": 6}
    return name("intervention", sort=list(table["intervention"]), axis=axis)


def _title(text: str) -> dict[str, str]:
    """Above the names, not above the plot alone, which is narrow on a phone."""
    return {"text": text, "frame": "bounds"}


def _band() -> Panel:
    """Behind the paper's protocol, so that it is found again in every order."""
    return {
        "transform": [{"filter": f'datum.intervention == "{BASELINE.name}"'}],
        "mark": {"type": "rule", "color": DEPTH, "opacity": 0.13, "strokeWidth": 11},
        "encoding": {"x": {"value": 0}, "x2": {"value": "width"}},
    }


def _proved(table: pd.DataFrame, cell: str) -> Panel:
    """The share of runs proved exact."""
    table = table.assign(**{column: 100 * table[column] for column in ("exact", "exact_low", "exact_high")})
    x = number("exact", "% of runs", scale={"domain": [0, 100]}, axis={"tickCount": 5})
    told = shown("intervention", "runs", ("exact", ".1f", "proved exact %"), ("low", ".1f"), ("high", ".1f"))
    return {
        "title": _title(f"{cell_title(cell)}: proved exact"),
        "data": rows(
            table, intervention="intervention", runs="runs", exact="exact", low="exact_low", high="exact_high"
        ),
        "encoding": {"y": _by_name(table), "tooltip": told},
        "layer": [
            _band(),
            {
                "mark": {"type": "rule", "color": colour(cell), "strokeWidth": 1.5},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {"mark": {"type": "circle", "color": colour(cell), "size": 40, "opacity": 1}, "encoding": {"x": x}},
        ],
    }


def _failures(table: pd.DataFrame, cell: str, constant: float, length: float) -> Panel:
    """First points of failure: the average with its interval, the worst case, a line between, the constant answer."""
    table = table.assign(average=AVERAGE, worst=WORST)
    data = rows(
        table,
        intervention="intervention",
        runs="runs",
        fpf="fpf",
        low="fpf_low",
        high="fpf_high",
        bound="lower_bound",
        bounded="bounded",
        average="average",
        worst="worst",
    )
    title = "first point of failure (tokens)"

    def x(field: str) -> dict[str, Any]:
        return number(field, title, scale={"domain": [0, length], "nice": False}, axis={"tickCount": 5, "format": ",d"})

    domain = [AVERAGE, WORST]
    kind = {
        "color": name("what", scale={"domain": domain, "range": [colour(cell), WORST_COLOUR]}),
        "shape": name("what", scale={"domain": domain, "range": ["circle", "diamond"]}),
    }
    told = shown(
        "intervention",
        "runs",
        ("fpf", ".1f", "average FPF"),
        ("low", ".1f"),
        ("high", ".1f"),
        ("bound", ".0f", "worst case, at least"),
        ("bounded", "d", "median of runs"),
    )
    bounded = [{"filter": "isValid(datum.bound)"}]
    few = {"scale": {"domain": [0, max(1, int(values(table, "bounded").max()))], "range": [0.2, 1]}, "legend": None}
    faint = number("bounded", **few)
    answer = {"values": [{"fpf": round(constant, 1), "what": "constant answer"}]}
    return {
        "title": _title(f"{cell_title(cell)}: average and worst case"),
        "data": data,
        "encoding": {"y": _by_name(table)},
        "layer": [
            _band(),
            {
                "data": answer,
                "mark": {"type": "rule", **DASHED},
                "encoding": {
                    "x": x("fpf"),
                    "y": {"value": 0},
                    "y2": {"value": "height"},
                    "tooltip": shown("what", ("fpf", ".1f")),
                },
            },
            {
                "transform": bounded,
                "mark": {"type": "rule", "color": GREY, "strokeWidth": 0.7},
                "encoding": {"x": x("bound"), "x2": {"field": "fpf"}, "opacity": faint},
            },
            {
                "mark": {"type": "rule", "color": colour(cell), "strokeWidth": 1.5},
                "encoding": {"x": x("low"), "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 40, "opacity": 1},
                "encoding": {"x": x("fpf"), "tooltip": told, **_of_kind(kind, "average")},
            },
            {
                "transform": bounded,
                "mark": {"type": "point", "filled": True, "size": 40},
                "encoding": {"x": x("bound"), "opacity": faint, "tooltip": told, **_of_kind(kind, "worst")},
            },
        ],
    }


def _of_kind(channels: dict[str, Any], field: str) -> dict[str, Any]:
    return {channel: {**described, "field": field} for channel, described in channels.items()}
