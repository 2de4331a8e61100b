"""The paper's protocol, and the numbers that it prints, each with the table or section it stands in.

El-Naggar, Madhyastha and Weyde, *Exploring the Long-Term Generalization of Counting Behavior in RNNs* (2022).
"""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

from longcount.analysis.long_training import FOLDER, long_study
from longcount.analysis.selection import KEPT_RUNS
from longcount.arguments import Between, Seed, checked
from longcount.cells import CELLS as ALL_CELLS
from longcount.papers.paper import Paper
from longcount.training.protocol import Study
from longcount.training.study_files import build_study

REFERENCE = (
    "N. El-Naggar, P. Madhyastha, T. Weyde. Exploring the Long-Term Generalization of Counting Behavior in RNNs. "
    "I Can't Believe It's Not Better Workshop at NeurIPS 2022."
)

ASKED = ("dyck1", "next_letters")  # the paper's language and task

CELLS = ("lstm", "relu", "gru")  # in the order of the paper's tables
CELL_TITLES = {"lstm": "LSTM", "relu": "ReLU", "gru": "GRU"}
FIGURE_2 = ("lstm", "relu")  # the cells whose losses it shows
WHY_THEY_FAIL = {  # section 5
    "lstm": "decrements are consistently greater than increments, and gates rarely saturate",
    "relu": "decrements may be greater or smaller than increments, whatever the depth",
    "gru": "steps vary with the counter's value, and decrements are large where it is great",
}


class Spread(NamedTuple):
    """Mean, minimum and maximum over 10 models; ``None`` where the paper prints "none": some model did not fail."""

    mean: float
    min: float
    max: float | None


class Regression(NamedTuple):
    """R² and p of a linear regression of average first point of failure on the negative log of a loss."""

    r_squared: float
    p: float


TABLE_1: dict[str, dict[str, Spread]] = {
    "lstm": {
        "training_accuracy": Spread(100, 100, 100),
        "validation_accuracy": Spread(100, 100, 100),
        "long_accuracy": Spread(100, 99.8, 100),
        "very_long_fpf": Spread(916.8, 802.4, 946.4),
    },
    "relu": {
        "training_accuracy": Spread(97.9, 90.9, 100),
        "validation_accuracy": Spread(97.5, 89.3, 100),
        "long_accuracy": Spread(74.2, 33.5, 100),
        "very_long_fpf": Spread(871.7, 543.1, None),
    },
    "gru": {
        "training_accuracy": Spread(100, 100, 100),
        "validation_accuracy": Spread(100, 100, 100),
        "long_accuracy": Spread(92.5, 90.72, 95.6),
        "very_long_fpf": Spread(472.5, 434.7, 545.2),
    },
}

TABLE_2: dict[str, dict[str, Regression]] = {
    "lstm": {
        "training": Regression(0.434, 1.06e-8),
        "validation": Regression(0.511, 1.412e-10),
        "long": Regression(0.593, 6.36e-13),
    },
    "relu": {
        "training": Regression(0.002, 0.75),
        "validation": Regression(0.094, 0.017),
        "long": Regression(0.201, 0.0003),
    },
    "gru": {
        "training": Regression(0.363, 3.55e-7),
        "validation": Regression(0.218, 0.00017),
        "long": Regression(0.075, 0.035),
    },
}


@checked
def paper_study(
    runs: Annotated[int, Between(1, 1_000_000)] = KEPT_RUNS, seed: Seed = 0, data: str | Path | None = None
) -> Study:
    """The paper's protocol (section 2): LSTM, ReLU and GRU.

    Args:
        runs: of LSTM and GRU; of ReLU three times as many, because the paper keeps the best third.
        seed: of weights, orders and words.
        data: a folder of word files; the splits that it lacks are made.

    >>> [(condition.cell, condition.runs) for condition in paper_study().conditions]
    [('lstm', 10), ('relu', 30), ('gru', 10)]
    """
    tables: dict[str, Any] = {"name": "paper", "seed": seed}
    if data is not None:
        tables["words"] = {"directory": str(data)}
    tables["grid"] = [{"cell": cell, "runs": runs * ALL_CELLS[cell].paper_runs // KEPT_RUNS} for cell in CELLS]
    return build_study(tables, where="reproduce")


PAPER = Paper(
    "el-naggar-2022",
    REFERENCE,
    KEPT_RUNS,
    paper_study,
    lambda store: (FOLDER, long_study(store)),
    title="Counting of LSTM, ReLU and GRU on Dyck-1",
    reproduces="Tables 1 and 2, Figures 1 to 3 and every statement that can be measured",
    minutes=0.3,
)
