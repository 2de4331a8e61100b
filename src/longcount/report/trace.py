"""A trace, drawn: counters and state, gates, and outputs with their targets, the first failure in red."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longcount.analysis.selection import count
from longcount.errors import UserError
from longcount.report.channels import number, rows, short
from longcount.report.image_files import IMAGE_FORMATS, drawn
from longcount.report.style import DEPTH, GREY, TEXT_WIDTH
from longcount.report.writing import write_bytes, write_frame
from longcount.store.export import TABLE_FORMATS

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
    if suffix in TABLE_FORMATS:
        write_frame(path, frame, 9)
    elif suffix.lstrip(".") in IMAGE_FORMATS:
        write_bytes(path, drawn(trace_figure(frame, state_names), [kind := suffix.lstrip(".")])[kind])
    else:
        endings = ", ".join((*TABLE_FORMATS, *(f".{name}" for name in IMAGE_FORMATS)))
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
    charts = [_counters_and_state(frame, state, x)]
    if gates:
        charts.append({"layer": [_lines(frame, gates, "gates", x)]})
    charts += [{"layer": _output(frame, output, x)} for output in _outputs_shown(frame)]
    sized = [
        {**chart, "layer": [*chart["layer"], *failure], "width": TEXT_WIDTH - 90, "height": 100} for chart in charts
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "vconcat": sized,
        "resolve": {"scale": {"color": "independent", "strokeDash": "independent"}},
    }


def _counters_and_state(frame: "pd.DataFrame", state: list[str], x: dict[str, Any]) -> dict[str, Any]:
    """The state over what has to be remembered: the depth as an area, several counters as dashed lines."""
    counters = [name for name in frame.columns if name.startswith("count_")]
    axis = {"orient": "right", "grid": False}
    if counters:
        behind = _lines(frame, counters, "counters", x)
        behind["mark"] |= {"color": GREY, "interpolate": "step-after"}
        behind["encoding"]["strokeDash"] = {**behind["encoding"].pop("color"), "legend": {"symbolType": "stroke"}}
    else:
        behind = {
            "data": rows(frame, token="token", value="depth"),
            "mark": {"type": "area", "color": GREY, "opacity": 0.25, "interpolate": "step-after"},
            "encoding": {"x": x, "y": number("value", "depth")},
        }
    behind["encoding"]["y"] |= {"axis": axis}
    return {"layer": [behind, _lines(frame, state, "state", x)], "resolve": {"scale": {"y": "independent"}}}


def _outputs_shown(frame: "pd.DataFrame") -> list[str]:
    """The outputs whose right answer changes along the word; where none does, all."""
    outputs = [name.removeprefix("output_") for name in frame.columns if name.startswith("output_")]
    return [output for output in outputs if count(frame, f"target_{output}") > 1] or outputs


def _output(frame: "pd.DataFrame", output: str, x: dict[str, Any]) -> list[dict[str, Any]]:
    """An output over the tokens at which it should say yes, in grey; where it is asked once, over a square at what is
    right then."""
    asked = frame.loc[frame[f"target_{output}"].notna()]
    domain = {"domain": [0, 1]}
    area = {"type": "area", "color": GREY, "opacity": 0.25, "interpolate": "step-after"}
    square = {"type": "point", "shape": "square", "size": 60, "color": GREY}
    target = {
        "data": rows(asked, token="token", value=f"target_{output}"),
        "mark": area if len(asked) == len(frame) else square,
        "encoding": {"x": x, "y": number("value", f"output {output}", scale=domain)},
    }
    line = _lines(frame, [f"output_{output}"], f"output {output}", x)
    line["encoding"]["y"] |= {"scale": domain}
    del line["encoding"]["color"]
    return [target, line]


def _lines(frame: "pd.DataFrame", names: list[str], title: str, x: dict[str, Any]) -> dict[str, Any]:
    # One row per token and name: the brackets of a name would mean something in the name of a column.
    values = [
        {"token": token, "name": name, "value": short(value)}
        for name in names
        for token, value in zip(frame["token"].tolist(), frame[name].tolist(), strict=True)
    ]
    return {
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 1.2, "clip": True},
        "encoding": {
            "x": x,
            "y": number("value", title, scale={"zero": False}, axis={"orient": "left"}),
            "color": {"field": "name", "type": "nominal", "title": None, "sort": names},
        },
    }
