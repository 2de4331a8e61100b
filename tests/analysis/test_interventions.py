"""The leaderboard: every intervention stands in it once a cell, resumes, and reads as a table."""

from pathlib import Path

import pandas as pd

from longcount.analysis.interventions import OF_DYCK1, leaderboard_study
from longcount.analysis.leaderboard import keep_leaderboard, make_leaderboard
from longcount.report.leaderboard.tables import leaderboard_shown, write_leaderboard
from longcount.store.store import Store

WORDS = {"training_words": 300, "validation_words": 60, "long_words": 60, "very_long_words": 3, "very_long_length": 200}


def test_a_tiny_leaderboard(tmp_path: Path) -> None:
    chosen = [one for one in OF_DYCK1 if one.name in ("the paper's protocol", "the exact recipe")]
    chosen += [one for one in OF_DYCK1 if one.repaired]
    study = leaderboard_study(3, overrides={"epochs": 2, "words": WORDS}, interventions=chosen)
    told: list[str] = []

    def made(bounded_runs: int) -> pd.DataFrame:
        return make_leaderboard(
            tmp_path, study, jobs=1, bounded_runs=bounded_runs, interventions=chosen, tell=told.append
        )

    frame = made(1)
    assert len(frame) == len(told) == 9
    assert set(frame["cell"]) == {"lstm", "gru", "relu"}
    relu = frame[(frame["cell"] == "relu") & (frame["intervention"] == "the exact recipe")].iloc[0]
    assert relu["exact"] == 1.0
    assert relu["accuracy"] == 100.0
    assert relu["fpf"] == 200.0
    assert relu["bounded"] == 0

    again = made(1)
    assert len(told) == 9  # nothing was judged twice
    assert again.equals(frame)

    more = made(2)
    assert len(told) > 9  # where more worst cases are asked for than were bounded
    gained = more["bounded"].to_numpy() - frame["bounded"].to_numpy()
    assert gained.min() >= 0
    assert gained.max() > 0

    write_leaderboard(tmp_path, keep_leaderboard(Store.open(tmp_path), frame))
    assert leaderboard_shown(frame).shape[0] == 9
    assert (tmp_path / "tables" / "leaderboard.csv").read_text().count("\n") == 10


def test_every_intervention_is_a_condition_of_its_own() -> None:
    study = leaderboard_study(5)
    folders = [condition.folder for condition in study.conditions]
    assert len(folders) == len(set(folders)) == sum(len(one.cells) for one in OF_DYCK1 if not one.repaired)


def test_folders_do_not_depend_on_the_other_interventions() -> None:
    """A new intervention anywhere in the table must not orphan the runs of those that were there."""
    whole = {condition.folder for condition in leaderboard_study(5).conditions}
    fewer = {condition.folder for condition in leaderboard_study(5, interventions=OF_DYCK1[3:]).conditions}
    assert fewer < whole
    assert "lstm-the_papers_protocol" in whole
