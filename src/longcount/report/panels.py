"""Panels of figures, described once in Vega-Lite: the page makes it move, print takes it as it stands.

A panel is a plain dictionary without a size. Where marks stand for runs, ``usermeta`` says of which condition, or gives
the conditions by title, so that the page can choose a run by them. It carries the few rows that it shows, binned or
thinned where a reader could not tell the difference. (Altair would check each part while it is put together, which took
longer than drawing them all; a test checks them by its schema instead.)
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from longcount.analysis.models import LARGEST_N
from longcount.analysis.selection import values, where
from longcount.report.channels import name, number, rows, shown
from longcount.report.style import GREY, colour, colours_of
from longcount.report.table1 import cell_title

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]

Panel = dict[str, Any]

LINES = 64  # runs, at most, that are drawn one by one

LOGARITHM = {"tickCount": 5, "labelExpr": "format(log(datum.value) / LN10, '~g')"}
"""A log axis labelled by exponents, as fonts for print lack most raised digits."""

DASHED = {"strokeDash": [4, 3], "color": GREY}


def loss_curve(losses: "pd.DataFrame", condition: str, title: Any, mark: int | None = None) -> Panel:
    """Figure 2: validation loss over epochs, mean and range over runs, and the runs one by one.

    Args:
        losses: one row per (run, epoch) with loss.
        cell: gives the colour.
        title: of the panel, in Vega-Lite's form.
        mark: an epoch to set off by a line.
    """
    by_epoch = losses.groupby("epoch")["loss"].agg(["mean", "min", "max"]).reset_index()
    data = rows(by_epoch, epoch="epoch", mean="mean", min="min", max="max")
    x = number("epoch", "epoch", scale={"domain": [0, int(values(losses, "epoch").max())], "nice": False})

    def y(field: str) -> dict[str, Any]:
        return number(field, "log10 of validation loss", scale={"type": "log"}, axis=LOGARITHM)

    single = losses.loc[losses["run"].isin(sorted(set(losses["run"]))[:LINES])]
    layers = [
        {
            "data": data,
            "mark": {"type": "area", "color": colour(condition), "fillOpacity": 0.18},
            "encoding": {"x": x, "y": y("min"), "y2": {"field": "max"}},
        },
        {
            "data": rows(single, run="run", epoch="epoch", loss="loss"),
            "mark": {"type": "line", "color": colour(condition), "strokeWidth": 0.6, "strokeOpacity": 0.45},
            "encoding": {
                "x": x,
                "y": y("loss"),
                "detail": name("run"),
                "tooltip": shown("run", "epoch", ("loss", ".3g", "validation loss")),
            },
        },
        {
            "data": data,
            "mark": {"type": "line", "color": colour(condition), "strokeWidth": 2},
            "encoding": {
                "x": x,
                "y": y("mean"),
                "tooltip": shown("epoch", ("mean", ".3g"), ("min", ".3g", "minimum"), ("max", ".3g", "maximum")),
            },
        },
    ]
    if mark is not None:
        rule = {
            "data": {"values": [{"epoch": mark}]},
            "mark": {"type": "rule", **DASHED, "clip": True},
            "encoding": {"x": x},
        }
        layers.append(rule)
    return {"title": title, "layer": layers, "usermeta": {"condition": condition}}


def survival(curves: "pd.DataFrame") -> Panel:
    """The share of words without a failure up to a token, with bands over runs.

    Args:
        curves: of one language and task: condition, cell (empty for a baseline), position, survival, low, high.
    """
    conditions = list(dict.fromkeys(curves["condition"]))
    titles = [cell_title(condition) for condition in conditions]
    baselines = set(where(curves, cell="")["condition"])
    curves = curves.assign(
        model=[cell_title(condition) for condition in curves["condition"]],
        **{column: 100 * curves[column] for column in ("survival", "low", "high")},
    )
    colours = colours_of([condition for condition in conditions if condition not in baselines])
    encoding = {
        "x": number("position", "token"),
        "color": name(
            "model",
            sort=titles,
            scale={"domain": titles, "range": [colours.get(condition, GREY) for condition in conditions]},
            legend={"symbolOpacity": 1, "columns": 3},
        ),
    }
    percent = number("survival", "% of words without failure", scale={"domain": [0, 100]})
    told = shown("model", ("position", "d", "token"), ("survival", ".1f", "%"), ("low", ".1f"), ("high", ".1f"))
    return {
        "data": rows(curves, model="model", position="position", survival="survival", low="low", high="high"),
        "encoding": encoding,
        "layer": [
            {
                "mark": {"type": "area", "fillOpacity": 0.15},
                "encoding": {"y": {**percent, "field": "low"}, "y2": {"field": "high"}},
            },
            {"mark": {"type": "line", "strokeWidth": 1.6}, "encoding": {"y": percent, "tooltip": told}},
        ],
    }


def first_failing(summary: "pd.DataFrame") -> Panel:
    """First failing n over runs, from the minimum to the maximum with the median, one line per condition.

    Args:
        summary: one row per condition: condition, first_failing_n_min, _median and _max; infinite for none.
    """
    titles = [cell_title(condition) for condition in summary["condition"]]
    colours = colours_of(summary["condition"])
    places = {place: values(summary, f"first_failing_n_{place}").astype(float) for place in ("min", "median", "max")}
    shown_ = summary.assign(
        model=titles,
        **{place: np.minimum(numbers, LARGEST_N) for place, numbers in places.items()},
        **{f"{place}_told": [f"{n:.0f}" if np.isfinite(n) else "none" for n in places[place]] for place in places},
    )
    fields = ("model", *places, *(f"{place}_told" for place in places))
    x = number("median", f"first failing n (none up to {LARGEST_N:,}: at the end)", scale=_UP_TO_LARGEST_N)
    y = name("model", sort=titles, axis={"labelLimit": 200})
    told = shown("model", *((f"{place}_told", "", title) for place, title in _PLACES.items()))
    colour_ = name("model", legend=None, scale={"domain": titles, "range": list(colours.values())})
    encoding = {"y": y, "color": colour_, "tooltip": told}
    return {
        "data": rows(shown_, **{field: field for field in fields}),
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 1.5},
                "encoding": {**encoding, "x": {**x, "field": "min"}, "x2": {"field": "max"}},
            },
            {"mark": {"type": "circle", "size": 50, "opacity": 1}, "encoding": {**encoding, "x": x}},
        ],
    }


_UP_TO_LARGEST_N = {"type": "log", "domain": [1, LARGEST_N], "nice": False}

_PLACES = {"median": "median", "min": "minimum", "max": "maximum"}
