"""``longcount leaderboard``: what it leaves in its folder, and ``longcount report`` on that folder."""

import json

import pandas as pd
import pytest

from .conftest import contents_sha256

RUNS = ("--runs", 2, "--bounded", 1, "--only", "repaired after training", "--cell", "lstm", "--jobs", 1)


def test_tables_figure_and_page_are_left_and_drawn_again_where_it_is_finished(longcount_here, tmp_path):
    store = tmp_path / "store"
    outcome = longcount_here("leaderboard", "--out", store, *RUNS).is_done()
    assert "repaired after" in outcome.stdout
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert outcome.stderr.splitlines()[-1] == f"tables, figure and page: {store / 'report.html'}"
    assert len(pd.read_csv(store / "tables" / "leaderboard.csv")) == 2
    before = contents_sha256(store)
    drawn = {"report.html", *(f"figures/leaderboard.{end}" for end in ("svg", "pdf", "png"))}
    assert drawn <= set(before)

    again = longcount_here("leaderboard", "--out", store, *RUNS, "--json").is_done()
    assert len(json.loads(again.stdout)) == 2
    assert contents_sha256(store) == before

    for name in drawn:
        (store / name).unlink()
    longcount_here("report", store).is_done()
    assert contents_sha256(store) == before

    (store / "results" / "leaderboard.parquet").unlink()
    longcount_here("report", store).is_refused("not finished", f"longcount leaderboard --out {store}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--only", "wieght decay"), "'wieght decay'; did you mean 'weight decay'?"),
        (("--units", 2), "the leaderboard of dyck1 is about networks of one unit, not 2"),
        (("--cell", "grue"), "did you mean 'gru'?"),
        (("--language", "an_bn", "--only", "training words to 100 tokens"), "no intervention for an_bn is called"),
    ],
)
def test_what_makes_no_sense_is_refused(longcount_here, tmp_path, options, said):
    longcount_here("leaderboard", "--out", tmp_path / "store", *options).is_refused(said)
    assert not (tmp_path / "store").exists()
