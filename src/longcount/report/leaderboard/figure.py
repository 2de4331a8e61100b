"""The leaderboard drawn: for every cell how often each intervention ends in a proof, beside average and worst case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from longcount.analysis.baselines import BASELINES, WITHOUT_MEMORY
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
    constant, *_, length = leaderboard.baselines["fpf_mean"].astype(float)
    lines, tallest = [], 0
    for cell in dict.fromkeys(leaderboard.networks["cell"]):
        table = where(leaderboard.table, cell=cell)
        share = ("exact", "proved exact") if leaderboard.is_by_proof else ("passed", "passes")
        lines.append(
            [_share(table, cell, *share), _failures(table, cell, constant, length, memoryless_title(leaderboard))]
        )
        tallest = max(tallest, len(table))
    worst = "no word whatever fails before" if "upper_bound" not in leaderboard.table else "a known word fails at"
    worst = f", and the worst case: {worst} {_WORST}" if leaderboard.is_by_proof else ""
    return Figure(
        "leaderboard",
        "How often each intervention ends in a counter, and how far its networks count",
        "Not in the paper, which judges by the average over random words and calls learning to count an open problem.",
        f"Left: {_LEFT if leaderboard.is_by_proof else _LEFT_OF_WORDS} Right: the average first "
        f"point of failure on Very Long words, with its 95 % interval over runs{worst}. The dashed line is what "
        f"{memoryless_answer(leaderboard)} scores on the same words, {constant:.0f}. The red band is the paper's "
        "protocol as it is.",
        "Dot plots, two per cell, one line per intervention, best first: the share of runs proved exact with its "
        "interval; the average first point of failure with its interval beside the worst case, and the constant answer "
        "as a dashed line.",
        lines,
        LINE * max(tallest, FEWEST),
        aside=LABELS // 2 + 4,
        names_aside=True,
    )


_LEFT = "the share of runs that are proved exact, with its 95 % interval (Wilson)."
_LEFT_OF_WORDS = (
    "the share of runs that pass, right on every Very Long word, with its 95 % interval (Wilson); no counters decide "
    "the language, so nothing can be proved exact."
)
_WORST = (
    "this token (median over the runs that were bounded, fainter "
    "where they are few: runs that are proved exact fail on no word and are left out of it)"
)


def memoryless_title(leaderboard: Leaderboard) -> str:
    """The name of the answer that needs no memory."""
    return "constant answer" if leaderboard.baselines["baseline"].iloc[0] == BASELINES[0] else WITHOUT_MEMORY


def memoryless_answer(leaderboard: Leaderboard) -> str:
    """The answer that needs no memory, in a sentence."""
    if memoryless_title(leaderboard) == WITHOUT_MEMORY:
        return "the best answer from the last letter alone"
    return "the answer “) may always follow”"


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


def _share(table: pd.DataFrame, cell: str, field: str, title: str) -> Panel:
    """The share of runs that are proved exact, or right on every Very Long word."""
    table = table.assign(**{column: 100 * table[column] for column in (field, f"{field}_low", f"{field}_high")})
    x = number(field, "% of runs", scale={"domain": [0, 100]}, axis={"tickCount": 5})
    told = shown("intervention", "runs", (field, ".1f", f"{title} %"), ("low", ".1f"), ("high", ".1f"))
    fields = {"intervention": "intervention", "runs": "runs", field: field}
    return {
        "title": _title(f"{cell_title(cell)}: {title}"),
        "data": rows(table, **fields, low=f"{field}_low", high=f"{field}_high"),
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


def _failures(table: pd.DataFrame, cell: str, constant: float, length: float, without: str) -> Panel:
    """First points of failure: the average with its interval, the worst case, a line between, the constant answer."""
    bound, limit = ("upper_bound", "most") if "upper_bound" in table else ("lower_bound", "least")
    table = table.assign(average=AVERAGE, worst=WORST, **{bound: table[bound].replace(np.inf, np.nan)})
    data = rows(
        table,
        intervention="intervention",
        runs="runs",
        fpf="fpf",
        low="fpf_low",
        high="fpf_high",
        bound=bound,
        bounded="bounded",
        average="average",
        worst="worst",
    )
    title = "first point of failure (tokens)"
    most = float(np.nanmax([length, *values(table, bound)]))  # a known word may be longer than the Very Long ones

    def x(field: str) -> dict[str, Any]:
        return number(field, title, scale={"domain": [0, most], "nice": False}, axis={"tickCount": 5, "format": ",d"})

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
        ("bound", ".0f", f"worst case, at {limit}"),
        ("bounded", "d", "median of runs"),
    )
    bounded = [{"filter": "isValid(datum.bound)"}]
    few = {"scale": {"domain": [0, max(1, int(values(table, "bounded").max()))], "range": [0.2, 1]}, "legend": None}
    faint = number("bounded", **few)
    answer = {"values": [{"fpf": round(constant, 1), "what": without}]}
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
