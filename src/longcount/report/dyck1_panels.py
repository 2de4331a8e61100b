"""Panels of results about Dyck-1's next letters, which the first paper studies (see `longcount.report.panels`)."""

from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.analysis import SHALLOW_LENGTH
from longcount.analysis.failures import PHASES
from longcount.analysis.regression import ALL_EPOCHS, LATER_EPOCHS
from longcount.analysis.rounding import significant
from longcount.analysis.selection import in_order, values, where
from longcount.papers import el_naggar_2022 as paper
from longcount.report.channels import name, number, rows, short, shown
from longcount.report.panels import DASHED, LINES, Panel
from longcount.report.style import DEPTH, GREY, PHASE_COLOURS, colour
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


def _baseline(results: "Results", title: str) -> Panel:
    """The constant answer's failure point, drawn across; ``title`` of the axis."""
    return {
        "data": {"values": [{"fpf": round(constant_fpf(results), 1), "what": "constant answer"}]},
        "mark": {"type": "rule", **DASHED},
        "encoding": {"y": number("fpf", title), "tooltip": shown("what", ("fpf", ".1f"))},
    }


def _dots(models: "pd.DataFrame", size: int) -> int:
    return size if len(models) <= 300 else max(4, size // 4)


def scatter(results: "Results", condition: str) -> Panel:
    """Figure 1: failure point against the negative log of validation loss, the pooled regression line and in grey that
    of the models after the first of the epochs."""
    models = where(results["checkpoints"], condition=condition, kept=True)
    models = models.assign(x=-np.log(models["validation_loss"].to_numpy()))
    models = models.loc[models["epoch"] > 0]
    fit = where(results["table2"], condition=condition, predictor="validation").iloc[0]
    x = number("x", "−ln validation loss", scale={"zero": False, "nice": True})
    y = number("fpf", "average FPF (tokens)", scale={"domain": [0, whole_length(results)]})
    published = paper.TABLE_2.get(condition)
    beside = f", paper {published['validation'].r_squared:.3f}" if published else ""
    epochs = sorted(set(models["epoch"].tolist()))
    opacity = [round(0.2 + 0.75 * at / max(1, len(epochs) - 1), 2) for at in range(len(epochs))]
    points = {
        "data": rows(models, run="run", epoch="epoch", loss="validation_loss", x="x", fpf="very_long_fpf"),
        "mark": {"type": "circle", "size": _dots(models, 26), "color": colour(condition)},
        "encoding": {
            "x": x,
            "y": y,
            "opacity": {
                "field": "epoch",
                "type": "ordinal",
                "scale": {"domain": epochs, "range": opacity},
                "legend": {"title": "after epoch", "titleOrient": "left", "values": [epochs[0], epochs[-1]]},
            },
            "tooltip": shown("run", "epoch", ("loss", ".3g", "validation loss"), ("fpf", ".1f", "average FPF")),
        },
    }
    title = {"text": cell_title(condition), "subtitle": f"R² {fit['r_squared']:.3f}{beside}"}
    lines = [_line(models, x, y, colour(condition))]
    if len(epochs) > 2:
        lines.append(_line(models.loc[models["epoch"] > epochs[0]], x, y, INK_LINE))
    layers = [_baseline(results, y["title"]), *lines, points]
    return {"title": title, "layer": layers, "usermeta": {"condition": condition}}


INK_LINE = "#6a737d"


def _line(models: "pd.DataFrame", x: Panel, y: Panel, of_colour: str) -> Panel:
    """The least-squares line through models, from end to end."""
    at, fpf = values(models, "x").astype(float), values(models, "very_long_fpf").astype(float)
    at, fpf = at[np.isfinite(at)], fpf[np.isfinite(at)]
    spread = ((at - at.mean()) ** 2).sum() if len(at) else 0.0
    slope = ((at - at.mean()) * fpf).sum() / spread if spread > 0 else 0.0
    ends = [at.min(), at.max()] if spread > 0 else []
    return {
        "data": {
            "values": [{"x": short(float(e)), "fpf": short(float(fpf.mean() + slope * (e - at.mean())))} for e in ends]
        },
        "mark": {"type": "line", "color": of_colour, "clip": True},
        "encoding": {"x": x, "y": y},
    }


def correlations(results: "Results", condition: str) -> Panel:
    """Correlation of -ln validation loss with the failure point, pooled and epoch by epoch, with intervals over
    runs."""
    frame = where(results["correlations"], condition=condition)
    frame = frame.assign(which=np.where(frame["epochs"].str.isdigit(), "one epoch", "epochs together"))
    order = [*(name for name in frame["epochs"] if name.isdigit()), ALL_EPOCHS, LATER_EPOCHS]
    titles = {ALL_EPOCHS: "all", LATER_EPOCHS: f"{order[1]}+"}
    frame = frame.assign(at=[titles.get(name, name) for name in frame["epochs"]])
    x = name("at", "epoch of the models", sort=[titles.get(one, one) for one in order], axis={"labelAngle": 0})
    y = number("r", "correlation r", scale={"domain": [-1, 1]}, axis={"tickCount": 5})
    colours = name(
        "which", legend=None, scale={"domain": ["one epoch", "epochs together"], "range": [colour(condition), INK_LINE]}
    )
    data = rows(frame, at="at", r="correlation", low="low", high="high", which="which", models="models")
    told = shown(("at", "", "epoch"), "models", ("r", ".2f"), ("low", ".2f"), ("high", ".2f"))
    zero = {"values": [{"r": 0}]}
    return {
        "layer": [
            {"data": zero, "mark": {"type": "rule", "color": GREY}, "encoding": {"y": y}},
            {
                "data": data,
                "mark": {"type": "rule", "strokeWidth": 1.5},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colours},
            },
            {
                "data": data,
                "mark": {"type": "circle", "size": 40, "opacity": 1},
                "encoding": {"x": x, "y": y, "color": colours, "tooltip": told},
            },
        ]
    }


def histogram(
    zigzags: "pd.DataFrame", condition: str, half_period: int, span: tuple[int, int], width: int, small: bool
) -> Panel:
    """Figure 3: how many models first fail where in a zigzag word, the word's depth in red over it. Models that never
    fail have no bar; `never_failed` counts them.

    Args:
        zigzags: one row per model: fpf, length.
        cell: gives the colour.
        half_period: j of the word.
        span: first and last position shown.
        width: of a bar, in tokens.
        small: leave out what a small multiple has no room for.
    """
    start, end = span
    fpf, length = values(zigzags, "fpf"), values(zigzags, "length")
    failed = fpf[fpf < length]
    # The word is back at depth 0 at token 2j - 1: a bar begins there, so that failing at zero is not failing before.
    edges = (2 * half_period - 1) % width + width * np.arange((start - width) // width, end // width + 2)
    counts, _ = np.histogram(failed, bins=edges)
    bars = [
        {"from": int(low), "to": int(low + width), "last": int(low + width - 1), "models": int(count)}
        for low, count in zip(edges[:-1], counts, strict=True)
        if count and low < end and low + width > start
    ]
    x = number(
        "from",
        None if small else "first point of failure (token)",
        scale={"domain": [start, end], "nice": False},
        axis={"grid": False, "tickCount": 4},
    )
    axis = {"orient": "left", "grid": False, "tickMinStep": 1, "tickCount": 2 if small else 4}
    # A label at the very top would push the panel's title up, out of line with its neighbours'.
    most = {"domain": [0, short(1.15 * max([bar["models"] for bar in bars], default=1))], "nice": False}
    histogram = {
        "data": {"values": bars},
        "mark": {"type": "rect", "color": colour(condition), "clip": True},
        "encoding": {
            "x": x,
            "x2": {"field": "to"},
            "y": number("models", None if small else "models", axis=axis, scale=most),
            "y2": {"datum": 0},
            "tooltip": shown(("from", "d", "from token"), ("last", "d", "to token"), "models"),
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
    stroke = 1 if half_period >= 50 else 0.3
    depth = {
        "data": {"values": depths},
        "mark": {"type": "line", "color": DEPTH, "strokeWidth": stroke, "clip": True},
        "encoding": {
            "x": x,
            "y": number("depth", "depth", scale={"domain": [0, half_period]}, axis=None if small else red),
        },
    }
    # Among small multiples the depth of a word with many periods would hide the bars.
    return {"layer": [depth, histogram] if small else [histogram, depth], "resolve": {"scale": {"y": "independent"}}}


def never_failed(zigzags: "pd.DataFrame") -> int:
    """How many models never fail on their zigzag word."""
    return int((values(zigzags, "fpf") >= values(zigzags, "length")).sum())


_AROUND_ZERO = {"type": "symlog", "constant": 0.5}  # as good as linear within half a percent, a logarithm beyond


def steps(results: "Results", condition: str) -> Panel:
    """A counter's increments and decrements by depth: how far each is from the increment at depth 1, in percent; where
    they change by more than their own size, their shares of it on a log scale."""
    frame = where(results["steps"], condition=condition)
    frame = frame.loc[frame["run"].isin(sorted(set(frame["run"]))[:LINES]) & (frame["depth"] > 0)]
    names = ["increment", "decrement"]
    shares = frame[names].to_numpy(np.float64)
    as_shares = bool(len(shares) and np.nanmedian(shares) < 0.1)
    if as_shares:
        frame = frame.assign(**{name: frame[name].where(frame[name] > 0) for name in names})
        y = number("size", "share of first increment", scale={"type": "log"}, axis={"tickCount": 5, "format": "~g"})
    else:
        frame = frame.assign(**{name: 100 * (frame[name] - 1) for name in names})
        ticks = [0, *(sign * 10**k for k in range(5) for sign in (1, -1))]
        y = number("size", "change from first increment, %", scale=_AROUND_ZERO, axis={"values": ticks, "format": "d"})
    still = {"values": [{"size": 1 if as_shares else 0}]}
    curves = {
        "data": rows(frame, run="run", depth="depth", increment="increment", decrement="decrement"),
        "transform": [{"fold": names, "as": ["step", "size"]}],
        "mark": {"type": "line", "strokeWidth": 1},
        "encoding": {
            "x": number("depth", "depth", scale={"type": "log", "nice": False}, axis={"tickCount": 4, "format": "d"}),
            "y": y,
            "color": name("step", scale={"domain": names, "range": [colour(condition), GREY]}),
            "strokeDash": name("step", scale={"domain": names, "range": [[1, 0], [4, 2]]}),
            "detail": name("run"),
            "tooltip": shown("run", "depth", "step", ("size", ".4f", "share" if as_shares else "change, %")),
        },
    }
    unchanged = {"data": still, "mark": {"type": "rule", "color": GREY, "strokeWidth": 0.7}, "encoding": {"y": y}}
    title = f"{cell_title(condition)}: steps of the counter"
    return {"title": title, "layer": [unchanged, curves], "usermeta": {"condition": condition}}


def saturation(results: "Results", condition: str) -> Panel:
    """How often the gates stand within a threshold of the end of their range."""
    frame = where(results["saturation"], condition=condition, kept=True)
    gates, thresholds = list(dict.fromkeys(frame["gate"])), list(dict.fromkeys(frame["threshold"]))
    order = [f"{threshold:g}" for threshold in thresholds]
    shares = [
        {
            "gate": gate,
            "within": f"{threshold:g}",
            "share": short(100 * float(np.median(values(where(frame, gate=gate, threshold=threshold), "share")))),
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
            "y": number("share", "% of depths 1–50, median run", scale={"domain": [0, 100]}),
            "xOffset": name("within", sort=order),
            "opacity": name("within", "to within", sort=order, scale={"domain": order, "range": opacity}),
            "tooltip": shown("gate", "within", ("share", ".1f", "% of depths, median run")),
        },
    }


def indicators(results: "Results", condition: str) -> Panel:
    """The counter indicator conditions: how far recurrent weight and balance of steps are from 1, where a ReLU counts
    exactly."""
    frame = where(results["indicators"], condition=condition, learned=True)
    frame = frame.assign(
        u=100 * (frame["recurrent"] - 1),
        balance=100 * (frame["step_down"] / frame["step_up"] - 1),
        which=np.where(frame["kept"].to_numpy(bool), "kept", "other learned"),
    )
    domain = ["kept", "other learned"]
    zero, line = {"values": [{"u": 0, "balance": 0}]}, {"type": "rule", "color": GREY}
    x = number("u", "recurrent weight u − 1, %", scale={"padding": 8})
    y = number("balance", "decrement / increment − 1, %", scale={"padding": 8})
    points = {
        "data": rows(frame, run="run", u="u", balance="balance", which="which", fpf="very_long_fpf"),
        "mark": {"type": "point", "size": 30, "strokeWidth": 1.2},
        "encoding": {
            "x": x,
            "y": y,
            "color": name("which", scale={"domain": domain, "range": [colour(condition), GREY]}),
            "tooltip": shown(
                "run", ("u", ".4f", "u − 1, %"), ("balance", ".4f", "balance, %"), ("fpf", ".1f", "average FPF")
            ),
        },
    }
    across = {"data": zero, "mark": line, "encoding": {"y": y}}
    upright = {"data": zero, "mark": line, "encoding": {"x": x}}
    title, layers = "counter indicator conditions", [across, upright, points]
    return {"title": title, "layer": layers, "usermeta": {"condition": condition}}


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
    fails, never = "fails", f"none in {SHALLOW_LENGTH:,}"
    models = models.assign(
        model=[cell_title(condition) for condition in models["condition"]],
        outcome=np.where(values(models, "shallow_fpf") < SHALLOW_LENGTH, fails, never),
    )
    fields = {"model": "model", "run": "run", "epoch": "epoch", "shallow": "shallow_fpf", "fpf": "very_long_fpf"}
    points = {
        "data": rows(models, **fields, outcome="outcome"),
        "mark": {"type": "point", "size": _dots(models, 36), "strokeWidth": 1.4},
        "encoding": {
            "x": number(
                "shallow",
                "first point of failure on ()()()… (token)",
                scale={"type": "log", "domain": [1, SHALLOW_LENGTH * 1.3], "nice": False},
                axis={"values": [1, 10, 100, 1000, 10_000], "format": ",d"},
            ),
            "y": number("fpf", "average FPF on Very Long words", scale={"domain": [0, whole_length(results)]}),
            "color": name(
                "model", sort=titles, scale={"domain": titles, "range": [colour(condition) for condition in conditions]}
            ),
            "shape": name(
                "outcome",
                sort=[fails, never],
                scale={"domain": [fails, never], "range": ["circle", "triangle-right"]},
                legend={"columns": 1},
            ),
            "tooltip": shown(
                "model",
                "run",
                "epoch",
                "outcome",
                ("shallow", ",d", "right tokens of ()()()…"),
                ("fpf", ".1f", "average FPF"),
            ),
        },
    }
    layers = [_baseline(results, points["encoding"]["y"]["title"]), points]
    return {"layer": layers, "usermeta": {"conditions": dict(zip(titles, conditions, strict=True))}}


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
