"""Findings that are made up."""

from collections.abc import Callable

import pandas as pd
import pytest

from longcount.papers.findings import COLUMNS, Findings


def _findings(arms: dict[str, dict[str, list[float]]], without_memory: float = 0.0) -> Findings:
    """Made-up values by arm and measure, and one of the baseline for all."""
    rows = [
        (arm, arm, False, measure, 1, run, value)
        for arm, measures in arms.items()
        for measure, values in measures.items()
        for run, value in enumerate(values)
    ]
    rows += [(arm, arm, True, measure, 0, 0, without_memory) for arm, of_arm in arms.items() for measure in of_arm]
    return Findings(pd.DataFrame(rows, columns=list(COLUMNS)))


@pytest.fixture(scope="session")
def findings() -> Callable[..., Findings]:
    """Findings of values by arm and measure, and one of the baseline for all."""
    return _findings
