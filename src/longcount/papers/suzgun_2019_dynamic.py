"""Suzgun, Gehrmann, Belinkov and Shieber (2019): dynamic counting by small RNNs, GRUs and LSTMs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from longcount.papers.asking import accuracy, accuracy_on_lengths, first_failing_ramp, means, present
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, Claim, share, verdict
from longcount.papers.findings import Findings
from longcount.papers.paper import Departure, Paper, Published
from longcount.training.protocol import Condition, Study
from longcount.training.study_files import build_study

REFERENCE = (
    "M. Suzgun, S. Gehrmann, Y. Belinkov, S. M. Shieber. LSTM Networks Can Perform Dynamic Counting. Workshop on Deep "
    "Learning and Formal Languages: Building Bridges, 2019. arXiv:1906.03648."
)
CELLS = {"tanh": "RNN", "gru": "GRU", "lstm": "LSTM"}
LANGUAGES = {"dyck1": "Dyck-1", "shuffle2": "Shuffle-2", "shuffle6": "Shuffle-6", "dyck2": "Dyck-2"}
ONE_UNIT = "LSTM of one unit, Dyck-1"
LONG = "long_accuracy"
GOOD, POOR = 90.0, 50.0
"""Percent of the long words: what "can learn" and "good performance" are taken to mean."""
UNREAD = "arXiv:1906.03648, tables of accuracies; only the abstract could be read"


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """Four languages, three cells of 6 units, and an LSTM of one unit on Dyck-1."""
    words: dict[str, Any] = {
        "training_words": 10_000,
        "validation_words": 500,
        "long_words": 1_000,
        "very_long_words": 20,
    }
    grid = [
        {"cell": list(CELLS), "language": list(LANGUAGES), "hidden_size": 6},
        {"cell": "lstm", "language": "dyck1", "hidden_size": 1},
    ]
    fields = {"learning_rate": 0.01, "epochs": 10, "runs": runs}
    tables = {"name": "suzgun-2019-dynamic", "seed": seed, **fields, "words": words, "grid": grid}
    if data is not None:
        words["directory"] = str(data)
    return build_study(tables, where="reproduce")


def arm_of(condition: Condition) -> str:
    """The cell and the language."""
    if condition.hidden_size == 1:
        return ONE_UNIT
    return f"{CELLS[condition.cell]}, {LANGUAGES[condition.language]}"


def lstm_counts(found: Findings) -> Claim | None:
    """For a language: LSTMs get at least 90% of the long words right on average."""
    arms = present(found, [f"LSTM, {name}" for name in ("Dyck-1", "Shuffle-2", "Shuffle-6")], LONG)
    if not arms:
        return None
    good = sum(float(found.values(arm, LONG).mean()) >= GOOD for arm in arms)
    statement = "LSTMs learn Dyck-1 and its shuffles (90 % of the words of 52 to 100 tokens or more)."
    measured = "words of 52–100 tokens right, mean, in %: " + means(found, arms, LONG)
    return Claim("abstract", statement, measured, sum(len(found.values(arm, LONG)) for arm in arms),
                 verdict(good, len(arms)))  # fmt: skip


def one_unit_suffices(found: Findings) -> Claim | None:
    """LSTMs of one unit get at least 90% of the long words of Dyck-1 right on average."""
    values = found.values(ONE_UNIT, LONG)
    if len(values) == 0:
        return None
    statement = "An LSTM of one unit is practically sufficient for Dyck-1 (90 % or more)."
    judged = HOLDS if float(values.mean()) >= GOOD else DOES_NOT_HOLD
    return Claim("abstract", statement, means(found, [ONE_UNIT], LONG) + " %", len(values), judged)


def nothing_learns_dyck2(found: Findings) -> Claim | None:
    """No network of any cell gets half of the long words of Dyck-2 right."""
    arms = present(found, [f"{cell}, Dyck-2" for cell in CELLS.values()], LONG)
    if not arms:
        return None
    good = sum(int((found.values(arm, LONG) >= POOR).sum()) for arm in arms)
    runs = sum(len(found.values(arm, LONG)) for arm in arms)
    statement = "No network yields a good performance on Dyck-2 (half of the long words or more)."
    measured = f"{share(good, runs)} do; means in %: {means(found, arms, LONG)}"
    return Claim("abstract", statement, measured, runs, HOLDS if good == 0 else DOES_NOT_HOLD)


def never_beyond(found: Findings) -> Claim | None:
    """Counting in the strict sense: every LSTM for Dyck-1 is right on (ⁿ)ⁿ for every n up to the largest tried."""
    values = found.values("LSTM, Dyck-1", "first_failing_ramp")
    if len(values) == 0:
        return None
    never = int((values == float("inf")).sum())
    statement = f"LSTMs count: those for Dyck-1 are right on (ⁿ)ⁿ for every n up to {LARGEST}."
    return Claim("title", statement, share(never, len(values)), len(values), verdict(never, len(values)))


LARGEST = 500
PAPER = Paper(
    "suzgun-2019-dynamic",
    REFERENCE,
    8,
    study,
    title="Dynamic counting: Dyck-1, its shuffles, and Dyck-2",
    reproduces="words right throughout by length, for RNN, GRU and LSTM of 6 units, and the depth at which they fail",
    minutes=1,
    arm_of=arm_of,
    measures=(
        accuracy(split="validation", title="2–50 tokens, %"),
        accuracy(split="long", title="52–100 tokens, %"),
        accuracy_on_lengths("longer_accuracy", "102–200 tokens, %", (102, 200), 500),
        first_failing_ramp(LARGEST),
    ),
    published=tuple(
        Published(f"{cell}, {language}", LONG, None, UNREAD)
        for cell in CELLS.values()
        for language in LANGUAGES.values()
    ),
    rules=(lstm_counts, one_unit_suffices, nothing_learns_dyck2, never_beyond),
    departures=(
        Departure(
            "fewer than 10 units, how many is in tables that could not be read",
            "6 units, one for each counter of Shuffle-6; 1 for the one-unit network",
            "the authors' later code (marnns, main.py) has 8, which take twice as long",
        ),
        Departure(
            "words drawn by a grammar for each language",
            "the shuffles by walks: each letter that may come next is as likely; Dyck-1 and Dyck-2 by the grammar",
            "the paper's sampler for shuffles could not be read",
        ),
        Departure(
            "the optimiser and the number of epochs of the tables, which could not be read",
            "10,000 words as in the sets that later papers took over, 10 epochs, Adam at 0.01; best epoch",
            "the authors' later code has 5,000 words, 3 epochs and the same rate",
        ),
    ),
)
