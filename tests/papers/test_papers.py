"""Every paper: its published numbers have sources, its claims can fail, and its report is drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from longcount.analysis import counting
from longcount.papers import PAPERS, gers_2001, lan_2024, suzgun_2019
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, IN_PART
from longcount.papers.findings import COLUMNS, Findings, middle
from longcount.papers.measuring import every, last, measured
from longcount.papers.paper import STATISTICS
from longcount.report.draw import draw
from longcount.report.paper_tables import NOT_READ, paper_tables, published_told
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training.merging import merge

REPORTED = {name: paper for name, paper in PAPERS.items() if paper.arm_of is not None}


def findings(arms: dict[str, dict[str, list[float]]], without_memory: float = 0.0) -> Findings:
    """Made-up values by arm and measure, and one of the baseline for all."""
    rows = [
        (arm, arm, False, measure, 1, run, value)
        for arm, measures in arms.items()
        for measure, values in measures.items()
        for run, value in enumerate(values)
    ]
    rows += [(arm, arm, True, measure, 0, 0, without_memory) for arm, of_arm in arms.items() for measure in of_arm]
    return Findings(pd.DataFrame(rows, columns=list(COLUMNS)))


@pytest.mark.parametrize("paper", REPORTED.values(), ids=REPORTED)
def test_every_published_number_has_a_source_an_arm_and_a_measure(paper):
    arms = {paper.arm_of(condition) for condition in paper.study(paper.runs, 0, None).conditions}
    measures = {measure.name for measure in paper.measures}
    stated = [*paper.published, *paper.curves, *paper.spreads]
    for one in stated:
        assert len(one.source) > 20
        assert any(digit.isdigit() for digit in one.source), "a paper with table, or a commit"
        assert one.arm in arms
        assert one.measure in measures
    assert {one.statistic for one in paper.published} <= set(STATISTICS)
    keys = [(*one[:2], one.statistic) for one in paper.published]
    assert len(set(keys)) == len(keys)
    assert paper.title
    assert paper.reproduces
    assert paper.minutes is not None
    assert paper.minutes <= 30
    assert all(all(departure) for departure in paper.departures)


def shrunk(paper, conditions=1):
    """The first conditions of its study with few runs, epochs and words."""
    study = paper.study(2, 0, None)
    few = []
    for condition in study.conditions[:conditions]:
        given = condition.words.model_dump(exclude_defaults=True)
        lengths = {"long_words": 6, "very_long_words": 2, "very_long_length": 60}
        by_n = condition.problem().language.numbers
        sizes = {"training_words": 12, "validation_words": 6, **({} if by_n else lengths)}
        words = type(condition.words)(**{**given, **sizes})
        few.append(condition.model_copy(update={"runs": 2, "epochs": 2, "words": words, "folder": ""}))
    return study.model_copy(update={"conditions": merge(few)})


@pytest.mark.parametrize("paper", REPORTED.values(), ids=REPORTED)
def test_a_small_run_draws_tables_figures_and_a_page(paper, tmp_path, monkeypatch):
    """With few networks, few words and small n."""
    first_n = counting.first_n
    monkeypatch.setattr(counting, "first_n", lambda one, largest, wrong: first_n(one, min(largest, 8), wrong))
    monkeypatch.setattr(lan_2024, "NUMBERS", [3])
    small = replace(paper, measures=tuple(replace(measure, most_runs=1) for measure in paper.measures))
    monkeypatch.setitem(PAPERS, paper.name, small)
    store = run_study(shrunk(paper), tmp_path / "store", Threads(1))
    draw(store.directory, jobs=1)
    page = (store.directory / "report.html").read_text()
    assert paper.title in page
    table = pd.read_csv(store.directory / "tables/paper.csv")
    assert set(table["arm"]) == {paper.arm_of(condition) for condition in store.study.conditions}
    assert table["without_memory"].notna().to_numpy().any()
    first = (store.directory / "results/paper.parquet").read_bytes()
    draw(store.directory, jobs=1)
    assert (store.directory / "results/paper.parquet").read_bytes() == first
    found = measured(Store.open(store.directory), small, 1)
    assert set(found.frame.columns) == set(COLUMNS)
    sources = next(table for table in paper_tables(paper, found) if table.name == "sources")
    assert len(sources.shown) == len(paper.published)
    assert sources.shown["source"].str.len().min() > 20


def test_a_number_that_was_not_read_says_so():
    measure = suzgun_2019.PAPER.measures[0]
    absent = suzgun_2019.Published("aⁿbⁿ, uniform", "e1", None, "a figure")
    assert published_told(measure, {"mean": absent}) == NOT_READ


def test_epochs_at_which_runs_are_measured():
    losses = np.array([[9.0, 5, 4, 4.5, 3, 3, 3, 2], [9.0, 1, 2, 2, 2, 2, 2, 2]])
    assert last(losses).tolist() == [[7], [7]]
    assert every(3)(losses).tolist() == [[1, 3, 6, 7]] * 2


def test_findings_by_epoch_and_at_the_end():
    frame = findings({"a": {"m": [3.0, 1.0]}}).frame
    later = frame.loc[~frame["baseline"]].assign(epoch=2, value=[5.0, 7.0])
    found = Findings(pd.concat([frame, later]))
    assert found.epochs("a", "m") == [1, 2]
    assert found.values("a", "m").tolist() == [5.0, 7.0]
    assert found.values("a", "m", 1).tolist() == [3.0, 1.0]
    assert found.baseline("a", "m") == 0
    assert np.isnan(found.baseline("a", "another"))
    assert np.isnan(middle(np.array([]), "mean"))


def verdicts(paper, found: Findings) -> list[str | None]:
    return [None if claim is None else claim.verdict for claim in (rule(found) for rule in paper.rules)]


def test_suzgun_2019_verdicts_follow_the_numbers():
    paper, names = suzgun_2019.PAPER, suzgun_2019.MAIN
    means = {arm: suzgun_2019.CURVES[arm][-1][2] for arm in names}
    theirs = {arm: {"e1": [mean - 1] * 6 + [mean + 1] * 6} for arm, mean in means.items()}
    assert verdicts(paper, findings(theirs)) == [HOLDS] * 3
    alike = {arm: {"e1": [1.0] * 11} for arm in names}
    assert verdicts(paper, findings(alike)) == [DOES_NOT_HOLD] * 3
    assert verdicts(paper, findings({"another arm": {"e1": [1.0]}})) == [None] * 3


def test_gers_2001_verdicts_follow_the_numbers():
    (one, two), n = gers_2001.ARMS.values(), gers_2001.CONTIGUOUS
    paper = gers_2001.PAPER
    assert verdicts(paper, findings({one: {n: [40.0, 60]}, two: {n: [20.0, 25]}})) == [HOLDS, HOLDS]
    assert verdicts(paper, findings({one: {n: [9.0, 60]}, two: {n: [20.0, 60]}})) == [IN_PART, DOES_NOT_HOLD]
    assert verdicts(paper, findings({one: {n: [9.0]}, two: {n: [10.0]}})) == [DOES_NOT_HOLD] * 2


def test_lan_2024_verdicts_follow_the_numbers():
    paper = lan_2024.PAPER
    fails, accuracy = lan_2024.FAILS, lan_2024.ACCURACY

    def made(none: float, regular: float, share: float) -> Findings:
        arms = {arm: {fails: [regular] * 3} for arm in (lan_2024.L1, lan_2024.L2)}
        arms[lan_2024.NONE] = {fails: [none] * 3, accuracy: [share] * 3}
        return findings(arms, without_memory=99.8)

    assert verdicts(paper, made(33, 1, 99.9)) == [HOLDS] * 3
    assert verdicts(paper, made(33, np.inf, 99.8)) == [DOES_NOT_HOLD] * 3
