"""El-Naggar, Ryzhikov, Daviaud, Madhyastha and Weyde (2023): one ReLU unit on Dyck-1 and semi-Dyck-1, and the Counter
Indicator Conditions: recurrent weight 1, opposite steps, and a readout whose threshold lies between 0 and one step.

A network whose steps and readout are as asked and whose recurrent weight is exactly 1 counts to any depth. The paper
says that training never gets there; the package's recipe `exact`, which rounds and freezes while it trains, stands
beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from longcount.analysis.rounding import significant
from longcount.papers.asking import (
    RECURRENT,
    accuracy,
    first_failing_ramp,
    meeting_the_conditions,
    present,
    recurrent_deviation,
    step_deviation,
    validation_loss,
)
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, Claim, share, verdict
from longcount.papers.findings import Findings
from longcount.papers.paper import Departure, Paper, Published
from longcount.training.protocol import Condition, Study
from longcount.training.study_files import build_study

REFERENCE = (
    "N. El-Naggar, A. Ryzhikov, L. Daviaud, P. Madhyastha, T. Weyde. Formal and Empirical Studies of Counting "
    "Behaviour in ReLU RNNs. ICGI 2023, PMLR 217:199-222."
)
UNREAD = "PMLR 217:199-222, tables of accuracies; only the abstract could be read"
LANGUAGES = {"dyck1": "Dyck-1", "semi_dyck1": "semi-Dyck-1"}
PLAIN = list(LANGUAGES.values())
BY_RECIPE = [f"{name}, recipe exact" for name in PLAIN]
FAILS, LOSS = "first_failing_ramp", "validation_loss"
LARGEST = 2_000


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """One ReLU unit, trained as the first paper trains it; a tenth as many runs by the recipe."""
    words: dict[str, Any] = {"long_words": 1_000}
    grid = [
        {"language": list(LANGUAGES), "epochs": 30, "learning_rate": 0.01, "runs": runs},
        {"language": list(LANGUAGES), "recipe": "exact", "runs": max(1, runs // 10)},
    ]
    tables = {"name": "el-naggar-2023-relu", "seed": seed, "cell": "relu", "words": words, "grid": grid}
    if data is not None:
        words["directory"] = str(data)
    return build_study(tables, where="reproduce")


def arm_of(condition: Condition) -> str:
    """The language, and whether the recipe trains."""
    return LANGUAGES[condition.language] + (", recipe exact" if condition.recipe else "")


def training_misses_the_conditions(found: Findings) -> Claim | None:
    """No network trained without the recipe meets the conditions on its recurrent weight and steps."""
    arms = present(found, PLAIN, RECURRENT)
    if not arms:
        return None
    meets = np.concatenate([meeting_the_conditions(found, arm) for arm in arms])
    statement = "The conditions are not met by models that training finds."
    measured = f"met by {share(int(meets.sum()), len(meets))}"
    ours = present(found, BY_RECIPE, RECURRENT)
    if ours:
        ruled = np.concatenate([meeting_the_conditions(found, arm) for arm in ours])
        measured += f"; with the recipe by {share(int(ruled.sum()), len(ruled))}"
    return Claim("abstract", statement, measured, len(meets), DOES_NOT_HOLD if meets.any() else HOLDS)


def conditions_decide(found: Findings) -> Claim | None:
    """Of all networks: those that meet the conditions are right on every (ⁿ)ⁿ tried, all others fail there."""
    arms = present(found, [*PLAIN, *BY_RECIPE], FAILS)
    if not arms:
        return None
    meets = np.concatenate([meeting_the_conditions(found, arm) for arm in arms])
    fails = np.concatenate([np.isfinite(found.values(arm, FAILS)) for arm in arms])
    kept = f"{int((meets & ~fails).sum())} of the {int(meets.sum())} that meet them never fail"
    measured = f"{kept}; {int((~meets & fails).sum())} of the {int((~meets).sum())} that do not fail by n = {LARGEST:,}"
    statement = f"A network counts if and only if it meets the conditions (judged by (ⁿ)ⁿ up to n = {LARGEST:,})."
    return Claim("abstract", statement, measured, len(meets), HOLDS if (meets != fails).all() else DOES_NOT_HOLD)


def lowest_loss_lies_elsewhere(found: Findings) -> Claim | None:
    """For a language: the lowest validation loss is that of a network that does not meet the conditions, although some
    does."""
    lowest, arms = [], []
    for pair in zip(PLAIN, BY_RECIPE, strict=True):
        known = present(found, list(pair), LOSS)
        if not known:
            continue
        losses = np.concatenate([found.values(arm, LOSS) for arm in known])
        meets = np.concatenate([meeting_the_conditions(found, arm) for arm in known])
        if meets.any() and not meets.all():
            lowest.append((losses[~meets].min(), losses[meets].min()))
            arms.append(pair[0])
    if not lowest:
        return None
    statement = "The lowest loss does not lie at the conditions: a network that misses them has a lower one."
    measured = "lowest validation loss without / with them: " + "; ".join(
        f"{arm} {significant(one, 2)} / {significant(two, 2)}" for arm, (one, two) in zip(arms, lowest, strict=True)
    )
    lower = sum(one < two for one, two in lowest)
    runs = sum(len(found.values(arm, LOSS)) for arm in found.arms)
    return Claim("abstract", statement, measured, runs, verdict(lower, len(lowest)))


PAPER = Paper(
    "el-naggar-2023-relu",
    REFERENCE,
    100,
    study,
    title="One ReLU unit and the Counter Indicator Conditions",
    reproduces="Dyck-1 and semi-Dyck-1, how near training comes to the conditions, with the recipe beside it",
    minutes=0.3,
    arm_of=arm_of,
    measures=(
        accuracy("validation", "2–50 tokens, %"),
        accuracy("long", "52–100 tokens, %"),
        accuracy("very_long", "1,000 tokens, %"),
        recurrent_deviation(),
        step_deviation(),
        first_failing_ramp(LARGEST),
        validation_loss(),
    ),
    published=tuple(Published(arm, "very_long_accuracy", None, UNREAD) for arm in PLAIN),
    rules=(training_misses_the_conditions, conditions_decide, lowest_loss_lies_elsewhere),
    departures=(
        Departure("one output: whether the count is above 0", "two: may ( come, may ) come", "as in the first paper; "
                  "the first output is always 1"),
        Departure("words of up to 51 tokens; 5,000 of 51–101, 100 of about 1,000, 10 of about 2,000", "2 to 50; 1,000 "
                  "of 52–100, 100 of 1,000; (ⁿ)ⁿ up to 4,000 tokens", "the same lengths for every paper"),
        Departure("the epoch and the networks that are shown could not be read", "30 epochs, Adam at 0.01, best epoch; "
                  "every run", "as in the paper of 2022"),
    ),
)  # fmt: skip
