"""Which epoch of a run, and which runs of a cell, stand for it.

The paper reports, of each run, the epoch with the lowest validation loss, and of 30 ReLU runs the 10 best (section 2).
"Validation loss" is the mean over words; the released code returns the *last* word's loss divided by the number of
words, which a shuffled order turns into a lottery. That reading is kept as ``"last_word"`` so that its effect can be
shown.

Every function takes the frame of metrics that a store keeps: one row per (condition, run, epoch, split) with
``condition`` (its name in the study), ``cell`` (which the condition trains), ``loss``, ``accuracy`` in percent,
``fpf_mean``, ``unfailed`` and, for the validation split, ``last_word_loss``.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import numpy as np

from longcount.cells import CELLS
from longcount.training.best_epoch import LOSS_COLUMNS, Reading, best_epochs

if TYPE_CHECKING:
    import pandas as pd

LEARNED_ACCURACY = 50.0  # percent of validation words right at the best epoch
KEPT_RUNS = 10  # of each cell, that the first paper's tables report


def in_order(conditions: Iterable[str]) -> list[str]:
    """Distinct names of conditions: those called like built-in cells first, in their order, others as they come.

    >>> in_order(["gru", "other", "gru", "lstm"])
    ['lstm', 'gru', 'other']
    """
    present = dict.fromkeys(conditions)
    return [name for name in dict.fromkeys([*CELLS, *present]) if name in present]


def where(frame: "pd.DataFrame", **equal: object) -> "pd.DataFrame":
    """The rows of a frame whose columns equal the given values: ``where(metrics, condition="gru", split="long")``."""
    chosen = np.ones(len(frame), bool)
    for column, value in equal.items():
        chosen &= (frame[column] == value).to_numpy(bool)
    return frame.loc[chosen]


def values(frame: "pd.DataFrame", column: str) -> np.ndarray:
    """A column as an array."""
    return np.asarray(frame[column])


def count(frame: "pd.DataFrame", column: str) -> int:
    """How many different values a column has."""
    return len(set(frame[column]))


def best_models(metrics: "pd.DataFrame", reading: Reading = "average", ended: Collection[str] = ()) -> "pd.DataFrame":
    """The best epoch of every run, by the rule of `longcount.training.best_epoch.best_epochs`; of the conditions in
    `ended` the last one.

    Returns:
        Frame with columns condition, cell, run, epoch, validation_loss (the mean over words whatever the reading),
        validation_accuracy (percent), learned (bool), ordered by condition and run.

    Raises:
        KeyError: where the reading's column is missing.
    """
    import pandas as pd

    keys = ["condition", "run", "epoch"]
    validation = where(metrics, split="validation")
    found = [validation.loc[:, keys].iloc[:0]]
    for condition, of_condition in validation.groupby("condition"):
        losses = of_condition.pivot(index="run", columns="epoch", values=LOSS_COLUMNS[reading])
        last = np.full(len(losses), -1)
        places = last if condition in ended else best_epochs(losses.to_numpy(np.float64))
        epochs = losses.columns.to_numpy()[places]
        found.append(pd.DataFrame({"condition": condition, "run": losses.index, "epoch": epochs}))
    best = pd.concat(found[1:] or found).merge(validation, on=keys, how="left")
    return best[["condition", "cell", "run", "epoch"]].assign(
        validation_loss=best["loss"],
        validation_accuracy=best["accuracy"],
        learned=best["accuracy"] >= LEARNED_ACCURACY,
    )


def kept_share(cell: str) -> float:
    """The share of a cell's runs that the paper keeps: 10 of 30 ReLUs, all of the others.

    >>> kept_share("gru"), round(kept_share("relu"), 3)
    (1.0, 0.333)
    """
    return KEPT_RUNS / CELLS[cell].paper_runs if cell in CELLS else 1.0


def kept_runs(best: "pd.DataFrame") -> "pd.Series":
    """Which rows of ``best`` (from `best_models`) the paper would keep: bool, aligned with it.

    All runs of a condition, but where its cell is the ReLU the third with the lowest validation losses (10 of 30), the
    lower run number first among equals.
    """
    import pandas as pd

    rank = best["validation_loss"].fillna(np.inf).groupby(best["condition"]).rank(method="first")
    runs = best.groupby("condition")["run"].transform("size")
    share = best["cell"].map(kept_share)
    return pd.Series(rank.to_numpy() <= np.ceil((runs * share).to_numpy() - 1e-9), index=best.index)


def at_epochs(metrics: "pd.DataFrame", chosen: "pd.DataFrame", measures: dict[str, tuple[str, str]]) -> "pd.DataFrame":
    """Measures of chosen (condition, run, epoch) rows, one column each.

    Args:
        metrics: the store's frame.
        chosen: frame with at least condition, run, epoch.
        measures: new column name to (split, column of ``metrics``), such as ``{"long_accuracy": ("long",
            "accuracy")}``.

    Returns:
        ``chosen`` with the new columns; NaN where the store holds no such split.
    """
    import pandas as pd

    keys = ["condition", "run", "epoch"]
    models = chosen.loc[:, keys]
    rows = metrics.merge(models.drop_duplicates(), on=keys)  # once, not once per measure
    parts = {split: part.set_index(keys) for split, part in rows.groupby("split", observed=True)}
    order = pd.MultiIndex.from_frame(models)
    found = {
        name: parts[split][column].reindex(order).to_numpy() if split in parts else np.nan
        for name, (split, column) in measures.items()
    }
    return chosen.assign(**found)
