"""Figures of a reproduced paper: ours beside theirs by arm, by epoch, and as distributions over networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from longcount.analysis.baselines import WITHOUT_MEMORY
from longcount.papers.findings import Findings
from longcount.papers.paper import Measure, Paper, PublishedCurve, PublishedSpread
from longcount.report.channels import name, number, shown
from longcount.report.layout import Figure, in_lines
from longcount.report.paper_tables import published_of, row_of, rows_of, told
from longcount.report.style import DEPTH, GREY, PALETTE

OURS, THEIRS = "ours", "published"
MIDDLES = ("mean", "median", "reported")
MANY_TIMES = 30
"""From a ratio of this on, the axis of numbers is a logarithm."""


def paper_figures(paper: Paper, found: Findings) -> list[Figure]:
    """All figures, in the order of the page."""
    made = [_curves(paper, found, measure) for measure in paper.measures]
    made += [_spreads(paper, found, measure) for measure in paper.measures]
    made += [_beside(paper, found, measure) for measure in paper.measures]
    return [figure for figure in made if figure is not None]


def _beside(paper: Paper, found: Findings, measure: Measure) -> Figure | None:
    rows, ticks = [], []
    for arm in found.arms:
        values = found.values(arm, measure.name)
        if len(values) == 0:
            continue
        row = row_of(measure, values)
        rows.append({"arm": arm, "runs": len(values), **{place: row[place] for place in ("middle", "min", "max")},
                     "told": f"{told(measure, row['middle'])} ({told(measure, row['min'])} / "
                             f"{told(measure, row['max'])})"})  # fmt: skip
        for published in (published_of(paper, arm, measure.name, row) for row in rows_of(paper, arm)):
            for statistic, one in published.items():
                if one.value is not None and statistic in MIDDLES:
                    ticks.append({"arm": arm, "value": one.value, "what": f"{one.row}, {statistic}"})
        baseline = found.baseline(arm, measure.name)
        if baseline == baseline:
            ticks.append({"arm": arm, "value": baseline, "what": WITHOUT_MEMORY})
    if not rows:
        return None
    scale, end = _scale(measure, [row[place] for row in rows for place in ("middle", "min", "max")]
                        + [tick["value"] for tick in ticks])  # fmt: skip
    for row in rows:
        row |= {place: min(row[place], end) for place in ("middle", "min", "max")}
    for tick in ticks:
        tick["value"] = min(tick["value"], end)
    title = measure.title + ("" if measure.percent else " (none: at the end)")
    arms = [row["arm"] for row in rows]
    y = name("arm", None, sort=arms, axis={"labelLimit": 260})
    told_ = shown("arm", "runs", ("told", "", f"{measure.middle} (min / max)"))
    x = number("middle", title, scale=scale)
    ours = {"values": rows}
    panel = {
        "layer": [
            {"data": ours, "mark": {"type": "rule", "strokeWidth": 1.5, "color": PALETTE[0]},
             "encoding": {"y": y, "x": {**x, "field": "min"}, "x2": {"field": "max"}, "tooltip": told_}},
            {"data": ours, "mark": {"type": "circle", "size": 50, "opacity": 1, "color": PALETTE[0]},
             "encoding": {"y": y, "x": x, "tooltip": told_}},
            {"data": {"values": ticks}, "mark": {"type": "tick", "thickness": 2, "size": 14},
             "encoding": {"y": y, "x": {**x, "field": "value"}, "tooltip": shown("arm", "what", ("value", ",.4~g")),
                          "color": name("what", None, scale={
                              "domain": (kinds := sorted({tick["what"] for tick in ticks})),
                              "range": [GREY if kind == WITHOUT_MEMORY else DEPTH for kind in kinds]},
                              legend=None)}},
        ]
    }  # fmt: skip
    return Figure(
        f"beside_{measure.name}",
        measure.title,
        "Red: the published numbers, where there are any. Grey: the baseline without memory.",
        f"{measure.middle.capitalize()} (dot), minimum and maximum (line) over the runs: "
        + "; ".join(f"{row['arm']} {row['told']}" for row in rows) + ".",
        "Dots with lines, one per group of networks; red ticks for published numbers, grey ones for the baseline.",
        [[panel]],
        max(60, 22 * len(rows)),
        aside=190,
        width=460,
    )  # fmt: skip


def _scale(measure: Measure, values: list[float]) -> tuple[dict[str, Any], float]:
    """The scale of an axis for the values, and where infinite ones stand."""
    if measure.percent:
        return {"domain": [0, 100]}, 100.0
    finite = [value for value in values if np.isfinite(value)]
    greatest, least = max(finite, default=1.0), min(finite, default=1.0)
    if least > 0 and greatest / least >= MANY_TIMES:
        end = 10.0 ** np.ceil(np.log10(greatest * 1.05))
        return {"type": "log", "domain": [min(least, 1.0), end], "nice": False}, float(end)
    return {"domain": [0, greatest * 1.1]}, float(greatest * 1.1)


def _curves(paper: Paper, found: Findings, measure: Measure) -> Figure | None:
    published = [curve for curve in paper.curves if curve.measure == measure.name]
    drawn = [curve for curve in published if len(found.epochs(curve.arm, measure.name)) > 1]
    if not drawn:
        return None
    panels, parts = [], []
    for curve in drawn:
        panels.append(_curve(found, measure, curve))
        ours = found.values(curve.arm, measure.name)
        parts.append(f"{curve.arm} {told(measure, float(ours.mean()))} ({told(measure, curve.points[-1][2])})")
    return Figure(
        f"curves_{measure.name}",
        f"{measure.title}, by epoch",
        "Red: the published mean (line), minimum and maximum (dashed) of "
        f"{drawn[0].networks} networks. Blue: the mean of ours, and between which values 80% of them lie.",
        f"Mean of ours at the end (published): {'; '.join(parts)}.",
        "Curves over epochs, one panel per group of networks: ours with a band, the published mean and range in red.",
        in_lines(panels),
        140,
    )


def _curve(found: Findings, measure: Measure, curve: PublishedCurve) -> dict[str, Any]:
    ours = []
    for epoch in found.epochs(curve.arm, measure.name):
        values = found.values(curve.arm, measure.name, epoch)
        values = values[np.isfinite(values)]
        low, high = np.quantile(values, [0.1, 0.9])
        ours.append({"epoch": epoch, "mean": round(float(values.mean()), 1), "low": low, "high": high, "of": OURS})
    theirs = [
        {"epoch": epoch, "mean": mean, "low": low, "high": high, "of": THEIRS}
        for epoch, low, mean, high in curve.points
    ]
    x, y = number("epoch", "epoch"), number("mean", measure.title.partition(" after")[0])
    told_ = shown("of", ("epoch", "d"), ("mean", ".1f"), ("low", ".1f"), ("high", ".1f"))
    red = {"data": {"values": theirs}, "mark": {"type": "line", "color": DEPTH}}
    blue = {"type": "line", "color": PALETTE[0], "strokeWidth": 2}
    dashed = {"type": "line", "color": DEPTH, "strokeDash": [3, 3], "strokeWidth": 0.8}
    layers = [
        {
            "data": {"values": ours},
            "mark": {"type": "area", "color": PALETTE[0], "opacity": 0.18},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        *({**red, "mark": dashed, "encoding": {"x": x, "y": {**y, "field": end}}} for end in ("low", "high")),
        {**red, "encoding": {"x": x, "y": y, "tooltip": told_}},
        {"data": {"values": ours}, "mark": blue, "encoding": {"x": x, "y": y, "tooltip": told_}},
    ]
    return {"title": curve.arm, "layer": layers}


def _spreads(paper: Paper, found: Findings, measure: Measure) -> Figure | None:
    drawn = [one for one in paper.spreads if one.measure == measure.name and len(found.values(one.arm, one.measure))]
    if not drawn:
        return None
    parts = [
        f"{one.arm} {told(measure, row_of(measure, found.values(one.arm, one.measure))['middle'])} of "
        f"{len(found.values(one.arm, one.measure)):,} networks "
        f"({told(measure, dict(one.quantiles)[0.5])} of {one.networks:,})"
        for one in drawn
    ]
    return Figure(
        f"spread_{measure.name}",
        f"{measure.title}: how it is distributed",
        "Red: the published networks. Blue: ours.",
        f"Median of ours (published): {'; '.join(parts)}.",
        "Cumulative shares of networks by value, one panel per group: ours in blue, the published in red.",
        in_lines([_spread(found, measure, one) for one in drawn]),
        140,
    )


def _spread(found: Findings, measure: Measure, published: PublishedSpread) -> dict[str, Any]:
    values = np.sort(found.values(published.arm, measure.name))
    scale, end = _scale(measure, [*values.tolist(), *(value for _, value in published.quantiles)])
    shares = np.unique(np.concatenate([np.linspace(0.01, 1.0, 100), [share for share, _ in published.quantiles]]))
    places = np.clip(np.ceil(shares * len(values)).astype(int) - 1, 0, len(values) - 1)
    rows = [
        {"share": round(100 * float(share), 1), "value": min(float(values[place]), end), "of": OURS}
        for share, place in zip(shares, places, strict=True)
    ]
    rows += [{"share": 100 * share, "value": min(value, end), "of": THEIRS} for share, value in published.quantiles]
    colour = name("of", None, scale={"domain": [OURS, THEIRS], "range": [PALETTE[0], DEPTH]})
    return {
        "title": published.arm,
        "data": {"values": rows},
        "mark": {"type": "line", "interpolate": "step-before", "strokeWidth": 1.8},
        "encoding": {
            "x": number("value", measure.title, scale=scale),
            "y": number("share", "% of networks at or below", scale={"domain": [0, 100]}),
            "color": colour,
            "order": {"field": "share", "type": "quantitative"},
            "tooltip": shown("of", ("share", ".0f", "%"), ("value", ",.4~g")),
        },
    }
