"""What Bhattamishra et al. (2020) and Sarrof et al. (2024) share: counter languages, and three bins of lengths.

Bin 1 has the lengths of training. Words of brackets and Boolean expressions have 2 to 50, 52 to 100 and 102 to 150
tokens; those of aⁿbⁿ up to 200, 204 to 400 and 400 to 598, and those of aⁿbⁿcⁿ and aⁿbⁿcⁿdⁿ as many tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from longcount.papers.asking import (
    accuracy,
    accuracy_on_lengths,
    first_failing_n,
    first_failing_ramp,
    is_by_n,
    present,
)
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, Claim, share
from longcount.papers.findings import Findings
from longcount.papers.paper import Departure, Measure
from longcount.training.protocol import Condition, Study
from longcount.training.study_files import build_study

LANGUAGES = {"dyck1": "Dyck-1", "shuffle2": "Shuffle-2", "shuffle4": "Shuffle-4", "shuffle6": "Shuffle-6",
             "boolean3": "Boolean-3", "boolean5": "Boolean-5", "an_bn": "aⁿbⁿ", "an_bn_cn": "aⁿbⁿcⁿ",
             "an_bn_cn_dn": "aⁿbⁿcⁿdⁿ"}  # fmt: skip
WINDOWS = {"an_bn": ("1-100", "102-200", "201-299"), "an_bn_cn": ("1-66", "68-133", "134-199"),
           "an_bn_cn_dn": ("1-50", "51-100", "101-149")}  # fmt: skip
"""n of the three bins."""
BINS = ("validation_accuracy", "long_accuracy", "third_accuracy")
COPIED = "arXiv:2009.11264, as copied in ssm_expressivity, commit 5b87520c, visualisation/main_expt_results.xlsx"
TRANSFORMER = {
    "Dyck-1": (100, 100, 100), "Shuffle-2": (100, 100, 93), "Shuffle-6": (100, 99.9, 94), "Boolean-3": (100, 100, 99.8),
    "aⁿbⁿ": (100, 100, 100), "aⁿbⁿcⁿ": (100, 100, 100),
}  # fmt: skip
"""Percent of the words of each bin that the Transformer gets right."""
UNITS = 6
LARGEST = 500


def study_of(
    name: str, cells: Mapping[str, str], runs: int, seed: int, data: Path | None, wider: Mapping[str, Any] | None = None
) -> Study:
    """Cells of 6 units on all languages, and with a tenth of the runs those that further fields make wider."""
    by_length = {"words.training_words": 5_000, "words.long_words": 500, "words.very_long_words": 10}
    grid = [{"language": [language for language in LANGUAGES if language not in WINDOWS], **by_length}]
    for language, (training, long, very_long) in WINDOWS.items():
        windows = {"words.training_n": training, "words.long_n": long, "words.very_long_n": very_long}
        grid.append({"language": language, "words.training_words": 1_000, **windows})
    if wider is not None:
        grid += [{**fields, **wider, "runs": max(1, runs // 10)} for fields in grid]
    fields = {"cell": list(cells), "hidden_size": UNITS, "learning_rate": 0.01, "epochs": 8, "runs": runs}
    words: dict[str, Any] = {"validation_words": 500}
    if data is not None:
        words["directory"] = str(data)
    return build_study({"name": name, "seed": seed, **fields, "words": words, "grid": grid}, where="reproduce")


def arm_of(cells: Mapping[str, str], condition: Condition) -> str:
    """The cell, with its size where it is wider than the others, and the language."""
    size = "" if condition.hidden_size == UNITS else f" of {condition.hidden_size} units"
    return f"{cells[condition.cell]}{size}, {LANGUAGES[condition.language]}"


def measures() -> tuple[Measure, ...]:
    """Percent of the words of each bin, and the worst case of the languages that have one."""
    by_length = accuracy_on_lengths(BINS[2], "bin 3, %", (102, 150), 500)
    split = accuracy("very_long", "bin 3, %").of
    third = Measure(
        BINS[2],
        "bin 3, %",
        lambda one, words: (split if one.problem.language.numbers else by_length.of)(one, words),
        by_length.epochs,
        percent=True,
    )
    ramps, numbers = first_failing_ramp(LARGEST), first_failing_n(LARGEST)
    worst = Measure(
        "worst_case",
        "first n that fails",
        lambda one, words: (numbers if one.problem.language.numbers else ramps).of(one, words),
        ramps.epochs,
        middle="median",
        asked=lambda condition: is_by_n(condition) or ramps.asked(condition),
    )
    return accuracy("validation", "bin 1, %"), accuracy("long", "bin 2, %"), third, worst


def right_everywhere_means_counting(found: Findings) -> Claim | None:
    """No network with all words of the three bins right fails by the largest n tried."""
    right, fails = [], []
    for arm in present(found, found.arms, "worst_case"):
        bins = [found.values(arm, name) for name in BINS]
        right.append(np.logical_and.reduce([values == 100 for values in bins]))
        fails.append(np.isfinite(found.values(arm, "worst_case")))
    if not right or not np.concatenate(right).any():
        return None
    perfect = np.concatenate(right)
    wrong = perfect & np.concatenate(fails)
    statement = f"A network that is right on all words of the three bins counts (every (ⁿ)ⁿ or n up to {LARGEST})."
    measured = f"{share(int(wrong.sum()), int(perfect.sum()))} of those fail"
    return Claim("method", statement, measured, int(perfect.sum()), DOES_NOT_HOLD if wrong.any() else HOLDS)


def departures(paper: str, here: str, why: str) -> tuple[Departure, ...]:
    """What is other than in both papers: first which networks the paper has, and which there are here."""
    return (
        Departure(paper, here, why),
        Departure("their optimisers, rates, batches and 25 to 100 epochs", f"of {UNITS} units: Adam at 0.01, a word an "
                  "update, 8 epochs; best epoch", "minutes on two cores"),
        Departure("10,000 words, 2,000 in each further bin; 99 words of aⁿbⁿ", "5,000 words, 500 in each further "
                  "bin; 1,000 words with n uniform for the languages of blocks", "minutes on two cores"),
        Departure("lengths of aⁿbⁿcⁿ and aⁿbⁿcⁿdⁿ could not be read", "those of aⁿbⁿ", "the same bins for all"),
    )  # fmt: skip
