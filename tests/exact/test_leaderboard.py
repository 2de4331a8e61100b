"""The leaderboard: every intervention stands in it once a cell, resumes, and reads as a table."""

from pathlib import Path

import pytest

from longcount.exact.leaderboard import INTERVENTIONS, leaderboard_study, make_leaderboard
from longcount.report.leaderboard import readable, write_leaderboard

WORDS = {"training_words": 300, "validation_words": 60, "long_words": 60, "very_long_words": 3, "very_long_length": 200}


def test_a_tiny_leaderboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [one for one in INTERVENTIONS if one.name in ("the paper's protocol", "the exact recipe")]
    chosen += [one for one in INTERVENTIONS if one.repaired]
    monkeypatch.setattr("longcount.exact.leaderboard.INTERVENTIONS", tuple(chosen))
    study = leaderboard_study(3, overrides={"epochs": 2, "words": WORDS})
    told: list[str] = []
    frame = make_leaderboard(tmp_path, study, jobs=1, bounded_runs=1, tell=told.append)
    assert len(frame) == len(told) == 9
    assert set(frame["cell"]) == {"lstm", "gru", "relu"}
    relu = frame[(frame["cell"] == "relu") & (frame["intervention"] == "the exact recipe")].iloc[0]
    assert relu["exact"] == 1.0
    assert relu["accuracy"] == 100.0
    assert relu["fpf"] == 200.0
    assert relu["bounded"] == 0

    again = make_leaderboard(tmp_path, study, jobs=1, bounded_runs=1, tell=told.append)
    assert len(told) == 9  # nothing was judged twice
    assert again.equals(frame)

    more = make_leaderboard(tmp_path, study, jobs=1, bounded_runs=2, tell=told.append)
    assert len(told) > 9  # where more worst cases are asked for than were bounded
    gained = more["bounded"].to_numpy() - frame["bounded"].to_numpy()
    assert gained.min() >= 0
    assert gained.max() > 0

    write_leaderboard(tmp_path, frame)
    assert readable(frame).shape[0] == 9
    assert (tmp_path / "tables" / "leaderboard.csv").read_text().count("\n") == 10


def test_every_intervention_is_a_condition_of_its_own() -> None:
    study = leaderboard_study(5)
    folders = [condition.folder for condition in study.conditions]
    assert len(folders) == len(set(folders)) == sum(len(one.cells) for one in INTERVENTIONS if not one.repaired)
