"""One factor at a time: what is compared with what, and the numbers of one pair by hand."""

from pathlib import Path

import numpy as np
import pytest

from longcount.analysis.comparison import values_at_best
from longcount.analysis.factors import one_factor_at_a_time
from longcount.errors import UserError
from longcount.report.printed import factors_table
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training.study_files import build_study

WORDS = {
    "training_words": 400,
    "validation_words": 60,
    "long_words": 60,
    "very_long_words": 3,
    "very_long_length": 200,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    tables = {
        "runs": 6,
        "epochs": 3,
        "words": WORDS,
        "learning_rate": 0.02,
        "grid": [
            {"cell": ["lstm", "relu"]},
            {"cell": "lstm", "loss": "bce"},
            {"cell": "lstm", "batch_size": [2, 4]},
            {"cell": "lstm", "batch_size": 4, "loss": "bce"},
        ],
    }
    folder: Path = tmp_path_factory.mktemp("factors") / "store"
    return run_study(build_study(tables), folder, Threads(2))


def test_conditions_that_differ_in_one_field_are_compared_with_the_baseline(store: Store) -> None:
    frame = one_factor_at_a_time(store)
    assert frame[["cell", "factor", "value"]].to_numpy().tolist() == [
        ["lstm", "baseline", ""],
        ["lstm", "loss", "bce"],
        ["lstm", "batch_size", "2"],
        ["lstm", "batch_size", "4"],
    ]
    assert set(frame["runs"]) == {6}
    assert frame.loc[0, "fpf_difference"] in (0.0, pytest.approx(np.nan, nan_ok=True))


def test_differences_are_means_over_pairs_that_learned_in_both(store: Store) -> None:
    frame = one_factor_at_a_time(store).set_index("factor")
    base, other = (
        condition for condition in store.study.conditions if condition.cell == "lstm" and condition.batch_size == 1
    )
    measures = ("learned", "very_long_fpf_mean")
    first, second = values_at_best(store, base, measures), values_at_best(store, other, measures)
    both = (first["learned"] == 1) & (second["learned"] == 1)
    assert frame.loc["loss", "pairs"] == both.sum()
    if both.any():
        expected = (second["very_long_fpf_mean"] - first["very_long_fpf_mean"])[both].mean()
        assert frame.loc["loss", "fpf_difference"] == pytest.approx(expected)
    assert frame.loc["loss", "learned"] == second["learned"].mean()


def test_the_readable_table_has_a_row_for_each(store: Store) -> None:
    frame = one_factor_at_a_time(store)
    text = factors_table("what each factor does", frame).shown
    assert len(text) == len(frame)
    assert text.loc[0, "difference of FPF"] == ""
    assert text.loc[0, "factor"] == "baseline"


def test_a_study_without_factors_is_refused(tmp_path: Path) -> None:
    study = build_study({"cell": "relu", "runs": 1, "epochs": 1, "words": WORDS})
    with pytest.raises(UserError, match="no condition differs in a single field"):
        one_factor_at_a_time(run_study(study, tmp_path / "one", Threads(1)))
