"""The paper's Table 1, measured: accuracy on three splits and the first point of failure on Very Long words."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.baselines import baseline_metrics
from longcount.analysis.selection import at_epochs, best_models, in_order, kept_runs, kept_share, where
from longcount.analysis.spread import summarise, wilson_interval
from longcount.training.best_epoch import Reading

if TYPE_CHECKING:
    import pandas as pd

    from longcount.languages.words import Words

MEASURES = {  # the table's name of a measure: (split, column of the metrics)
    "training_accuracy": ("training", "accuracy"),
    "validation_accuracy": ("validation", "accuracy"),
    "long_accuracy": ("long", "accuracy"),
    "very_long_fpf": ("very_long", "fpf_mean"),
}
SPLITS = tuple(split for split, _ in MEASURES.values())


def selected_models(
    metrics: "pd.DataFrame", reading: Reading = "average", ended: Collection[str] = ()
) -> "pd.DataFrame":
    """One row per run: its best epoch, or the last one of conditions in `ended`, with all that Table 1 says of it.

    Returns:
        Frame with condition, cell, run, epoch, validation_loss, validation_accuracy, learned, kept, the other measures
        of Table 1, ``<split>_unfailed`` (words without a failure) and very_long_accuracy.
    """
    best = best_models(metrics, reading, ended)
    best = best.assign(kept=kept_runs(best))
    wanted = {name: source for name, source in MEASURES.items() if name != "validation_accuracy"}
    wanted |= {f"{split}_unfailed": (split, "unfailed") for split in SPLITS}
    wanted |= {"very_long_accuracy": ("very_long", "accuracy")}
    return at_epochs(metrics, best, wanted)


def rows_of_cells(models: "pd.DataFrame") -> "list[tuple[str, pd.DataFrame]]":
    """The table's rows by name, the conditions' kept runs: ``lstm``, ``relu``, ``gru``, any other condition; then all
    runs of those of which not all are kept, such as ``relu_all``."""
    by_condition = {condition: where(models, condition=condition) for condition in in_order(models["condition"])}
    rows = [(condition, where(runs, kept=True)) for condition, runs in by_condition.items()]
    rows += [
        (f"{condition}_all", runs) for condition, runs in by_condition.items() if kept_share(runs["cell"].iloc[0]) < 1
    ]
    return rows


def table1(
    metrics: "pd.DataFrame", splits: "dict[str, Words]", reading: Reading = "average", ended: Collection[str] = ()
) -> "pd.DataFrame":
    """Table 1 of a store.

    Args:
        metrics: the store's frame (see `longcount.analysis.selection`).
        splits: the words of the four splits, for the two baselines.
        reading: how the best epoch is chosen.
        ended: conditions whose runs are judged after their last epoch.

    Returns:
        Frame with one row per (condition, measure): condition (of `rows_of_cells`, or a baseline), cell (empty for a
        baseline), measure, mean, min, max, std, runs, unfailed (models that never
        failed on the split), low and high (95% bootstrap interval of the mean over runs). Measures whose split the
        store lacks are left out.
    """
    import pandas as pd

    models = selected_models(metrics, reading, ended)
    sizes = {split: len(words) for split, words in splits.items()}
    rows: list[dict[str, object]] = []
    for condition, chosen in rows_of_cells(models):
        for measure, (split, _) in MEASURES.items():
            values = chosen[measure].to_numpy(np.float64)
            if split not in sizes or np.isnan(values).all():
                continue
            unfailed = int((chosen[f"{split}_unfailed"].to_numpy() == sizes[split]).sum())
            row = {"condition": condition, "cell": chosen["cell"].iloc[0], "measure": measure}
            rows.append({**row, **vars(summarise(values)), "unfailed": unfailed})
    for row in baseline_metrics({split: splits[split] for split in SPLITS if split in splits}).to_dict("records"):
        measure, column = next((name, column) for name, (split, column) in MEASURES.items() if split == row["split"])
        unfailed = int(row["unfailed"] == row["words"])
        labels = {"condition": row["baseline"], "cell": "", "measure": measure}
        rows.append({**labels, **vars(summarise([row[column]])), "unfailed": unfailed})
    columns = ["condition", "cell", "measure", "mean", "min", "max", "std", "runs", "unfailed", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def learned_shares(metrics: "pd.DataFrame", ended: Collection[str] = ()) -> "pd.DataFrame":
    """How many runs of each row of Table 1 learned (at least half of the validation words right).

    Args:
        metrics: the store's frame.
        ended: conditions whose runs are judged after their last epoch, not their best.

    Returns:
        Frame with condition, cell, runs, learned, share, low, high (95% Wilson interval), shares in [0, 1].
    """
    import pandas as pd

    rows = []
    for condition, chosen in rows_of_cells(selected_models(metrics, ended=ended)):
        runs, learned = len(chosen), int(chosen["learned"].to_numpy().sum())
        low, high = wilson_interval(learned, runs)
        labels = {"condition": condition, "cell": chosen["cell"].iloc[0]}
        rows.append({**labels, "runs": runs, "learned": learned, "share": learned / runs, "low": low, "high": high})
    return pd.DataFrame(rows)
