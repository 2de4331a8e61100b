"""Suzgun, Belinkov and Shieber (2019): up to which n small LSTMs generalise on aⁿbⁿ, aⁿbⁿcⁿ and aⁿbⁿcⁿdⁿ.

Protocol as in main.py and sample_generator.py of the released code. e1 is the first n, from 1 on, whose word is not
right throughout.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from longcount.analysis.counting import first_failing_n
from longcount.analysis.sampling import interval_of_means
from longcount.analysis.subjects import Subject
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, Claim, verdict
from longcount.papers.findings import Findings
from longcount.papers.measuring import every
from longcount.papers.paper import Departure, Measure, Paper, Published, PublishedCurve
from longcount.training.protocol import Condition, Study
from longcount.training.study_files import build_study

REFERENCE = (
    "M. Suzgun, Y. Belinkov, S. M. Shieber. On Evaluating the Generalization of LSTM Models in Formal Languages. "
    "Society for Computation in Linguistics 2, 2019. arXiv:1811.01001."
)

DISTRIBUTIONS = {"n_uniform": "uniform", "u_shaped": "U-shaped", "right_tailed": "right-tailed",
                 "left_tailed": "left-tailed"}  # fmt: skip
LANGUAGES = {"an_bn": "aⁿbⁿ", "an_bn_cn": "aⁿbⁿcⁿ", "an_bn_cn_dn": "aⁿbⁿcⁿdⁿ"}
MAIN = tuple(f"aⁿbⁿcⁿ, {name}" for name in DISTRIBUTIONS.values())
E1 = "e1"
LARGEST_N = 1_000


def _source(distribution: str) -> str:
    return f"github.com/suzgunmirac/lstm-eval, commit 059078e8, results/result_abc_{distribution}_1_3_1_50.npz"


_RIGHT = "github.com/suzgunmirac/lstm-eval, commit 5bd35239, results/result_abc_right-tailed_1_3_1_50.npz"
_FIGURES = "arXiv:1811.01001, drawn in figures only; no table of numbers, none released"
SOURCES = {MAIN[0]: _source("uniform"), MAIN[1]: _source("u-shaped"), MAIN[2]: _RIGHT, MAIN[3]: _source("left-tailed")}

# Epoch, minimum, mean and maximum of e1 over the 10 trials, from the files in SOURCES.
CURVES = {
    MAIN[0]: (
        (1, 1, 1.0, 1), (5, 2, 12.6, 84), (10, 7, 42.6, 128), (20, 11, 98.7, 160), (30, 13, 114.0, 182),
        (40, 63, 133.8, 188), (50, 86, 140.6, 201), (60, 85, 141.2, 210), (70, 84, 142.3, 216), (80, 84, 142.2, 222),
        (90, 83, 143.0, 227), (100, 83, 143.8, 231), (110, 83, 144.4, 234), (120, 83, 144.8, 237),
        (130, 83, 145.3, 240), (140, 83, 145.6, 241), (150, 83, 145.9, 244),
    ),
    MAIN[1]: (
        (1, 1, 2.0, 3), (5, 4, 26.4, 73), (10, 3, 47.3, 119), (20, 4, 75.5, 145), (30, 9, 84.7, 149),
        (40, 18, 100.7, 152), (50, 9, 104.8, 155), (60, 8, 102.0, 157), (70, 7, 108.3, 159), (80, 6, 105.4, 161),
        (90, 7, 107.0, 163), (100, 20, 109.1, 164), (110, 33, 112.0, 166), (120, 12, 106.0, 167), (130, 12, 107.6, 168),
        (140, 7, 117.8, 169), (150, 12, 106.1, 170),
    ),
    MAIN[2]: (
        (1, 3, 16.6, 30), (5, 9, 52.3, 73), (10, 17, 58.6, 77), (20, 59, 82.5, 155), (30, 60, 77.5, 120),
        (40, 61, 80.5, 122), (50, 62, 81.4, 122), (60, 64, 83.3, 121), (70, 59, 80.0, 113), (80, 59, 81.9, 111),
        (90, 47, 77.6, 110), (100, 58, 79.1, 109), (110, 58, 81.7, 108), (120, 58, 80.4, 107), (130, 58, 79.3, 105),
        (140, 58, 78.9, 104), (150, 59, 81.2, 103),
    ),
    MAIN[3]: (
        (1, 1, 1.0, 1), (5, 1, 1.0, 1), (10, 1, 1.0, 1), (20, 1, 12.1, 112), (30, 1, 12.2, 113), (40, 1, 12.2, 113),
        (50, 1, 12.3, 114), (60, 1, 12.3, 114), (70, 1, 12.5, 115), (80, 1, 12.7, 116), (90, 1, 13.7, 117),
        (100, 1, 18.8, 117), (110, 1, 14.0, 118), (120, 1, 22.6, 119), (130, 1, 14.0, 119), (140, 1, 22.2, 120),
        (150, 1, 19.9, 121),
    ),
}  # fmt: skip
TRIALS = 10


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """aⁿbⁿcⁿ under four distributions; with a tenth of the runs the other languages, windows and a larger network."""
    words: dict[str, Any] = {"training_words": 1_000, "validation_words": 100, "training_n": "1-50"}
    few = max(1, runs // 10)
    grid = [
        {"language": "an_bn_cn", "words.sampler": list(DISTRIBUTIONS), "runs": runs},
        {"language": ["an_bn", "an_bn_cn_dn"], "words.sampler": list(DISTRIBUTIONS), "runs": few},
        {"language": "an_bn_cn", "words.sampler": "n_uniform", "words.training_n": ["1-30", "50-100"], "runs": few},
        {"language": "an_bn_cn", "words.sampler": "n_uniform", "hidden_size": 10, "runs": few},
    ]
    fields = {"cell": "lstm", "hidden_size": 3, "optimiser": "rmsprop", "learning_rate": 0.01, "epochs": 150}
    tables = {"name": "suzgun-2019", "seed": seed, **fields, "order": "fixed", "words": words, "grid": grid}
    if data is not None:
        words["directory"] = str(data)
    return build_study(tables, where="reproduce")


def arm_of(condition: Condition) -> str:
    """Language and distribution, and the window or size where it is another than in the main experiment."""
    arm = f"{LANGUAGES[condition.language]}, {DISTRIBUTIONS[str(condition.words.sampler)]}"
    if condition.words.training_n != "1-50":
        arm += f", n {condition.words.training_n.replace('-', '–')}"
    return arm if condition.hidden_size == 3 else f"{arm}, {condition.hidden_size} units"


def distributions_matter(found: Findings) -> Claim | None:
    """Striking: the highest mean e1 of the four distributions is at least twice the lowest."""
    arms = [arm for arm in MAIN if len(found.values(arm, E1))]
    if len(arms) < 2:
        return None
    means = {arm: float(found.values(arm, E1).mean()) for arm in arms}
    measured = "mean e1 after the last epoch: " + "; ".join(f"{arm} {mean:.1f}" for arm, mean in means.items())
    holds = max(means.values()) >= 2 * min(means.values())
    statement = "Striking differences under different training settings (mean e1 by distribution, a factor of 2)."
    runs = sum(len(found.values(arm, E1)) for arm in arms)
    return Claim("abstract", statement, measured, runs, HOLDS if holds else DOES_NOT_HOLD)


def order_of_distributions(found: Findings) -> Claim | None:
    """Each of the three neighbours in the released order has a higher mean e1 than the next."""
    means = [found.values(arm, E1) for arm in MAIN]
    if not all(len(values) for values in means):
        return None
    right = sum(float(one.mean()) > float(two.mean()) for one, two in pairwise(means))
    statement = "Mean e1 on aⁿbⁿcⁿ: uniform above U-shaped above right-tailed above left-tailed."
    measured = ", ".join(f"{values.mean():.1f}" for values in means) + " in this order"
    return Claim("released data", statement, measured, sum(map(len, means)), verdict(right, 3))


def within_ten_of_ours(found: Findings) -> Claim | None:
    """For each distribution: the released mean lies between the 2.5 and 97.5% points of means of 10 of our runs."""
    parts, inside, runs, arms = [], 0, 0, 0
    for arm in MAIN:
        values = found.values(arm, E1)
        if len(values) < TRIALS:
            continue
        low, high = interval_of_means(values, TRIALS)
        theirs = CURVES[arm][-1][2]
        inside, runs, arms = inside + bool(low <= theirs <= high), runs + len(values), arms + 1
        parts.append(f"{arm.partition(', ')[2]} {theirs} (ten of ours: {low:.1f} to {high:.1f})")
    if not arms:
        return None
    statement = "The released means of 10 trials are means that ten of our runs could give."
    return Claim("released data", statement, "; ".join(parts), runs, verdict(inside, arms))


def _e1(subject: Subject, words: object) -> np.ndarray:
    return np.minimum(first_failing_n(subject, LARGEST_N), LARGEST_N + 1)


PAPER = Paper(
    "suzgun-2019",
    REFERENCE,
    100,
    study,
    title="Generalisation of LSTMs on aⁿbⁿ, aⁿbⁿcⁿ and aⁿbⁿcⁿdⁿ",
    reproduces="e1, the first failing n, by epoch: four distributions of n, three languages, windows, 3 and 10 units",
    minutes=3,
    arm_of=arm_of,
    measures=(Measure(E1, "e1 after the last epoch", _e1, every(10)),),
    published=tuple(
        Published(arm, E1, value, SOURCES[arm], statistic, TRIALS)
        for arm, curve in CURVES.items()
        for statistic, value in zip(("min", "mean", "max"), curve[-1][1:], strict=True)
    )
    + tuple(
        Published(f"{language}, {distribution}", E1, None, _FIGURES, networks=TRIALS)
        for language in ("aⁿbⁿ", "aⁿbⁿcⁿdⁿ")
        for distribution in DISTRIBUTIONS.values()
    )
    + tuple(Published(f"{MAIN[0]}, {what}", E1, None, _FIGURES, networks=TRIALS)
            for what in ("n 1–30", "n 50–100", "10 units")),
    curves=tuple(PublishedCurve(arm, E1, points, SOURCES[arm], TRIALS) for arm, points in CURVES.items()),
    rules=(distributions_matter, order_of_distributions, within_ten_of_ours),
    departures=(
        Departure(
            "no limit to the n that are tried",
            f"n up to {LARGEST_N:,}; a network that does not fail by then counts as {LARGEST_N + 1:,}",
            "hardly any network comes near it; a mean that holds one is a lower bound",
        ),
        Departure("networks of 4, 10 and 36 units", "3 and 10 units", "36 units need PyTorch, where each "
                  "run takes a quarter of an hour"),
        Departure(
            "the words of a distribution are drawn anew for some experiments",
            "all runs of a distribution see the same words in the same order",
            "runs under different distributions start from the same weights and can be paired",
        ),
    ),
)  # fmt: skip
