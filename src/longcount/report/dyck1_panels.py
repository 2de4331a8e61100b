"""Panels of results about Dyck-1's next letters, which the first paper studies (see `longcount.report.panels`)."""

from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.analysis import SHALLOW_LENGTH
from longcount.analysis.failures import PHASES
from longcount.analysis.rounding import significant
from longcount.analysis.selection import in_order, values, where
from longcount.papers import el_naggar_2022 as paper
from longcount.report.channels import name, number, rows, short, shown
from longcount.report.panels import DASHED, LINES, Panel
from longcount.report.style import BASELINE, DEPTH, PHASE_COLOURS, colour
from longcount.report.table1 import cell_title, panel_title

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]

ZIGZAG_LENGTH = 2000


def constant_fpf(results: "Results") -> float:
    """Mean first point of failure of the constant answer on the Very Long words."""
    row = where(results["table1"], condition="constant", measure="very_long_fpf", reading="average")
    return float(row["mean"].iloc[0]) if len(row) else float("nan")


def whole_length(results: "Results") -> float:
    """Length of the Very Long words: where a perfect counter's first point of failure is counted."""
    row = where(results["table1"], condition="perfect", measure="very_long_fpf", reading="average")
    return float(row["mean"].iloc[0])


def _baseline(results: "Results", title: str) -> list[Panel]:
    """The constant answer's failure point, drawn across; ``title`` of the axis."""
    data = {"values": [{"fpf": round(constant_fpf(results), 1), "what": "constant answer"}]}
    text = {"type": "text", "align": "left", "dx": 2, "dy": 6, "color": BASELINE}
    return [
        {
            "data": data,
            "mark": {"type": "rule", **DASHED},
            "encoding": {"y": number("fpf", title), "tooltip": shown("what", ("fpf", ".1f"))},
        },
        {"data": data, "mark": text, "encoding": {"x": {"value": 0}, "y": number("fpf", title), "text": name("what")}},
    ]


def _dots(models: "pd.DataFrame", size: int) -> int:
    return size if len(models) <= 300 else max(4, size // 4)


def scatter(results: "Results", condition: str) -> Panel:
    """Figure 1: failure point against the negative log of validation loss, with the regression line."""
    models = where(results["checkpoints"], condition=condition, kept=True)
    models = models.assign(x=-np.log(models["validation_loss"].to_numpy()))
    fit = where(results["table2"], condition=condition, predictor="validation").iloc[0]
    ends = [float(values(models, "x").min()), float(values(models, "x").max())]
    line = [{"x": x, "fpf": fit["intercept"] + fit["slope"] * x} for x in ends]
    x = number("x", "−ln validation loss", scale={"zero": False, "nice": True})
    y = number("fpf", "average FPF (tokens)", scale={"domain": [0, whole_length(results)]})
    published = paper.TABLE_2.get(condition)
    beside = f", paper {published['validation'].r_squared:.3f}" if published else ""
    points = {
        "data": rows(models, run="run", epoch="epoch", loss="validation_loss", x="x", fpf="very_long_fpf"),
        "mark": {"type": "circle", "size": _dots(models, 26), "color": colour(condition)},
        "encoding": {
            "x": x,
            "y": y,
            "opacity": {"field": "epoch", "type": "ordinal", "scale": {"range": [0.35, 0.95]}, "legend": None},
            "tooltip": shown("run", "epoch", ("loss", ".3g", "validation loss"), ("fpf", ".1f", "average FPF")),
        },
    }
    regression = {
        "data": {"values": line},
        "mark": {"type": "line", "color": colour(condition), "clip": True},
        "encoding": {"x": x, "y": y},
    }
    title = {"text": cell_title(condition), "subtitle": f"R² {fit['r_squared']:.3f}{beside}"}
    return {"title": title, "layer": [*_baseline(results, y["title"]), regression, points]}


def histogram(
    zigzags: "pd.DataFrame", condition: str, half_period: int, span: tuple[int, int], bins: int, small: bool
) -> Panel:
    """Figure 3: how many models first fail where in a zigzag word, the word's depth in red over it.

    Args:
        zigzags: one row per model: fpf.
        cell: gives the colour.
        half_period: j of the word.
        span: first and last position shown.
        bins: how many bars.
        small: leave out what a small multiple has no room for.
    """
    start, end = span
    counts, edges = np.histogram(zigzags["fpf"].to_numpy(), bins=bins, range=span)
    bars = [
        {"from": float(low), "to": float(high), "models": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
        if count
    ]
    x = number(
        "from",
        None if small else "first point of failure",
        scale={"domain": [start, end], "nice": False},
        axis={"grid": False, "tickCount": 4},
    )
    axis = {"orient": "left", "grid": False, "tickMinStep": 1, "tickCount": 2 if small else 4}
    # A label at the very top would push the panel's title up, out of line with its neighbours'.
    most = {"domain": [0, short(1.15 * max(int(counts.max()), 1))], "nice": False}
    histogram = {
        "data": {"values": bars},
        "mark": {"type": "rect", "color": colour(condition)},
        "encoding": {
            "x": x,
            "x2": {"field": "to"},
            "y": number("models", None if small else "models", axis=axis, scale=most),
            "y2": {"datum": 0},
            "tooltip": shown("from", "to", "models"),
        },
    }
    depths = [
        {"from": position, "depth": half_period * (at % 2)}
        for at, position in enumerate(range(0, ZIGZAG_LENGTH + half_period, half_period))
        if start - half_period <= position <= end + half_period
    ]
    red = {
        "orient": "right",
        "titleColor": DEPTH,
        "labelColor": DEPTH,
        "tickColor": DEPTH,
        "grid": False,
        "tickCount": 3,
    }
    width = 1 if half_period >= 50 else 0.3
    depth = {
        "data": {"values": depths},
        "mark": {"type": "line", "color": DEPTH, "strokeWidth": width, "clip": True},
        "encoding": {
            "x": x,
            "y": number("depth", "depth", scale={"domain": [0, half_period]}, axis=None if small else red),
        },
    }
    # Among small multiples the depth of a word with many periods would hide the bars.
    return {"layer": [depth, histogram] if small else [histogram, depth], "resolve": {"scale": {"y": "independent"}}}


def steps(results: "Results", condition: str) -> Panel:
    """A counter's increments and decrements by depth, as shares of the increment at depth 1."""
    frame = where(results["steps"], condition=condition)
    frame = frame.loc[frame["run"].isin(sorted(set(frame["run"]))[:LINES]) & (frame["depth"] > 0)]
    finite = frame[["increment", "decrement"]].to_numpy().ravel()
    finite = finite[np.isfinite(finite)]
    low, high = np.quantile(finite, [0.02, 0.98]) if len(finite) else (0.0, 1.0)
    domain = [min(0.0, float(low)), max(1.25, float(high) * 1.1)]
    names = ["increment", "decrement"]
    return {
        "title": f"{cell_title(condition)}: steps of the counter",
        "data": rows(frame, run="run", depth="depth", increment="increment", decrement="decrement"),
        "transform": [{"fold": names, "as": ["step", "size"]}],
        "mark": {"type": "line", "clip": True, "strokeWidth": 1},
        "encoding": {
            "x": number("depth", "depth", scale={"type": "log", "nice": False}, axis={"tickCount": 4, "format": "d"}),
            "y": number("size", "share of first increment", scale={"domain": domain, "nice": False}),
            "color": name("step", scale={"domain": names, "range": [colour(condition), BASELINE]}),
            "strokeDash": name("step", scale={"domain": names, "range": [[1, 0], [4, 2]]}),
            "detail": name("run"),
            "tooltip": shown("run", "depth", "step", ("size", ".4f")),
        },
    }


def saturation(results: "Results", condition: str) -> Panel:
    """How often the gates stand within a threshold of the end of their range."""
    frame = where(results["saturation"], condition=condition, kept=True)
    gates, thresholds = list(dict.fromkeys(frame["gate"])), list(dict.fromkeys(frame["threshold"]))
    order = [f"{threshold:g}" for threshold in thresholds]
    shares = [
        {
            "gate": gate,
            "within": f"{threshold:g}",
            "share": short(100 * float(values(where(frame, gate=gate, threshold=threshold), "share").mean())),
        }
        for gate in gates
        for threshold in thresholds
    ]
    opacity = [0.35, 0.65, 1.0][-len(order) :]
    return {
        "title": "saturation of gates",
        "data": {"values": shares},
        "mark": {"type": "bar", "color": colour(condition)},
        "encoding": {
            "x": name("gate", "gate", sort=gates, axis={"labelAngle": 0}),
            "y": number("share", "saturated, % of depths 1–50", scale={"domain": [0, 100]}),
            "xOffset": name("within", sort=order),
            "opacity": name("within", "to within", sort=order, scale={"domain": order, "range": opacity}),
            "tooltip": shown("gate", "within", ("share", ".1f", "% of depths")),
        },
    }


def indicators(results: "Results", condition: str) -> Panel:
    """The counter indicator conditions: recurrent weight and balance of steps, both 1 where a ReLU counts exactly."""
    frame = where(results["indicators"], condition=condition, learned=True)
    frame = frame.assign(
        balance=frame["step_down"] / frame["step_up"],
        which=np.where(frame["kept"].to_numpy(bool), "best third", "other learned"),
    )
    domain = ["best third", "other learned"]
    one = {"values": [{"one": 1}]}
    line = {"type": "rule", "color": BASELINE}
    padded = {"zero": False, "padding": 8}
    points = {
        "data": rows(frame, run="run", u="recurrent", balance="balance", which="which", fpf="very_long_fpf"),
        "mark": {"type": "point", "size": 30, "strokeWidth": 1.2},
        "encoding": {
            "x": number("u", "recurrent weight u (exact: 1)", scale=padded),
            "y": number("balance", "decrement / increment (exact: 1)", scale=padded),
            "color": name("which", scale={"domain": domain, "range": [colour(condition), BASELINE]}),
            "tooltip": shown("run", ("u", ".5f"), ("balance", ".5f"), ("fpf", ".1f", "average FPF")),
        },
    }
    across = {"data": one, "mark": line, "encoding": {"y": number("one")}}
    upright = {"data": one, "mark": line, "encoding": {"x": number("one")}}
    return {"title": "counter indicator conditions", "layer": [across, upright, points]}


def phase_bars(results: "Results", condition: str) -> Panel:
    """In which phase of each zigzag word the models first fail."""
    frame = where(results["zigzags"], condition=condition, kept=True)
    bars = []
    for half_period in sorted(set(frame["half_period"])):
        counts = np.bincount(values(where(frame, half_period=half_period), "phase"), minlength=len(PHASES)).tolist()
        bars += [
            {"j": half_period, "where": PHASES[phase], "phase": phase, "models": models,
             "share": short(100 * models / sum(counts))}
            for phase, models in enumerate(counts)
            if models
        ]  # fmt: skip
    domain = [name for phase, name in enumerate(PHASES) if phase in set(frame["phase"])]
    colours = [PHASE_COLOURS[PHASES.index(name)] for name in domain]
    return {
        "title": "where zigzags first fail",
        "data": {"values": bars},
        "mark": "bar",
        "encoding": {
            "x": {"field": "j", "type": "ordinal", "title": "j", "axis": {"labelAngle": -60}},
            "y": number("share", "% of models", scale={"domain": [0, 100]}),
            "color": name("where", sort=domain, scale={"domain": domain, "range": colours}, legend={"columns": 2}),
            "order": {"field": "phase"},
            "tooltip": shown("j", "where", "models", ("share", ".1f", "% of models")),
        },
    }


def shallow_models(results: "Results") -> "pd.DataFrame":
    """The models of Dyck-1 that learned and were measured both on ``()`` repeated and on Very Long words."""
    models = where(results["models"], learned=True)
    return models.loc[models["shallow_fpf"].notna() & models["very_long_fpf"].notna()]


def averages(results: "Results") -> Panel:
    """The average failure point on Very Long words against the failure point on ``()`` repeated."""
    models = shallow_models(results)
    conditions = in_order(models["condition"])
    titles = [cell_title(condition) for condition in conditions]
    models = models.assign(model=[cell_title(condition) for condition in models["condition"]])
    points = {
        "data": rows(models, model="model", run="run", epoch="epoch", shallow="shallow_fpf", fpf="very_long_fpf"),
        "mark": {"type": "circle", "size": _dots(models, 36), "opacity": 0.8},
        "encoding": {
            "x": number(
                "shallow",
                "tokens of ()()()… before the first failure",
                scale={"type": "log", "domain": [1, SHALLOW_LENGTH]},
                axis={"values": [1, 10, 100, 1000, 10_000], "format": ",d"},
            ),
            "y": number("fpf", "average FPF on Very Long words", scale={"domain": [0, whole_length(results)]}),
            "color": name(
                "model", sort=titles, scale={"domain": titles, "range": [colour(condition) for condition in conditions]}
            ),
            "tooltip": shown(
                "model", "run", "epoch", ("shallow", ",d", "FPF on ()()()…"), ("fpf", ".1f", "average FPF")
            ),
        },
    }
    return {"layer": [*_baseline(results, points["encoding"]["y"]["title"]), points]}


def predictors(results: "Results", condition: str) -> Panel:
    """How much of the failure point each predictor explains: R² with its interval over runs, the paper's in red."""
    frame = where(results["table2"], condition=condition)
    frame = frame.assign(
        title=[PREDICTOR_TITLES[predictor] for predictor in frame["predictor"]],
        slope_text=[significant(value) for value in frame["slope"]],
        p_text=[significant(value) for value in frame["p"]],
    )
    data = rows(frame, predictor="title", r2="r_squared", low="low", high="high", slope="slope_text", p="p_text")
    published = [
        {"predictor": PREDICTOR_TITLES[predictor], "r2": value.r_squared, "what": "paper"}
        for predictor, value in paper.TABLE_2.get(condition, {}).items()
    ]
    y = name("predictor", sort=list(PREDICTOR_TITLES.values()), axis={"labelLimit": 200})
    x = number("r2", "R²", scale={"domain": [0, 1]})
    told = shown("predictor", ("r2", ".3f", "R²"), ("low", ".2f"), ("high", ".2f"), "slope", "p")
    return {
        "title": panel_title(condition),
        "layer": [
            {
                "data": data,
                "mark": {"type": "rule", "color": colour(condition), "strokeWidth": 1.5},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y},
            },
            {
                "data": data,
                "mark": {"type": "circle", "color": colour(condition), "size": 40, "opacity": 1},
                "encoding": {"x": x, "y": y, "tooltip": told},
            },
            {
                "data": {"values": published},
                "mark": {"type": "tick", "color": DEPTH, "thickness": 2, "size": 12},
                "encoding": {"x": x, "y": y, "tooltip": shown("what", ("r2", ".3f", "R²"))},
            },
        ],
    }


PREDICTOR_TITLES = {
    "training": "training loss",
    "validation": "validation loss",
    "long": "long loss",
    "validation_last_word": "validation loss, last word",
    "leak": "leak",
    "leak_imbalance": "leak and imbalance",
}
