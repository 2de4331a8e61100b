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
from longcount.papers.asking import present
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, Claim, share, verdict
from longcount.papers.findings import Findings, middle
from longcount.papers.measuring import last
from longcount.papers.paper import Departure, Measure, Paper, Published, PublishedSpread
from longcount.training.protocol import Condition, Study
from longcount.training.study_files import build_study

REFERENCE = (
    "N. Lan, E. Chemla, R. Katzir. Bridging the Empirical-Theoretical Gap in Neural Network Formal Language Learning "
    "Using Minimum Description Length. ACL 2024. arXiv:2402.10013."
)
RESULTS = "github.com/0xnurl/mdl-lstm, commit 8f55db70, results.csv"
TABLE_2022 = "mdlrnn, commit 41616775, stats/tacl_stats.json (Table 1 of arXiv:2111.00600), 500 words; best RNN"
BEST_RNN = {"aⁿbⁿ, no regularisation": 99.8, "aⁿbⁿcⁿ": 99.8, "aⁿbⁿcⁿdⁿ": 99.8, "aⁿb²ⁿ": 99.9}
LANGUAGES = {"an_bn": "aⁿbⁿ", "an_bn_cn": "aⁿbⁿcⁿ", "an_bn_cn_dn": "aⁿbⁿcⁿdⁿ", "an_b2n": "aⁿb²ⁿ"}
NONE, L1, L2 = "aⁿbⁿ, no regularisation", "aⁿbⁿ, L1", "aⁿbⁿ, L2"
FAILS, ACCURACY = "first_failing_n", "deterministic_accuracy"
LARGEST_N = 1_000
NUMBERS = range(20, LARGEST_N + 1, 20)
"""The n whose words' deterministic steps are counted: a fiftieth of those up to 1,000, evenly."""
LAMBDA = 0.1


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """20,000 updates of one word each: aⁿbⁿ without regularisation, with L1 and with L2; a tenth as many runs on the
    other languages."""
    words: dict[str, Any] = {
        "sampler": "geometric", "geometric_p": 0.3, "training_words": 475, "validation_words": 25, "training_n": "1-40",
        "long_n": "41-60", "very_long_n": "61-80",
    }  # fmt: skip
    grid = [
        {"language": "an_bn", "runs": runs},
        {"language": "an_bn", "l1": LAMBDA, "runs": runs},
        {"language": "an_bn", "l2": 2 * LAMBDA, "runs": runs},
        {"language": ["an_bn_cn", "an_bn_cn_dn", "an_b2n"], "runs": max(1, runs // 10)},
    ]
    fields = {"cell": "lstm", "task": "predict", "hidden_size": 3, "learning_rate": 0.001, "epochs": 42}
    tables = {"name": "lan-2024", "seed": seed, **fields, "words": words, "grid": grid}
    if data is not None:
        words["directory"] = str(data)
    return build_study(tables, where="reproduce")


def arm_of(condition: Condition) -> str:
    """The language, and for aⁿbⁿ the regularisation."""
    if condition.language != "an_bn":
        return LANGUAGES[condition.language]
    return L1 if condition.l1 else L2 if condition.l2 else NONE


def all_fail(found: Findings) -> Claim | None:
    """No trained network is right on every n up to the largest tried."""
    arms = present(found, found.arms, FAILS)
    values = np.concatenate([np.zeros(0), *(found.values(arm, FAILS) for arm in arms)])
    if len(values) == 0:
        return None
    never = int(np.isinf(values).sum())
    statement = "Trained networks consistently fail to generalise perfectly."
    measured = f"right on every n up to {LARGEST_N:,}: {share(never, len(values))}; "
    measured += f"the largest first failing n is {values[np.isfinite(values)].max(initial=0):.0f}"
    return Claim("abstract", statement, measured, len(values), HOLDS if never == 0 else DOES_NOT_HOLD)


def regularisation_hurts(found: Findings) -> Claim | None:
    """The median first failing n with L1 and with L2 is below that without."""
    arms = present(found, [NONE, L1, L2], FAILS)
    if len(arms) < 3:
        return None
    middles = {arm: middle(found.values(arm, FAILS), "median") for arm in arms}
    holds = middles[L1] < middles[NONE] and middles[L2] < middles[NONE]
    statement = "L1 and L2 do not lead to the solution that generalises: with them networks fail sooner."
    measured = "median first failing n: " + "; ".join(f"{arm} {value:g}" for arm, value in middles.items())
    runs = sum(len(found.values(arm, FAILS)) for arm in arms)
    return Claim("abstract, released data", statement, measured, runs, HOLDS if holds else DOES_NOT_HOLD)


def better_than_no_memory(found: Findings) -> Claim | None:
    """For a language: the median network gets more of the deterministic steps right than the rule without memory, which
    repeats the letter just read."""
    arms = present(found, list(BEST_RNN), ACCURACY)
    if not arms:
        return None
    values = {arm: found.values(arm, ACCURACY) for arm in arms}
    above = sum(middle(values[arm], "median") > found.baseline(arm, ACCURACY) for arm in arms)
    measured = "deterministic steps right, median and best network / rule without memory, in %: " + "; ".join(
        f"{arm} {middle(values[arm], 'median'):.2f} and {values[arm].max():.2f} / {found.baseline(arm, ACCURACY):.2f}"
        for arm in arms
    )
    statement = "Accuracy on deterministic steps tells networks that count from a rule without memory (it scores less)."
    runs = sum(len(values[arm]) for arm in arms)
    return Claim("2022, Table 1", statement, measured, runs, verdict(above, len(arms)))


def _fails(subject: Subject, words: object) -> np.ndarray:
    return counting.first_failing_step_n(subject, LARGEST_N)


PAPER = Paper(
    "lan-2024",
    REFERENCE,
    200,
    study,
    title="LSTM language models of aⁿbⁿ with L1, L2 and without",
    reproduces="first failing n of hundreds of networks (--runs: thousands), accuracy beside a rule without memory",
    minutes=1,
    arm_of=arm_of,
    measures=(
        Measure(FAILS, "first failing n", _fails, last, middle="median"),
        Measure(ACCURACY, "deterministic steps right, n up to 1,000, %",
                lambda one, words: counting.deterministic_accuracy(one, NUMBERS), last, percent=True, most_runs=10),
    ),
    published=(
        *(Published(NONE, FAILS, value, f"{RESULTS}: no regularisation, dropout or early stopping", name, 40)
          for name, value in (("median", 33), ("min", 17), ("max", 80))),
        *(Published(L1, FAILS, value, f"{RESULTS}: L1, no dropout or early stopping", name, 120)
          for name, value in (("median", 1), ("min", 1), ("max", 2))),
        *(Published(L2, FAILS, value, f"{RESULTS}: L2, no dropout or early stopping", name, 120)
          for name, value in (("median", 1), ("min", 1), ("max", 1))),
        *(Published(arm, ACCURACY, best_rnn, TABLE_2022, "max") for arm, best_rnn in BEST_RNN.items()),
    ),
    spreads=(
        PublishedSpread(NONE, FAILS, ((0.05, 22), (0.1, 23), (0.25, 25), (0.5, 33), (0.75, 42), (0.9, 65), (0.95, 75),
                                      (1.0, 80)), f"{RESULTS}: no regularisation, dropout or early stopping", 40),
        PublishedSpread(L1, FAILS, ((0.5, 1), (0.75, 1), (0.9, 2), (1.0, 2)),
                        f"{RESULTS}: L1, no dropout or early stopping", 120),
        PublishedSpread(L2, FAILS, ((0.5, 1), (1.0, 1)), f"{RESULTS}: L2, no dropout or early stopping", 120),
    ),
    rules=(all_fail, regularisation_hurts, better_than_no_memory),
    departures=(
        Departure("20,000 updates, each of the whole training set", "20,000 updates, each of one word",
                  "475 times less work, so that thousands of networks take minutes"),
        Departure("weights from N(0, 1) or uniform in (0, 1)", "PyTorch's default initialisation",
                  "the same for every paper, so that cells can be compared"),
        Departure("early stopping after 2 or 10 updates without a lower validation loss", "all 20,000 updates",
                  "the validation loss is measured after every pass over the words, not after every update"),
        Departure("a start symbol # comes first", "words begin with their first letter",
                  "nothing is asked before the first letter in any task here"),
        Departure("λ of 1, 0.5 and 0.1; 500 to 10,000 words; dropout before the readout",
                  "λ = 0.1 and 500 words; no dropout", "the weakest λ is the most favourable; the fast engine has no "
                  "dropout before the readout"),
        Departure("first failing n up to 3,000, accuracy on every n below 1,000",
                  "first failing n up to 1,000; accuracy on every twentieth n, of 10 runs", "time"),
    ),
)  # fmt: skip
