"""What the networks of any store do, in one table: every condition on every split, the baseline without memory beside
them."""

from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.baselines import WITHOUT_MEMORY, without_memory
from longcount.analysis.measures import ALWAYS
from longcount.analysis.models import first_failing_n, measure_models, metrics_of, weights_of, words_for
from longcount.analysis.selection import at_epochs, best_models, where
from longcount.analysis.spread import summarise
from longcount.languages.splits import SPLITS
from longcount.languages.words import Words
from longcount.languages.wrong_words import KINDS, kinds_of
from longcount.store.store import Store
from longcount.training.protocol import Condition

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "condition", "cell", "language", "task", "split", "words", "runs", "mean", "min", "max", "std", "low", "high",
    "fpf_mean", "unfailed", "learned", "first_failing_n_min", "first_failing_n_median", "first_failing_n_max",
    *KINDS,
)  # fmt: skip


def summary(store: Store) -> "pd.DataFrame":
    """Accuracy of every condition's runs at their best epochs on every split, and of the baseline without memory.

    What a recipe makes of a run is there after its last epoch, so of recipes it is that one.

    Returns:
        Frame with one row per condition and split, then one per baseline and split: condition (`WITHOUT_MEMORY` for a
        baseline), cell (empty for a baseline), language, task, split, words, runs; mean, min, max, std (n - 1), low and
        high (95% bootstrap interval of the mean) of the accuracy in percent of words; fpf_mean (tokens, the mean over
        runs and words); unfailed (runs that never failed on the split), learned (runs; NaN of recognisers, of which
        half right says nothing); and of languages indexed by n the least, median and largest first failing n over the
        runs, infinite for those without a failure up to `longcount.analysis.models.LARGEST_N`, NaN for other languages.
        Where words outside the language are asked about, and the words were made here, the accuracy on each kind of
        words (`longcount.languages.wrong_words.KINDS`).
    """
    import pandas as pd

    metrics = metrics_of(store)
    best = best_models(metrics, store.study.selection, store.study.ended)
    measures = {f"{split}_{name}": (split, name) for split in SPLITS for name in ("accuracy", "fpf_mean", "unfailed")}
    models = at_epochs(metrics, best.drop(columns="validation_accuracy"), measures)
    rows: list[dict[str, object]] = []
    for condition in store.study.conditions:
        its = where(models, condition=condition.folder)
        if len(its):
            rows += _of_condition(store, condition, its)
    fitted: set[tuple[str, str, str]] = set()
    for condition in store.study.conditions:
        key = (condition.language, condition.task, condition.word_set)
        if key not in fitted and "training" in store.splits(condition):
            fitted.add(key)
            rows += _of_baseline(store, condition)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def baselines_on(store: Store, words: Words | None = None, cell: str | None = None) -> "pd.DataFrame":
    """The baselines without memory on the words that `evaluate` takes, one row for each task and set of training words
    among the conditions that read them: task, words, accuracy (percent), loss, fpf_mean, fpf_min (tokens)."""
    import pandas as pd

    rows: dict[tuple[str, str], dict[str, object]] = {}
    for condition, asked in words_for(store, words, cell):
        key = (condition.task, condition.word_set)
        if key not in rows and "training" in store.splits(condition):
            found = without_memory(condition.problem(), store.words("training", condition)).evaluate(asked)
            measured = {measure.__name__: measure(found)[0] for measure in ALWAYS}
            rows[key] = {"task": condition.task, "words": len(asked), **measured}
    return pd.DataFrame(list(rows.values()))


def _of_condition(store: Store, condition: Condition, models: "pd.DataFrame") -> list[dict[str, object]]:
    numbers = _first_failing(condition, weights_of(store, models))
    labels = {"condition": condition.folder, "cell": condition.cell, "language": condition.language}
    rows = []
    for split in store.splits(condition):
        accuracy = models[f"{split}_accuracy"].to_numpy(np.float64)
        measured = ~np.isnan(accuracy)
        if not measured.any():
            continue
        words = len(store.words(split, condition))
        counts = {
            "words": words,
            "fpf_mean": float(models[f"{split}_fpf_mean"].to_numpy(np.float64)[measured].mean()),
            "unfailed": int((models[f"{split}_unfailed"].to_numpy() == words).sum()),
            "learned": np.nan if condition.problem().task.wrong_words else int(models["learned"].to_numpy().sum()),
        }
        values = vars(summarise(accuracy[measured]))
        kinds = _by_kind(store, condition, models, split)
        rows.append({**labels, "task": condition.task, "split": split, **values, **counts, **numbers, **kinds})
    return rows


def _of_baseline(store: Store, condition: Condition) -> list[dict[str, object]]:
    baseline = without_memory(condition.problem(), store.words("training", condition))
    labels = {"condition": WITHOUT_MEMORY, "cell": "", "language": condition.language, "task": condition.task}
    rows = []
    for split in store.splits(condition):
        found = baseline.evaluate(store.words(split, condition))
        values = vars(summarise([100.0 * found.correct.mean()]))
        counts = {
            "words": found.correct.size,
            "fpf_mean": float(found.first_failure.mean()),
            "unfailed": int(found.correct.all()),
        }
        shares = _shares(found.correct) if _made_with_kinds(condition, split) else {}
        rows.append({**labels, "split": split, **values, **counts, **shares})
    return rows


def _made_with_kinds(condition: Condition, split: str) -> bool:
    return condition.problem().task.near_misses and split not in condition.words.given


def _by_kind(store: Store, condition: Condition, models: "pd.DataFrame", split: str) -> dict[str, float]:
    if not _made_with_kinds(condition, split):
        return {}
    words = store.words(split, condition)
    found = [correct for _, correct in measure_models(store, models, words, lambda seen: seen.correct)]
    return _shares(np.concatenate(found))


def _shares(correct: np.ndarray) -> dict[str, float]:
    """Percent right (bool [models, words]) of the words of each kind; NaN of kinds without words."""
    kinds = np.array(kinds_of(correct.shape[1]))
    return {
        kind: 100.0 * float(correct[:, kinds == kind].mean()) if (kinds == kind).any() else float("nan")
        for kind in KINDS
    }


def _first_failing(condition: Condition, weights: np.ndarray) -> dict[str, float]:
    problem = condition.problem()
    if not problem.language.indexed or problem.task.wrong_words:
        return {}
    found = first_failing_n(condition, weights).astype(np.float64)
    ordered = np.sort(np.where(found == 0, np.inf, found))
    places = {"min": 0, "median": (len(ordered) - 1) // 2, "max": len(ordered) - 1}
    return {f"first_failing_n_{name}": float(ordered[place]) for name, place in places.items()}
