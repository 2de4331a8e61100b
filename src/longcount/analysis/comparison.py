"""Two conditions compared run by run: the same run starts from the same weights and sees the same orders in both."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from longcount.analysis.models import metrics_of
from longcount.analysis.selection import at_epochs, best_models
from longcount.analysis.spread import summarise
from longcount.arguments import checked
from longcount.errors import UserError, hint
from longcount.languages.splits import SPLITS
from longcount.store.store import Store
from longcount.training.best_epoch import Reading
from longcount.training.protocol import Condition, settings_by_name

if TYPE_CHECKING:
    import pandas as pd

SOURCES = {
    f"{split}_{column}": (split, column)
    for split in SPLITS
    for column in ("loss", "accuracy", "fpf_mean", "fpf_min", "unfailed")
}
MEASURES = ("learned", "best_epoch", *SOURCES)
USUAL = ("learned", "validation_loss", "long_accuracy", "very_long_fpf_mean")


def values_at_best(
    store: Store, condition: Condition, measures: Sequence[str], reading: Reading | None = None
) -> dict[str, np.ndarray]:
    """Measures of every done run at its best epoch, float64 [R] each, under ``run`` the run numbers.

    Raises:
        UserError: where there is no such measure, no finished run, or no validation words to choose by.
    """
    for measure in measures:
        if measure not in MEASURES:
            raise UserError(f"no measure is called {measure!r}; {hint(measure, MEASURES)}")
    metrics = metrics_of(store, [condition.folder])
    best = best_models(metrics, reading or store.study.selection)
    if not len(best):
        raise UserError(
            f"{store.directory}: no finished runs of {condition.folder}, or no validation words to judge by"
        )
    found = at_epochs(metrics, best.loc[:, ["condition", "run", "epoch", "learned"]], SOURCES).rename(
        columns={"epoch": "best_epoch"}
    )
    return {"run": found["run"].to_numpy(), **{name: found[name].to_numpy(float) for name in measures}}


@checked
def compare(first: Store | str | Path, second: Store | str | Path, measures: Sequence[str] = USUAL) -> "pd.DataFrame":
    """What changes from the first store or condition to the second, paired by run, at each run's best epoch.

    Args:
        first: a store, its folder, or ``"FOLDER:CONDITION"``; without a condition, those of the same name are paired.
        second: likewise.
        measures: of `MEASURES`: ``learned``, ``best_epoch``, and of each split such as ``long`` its ``long_accuracy``
            (percent of words), ``long_loss``, ``long_fpf_mean``, ``long_fpf_min`` (tokens), ``long_unfailed`` (words).

    Returns:
        Frame with first, second (conditions), measure, runs (that both have), mean_first, mean_second, difference
        (second less first, mean over runs), low, high (its 95% bootstrap interval over runs), greater, less (shares of
        runs whose difference is positive, negative), words ("the same" or "other": whether both were judged on the
        same words) and differs (the settings in which the conditions differ).

    Raises:
        UserError: where the two do not start from the same weights, or share no run, or there is no such measure.
    """
    import pandas as pd

    rows = [row for pair in _pairs(first, second) for row in _compared(*pair, measures)]
    return pd.DataFrame(rows)


def _pairs(
    first: Store | str | Path, second: Store | str | Path
) -> list[tuple[tuple[Store, Condition], tuple[Store, Condition]]]:
    (one, name_one), (two, name_two) = _named(first), _named(second)
    if name_one or name_two:
        left = one.condition(name_one or str(name_two))
        right = two.condition(name_two or str(name_one))
        return [((one, left), (two, right))]
    names = {condition.folder: condition for condition in two.study.conditions}
    pairs = [((one, c), (two, names[c.folder])) for c in one.study.conditions if c.folder in names]
    if not pairs:
        here, there = one.study.conditions[0].folder, two.study.conditions[0].folder
        raise UserError(
            f"{one.directory} and {two.directory} hold no condition of the same name; give STORE:CONDITION, such as "
            f"{one.directory}:{here} {two.directory}:{there}"
        )
    return pairs


def _named(store: Store | str | Path) -> tuple[Store, str | None]:
    text = str(store)
    if isinstance(store, Store) or Path(text).exists() or ":" not in text:
        return Store.open(store), None
    folder, _, condition = text.rpartition(":")
    return Store.open(folder), condition


def _compared(
    first: tuple[Store, Condition], second: tuple[Store, Condition], measures: Sequence[str]
) -> list[dict[str, Any]]:
    one, two = first[1], second[1]
    for field in ("cell", "seed"):
        here, there = getattr(one, field), getattr(two, field)
        if here != there:
            raise UserError(
                f"{one.folder} and {two.folder} cannot be paired by run: {field} {here} and {there}; runs are pairs "
                "where cell and seed are the same"
            )
    values = [values_at_best(store, condition, measures) for store, condition in (first, second)]
    shared, places_one, places_two = np.intersect1d(values[0]["run"], values[1]["run"], return_indices=True)
    if not len(shared):
        raise UserError(f"{one.folder} and {two.folder} share no finished run")
    before, after = settings_by_name(one), settings_by_name(two)
    differs = ", ".join(name for name in after if after[name] != before.get(name) and name != "words.given")
    hashes = [store.word_hashes.get(condition.word_set, {}) for store, condition in (first, second)]
    rows = []
    for measure in measures:
        split = SOURCES.get(measure, ("validation", ""))[0]
        a, b = values[0][measure][places_one], values[1][measure][places_two]
        known = ~(np.isnan(a) | np.isnan(b))
        if not known.any():
            raise UserError(f"{measure}: not measured in both {one.folder} and {two.folder}")
        difference = b[known] - a[known]
        summary = summarise(difference)
        rows.append(
            {
                "first": one.folder,
                "second": two.folder,
                "measure": measure,
                "runs": summary.runs,
                "mean_first": a[known].mean(),
                "mean_second": b[known].mean(),
                "difference": summary.mean,
                "low": summary.low,
                "high": summary.high,
                "greater": (difference > 0).mean(),
                "less": (difference < 0).mean(),
                "words": "the same" if hashes[0].get(split) == hashes[1].get(split) else "other",
                "differs": differs,
            }
        )
    return rows
