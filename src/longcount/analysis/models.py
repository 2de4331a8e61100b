"""Models of a store, chosen and evaluated on any words."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from longcount.analysis.selection import LEARNED_ACCURACY, best_epochs, where
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.store.store import Store
from longcount.studies.executors import available_cores
from longcount.training import engines
from longcount.training.selection import Reading

if TYPE_CHECKING:
    import pandas as pd

    from longcount.engine import Evaluation

Epoch = Literal["best", "last"] | int
Measured = TypeVar("Measured")

MODELS_A_CALL = 64  # a few full groups of lanes: enough to keep them busy, few enough to share among threads
_SCALARS = (
    "run", "epoch", "split", "loss", "accuracy", "fpf_mean", "fpf_min", "unfailed", "last_word_loss"
)  # fmt: skip


def metrics_of(store: Store, conditions: Sequence[str] | None = None) -> "pd.DataFrame":
    """The store's metrics as the functions of this package take them: one row per (condition, run, epoch, split).

    Args:
        store: the store.
        conditions: their names; default: all.
    """
    frame = store.metrics(conditions, columns=_SCALARS)
    for name in ("condition", "cell", "split"):
        frame[name] = frame[name].astype(str)
    return frame


def chosen_models(store: Store, epoch: Epoch = "best", reading: Reading | None = None) -> "pd.DataFrame":
    """One model a run.

    Args:
        store: where the runs are.
        epoch: ``"best"`` by validation loss, ``"last"``, or a number.
        reading: of the validation loss; default: the study's own.

    Returns:
        Frame with condition, cell, run, epoch, learned: bool, or None where no validation words are known.

    Raises:
        UserError: where the store holds no finished run, or not that epoch.
    """
    import pandas as pd

    metrics = metrics_of(store)
    validation = where(metrics, split="validation")
    best = best_epochs(validation, reading or store.study.selection) if len(validation) else None
    rows = []
    for condition in store.study.conditions:
        runs = store.runs(condition)
        known = [] if best is None else where(best, condition=condition.folder).to_dict("records")
        judged = {row["run"]: row for row in known}
        if isinstance(epoch, int) and not 0 <= epoch <= condition.epochs:
            raise UserError(f"--epoch {epoch}: {condition.folder} has epochs 0 to {condition.epochs}")
        for run in runs.tolist():
            row = judged.get(run)
            chosen = row["epoch"] if epoch == "best" and row else epoch if isinstance(epoch, int) else condition.epochs
            learned = None if row is None else bool(row["validation_accuracy"] >= LEARNED_ACCURACY)
            labels = {"condition": condition.folder, "cell": condition.cell}
            rows.append({**labels, "run": run, "epoch": int(chosen), "learned": learned})
    if not rows:
        raise UserError(f"{store.directory}: no finished runs; `longcount study run` finishes them")
    return pd.DataFrame(rows).astype({"learned": object})


def weights_of(store: Store, models: "pd.DataFrame") -> np.ndarray:
    """Flat weights float32 [M, P] of models of one condition, a frame with condition, run and epoch."""
    return store.weights(models["condition"].iloc[0], models["run"].to_numpy(), models["epoch"].to_numpy())


def measure_models(
    store: Store,
    models: "pd.DataFrame",
    words: Words,
    measure: Callable[["Evaluation"], Measured],
    jobs: int | None = None,
) -> Iterator[tuple["pd.DataFrame", Measured]]:
    """Evaluate models on words, a handful at a time, and keep what ``measure`` makes of each handful.

    Args:
        store: where the weights are.
        models: frame with condition, run, epoch.
        words: any words.
        measure: takes the evaluation of m models; what it returns is all that stays in memory.
        jobs: threads; default: all cores.

    Yields:
        The rows of ``models`` and what was measured of them, condition by condition in the order of ``models``.
    """
    targets = dyck.targets(words)

    def measured(chosen: "pd.DataFrame") -> Measured:
        condition = store.condition(chosen["condition"].iloc[0])
        return measure(engines.evaluate(condition, weights_of(store, chosen), words, targets))

    handfuls = []
    for name in dict.fromkeys(models["condition"]):
        its = where(models, condition=name)
        handfuls += [its.iloc[at : at + MODELS_A_CALL] for at in range(0, len(its), MODELS_A_CALL)]
    with ThreadPoolExecutor(jobs or available_cores()) as threads:
        yield from zip(handfuls, threads.map(measured, handfuls), strict=True)


def evaluate(directory: str | Path, words: Words, epoch: Epoch = "best", jobs: int | None = None) -> "pd.DataFrame":
    """Evaluate a model of every run of a store on any words.

    Args:
        directory: the store.
        words: any words of the language.
        epoch: which model of a run: ``"best"``, ``"last"`` or a number.
        jobs: threads; default: all cores.

    Returns:
        Frame with condition, cell, run, epoch, words, accuracy (percent of words), loss (mean over words), fpf_mean,
        fpf_min (tokens), learned (None where no validation words are known).

    Raises:
        UserError: where there is no store, no such epoch, no finished run, or no words.
    """
    import pandas as pd

    if len(words) == 0:
        raise UserError("no words to evaluate on; give at least one")
    store = Store.open(directory)
    models = chosen_models(store, epoch)

    def summary(found: "Evaluation") -> dict[str, np.ndarray]:
        return {
            "accuracy": 100.0 * found.correct.mean(axis=1),
            "loss": np.nanmean(found.loss, axis=1),
            "fpf_mean": found.first_failure.mean(axis=1),
            "fpf_min": found.first_failure.min(axis=1),
        }

    rows = [
        chosen.assign(words=len(words), **found)
        for chosen, found in measure_models(store, models, words, summary, jobs)
    ]
    columns = ["condition", "cell", "run", "epoch", "words", "accuracy", "loss", "fpf_mean", "fpf_min", "learned"]
    return pd.concat(rows, ignore_index=True).reindex(columns=columns)
