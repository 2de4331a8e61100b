"""Statements of papers, put beside what was measured: each rule is a function, and each verdict can come out either
way."""

from __future__ import annotations

from dataclasses import dataclass

from longcount.analysis.spread import wilson_interval

VERDICTS = HOLDS, IN_PART, DOES_NOT_HOLD = "holds", "holds in part", "does not hold"


@dataclass(frozen=True)
class Claim:
    """One statement of a paper, put beside our measurement."""

    section: str
    statement: str
    measured: str
    runs: int
    verdict: str


def verdict(yes: int, of: int) -> str:
    """Holds where all parts do, in part where some do.

    >>> verdict(2, 2), verdict(1, 2), verdict(0, 2)
    ('holds', 'holds in part', 'does not hold')
    """
    return HOLDS if yes == of else IN_PART if yes else DOES_NOT_HOLD


def share(part: int, whole: int) -> str:
    """A share of runs with its 95% Wilson interval.

    >>> share(3, 10)
    '3 of 10 (11–60 %)'
    """
    low, high = wilson_interval(part, whole)
    return f"{part} of {whole} ({100 * low:.0f}–{100 * high:.0f} %)"
