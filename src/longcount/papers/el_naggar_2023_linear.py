"""El-Naggar, Madhyastha and Weyde (2023): the balance of brackets as two and as three classes, by one linear unit.

h' = w h + u + b is a counter where w is 1 and the two brackets' steps, a and b with the biases in them, are opposite:
necessary and sufficient for arbitrarily long strings, says the paper. Two classes: more ``1`` than ``0`` (the language
`majority`), or not. Three: `balance` and the task `classify`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from longcount.analysis import counting
from longcount.analysis.subjects import Subject
from longcount.languages.words import Words
from longcount.papers.asking import (
    RECURRENT,
    accuracy,
    means,
    meeting_the_conditions,
    present,
    recurrent_deviation,
    step_deviation,
)
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, Claim, share, verdict
from longcount.papers.findings import Findings
from longcount.papers.measuring import best
from longcount.papers.paper import Departure, Measure, Paper, Published
from longcount.training.protocol import Condition, Study
from longcount.training.study_files import build_study

REFERENCE = (
    "N. El-Naggar, P. Madhyastha, T. Weyde. Theoretical Conditions and Empirical Failure of Bracket Counting on Long "
    "Sequences with Linear Recurrent Networks. EACL Student Research Workshop 2023. arXiv:2304.03639."
)
UNREAD = "arXiv:2304.03639, tables of accuracies by length; only the abstract could be read"
ARMS = {"majority": "two classes", "balance": "three classes"}
VERY_LONG, FAILS = "very_long_accuracy", "first_failing_ramp"
LARGEST = 1_000


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """One linear unit on strings of up to 50 brackets."""
    words: dict[str, Any] = {"training_words": 5_000, "validation_words": 1_000, "long_words": 1_000}
    grid = [{"language": "majority", "task": "recognise"}, {"language": "balance", "task": "classify"}]
    fields = {"cell": "linear", "learning_rate": 0.01, "epochs": 30, "runs": runs}
    tables = {"name": "el-naggar-2023-linear", "seed": seed, **fields, "words": words, "grid": grid}
    if data is not None:
        words["directory"] = str(data)
    return build_study(tables, where="reproduce")


def arm_of(condition: Condition) -> str:
    """How many classes there are."""
    return ARMS[condition.language]


def training_misses_the_conditions(found: Findings) -> Claim | None:
    """No trained network meets the conditions."""
    arms = present(found, list(ARMS.values()), RECURRENT)
    if not arms:
        return None
    meets = np.concatenate([meeting_the_conditions(found, arm) for arm in arms])
    statement = "Training does not reach the conditions (recurrent weight 1, opposite steps)."
    measured = f"both are met, exactly, by {share(int(meets.sum()), len(meets))}"
    return Claim("abstract", statement, measured, len(meets), DOES_NOT_HOLD if meets.any() else HOLDS)


def longer_fail(found: Findings) -> Claim | None:
    """For a number of classes: on average networks get less of the strings of 1,000 brackets right than of those of
    the training's lengths."""
    arms = present(found, list(ARMS.values()), VERY_LONG)
    if not arms:
        return None
    worse = sum(found.values(arm, VERY_LONG).mean() < found.values(arm, "validation_accuracy").mean() for arm in arms)
    statement = "Trained networks fail on long strings, which they get right less often than short ones."
    measured = f"up to 50: {means(found, arms, 'validation_accuracy')}; 1,000: {means(found, arms, VERY_LONG)} %"
    runs = sum(len(found.values(arm, VERY_LONG)) for arm in arms)
    return Claim("title", statement, measured, runs, verdict(worse, len(arms)))


def conditions_decide(found: Findings) -> Claim | None:
    """Every network that does not meet the conditions goes wrong by the largest n tried, and no other does."""
    arms = present(found, list(ARMS.values()), FAILS)
    if not arms:
        return None
    meets = np.concatenate([meeting_the_conditions(found, arm) for arm in arms])
    fails = np.concatenate([np.isfinite(found.values(arm, FAILS)) for arm in arms])
    alike = int((meets != fails).sum())
    statement = f"The conditions are necessary and sufficient (judged by ramps of up to {LARGEST:,} brackets)."
    measured = f"{share(alike, len(meets))} fail there if and only if they do not meet them"
    return Claim("abstract", statement, measured, len(meets), HOLDS if alike == len(meets) else DOES_NOT_HOLD)


def _wrong(subject: Subject, numbers: Sequence[int]) -> np.ndarray:
    """Of n and both letters x and y: xⁿyⁿ, and with two x or two y more. (All strings of three classes that are
    trained on have even lengths.)"""
    one, other = subject.problem.language.letters
    texts = [
        x * (n + more) + y * (n + also)
        for n in numbers
        for x, y in ((one, other), (other, one))
        for more, also in ((0, 0), (2, 0), (0, 2))
    ]
    right = subject.evaluate(Words.from_strings(texts, one + other)).correct
    wrong = ~right
    return np.array(wrong.reshape(len(wrong), len(numbers), -1).any(axis=2))


PAPER = Paper(
    "el-naggar-2023-linear",
    REFERENCE,
    100,
    study,
    title="Counting brackets with one linear unit",
    reproduces="two and three classes of balance by length, how near training comes to the conditions, first failing n",
    minutes=0.2,
    arm_of=arm_of,
    measures=(
        accuracy("validation", "up to 50 brackets, %"),
        accuracy("long", "52–100 brackets, %"),
        accuracy("very_long", "1,000 brackets, %"),
        recurrent_deviation(),
        step_deviation(),
        Measure(FAILS, "first n at which xⁿyⁿ or a neighbour fails",
                lambda one, words: counting.first_n(one, LARGEST, _wrong), best, middle="median"),
    ),
    published=tuple(Published(arm, VERY_LONG, None, UNREAD) for arm in ARMS.values()),
    rules=(training_misses_the_conditions, longer_fail, conditions_decide),
    departures=(
        Departure("strings of exactly 2, 4, 8, 10, 16, 20, 30, 40 and 50 brackets", "2 to 50 to train on; 52–100 and "
                  "1,000 to test", "the same lengths for every paper"),
        Departure("how strings are drawn and networks are trained could not be read", "half of the strings have more 1 "
                  "than 0, or a balance of 0; the others are random, for two classes half of them near misses; Adam at "
                  "0.01, 30 epochs, best epoch", "of long random strings hardly any has a balance near 0"),
        Departure("brackets", "for two classes 1 and 0", "the language `majority` is the same"),
    ),
)  # fmt: skip
