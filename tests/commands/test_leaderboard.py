"""``longcount leaderboard``: what it leaves in its folder, and ``longcount report`` on that folder."""

import json

import pandas as pd

from .conftest import contents_sha256

RUNS = ("--runs", 2, "--bounded", 1, "--only", "repaired after training", "--jobs", 1)


def test_tables_figure_and_page_are_left_and_drawn_again_where_it_is_finished(longcount_here, tmp_path):
    store = tmp_path / "store"
    outcome = longcount_here("leaderboard", "--out", store, *RUNS).is_done()
    assert "repaired after" in outcome.stdout
    assert max(map(len, outcome.stdout.splitlines())) <= 80
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

    (store / "results" / "leaderboard.parquet").unlink()
    longcount_here("report", store).is_refused("not finished", f"longcount leaderboard --out {store}")


def test_an_unknown_intervention_is_refused(longcount_here, tmp_path):
    outcome = longcount_here("leaderboard", "--out", tmp_path / "store", "--only", "wieght decay")
    outcome.is_refused("wieght decay", "did you mean 'weight decay'?")
    assert not (tmp_path / "store").exists()
