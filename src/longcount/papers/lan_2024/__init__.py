"""Lan, Chemla and Katzir (2024): LSTMs of 3 units as language models of aⁿbⁿ, and where the first of n fails; with the
languages of Lan et al. (2022) that a counter decides and that have one word for each n.

A network fails at n where, at a step of the word of n at which only one letter or the end may come, another output is
the likeliest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from longcount.analysis import counting
from longcount.analysis.subjects import Subject
from longcount.papers.asking import proved_n
from longcount.papers.lan_2024 import by_hand
from longcount.papers.lan_2024.arms import (
    ACCURACY,
    BY_HAND,
    EARLY,
    FAILS,
    L1,
    L2,
    LARGEST_N,
    OTHERS,
    PROVED,
    READOUT,
    SIZES,
    STOPPED,
    arm_of,
    stops_early,
)
from longcount.papers.lan_2024.claims import RULES
from longcount.papers.measuring import last, stopped
from longcount.papers.paper import ByHand, Departure, Measure, Paper, Published, PublishedSpread
from longcount.training.protocol import Condition, Study
from longcount.training.study_files import build_study

REFERENCE = (
    "N. Lan, E. Chemla, R. Katzir. Bridging the Empirical-Theoretical Gap in Neural Network Formal Language Learning "
    "Using Minimum Description Length. ACL 2024. arXiv:2402.10013."
)
RESULTS = "github.com/0xnurl/mdl-lstm, commit 8f55db70, results.csv"
TABLE_2022 = "mdlrnn, commit 41616775, stats/tacl_stats.json (Table 1 of arXiv:2111.00600), 500 words; best RNN"
BEST_RNN = {SIZES[500]: 99.8, "aⁿbⁿcⁿ": 99.8, "aⁿbⁿcⁿdⁿ": 99.8, "aⁿb²ⁿ": 99.9}
FAILING_N = {
    500: (17, 22, 24, 24, 25, 29, 31, 33, 33, 33),
    1_000: (22, 23, 24, 25, 26, 31, 33, 36, 54, 57),
    5_000: (23, 24, 28, 32, 35, 36, 36, 37, 37, 70),
    10_000: (34, 40, 42, 47, 49, 62, 65, 75, 76, 80),
}
"""First failing n of the ten published networks of each number of words: no regularisation, dropout or early stopping
(`RESULTS`)."""

NUMBERS = range(20, LARGEST_N + 1, 20)
"""The n whose words' deterministic steps are counted: a fiftieth of those up to 1,000, evenly."""
P, LAMBDA = 0.3, 0.1
LONGEST = 18
"""The greatest n of 475 words, nearly; early stopping is judged by the 25 n that follow."""
UPDATES, BATCH = 20_000, 16
OF_ANBN = {"cell": "lstm", "task": "predict", "hidden_size": 3, "language": "an_bn"}
TRAINED = {**OF_ANBN, "learning_rate": 0.001}


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """20,000 updates of a batch each on aⁿbⁿ, a quarter of the runs for each number of words; with L1 and with L2, an
    eighth; 1,000 updates for early stopping, with no penalty, L1 and L2, a tenth; a random layer whose readout is
    trained, an eighth; the recipe exact, a quarter; each other language, a twentieth."""
    share = {part: max(1, runs // part) for part in (4, 8, 10, 20)}
    penalties: tuple[dict[str, float], ...] = ({"l1": LAMBDA}, {"l2": 2 * LAMBDA})
    beyond = {"training_n": f"1-{LONGEST}", "validation_n": f"{LONGEST + 1}-{LONGEST + 25}"}
    early = {**TRAINED, "epochs": UPDATES // 20, "batch_size": 475, "words": _words(500, data, **beyond)}
    grid = [
        *({**_updated(size, data), "runs": share[4]} for size in SIZES),
        *({**_updated(10_000, data), **penalty, "runs": share[8]} for penalty in penalties),
        *({**early, **penalty, "runs": share[10]} for penalty in ({}, *penalties)),
        {**OF_ANBN, "recipe": "readout", "words": _words(500, data), "runs": share[8]},
        {**OF_ANBN, "recipe": "exact", "words": _words(10_000, data), "runs": share[4]},
        *({**_updated(500, data), "language": language, "runs": share[20]} for language in OTHERS),
    ]
    return build_study({"name": "lan-2024", "seed": seed, "grid": grid}, where="reproduce")


def _updated(size: int, data: Path | None) -> dict[str, Any]:
    """As many passes over the training words as make the updates, or a few more."""
    words = _words(size, data)
    return {**TRAINED, "epochs": -(-UPDATES * BATCH // words["training_words"]), "batch_size": BATCH, "words": words}


def _words(size: int, data: Path | None, **windows: str) -> dict[str, Any]:
    """A twentieth of the words validate."""
    return {
        "sampler": "geometric", "geometric_p": P, "training_words": size - size // 20, "validation_words": size // 20,
        "training_n": "1-40", "long_n": "41-60", "very_long_n": "61-80", **windows,
        **({} if data is None else {"directory": str(data)}),
    }  # fmt: skip


def built() -> tuple[ByHand, ...]:
    """The network that the paper built."""
    tables = {**OF_ANBN, "start": "learned", "epochs": 0, "runs": 1, "learning_rate": 0.001}
    condition = build_study(tables, where="reproduce").conditions[0]
    return (ByHand(BY_HAND, condition, by_hand.network(condition.built_in_cell(), P)),)


def _fails(subject: Subject, words: object) -> np.ndarray:
    return counting.first_failing_step_n(subject, LARGEST_N)


def _is_read_last(condition: Condition) -> bool:
    return not stops_early(condition)


def _of(arm: str, measure: str, statistics: tuple[float, float, float], of: str, networks: int,
        row: str = "paper") -> tuple[Published, ...]:  # fmt: skip
    """Median, minimum and maximum of the released grid."""
    names = ("median", "min", "max")
    return tuple(
        Published(arm, measure, value, f"{RESULTS}: {of}", name, networks, row)
        for name, value in zip(names, statistics, strict=True)
    )


PAPER = Paper(
    "lan-2024",
    REFERENCE,
    1_000,
    study,
    title="LSTM language models of aⁿbⁿ, trained and built by hand",
    reproduces="first failing n beside that of published networks; proofs; accuracy beside a rule without memory",
    minutes=5,
    arm_of=arm_of,
    by_hand=built,
    measures=(
        Measure(FAILS, "first failing n", _fails, last, middle="median", asked=_is_read_last),
        *(Measure(name, f"first failing n (patience {checks})", _fails, stopped(checks), middle="median",
                  asked=stops_early) for checks, name in STOPPED.items()),
        Measure(ACCURACY, "deterministic steps right, n up to 1,000, %",
                lambda one, words: counting.deterministic_accuracy(one, NUMBERS), last, percent=True, most_runs=10,
                asked=_is_read_last),
        proved_n(PROVED, asked=lambda condition: condition.recipe == "exact" or not condition.epochs),
    ),
    published=(
        *(one for size, arm in SIZES.items()
          for one in _of(arm, FAILS, (FAILING_N[size][4], min(FAILING_N[size]), max(FAILING_N[size])),
                         f"no regularisation, dropout or early stopping, {size:,} words", 10)),
        *_of(L1, FAILS, (1, 1, 2), "L1, no dropout or early stopping, 500 to 10,000 words", 120),
        *_of(L2, FAILS, (1, 1, 1), "L2, no dropout or early stopping, 500 to 10,000 words", 120),
        *(one for checks, name in STOPPED.items()
          for arm, most, networks in ((EARLY[""], 73, 40), (EARLY["L1"], 2, 120), (EARLY["L2"], 3, 120))
          for one in _of(arm, name, (1, 1, most), f"no dropout, early stopping after {checks}, 500 to 10,000 words",
                         networks)),
        *_of(READOUT, FAILS, (1, 1, 1), "dropout 0.2, 0.4 or 0.6, no regularisation", 360, "paper, dropout"),
        *(Published(arm, ACCURACY, best_rnn, TABLE_2022, "max") for arm, best_rnn in BEST_RNN.items()),
    ),
    spreads=tuple(
        PublishedSpread(arm, FAILS, tuple((place / 10, n) for place, n in enumerate(FAILING_N[size], start=1)),
                        f"{RESULTS}: no regularisation, dropout or early stopping, {size:,} words", 10)
        for size, arm in SIZES.items()
    ),
    rules=RULES,
    departures=(
        Departure("20,000 updates, each of the whole training set", "20,000 updates, each of 16 words; for early "
                  "stopping 1,000 updates, each of the whole set", "30 to 600 times less work, so that thousands of "
                  "networks take minutes"),
        Departure("a token counts alike in long and short words", "a word counts alike, its loss is the mean over its "
                  "tokens", "the same for every paper"),
        Departure("weights from N(0, 1) or uniform in (0, 1)", "PyTorch's default initialisation",
                  "the same for every paper, so that cells can be compared"),
        Departure("n from 0", "n from 1", "no language here has the empty word"),
        Departure("a start symbol # comes first", "words begin with their first letter",
                  "nothing is asked before the first letter in any task here"),
        Departure("early stopping: 500 to 10,000 words, up to 20,000 updates", "500 words, up to 1,000 updates, by "
                  "which nearly all have stopped without L2, and half with it", "time"),
        Departure("λ of 1, 0.5 and 0.1", "λ = 0.1", "the weakest is the most favourable"),
        Departure("dropout before the readout; in the released code it cuts the gradient, so that the recurrent layer "
                  "of those 2,520 networks learns nothing from the words", "no dropout; a recurrent layer as drawn, "
                  "whose readout alone is trained", "the fast engine has no dropout before the readout"),
        Departure("first failing n up to 3,000, accuracy on every n below 1,000",
                  "first failing n up to 1,000; accuracy on every twentieth n, of 10 runs", "time"),
        Departure("another objective: minimum description length", "cross-entropy, growing slopes, restarts by "
                  "validation loss: the recipe exact", "what is asked is what training alone can do"),
        Departure("no proofs", "proofs of the task predict: what may come has a probability above 0.005, all else not",
                  "it follows that the only output that may come is the likeliest"),
    ),
)  # fmt: skip
