"""A trace, drawn: depth and state, gates, and the output with its target, the first failure in red."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longcount.analysis.selection import count
from longcount.errors import UserError
from longcount.report.channels import number, rows
from longcount.report.drawing import FORMATS, drawn
from longcount.report.style import BASELINE, DEPTH, TEXT_WIDTH
from longcount.report.writing import write_bytes, write_frame
from longcount.store.export import FORMATS as TABLES

if TYPE_CHECKING:
    import pandas as pd

_FIXED = re.compile("word|token|letter|depth|count_.*|output_.*|target_.*|first_failure")
LONGEST_DRAWN = 20_000  # tokens


def write_trace(frame: "pd.DataFrame", state_names: tuple[str, ...], path: Path) -> None:
    """Write a trace as the path's ending says: a table (csv, parquet) or a drawing (svg, pdf, png).

    Raises:
        UserError: for another ending, a trace too long or of several words to be drawn, a place that cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix in TABLES:
        write_frame(path, frame, 9)
    elif suffix.lstrip(".") in FORMATS:
        write_bytes(path, drawn(trace_figure(frame, state_names))[suffix.lstrip(".")])
    else:
        endings = ", ".join((*TABLES, *(f".{name}" for name in FORMATS)))
        raise UserError(f"{path}: a trace is written to a file that ends in one of {endings}")


def trace_figure(frame: "pd.DataFrame", state_names: tuple[str, ...]) -> dict[str, Any]:
    """A trace of one word as a Vega-Lite specification.

    Raises:
        UserError: where there are several words, or too many tokens.
    """
    if count(frame, "word") > 1:
        raise UserError("several words cannot be drawn into one figure; trace one, or write a table")
    if len(frame) > LONGEST_DRAWN:
        raise UserError(f"{len(frame):,} tokens are too many to draw; at most {LONGEST_DRAWN:,}, or write a table")
    inner = [name for name in frame.columns if not _FIXED.fullmatch(name)]
    state = [name for name in inner if name.split("_")[0] in state_names]
    gates = [name for name in inner if name not in state]
    x = number("token", "token", scale={"domain": [0, max(1, len(frame) - 1)], "nice": False})
    failure = [
        {
            "data": {"values": [{"token": int(token)}]},
            "mark": {"type": "rule", "color": DEPTH, "strokeWidth": 1.5},
            "encoding": {"x": x},
        }
        for token in frame.loc[frame["first_failure"], "token"]
    ]
    depth = {
        "data": rows(frame, token="token", depth="depth"),
        "mark": {"type": "area", "color": BASELINE, "opacity": 0.25},
        "encoding": {"x": x, "y": number("depth", "depth", axis={"orient": "right", "grid": False})},
    }
    charts = [
        {"layer": [depth, _lines(frame, state, "state", x), *failure], "resolve": {"scale": {"y": "independent"}}}
    ]
    if gates:
        charts.append({"layer": [_lines(frame, gates, "gates", x), *failure]})
    for output in (name.removeprefix("output_") for name in frame.columns if name.startswith("output_")):
        if count(frame, f"target_{output}") > 1:  # what never changes shows nothing
            pair = [f"output_{output}", f"target_{output}"]
            charts.append({"layer": [_lines(frame, pair, f"output {output}", x), *failure]})
    sized = [{**chart, "width": TEXT_WIDTH - 90, "height": 100} for chart in charts]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "vconcat": sized,
        "resolve": {"scale": {"color": "independent"}},
    }


def _lines(frame: "pd.DataFrame", names: list[str], title: str, x: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": rows(frame, token="token", **{name: name for name in names}),
        "transform": [{"fold": names, "as": ["name", "value"]}],
        "mark": {"type": "line", "strokeWidth": 1.2, "clip": True},
        "encoding": {
            "x": x,
            "y": number("value", title, scale={"zero": False}, axis={"orient": "left"}),
            "color": {"field": "name", "type": "nominal", "title": None, "sort": names},
        },
    }
