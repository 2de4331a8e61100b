"""Does training longer help? The paper's check on a subset: 100 epochs in place of 30 (section 2, section 4.1).

The first runs of every cell are trained again for 100 epochs as a study of their own, in the folder ``long_training``
of the store. Streams depend on the run alone, so they pass through the very weights that the shorter runs have.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.models import measure_models, metrics_of
from longcount.analysis.selection import best_models, values, where
from longcount.store.store import STUDY_FILE, Store
from longcount.training.protocol import Study

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "long_training"
RUNS = 8  # of each cell
EPOCHS = 100


def long_study(store: Store) -> Study:
    """The study that continues to 100 epochs: up to 8 runs of every condition of a store, on the same words, everything
    else the same."""
    conditions = []
    for condition in store.study.conditions:
        words = {"directory": str(store.directory / condition.word_set), "given": {}}
        changes = {
            "runs": min(RUNS, condition.runs),
            "earlier_runs": (),
            "epochs": EPOCHS,
            "words": condition.words.model_copy(update=words),
            "word_set": "",
        }
        conditions.append(condition.model_copy(update=changes))
    name = f"{store.study.name}, {EPOCHS} epochs"
    return store.study.model_copy(update={"name": name, "conditions": tuple(conditions)})


def store_of(directory: Path) -> Store | None:
    """The store of the longer runs beside a store, if there is one."""
    folder = directory / FOLDER
    return Store.open(folder) if (folder / STUDY_FILE).exists() else None


def curves(store: Store) -> "pd.DataFrame":
    """Validation loss after every epoch of the longer runs: condition, cell, run, epoch, loss; empty without any."""
    import pandas as pd

    longer = store_of(store.directory)
    columns = ["condition", "cell", "run", "epoch", "loss"]
    if longer is None:
        return pd.DataFrame(columns=columns)
    frame = where(metrics_of(longer), split="validation").loc[:, columns]
    return frame.sort_values(columns[:4], ignore_index=True)


def models(store: Store, jobs: int | None = None) -> "pd.DataFrame":
    """The longer runs judged at their best epoch of the first 30 and of all.

    Returns:
        Frame with condition, cell, run, learned, and for ``short`` and ``long`` each: epoch_, validation_loss_,
        long_accuracy_, very_long_fpf_, very_long_right_ (percent of words); empty where there are no longer runs.
    """
    import pandas as pd

    longer = store_of(store.directory)
    if longer is None:
        return pd.DataFrame(columns=["condition", "cell", "run", "learned"])
    epochs = {condition.folder: condition.epochs for condition in store.study.conditions}
    validation = where(metrics_of(longer), split="validation")
    limits = np.array([epochs[condition] for condition in validation["condition"]])
    short = validation.loc[values(validation, "epoch") <= limits]
    result = best_models(short)[["condition", "cell", "run", "learned"]]
    for name, judged in (("short", best_models(short)), ("long", best_models(validation))):
        found = []
        for split in ("long", "very_long"):
            measured = measure_models(
                longer,
                judged,
                longer.words(split),
                lambda seen: {"accuracy": 100.0 * seen.correct.mean(axis=1), "fpf": seen.first_failure.mean(axis=1)},
                jobs,
            )
            found.append(pd.concat([chosen.assign(**values) for chosen, values in measured]))
        on_long, on_very_long = found
        result = result.assign(
            **{
                f"epoch_{name}": judged["epoch"].to_numpy(),
                f"validation_loss_{name}": judged["validation_loss"].to_numpy(),
                f"long_accuracy_{name}": on_long["accuracy"].to_numpy(),
                f"very_long_fpf_{name}": on_very_long["fpf"].to_numpy(),
                f"very_long_right_{name}": on_very_long["accuracy"].to_numpy(),
            }
        )
    return result
