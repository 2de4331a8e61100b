"""Measures and sentences that several papers share."""

from __future__ import annotations

from longcount.analysis import counting
from longcount.papers.findings import Findings
from longcount.papers.paper import Epochs, Measure


def first_failing_n(largest: int, epochs: Epochs) -> Measure:
    """See `longcount.analysis.counting.first_failing_n`."""
    return Measure(
        "first_failing_n",
        "first failing n",
        lambda one, words: counting.first_failing_n(one, largest),
        epochs,
        middle="median",
        asked=lambda condition: condition.problem().language.indexed,
    )


def present(found: Findings, arms: list[str], measure: str) -> list[str]:
    """Those arms of which a measure is known."""
    return [arm for arm in arms if len(found.values(arm, measure))]
