"""``longcount leaderboard``: what it leaves in its folder, and ``longcount report`` on that folder."""

import json

import pandas as pd
import pytest

from longcount.exact import leaderboard

from .conftest import contents_sha256

WORDS = {"training_words": 300, "validation_words": 60, "long_words": 60, "very_long_words": 3, "very_long_length": 200}
RUNS = ("--runs", 2, "--bounded", 1, "--jobs", 1)


@pytest.fixture
def small(monkeypatch):
    """Two interventions on few words: all of them on the paper's words take hours."""
    names = ("the paper's protocol", "repaired after training")
    chosen = tuple(one for one in leaderboard.INTERVENTIONS if one.name in names)
    whole = leaderboard.leaderboard_study
    monkeypatch.setattr(leaderboard, "INTERVENTIONS", chosen)
    monkeypatch.setattr(
        leaderboard, "leaderboard_study", lambda runs, seed: whole(runs, seed, {"epochs": 2, "words": WORDS})
    )


def test_tables_figure_and_page_are_left_and_drawn_again(small, longcount_here, tmp_path):
    store = tmp_path / "store"
    outcome = longcount_here("leaderboard", "--out", store, *RUNS).is_done()
    assert "repaired after training" in outcome.stdout
    assert outcome.stderr.splitlines()[-1] == f"tables, figure and page: {store / 'report.html'}"
    assert len(pd.read_csv(store / "tables" / "leaderboard.csv")) == 6
    before = contents_sha256(store)
    drawn = {"report.html", *(f"figures/leaderboard.{end}" for end in ("svg", "pdf", "png"))}
    assert drawn <= set(before)

    again = longcount_here("leaderboard", "--out", store, *RUNS, "--json").is_done()
    assert len(json.loads(again.stdout)) == 6
    assert contents_sha256(store) == before

    for name in drawn:
        (store / name).unlink()
    longcount_here("report", store).is_done()
    assert contents_sha256(store) == before


def test_report_of_an_unfinished_leaderboard_says_what_to_run(small, longcount_here, tmp_path):
    store = tmp_path / "store"
    longcount_here("leaderboard", "--out", store, *RUNS).is_done()
    (store / "results" / "leaderboard.parquet").unlink()
    longcount_here("report", store).is_refused("not finished", f"longcount leaderboard --out {store}")
