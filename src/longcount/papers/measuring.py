"""Measuring the networks of a paper once, and keeping what was found in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from longcount import __version__
from longcount.analysis.baselines import without_memory
from longcount.analysis.results import place_of, read_result
from longcount.analysis.subjects import Memoryless, Networks
from longcount.disk import sha256
from longcount.languages.words import Words
from longcount.papers.findings import COLUMNS, Findings
from longcount.papers.paper import Measure, Paper
from longcount.store.first_failures import blocks_sha256
from longcount.store.frames import is_made_from, keep_frame
from longcount.store.store import Store
from longcount.studies.executors import threads_asked
from longcount.training.best_epoch import best_epochs, stopped_early
from longcount.training.protocol import Condition

if TYPE_CHECKING:
    import pandas as pd

RESULT = "paper"
MODELS_A_CALL = 64


def best(losses: np.ndarray) -> np.ndarray:
    """Each run's epoch of lowest validation loss."""
    return best_epochs(losses)[:, None]


def last(losses: np.ndarray) -> np.ndarray:
    """The last epoch."""
    return np.full((len(losses), 1), losses.shape[1] - 1)


def stopped(patience: int) -> Callable[[np.ndarray], np.ndarray]:
    """Where early stopping would have left each run; see `longcount.training.best_epoch.stopped_early`."""
    return lambda losses: stopped_early(losses, patience)[:, None]


def every(step: int) -> Callable[[np.ndarray], np.ndarray]:
    """Epoch 1, every so many epochs, and the last."""

    def epochs(losses: np.ndarray) -> np.ndarray:
        count = losses.shape[1] - 1
        chosen = sorted({min(1, count), *range(step, count, step), count})
        return np.tile(chosen, (len(losses), 1))

    return epochs


def measured(store: Store, paper: Paper, jobs: int | None = None) -> Findings:
    """What the paper asks of its networks: measured where it was not yet, of the runs that there are now.

    Args:
        store: of the paper's study.
        paper: the paper.
        jobs: threads; default: all cores.

    Raises:
        UserError: for a damaged block, or where the disk refuses.
    """
    made_from = sha256(f"{__version__} {paper.name} {blocks_sha256(store)}".encode())
    place = place_of(RESULT)
    if not is_made_from(store.result(place), made_from):
        with ThreadPoolExecutor(threads_asked(jobs)) as threads:
            frame = _frame(store, paper, threads)
        keep_frame(store, place, frame, made_from)
    return Findings(read_result(store, RESULT))


def _frame(store: Store, paper: Paper, threads: ThreadPoolExecutor) -> pd.DataFrame:
    import pandas as pd

    assert paper.arm_of is not None
    parts = []
    baselines: set[tuple[str, str, str, str]] = set()
    for condition in store.study.conditions:
        arm, losses = paper.arm_of(condition), _validation_losses(store, condition)
        labels = {"arm": arm, "condition": condition.folder}
        key = (arm, condition.language, condition.task, condition.word_set)
        for measure in paper.measures:
            if not measure.asked(condition):
                continue
            for found in _of_networks(store, condition, measure, losses, threads):
                parts.append(pd.DataFrame({**labels, "baseline": False, "measure": measure.name, **found}))
            if key not in baselines:
                subject = Memoryless(without_memory(condition.problem(), store.words("training", condition)))
                value = measure.of(subject, _words_of(store, condition))
                row = {**labels, "baseline": True, "measure": measure.name, "epoch": 0, "run": 0, "value": value}
                parts.append(pd.DataFrame(row))
        baselines.add(key)
    for given in paper.by_hand():
        networks, problem = Networks(given.condition, given.weights[None]), given.condition.problem()
        alike = next((one for one in store.study.conditions if one.problem() == problem), store.study.conditions[0])
        for measure in paper.measures:
            if measure.asked(given.condition):
                value = measure.of(networks, _words_of(store, alike))
                row = {"condition": "by hand", "baseline": False, "epoch": 0, "run": 0, "value": value}
                parts.append(pd.DataFrame({"arm": given.arm, "measure": measure.name, **row}))
    return pd.concat(parts, ignore_index=True).loc[:, list(COLUMNS)]


def _validation_losses(store: Store, condition: Condition) -> pd.DataFrame:
    """A row per run that is done, a column per epoch."""
    frame = store.metrics([condition.folder], splits=["validation"], columns=("run", "epoch", "split", "loss"))
    return frame.pivot(index="run", columns="epoch", values="loss")


def _of_networks(
    store: Store, condition: Condition, measure: Measure, losses: pd.DataFrame, threads: ThreadPoolExecutor
) -> Iterator[dict[str, np.ndarray]]:
    """Runs, epochs and values of a condition, a handful of models at a time; of a recipe what it ends with."""
    chosen_runs = losses.iloc[: measure.most_runs]
    epochs = (last if condition.recipe else measure.epochs)(chosen_runs.to_numpy(np.float64))
    runs = np.repeat(chosen_runs.index.to_numpy(), epochs.shape[1])
    flat, words = epochs.ravel(), _words_of(store, condition)

    def of_models(at: int) -> dict[str, np.ndarray]:
        chosen = slice(at, at + MODELS_A_CALL)
        weights = store.weights(condition.folder, runs[chosen], flat[chosen])
        value = measure.of(Networks(condition, weights), words)
        return {"epoch": flat[chosen], "run": runs[chosen], "value": np.asarray(value, np.float64)}

    yield from threads.map(of_models, range(0, len(flat), MODELS_A_CALL))


def _words_of(store: Store, condition: Condition) -> Callable[[str], Words]:
    return lambda split: store.words(split, condition)
