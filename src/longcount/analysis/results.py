"""Everything that reports show, computed once from a store's runs and kept in its ``results`` folder.

Each result is one Parquet file with one frame, described at the function that makes it. A file carries the hash of the
blocks that it was made from, so that a store that has grown is analysed again and one that has not is left alone.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longcount import __version__
from longcount.analysis import long_training, table1
from longcount.analysis.baselines import baseline_outputs, first_failures
from longcount.analysis.counters import (
    DEPTHS,
    LEAK_DEPTH,
    Counters,
    counter_indicator,
    counters,
    has_counter,
    saturated_shares,
)
from longcount.analysis.failure_modes import failure_modes
from longcount.analysis.failures import half_period_of, phases, survival
from longcount.analysis.models import measure_models, metrics_of, weights_of
from longcount.analysis.regression import table2
from longcount.analysis.selection import at_epochs, where
from longcount.disk import sha256
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.store.frames import is_made_from, keep_frame, read_frame
from longcount.store.results import FIRST_FAILURES, blocks_sha256, write_first_failures
from longcount.store.store import Store
from longcount.training.protocol import CHECKPOINTS
from longcount.training.selection import LOSS_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "results"
SATURATION_THRESHOLDS = (0.05, 0.01, 0.001)
SHALLOW_LENGTH = 10_000  # tokens of the word ()()()... on which average first points of failure mislead
CURVES = 64  # runs of a cell, at most, whose steps are kept depth by depth
CURVE_DEPTHS = np.unique(np.concatenate([np.arange(26), np.arange(30, DEPTHS, 5)]))
MODELS_AT_ONCE = 2_000  # whose counters are followed together


class Analysis:
    """One pass over a store; each method makes one result, and they share what they need."""

    def __init__(self, store: Store, jobs: int | None = None) -> None:
        self.store, self.jobs = store, jobs
        self.cells = {condition.folder: condition.cell for condition in store.study.conditions}
        self.countable = [
            condition.folder
            for condition in store.study.conditions
            if condition.is_one_unit and has_counter(condition.built_in_cell())
        ]

    @cached_property
    def metrics(self) -> "pd.DataFrame":
        return metrics_of(self.store)

    @cached_property
    def selected(self) -> "pd.DataFrame":
        return table1.selected_models(self.metrics, self.store.study.selection)

    def table1(self) -> "pd.DataFrame":
        """See `longcount.analysis.table1.table1`, with a column ``reading`` of the validation loss."""
        import pandas as pd

        splits = {split: self.store.words(split) for split in table1.SPLITS if split in self.store.splits()}
        tables = [table1.table1(self.metrics, splits, reading).assign(reading=reading) for reading in LOSS_COLUMNS]
        return pd.concat(tables, ignore_index=True)

    def learned(self) -> "pd.DataFrame":
        """See `longcount.analysis.table1.learned_shares`."""
        return table1.learned_shares(self.metrics)

    @cached_property
    def _models(self) -> "pd.DataFrame":
        import pandas as pd

        shallow = dyck.shallow(SHALLOW_LENGTH)
        found = measure_models(self.store, self.selected, shallow, lambda seen: seen.first_failure[:, 0], self.jobs)
        parts = []
        for models, failures in found:
            countable = models["condition"].iloc[0] in self.countable
            columns = _step_columns(self._counters(models, LEAK_DEPTH + 1) if countable else None)
            parts.append(models.assign(shallow_fpf=failures, **columns))
        return pd.concat(parts, ignore_index=True)

    def models(self) -> "pd.DataFrame":
        """One row a run at its best epoch: what Table 1 says of it, whether it is among the best (``kept``), its first
        failure on ``()`` repeated (``shallow_fpf``), and its counter's leak, imbalance, increments and decrements."""
        return self._models

    def checkpoints(self) -> "pd.DataFrame":
        """The models of section 4, one row per (condition, run, epoch): losses, very_long_fpf, leak, imbalance,
        kept."""
        import pandas as pd

        epochs = [epoch for epoch in CHECKPOINTS if epoch in set(self.metrics["epoch"])] or [0]
        runs = self.selected[["condition", "cell", "run", "kept"]]
        chosen = pd.concat([runs.assign(epoch=epoch) for epoch in epochs], ignore_index=True)
        measures = {f"{split}_loss": (split, "loss") for split in ("training", "validation", "long")}
        measures |= {"last_word_loss": ("validation", "last_word_loss"), "very_long_fpf": ("very_long", "fpf_mean")}
        chosen = at_epochs(self.metrics, chosen, measures)
        parts = []
        for condition in self.cells:
            models = where(chosen, condition=condition)
            for at in range(0, len(models), MODELS_AT_ONCE):
                part = models.iloc[at : at + MODELS_AT_ONCE]
                steps = self._counters(part, LEAK_DEPTH + 1) if condition in self.countable else None
                leak, imbalance = (steps.leak(), steps.imbalance()) if steps else (np.nan, np.nan)
                parts.append(part.assign(leak=leak, imbalance=imbalance))
        return pd.concat(parts, ignore_index=True).sort_values(["condition", "run", "epoch"], ignore_index=True)

    def steps(self) -> "pd.DataFrame":
        """Increments and decrements by depth of the kept runs at their best epoch (at most `CURVES` a cell), as shares
        of the run's increment at depth 1: condition, cell, run, depth, increment, decrement."""
        import pandas as pd

        parts = [pd.DataFrame(columns=["condition", "cell", "run", "depth", "increment", "decrement"])]
        for condition in self.countable:
            models = where(self._models, condition=condition, kept=True, learned=True).iloc[:CURVES]
            if len(models) == 0:
                continue
            steps = self._counters(models, DEPTHS)
            unit = steps.increment[1].astype(np.float64)
            shape = (len(CURVE_DEPTHS), len(models))
            parts.append(
                pd.DataFrame(
                    {
                        "condition": condition,
                        "cell": self.cells[condition],
                        "run": np.broadcast_to(models["run"].to_numpy(), shape).ravel(),
                        "depth": np.broadcast_to(CURVE_DEPTHS[:, None], shape).ravel(),
                        "increment": (steps.increment[CURVE_DEPTHS] / unit).ravel(),
                        "decrement": (steps.decrement[CURVE_DEPTHS] / unit).ravel(),
                    }
                )
            )
        return _joined(parts)

    def saturation(self) -> "pd.DataFrame":
        """How often each gate stands within a threshold of the end of its range, depths 1 to 50: condition, cell,
        run, kept, gate, threshold, share."""
        import pandas as pd

        parts = [pd.DataFrame(columns=["condition", "cell", "run", "kept", "gate", "threshold", "share"])]
        for condition in self.countable:
            models = where(self._models, condition=condition, learned=True)
            if len(models) == 0:
                continue
            for gate, shares in saturated_shares(self._counters(models, LEAK_DEPTH + 1), SATURATION_THRESHOLDS).items():
                for threshold, share in zip(SATURATION_THRESHOLDS, shares, strict=True):
                    parts.append(
                        models[["condition", "cell", "run", "kept"]].assign(gate=gate, threshold=threshold, share=share)
                    )
        return _joined(parts)

    def indicators(self) -> "pd.DataFrame":
        """The counter indicator conditions of every ReLU run at its best epoch; see `CounterIndicator`."""
        import pandas as pd

        parts = [pd.DataFrame(columns=["condition", "cell", "run", "kept", "learned"])]
        for condition in (name for name in self.countable if self.cells[name] == "relu"):
            models = where(self._models, condition=condition)
            found = counter_indicator(weights_of(self.store, models))
            columns = ["condition", "cell", "run", "epoch", "kept", "learned", "very_long_fpf", "very_long_accuracy"]
            parts.append(models[columns].assign(**vars(found)))
        columns = [
            "condition",
            "cell",
            "run",
            "epoch",
            "kept",
            "learned",
            "recurrent",
            "step_up",
            "step_down",
            "threshold",
            "separates",
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)

    @cached_property
    def _failures(self) -> "pd.DataFrame":

        write_first_failures(self.store)
        frame = read_frame(self.store.directory / FIRST_FAILURES, f"longcount report {self.store.directory}")
        return frame.astype({"condition": str, "cell": str, "split": str})

    def zigzags(self) -> "pd.DataFrame":
        """First points of failure on the zigzag words at the checkpoints: condition, cell, run, epoch, kept,
        half_period, fpf, length, phase (an index into `longcount.analysis.failures.PHASES`)."""
        words = self.store.words("zigzag")
        half_periods = np.array([half_period_of(words[word]) for word in range(len(words))])
        frame = where(self._failures, split="zigzag")
        frame = frame.loc[frame["epoch"].isin(CHECKPOINTS)].merge(
            self.selected[["condition", "run", "kept"]], on=["condition", "run"]
        )
        frame = frame.assign(half_period=half_periods[frame["word"].to_numpy()])
        phase = phases(*(frame[name].to_numpy() for name in ("fpf", "half_period", "length")))
        frame = frame.assign(phase=phase.astype(np.int8))
        columns = ["condition", "cell", "run", "epoch", "kept", "half_period", "fpf", "length", "phase"]
        return frame.loc[:, columns].sort_values(columns[:6], ignore_index=True)

    def survival(self) -> "pd.DataFrame":
        """Survival on the Very Long words of the rows of Table 1 at their best epoch, and of the constant answer:
        condition, cell, position, survival, low, high; see `longcount.analysis.failures.survival`."""
        import pandas as pd

        best = self.selected[["condition", "run", "epoch"]]
        failures = where(self._failures, split="very_long").merge(best, on=["condition", "run", "epoch"])
        curves = []
        for name, models in table1.rows_of_cells(self.selected):
            condition, cell = models[["condition", "cell"]].iloc[0]
            chosen = where(failures, condition=condition)
            curve = survival(chosen.loc[chosen["run"].isin(models["run"])])
            curves.append(curve.assign(condition=name, cell=cell))
        words = self.store.words("very_long")
        constant = first_failures(baseline_outputs("constant", words), words)
        baseline = pd.DataFrame({"run": 0, "fpf": constant, "length": words.lengths})
        curves.append(survival(baseline).assign(condition="constant", cell=""))
        return pd.concat(curves, ignore_index=True)

    def losses(self) -> "pd.DataFrame":
        """Validation loss after every epoch: condition, cell, run, epoch, kept, learned, loss, last_word_loss."""
        columns = ["condition", "cell", "run", "epoch", "loss", "last_word_loss"]
        frame = where(self.metrics, split="validation").loc[:, columns]
        frame = frame.merge(self.selected[["condition", "run", "kept", "learned"]], on=["condition", "run"])
        return frame.sort_values(["condition", "run", "epoch"], ignore_index=True)

    def table2(self) -> "pd.DataFrame":
        """See `longcount.analysis.regression.table2`."""
        models = where(self.frames["checkpoints"], kept=True)
        return table2(models.loc[models["epoch"] > 0])

    def long_training(self) -> "pd.DataFrame":
        """See `longcount.analysis.long_training.curves`."""
        return long_training.curves(self.store)

    def long_training_models(self) -> "pd.DataFrame":
        """See `longcount.analysis.long_training.models`."""
        return long_training.models(self.store, self.jobs)

    def failure_modes(self) -> "pd.DataFrame":
        """See `longcount.analysis.failure_modes.failure_modes`."""
        return failure_modes(self.frames)

    def run(self) -> "dict[str, pd.DataFrame]":
        """All results by name, in an order in which each finds what it needs."""
        self.frames: dict[str, pd.DataFrame] = {}
        for name in RESULTS:
            self.frames[name] = getattr(self, name)()
        return self.frames

    def _counters(self, models: "pd.DataFrame", depths: int) -> Counters:
        cell = self.store.condition(models["condition"].iloc[0]).built_in_cell()
        return counters(cell, weights_of(self.store, models), depths)


RESULTS = (
    "table1", "learned", "models", "checkpoints", "table2", "losses", "long_training", "long_training_models",
    "zigzags", "steps", "saturation", "indicators", "survival", "failure_modes",
)  # fmt: skip


def _joined(parts: "list[pd.DataFrame]") -> "pd.DataFrame":
    """Frames as one; the first is empty and only gives the columns that there are where no other is."""
    import pandas as pd

    return pd.concat(parts[1:], ignore_index=True) if len(parts) > 1 else parts[0]


def _step_columns(steps: Counters | None) -> dict[str, np.ndarray | float]:
    """Leak, imbalance and steps near the ground and deep down; not a number where counters are not known."""
    at = {"shallow": 1, "deep": LEAK_DEPTH}
    if steps is None:
        names = ["leak", "imbalance", *(f"{kind}_{place}" for kind in ("increment", "decrement") for place in at)]
        return dict.fromkeys(names, float("nan"))
    columns: dict[str, np.ndarray | float] = {"leak": steps.leak(), "imbalance": steps.imbalance()}
    for place, depth in at.items():
        columns[f"increment_{place}"] = steps.increment[depth].astype(np.float64)
        columns[f"decrement_{place}"] = steps.decrement[depth].astype(np.float64)
    return columns


Further = Mapping[str, "Callable[[dict[str, pd.DataFrame]], pd.DataFrame]"]
"""Results by name that are made from those of an analysis."""

NOTHING_FURTHER: Further = {}


def analyse(directory: str | Path, jobs: int | None = None, further: Further = NOTHING_FURTHER) -> None:
    """Make all results of a complete study and write them to its ``results`` folder; nothing where they are up to date.

    Args:
        directory: the store.
        jobs: threads; default: all cores.
        further: results to make from these, such as what a paper claims.

    Raises:
        UserError: where there is no store, one measured on too few words, or it cannot be written.
    """
    store = Store.open(directory)
    lacking = [split for split in ("validation", "very_long", "zigzag") if split not in store.splits()]
    if lacking:
        raise UserError(
            f"{store.directory}: its models were measured on no words of {', '.join(lacking)}, so there is nothing to "
            "report; `longcount evaluate` takes any words"
        )
    made_from = _made_from(store)
    if all(is_made_from(path_of(store.directory, name), made_from) for name in (*RESULTS, *further)):
        return
    frames = Analysis(store, jobs).run()
    made = {name: make(frames) for name, make in further.items()}
    for name, frame in (frames | made).items():
        keep_frame(store, f"{FOLDER}/{name}.parquet", frame, made_from)


def path_of(directory: str | Path, name: str) -> Path:
    """Where a result lies."""
    return Path(directory) / FOLDER / f"{name}.parquet"


def read_result(directory: str | Path, name: str) -> "pd.DataFrame":
    """A result by name.

    Raises:
        UserError: where it is not there or damaged.
    """
    return read_frame(path_of(directory, name), f"longcount report {directory}")


def _made_from(store: Store) -> str:
    parts = [__version__, blocks_sha256(store)]
    longer = long_training.store_of(store.directory)
    if longer is not None:
        parts.append(blocks_sha256(longer))
    return sha256(" ".join(parts).encode())
