"""Everything that reports show, computed from a store's runs: one method per result.

Some results are made of every store (`OF_ALL`). Others are about what the first paper studied, the next letters of
Dyck-1 (`OF_DYCK1`): they are made of the conditions that are asked for these, and not at all where there are none.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis import long_training, table1
from longcount.analysis.baselines import WITHOUT_MEMORY, baseline_outputs, first_failures, without_memory
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
from longcount.analysis.failures import half_period_of, phases, survival_curve
from longcount.analysis.models import measure_models, metrics_of, weights_of
from longcount.analysis.regression import correlations, table2
from longcount.analysis.selection import at_epochs, in_order, where
from longcount.analysis.summary import summary
from longcount.languages import dyck
from longcount.store.first_failures import FIRST_FAILURES, write_first_failures
from longcount.store.frames import read_frame
from longcount.store.store import Store
from longcount.training.best_epoch import LOSS_COLUMNS
from longcount.training.metrics import SPLITS_BY_WORD
from longcount.training.problem import DYCK1
from longcount.training.protocol import CHECKPOINTS, Condition

if TYPE_CHECKING:
    import pandas as pd

SATURATION_THRESHOLDS = (0.05, 0.01, 0.001)

SHALLOW_LENGTH = 10_000  # tokens of the word ()()()... on which average first points of failure mislead

CURVES = 64  # runs of a cell, at most, whose steps are kept depth by depth

CURVE_DEPTHS = np.unique(np.concatenate([np.arange(26), np.arange(30, DEPTHS, 5)]))

MODELS_AT_ONCE = 2_000  # whose counters are followed together

Further = Mapping[str, "Callable[[dict[str, pd.DataFrame]], pd.DataFrame]"]
"""Results by name that are made of those about Dyck-1's next letters, such as what a paper claims."""

NOTHING_FURTHER: Further = {}


class Analysis:
    """One pass over a store; each method makes one result, and they share what they need."""

    def __init__(self, store: Store, jobs: int | None = None) -> None:
        self.store, self.jobs = store, jobs
        self.frames: dict[str, pd.DataFrame] = {}
        self.conditions = {condition.folder: condition for condition in store.study.conditions}
        self.dyck1 = [name for name, condition in self.conditions.items() if asks_as_the_first_paper(condition)]
        self.countable = [
            name
            for name in self.dyck1
            if self.conditions[name].is_one_unit and has_counter(self.conditions[name].built_in_cell())
        ]

    @cached_property
    def metrics(self) -> "pd.DataFrame":
        return metrics_of(self.store)

    @cached_property
    def selected(self) -> "pd.DataFrame":
        models = table1.selected_models(self.metrics, self.store.study.selection, self.store.study.ended)
        asked = {name: [getattr(self.conditions[folder], name) for folder in models["condition"]] for name in ASKED}
        # The paper keeps some runs alone; of what it does not study all are kept.
        return models.assign(kept=models["kept"] | ~models["condition"].isin(self.dyck1), **asked)

    def _of_dyck1(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        return frame.loc[frame["condition"].isin(self.dyck1)]

    def summary(self) -> "pd.DataFrame":
        """See `longcount.analysis.summary.summary`."""
        return summary(self.store)

    def table1(self) -> "pd.DataFrame":
        """See `longcount.analysis.table1.table1`, with a column ``reading`` of the validation loss."""
        import pandas as pd

        first, metrics = self.conditions[self.dyck1[0]], self._of_dyck1(self.metrics)
        known = [split for split in table1.SPLITS if split in self.store.splits(first)]
        splits = {split: self.store.words(split, first) for split in known}
        ended = self.store.study.ended
        tables = [table1.table1(metrics, splits, reading, ended).assign(reading=reading) for reading in LOSS_COLUMNS]
        return pd.concat(tables, ignore_index=True)

    def learned(self) -> "pd.DataFrame":
        """See `longcount.analysis.table1.learned_shares`."""
        return table1.learned_shares(self._of_dyck1(self.metrics), self.store.study.ended)

    @cached_property
    def _models(self) -> "pd.DataFrame":
        import pandas as pd

        of_dyck1, shallow = self._of_dyck1(self.selected), dyck.shallow(SHALLOW_LENGTH)
        found = measure_models(self.store, of_dyck1, shallow, lambda seen: seen.first_failure[:, 0], self.jobs)
        others = self.selected.drop(index=of_dyck1.index)
        parts = [others] if len(others) else []
        for models, failures in found:
            countable = models["condition"].iloc[0] in self.countable
            columns = _step_columns(self._counters(models, LEAK_DEPTH + 1) if countable else None)
            parts.append(models.assign(shallow_fpf=failures, **columns))
        return pd.concat(parts, ignore_index=True)

    def models(self) -> "pd.DataFrame":
        """One row per run at its best epoch: language, task, what `longcount.analysis.table1.selected_models` says of
        it, and whether it is among the best (``kept``). Where there are networks for Dyck-1's next letters, of these
        also the first failure on ``()`` repeated (``shallow_fpf``), and the counter's leak, imbalance, increments and
        decrements."""
        return self._models

    def checkpoints(self) -> "pd.DataFrame":
        """The models of section 4, one row per (condition, run, epoch): losses, very_long_fpf, leak, imbalance,
        kept."""
        import pandas as pd

        epochs = [epoch for epoch in CHECKPOINTS if epoch in set(self.metrics["epoch"])] or [0]
        runs = self._of_dyck1(self.selected)[["condition", "cell", "run", "kept"]]
        chosen = pd.concat([runs.assign(epoch=epoch) for epoch in epochs], ignore_index=True)
        measures = {f"{split}_loss": (split, "loss") for split in ("training", "validation", "long")}
        measures |= {"last_word_loss": ("validation", "last_word_loss"), "very_long_fpf": ("very_long", "fpf_mean")}
        chosen = at_epochs(self.metrics, chosen, measures)
        parts = []
        for condition in self.dyck1:
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
                        "cell": self.conditions[condition].cell,
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
        for condition in (name for name in self.countable if self.conditions[name].cell == "relu"):
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
        frame = read_frame(self.store.result(FIRST_FAILURES), f"longcount report {self.store.directory}")
        return frame.astype({"condition": str, "cell": str, "split": str})

    def zigzags(self) -> "pd.DataFrame":
        """First points of failure on the zigzag words at the checkpoints: condition, cell, run, epoch, kept,
        half_period, fpf, length, phase (an index into `longcount.analysis.failures.PHASES`); none where the models were
        not measured on such words."""
        import pandas as pd

        columns = ["condition", "cell", "run", "epoch", "kept", "half_period", "fpf", "length", "phase"]
        parts = [pd.DataFrame(columns=columns)]
        failures = where(self._failures, split="zigzag")
        failures = failures.loc[failures["epoch"].isin(CHECKPOINTS)]
        for condition in self.dyck1:
            frame = where(failures, condition=condition)
            if len(frame) == 0:
                continue
            words = self.store.words("zigzag", condition)
            half_periods = np.array([half_period_of(words[word]) for word in range(len(words))])
            frame = frame.merge(self.selected[["condition", "run", "kept"]], on=["condition", "run"])
            frame = frame.assign(half_period=half_periods[frame["word"].to_numpy()])
            phase = phases(*(frame[name].to_numpy() for name in ("fpf", "half_period", "length")))
            parts.append(frame.assign(phase=phase.astype(np.int8)).loc[:, columns])
        return _joined(parts).sort_values(columns[:6], ignore_index=True)

    def survival(self) -> "pd.DataFrame":
        """Survival of the words of the longest split at the best epochs, of all that are asked after every token:
        language, task, split, condition, cell (empty for a baseline), position, survival, low, high; see
        `longcount.analysis.failures.survival_curve`.

        Of Dyck-1's next letters the rows are those of Table 1, and the baseline is the constant answer; of others there
        is one row per condition, and the baseline is the one without memory.
        """
        import pandas as pd

        columns = [*ASKED, "split", "condition", "cell", "position", "survival", "low", "high"]
        curves = [pd.DataFrame(columns=columns)]
        for asked in dict.fromkeys(zip(*(self.selected[name] for name in ASKED), strict=True)):
            models = where(self.selected, **dict(zip(ASKED, asked, strict=True)))
            conditions = [self.conditions[name] for name in in_order(models["condition"])]
            first = conditions[0]
            split = next((split for split in ("very_long", "long") if split in self.store.splits(first)), None)
            if split is None or first.problem().question.answers == "word":
                continue
            labels = dict(zip((*ASKED, "split"), (*asked, split), strict=True))
            rows = dict(table1.rows_of_cells(models)) if first.folder in self.dyck1 else {}
            rows = rows or {condition.folder: where(models, condition=condition.folder) for condition in conditions}
            for name, chosen in rows.items():
                curve = survival_curve(self._failures_by_word(chosen, split))
                curves.append(curve.assign(**labels, condition=name, cell=chosen["cell"].iloc[0]))
            words = self.store.words(split, first)
            if first.folder in self.dyck1:
                name, failures = "constant", first_failures(baseline_outputs("constant", words), words)
            elif "training" in self.store.splits(first):
                baseline = without_memory(first.problem(), self.store.words("training", first))
                name, failures = WITHOUT_MEMORY, baseline.evaluate(words).first_failure[0]
            else:
                continue
            curve = survival_curve(pd.DataFrame({"run": 0, "fpf": failures, "length": words.lengths}))
            curves.append(curve.assign(**labels, condition=name, cell=""))
        return _joined(curves).loc[:, columns]

    def _failures_by_word(self, models: "pd.DataFrame", split: str) -> "pd.DataFrame":
        """First points of failure of models of one condition on each word of a split: run, fpf, length."""
        import pandas as pd

        if split in SPLITS_BY_WORD:
            chosen = where(self._failures, split=split, condition=models["condition"].iloc[0])
            return chosen.merge(models[["run", "epoch"]], on=["run", "epoch"])
        words = self.store.words(split, models["condition"].iloc[0])
        parts = []
        for chosen, failures in measure_models(self.store, models, words, lambda seen: seen.first_failure, self.jobs):
            runs = np.repeat(chosen["run"].to_numpy(), len(words))
            lengths = np.tile(words.lengths, len(chosen))
            parts.append(pd.DataFrame({"run": runs, "fpf": failures.ravel(), "length": lengths}))
        return pd.concat(parts, ignore_index=True)

    def losses(self) -> "pd.DataFrame":
        """Validation loss after every epoch: condition, cell, run, epoch, kept, learned, loss, last_word_loss."""
        columns = ["condition", "cell", "run", "epoch", "loss", "last_word_loss"]
        frame = where(self.metrics, split="validation").loc[:, columns]
        frame = frame.merge(self.selected[["condition", "run", "kept", "learned"]], on=["condition", "run"])
        return frame.sort_values(["condition", "run", "epoch"], ignore_index=True)

    def table2(self) -> "pd.DataFrame":
        """See `longcount.analysis.regression.table2`."""
        return table2(self._trained_checkpoints())

    def correlations(self) -> "pd.DataFrame":
        """See `longcount.analysis.regression.correlations`."""
        return correlations(self._trained_checkpoints())

    def _trained_checkpoints(self) -> "pd.DataFrame":
        models = where(self.frames["checkpoints"], kept=True)
        return models.loc[models["epoch"] > 0]

    def long_training(self) -> "pd.DataFrame":
        """See `longcount.analysis.long_training.curves`."""
        return long_training.curves(self.store)

    def long_training_models(self) -> "pd.DataFrame":
        """See `longcount.analysis.long_training.models`."""
        return long_training.models(self.store, self.jobs)

    def failure_modes(self) -> "pd.DataFrame":
        """See `longcount.analysis.failure_modes.failure_modes`."""
        return failure_modes(self._frames_of_dyck1(), SHALLOW_LENGTH)

    def _frames_of_dyck1(self) -> "dict[str, pd.DataFrame]":
        return {name: self._of_dyck1(frame) if name in OF_ALL else frame for name, frame in self.frames.items()}

    def make(self, name: str, further: Further) -> "pd.DataFrame":
        """A result by name; those of `results_of` before it are in `frames` already, where they are made at all."""
        made = further[name](self._frames_of_dyck1()) if name in further else getattr(self, name)()
        self.frames[name] = made
        return made

    def _counters(self, models: "pd.DataFrame", depths: int) -> Counters:
        cell = self.store.condition(models["condition"].iloc[0]).built_in_cell()
        return counters(cell, weights_of(self.store, models), depths)


OF_ALL = ("summary", "models", "losses", "survival")

OF_DYCK1 = (
    "table1", "learned", "checkpoints", "table2", "correlations", "long_training", "long_training_models", "zigzags",
    "steps", "saturation", "indicators", "failure_modes",
)  # fmt: skip
"""In an order in which each finds what it needs."""

OF_LONGER_RUNS = ("long_training", "long_training_models")
"""Made of the longer runs beside a store, too."""

ASKED = ("language", "task")
"""What a condition's networks are asked: two of its fields."""


def asks_as_the_first_paper(condition: Condition) -> bool:
    """Whether its networks are asked for the next letters of Dyck-1."""
    return condition.problem()[:2] == DYCK1[:2]


def results_of(store: Store, further: Further = NOTHING_FURTHER) -> tuple[str, ...]:
    """The names of the results that are made of a store, in an order in which each finds what it needs."""
    asked = any(asks_as_the_first_paper(condition) for condition in store.study.conditions)
    return (*OF_ALL, *OF_DYCK1, *further) if asked else OF_ALL


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
