"""Every paper: its published numbers have sources, and its report is drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from longcount.analysis import counting
from longcount.papers import PAPERS, lan_2024, suzgun_2019
from longcount.papers.findings import COLUMNS, Findings, middle
from longcount.papers.measuring import every, last, measured, stopped
from longcount.papers.paper import STATISTICS
from longcount.report.draw import draw
from longcount.report.paper_tables import NOT_READ, paper_tables, published_told
from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training.merging import merge

REPORTED = {name: paper for name, paper in PAPERS.items() if paper.arm_of is not None}


@pytest.mark.parametrize("paper", REPORTED.values(), ids=REPORTED)
def test_every_published_number_has_a_source_an_arm_and_a_measure(paper):
    arms = {paper.arm_of(condition) for condition in paper.study(paper.runs, 0, None).conditions}
    arms |= {given.arm for given in paper.by_hand()}
    measures = {measure.name for measure in paper.measures}
    stated = [*paper.published, *paper.curves, *paper.spreads]
    for one in stated:
        assert len(one.source) > 20
        assert any(digit.isdigit() for digit in one.source), "a paper with table, or a commit"
        assert one.arm in arms
        assert one.measure in measures
    assert {one.statistic for one in paper.published} <= set(STATISTICS)
    keys = [(*one[:2], one.statistic, one.row) for one in paper.published]
    assert len(set(keys)) == len(keys)
    assert paper.title
    assert paper.reproduces
    assert paper.minutes is not None
    assert paper.minutes <= 30
    assert all(all(departure) for departure in paper.departures)


def shrunk(paper, conditions=1):
    """The first conditions of its study with few runs, epochs, units and words."""
    study = paper.study(2, 0, None)
    few = []
    for condition in study.conditions[:conditions]:
        given = condition.words.model_dump(exclude_defaults=True)
        lengths = {"long_words": 6, "very_long_words": 2, "very_long_length": 60}
        by_n = condition.problem().language.numbers
        sizes = {"training_words": 12, "validation_words": 6, **({} if by_n else lengths)}
        words = type(condition.words)(**{**given, **sizes})
        units = condition.hidden_size if condition.hidden_size <= 3 else 1
        made = {"runs": 2, "epochs": 2, "hidden_size": units, "words": words, "folder": ""}
        few.append(condition.model_copy(update=made))
    return study.model_copy(update={"conditions": merge(few)})


DRAWN = ("suzgun-2019", "lan-2024", "sarrof-2024")
"""Papers with curves, with distributions, and with further rows."""


@pytest.fixture
def small(monkeypatch):
    """A paper whose measures are asked of one run, with small n."""
    first_n = counting.first_n
    monkeypatch.setattr(counting, "first_n", lambda one, largest, wrong: first_n(one, min(largest, 8), wrong))
    monkeypatch.setattr(lan_2024, "NUMBERS", [3])

    def make(paper):
        made = replace(paper, measures=tuple(replace(measure, most_runs=1) for measure in paper.measures))
        monkeypatch.setitem(PAPERS, paper.name, made)
        return made

    return make


@pytest.mark.parametrize("paper", REPORTED.values(), ids=REPORTED)
def test_a_small_run_is_measured_and_drawn(paper, tmp_path, small):
    paper = small(paper)
    store = run_study(shrunk(paper), tmp_path / "store", Threads(1))
    found = measured(store, paper, 1)
    assert set(found.frame.columns) == set(COLUMNS)
    tables = {table.name: table for table in paper_tables(paper, found)}
    values = tables["paper"].values
    trained = {paper.arm_of(condition) for condition in store.study.conditions}
    assert set(values["arm"]) == trained | {given.arm for given in paper.by_hand()}
    assert values["without_memory"].notna().to_numpy().any()
    assert len(tables["sources"].shown) == len(paper.published)
    assert tables["sources"].shown["source"].str.len().min() > 20
    if paper.name in DRAWN:
        first = (store.directory / "results/paper.parquet").read_bytes()
        draw(store.directory, jobs=1)
        assert (store.directory / "results/paper.parquet").read_bytes() == first
        assert paper.title in (store.directory / "report.html").read_text()
        assert pd.read_csv(store.directory / "tables/paper.csv")["arm"].tolist() == values["arm"].tolist()


def test_a_number_that_was_not_read_says_so():
    measure = suzgun_2019.PAPER.measures[0]
    absent = suzgun_2019.Published("aⁿbⁿ, uniform", "e1", None, "a figure")
    assert published_told(measure, {"mean": absent}) == NOT_READ


def test_epochs_at_which_runs_are_measured():
    losses = np.array([[9.0, 5, 4, 4.5, 3, 3, 3, 2], [9.0, 1, 2, 2, 2, 2, 2, 2]])
    assert last(losses).tolist() == [[7], [7]]
    assert stopped(2)(losses).tolist() == [[6], [3]]
    assert every(3)(losses).tolist() == [[1, 3, 6, 7]] * 2


def test_findings_by_epoch_and_at_the_end(findings):
    frame = findings({"a": {"m": [3.0, 1.0]}}).frame
    later = frame.loc[~frame["baseline"]].assign(epoch=2, value=[5.0, 7.0])
    found = Findings(pd.concat([frame, later]))
    assert found.epochs("a", "m") == [1, 2]
    assert found.values("a", "m").tolist() == [5.0, 7.0]
    assert found.values("a", "m", 1).tolist() == [3.0, 1.0]
    assert found.baseline("a", "m") == 0
    assert np.isnan(found.baseline("a", "another"))
    assert np.isnan(middle(np.array([]), "mean"))
