"""Gers and Schmidhuber (2001), in the remake released in 2025: peephole LSTMs on aⁿbⁿ and aⁿbⁿcⁿ, n up to 10."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from longcount.analysis import counting
from longcount.papers.asking import first_failing_n, present
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, Claim, share, verdict
from longcount.papers.findings import Findings, middle
from longcount.papers.measuring import last
from longcount.papers.paper import Departure, Measure, Paper, Published
from longcount.training.protocol import Condition, Study
from longcount.training.study_files import build_study

REFERENCE = (
    "F. A. Gers, J. Schmidhuber. LSTM Recurrent Networks Learn Simple Context-Free and Context-Sensitive Languages. "
    "IEEE Transactions on Neural Networks 12(6), 2001. Remake: github.com/npow/schmidhuber-problems, anbn-anbncn."
)
SOURCE = "github.com/npow/schmidhuber-problems, commit b42a0c79, anbn-anbncn/README.md, cross-seed sweep (5 seeds)"
ARMS = {"an_bn": "aⁿbⁿ, 2 units", "an_bn_cn": "aⁿbⁿcⁿ, 3 units"}
CAP = 100
"""The n up to which the remake tries."""
CONTIGUOUS = "contiguous_n"


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """One word an update, 4,000 words of aⁿbⁿ and 8,000 of aⁿbⁿcⁿ, each seen once."""
    grid = [
        {"language": "an_bn", "hidden_size": 2, "words.training_words": 4_000},
        {"language": "an_bn_cn", "hidden_size": 3, "words.training_words": 8_000},
    ]
    words: dict[str, Any] = {"validation_words": 100, "training_n": "1-10", "long_n": "11-30", "very_long_n": "31-60"}
    fields = {"cell": "peephole_lstm", "loss": "bce", "learning_rate": 0.01, "clip_norm": 1.0, "epochs": 1}
    tables = {"name": "gers-2001", "seed": seed, "runs": runs, **fields, "words": words, "grid": grid}
    if data is not None:
        words["directory"] = str(data)
    return build_study(tables, where="reproduce")


def arm_of(condition: Condition) -> str:
    """The language, with the size that goes with it."""
    return ARMS[condition.language]


def beyond_training(found: Findings) -> Claim | None:
    """For a language: every run is right on all n up to 11 at least."""
    arms = present(found, list(ARMS.values()), CONTIGUOUS)
    if not arms:
        return None
    beyond = {arm: int((found.values(arm, CONTIGUOUS) > 10).sum()) for arm in arms}
    runs = {arm: len(found.values(arm, CONTIGUOUS)) for arm in arms}
    measured = "right on every n up to 11: " + "; ".join(f"{arm} {share(beyond[arm], runs[arm])}" for arm in arms)
    right = sum(beyond[arm] == runs[arm] for arm in arms)
    statement = "Every network generalises beyond the n up to 10 that it was trained on."
    return Claim("remake", statement, measured, sum(runs.values()), verdict(right, len(arms)))


def harder_with_three(found: Findings) -> Claim | None:
    """The median contiguous n of aⁿbⁿcⁿ is at most half that of aⁿbⁿ."""
    one, two = (found.values(arm, CONTIGUOUS) for arm in ARMS.values())
    if not (len(one) and len(two)):
        return None
    middles = middle(one, "median"), middle(two, "median")
    measured = f"median contiguous n: aⁿbⁿ {middles[0]:g}, aⁿbⁿcⁿ {middles[1]:g}"
    holds = middles[1] <= middles[0] / 2
    statement = "aⁿbⁿcⁿ is harder: its networks generalise at most half as far."
    return Claim("remake", statement, measured, len(one) + len(two), HOLDS if holds else DOES_NOT_HOLD)


def _contiguous(subject: counting.Subject, words: object) -> np.ndarray:
    return np.minimum(counting.first_failing_n(subject, CAP) - 1, CAP)


PAPER = Paper(
    "gers-2001",
    REFERENCE,
    200,
    study,
    title="Peephole LSTMs on aⁿbⁿ and aⁿbⁿcⁿ",
    reproduces="how far networks trained on n up to 10 are right without a gap; 200 seeds beside the remake's 5",
    minutes=0.2,
    arm_of=arm_of,
    measures=(
        Measure(CONTIGUOUS, f"right on all n up to (tried: {CAP})", _contiguous, last, middle="median"),
        first_failing_n(1_000, last),
    ),
    published=(
        *(
            Published(arm, CONTIGUOUS, value, SOURCE, statistic, 5)
            for arm, values in ((ARMS["an_bn"], (65, 100, 100)), (ARMS["an_bn_cn"], (18, 24, 29)))
            for statistic, value in zip(("min", "median", "max"), values, strict=True)
        ),
        *(Published(arm, "first_failing_n", None, "IEEE TNN 12(6), 2001, tables") for arm in ARMS.values()),
    ),
    rules=(beyond_training, harder_with_three),
    departures=(
        Departure(
            "a start symbol S comes first, and after it only a may come",
            "words begin with their first letter",
            "nothing is asked before the first letter in any task here",
        ),
        Departure(
            "weights from N(0, 0.01), biases of the input gate −1 and of the forget gate 1",
            "PyTorch's default initialisation",
            "the same for every paper, so that cells can be compared",
        ),
        Departure(
            "aⁿbⁿ stops as soon as n = 65 is reached, judged by the test words",
            "all 4,000 words are seen",
            "a network must not be chosen by its test",
        ),
        Departure(
            "the paper of 2001: gradient descent with momentum, 10⁷ words",
            "the remake's Adam, 4,000 and 8,000 words",
            "the paper's own tables could not be read here",
        ),
    ),
)
