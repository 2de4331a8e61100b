"""Section 5 in numbers: what each cell's counter and gates do, and where that makes it fail."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.counters import LEAK_DEPTH
from longcount.analysis.failures import PHASES, censored_median
from longcount.analysis.selection import in_order, where
from longcount.analysis.spread import wilson_interval

if TYPE_CHECKING:
    import pandas as pd

    Results = Mapping[str, pd.DataFrame]

HALF_PERIOD = 500  # of the zigzag word whose failures are counted by phase, as in Figure 3


def failure_modes(results: "Results", shallow_length: int) -> "pd.DataFrame":
    """Measures of the kept runs that learned, at their best epoch; phases of failure of the 60 models of Figure 3.

    Args:
        results: those about Dyck-1's next letters.
        shallow_length: tokens of the word ``()`` repeated; a model with that first point of failure never failed.

    Returns:
        Frame with condition, cell, measure, value, low, high, spread (``range``: median, least, greatest over runs,
        infinite where a model never failed;
        ``interval``: percent of models and its 95% Wilson interval), models.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    cells = dict(zip(results["models"]["condition"], results["models"]["cell"], strict=True))
    for condition in in_order(cells):
        models = where(results["models"], condition=condition, kept=True, learned=True)
        if len(models):
            rows += [_range(condition, measure, values) for measure, values in _steps(models).items()]
            rows.append(_shallow(condition, models["shallow_fpf"].to_numpy(), shallow_length))
        rows += _saturation(results, condition)
        rows += _indicators(results, condition)
        zigzags = where(results["zigzags"], condition=condition, kept=True, half_period=HALF_PERIOD)
        for phase, name in enumerate(PHASES if len(zigzags) else ()):
            count = int((zigzags["phase"] == phase).to_numpy().sum())
            rows.append(
                _share(condition, f"zigzag j = {HALF_PERIOD}: first failure {name}, % of models", count, len(zigzags))
            )
    frame = pd.DataFrame(rows, columns=["condition", "measure", "value", "low", "high", "spread", "models"])
    frame.insert(1, "cell", [cells[name] for name in frame["condition"]])
    return frame


def _range(condition: str, measure: str, values: np.ndarray) -> dict[str, object]:
    values = np.asarray(values, np.float64)
    spread = {"value": float(np.median(values)), "low": float(values.min()), "high": float(values.max())}
    return {"condition": condition, "measure": measure, **spread, "spread": "range", "models": len(values)}


def _share(condition: str, measure: str, count: int, models: int) -> dict[str, object]:
    low, high = wilson_interval(count, models)
    spread = {"value": 100 * count / models, "low": 100 * low, "high": 100 * high}
    return {"condition": condition, "measure": measure, **spread, "spread": "interval", "models": models}


def _steps(models: "pd.DataFrame") -> dict[str, np.ndarray]:
    column = {
        name: models[name].to_numpy(np.float64) for name in models.columns if name.endswith(("_shallow", "_deep"))
    }
    return {
        "decrement / increment − 1 at depth 1": column["decrement_shallow"] / column["increment_shallow"] - 1,
        f"decrement / increment − 1 at depth {LEAK_DEPTH}": column["decrement_deep"] / column["increment_deep"] - 1,
        f"increment at depth {LEAK_DEPTH} / at depth 1, − 1": column["increment_deep"] / column["increment_shallow"]
        - 1,
        f"leak at depth {LEAK_DEPTH}, share forgotten per token": models["leak"].to_numpy(),
    }


def _shallow(condition: str, fpf: np.ndarray, length: int) -> dict[str, object]:
    """First points of failure on ``()`` repeated; models that never fail there are infinite, not its length."""
    median = censored_median(fpf, length)
    least, greatest = (float(value) if value < length else np.inf for value in (fpf.min(), fpf.max()))
    measure = f"first point of failure on ()()()… of {length:,} tokens"
    spread = {"value": median, "low": least, "high": greatest}
    return {"condition": condition, "measure": measure, **spread, "spread": "range", "models": len(fpf)}


def _saturation(results: "Results", condition: str) -> list[dict[str, object]]:
    frame = where(results["saturation"], condition=condition, kept=True)
    rows = []
    for gate in dict.fromkeys(frame["gate"]):
        for threshold in dict.fromkeys(frame["threshold"]):
            shares = 100 * where(frame, gate=gate, threshold=threshold)["share"].to_numpy()
            rows.append(
                _range(condition, f"gate {gate} within {threshold:g} of its end, % of depths 1–{LEAK_DEPTH}", shares)
            )
    return rows


def _indicators(results: "Results", condition: str) -> list[dict[str, object]]:
    frame = results["indicators"]
    frame = where(frame, condition=condition, kept=True, learned=True) if len(frame) else frame
    if len(frame) == 0:
        return []
    up = frame["step_up"].to_numpy()
    between = (
        (frame["threshold"].to_numpy() > 0) & (frame["threshold"].to_numpy() < up) & frame["separates"].to_numpy(bool)
    )
    return [
        _range(condition, "recurrent weight u − 1", frame["recurrent"].to_numpy() - 1),
        _range(condition, "decrement / increment − 1, at no depth", frame["step_down"].to_numpy() / up - 1),
        _range(condition, "threshold, share of a step", frame["threshold"].to_numpy() / up),
        _share(condition, "threshold between 0 and a step, % of runs", int(between.sum()), len(frame)),
    ]
