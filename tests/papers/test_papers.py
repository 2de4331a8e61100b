"""Every paper: its published numbers have sources, its claims can fail, and its report is drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from longcount.analysis import counting
from longcount.papers import (
    PAPERS,
    bhattamishra_2020,
    counter_languages,
    el_naggar_2023_linear,
    el_naggar_2023_relu,
    gers_2001,
    lan_2024,
    sarrof_2024,
    suzgun_2019,
    suzgun_2019_dynamic,
    weiss_2018,
)
from longcount.papers.asking import RECURRENT, STEPS
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, IN_PART
from longcount.papers.findings import COLUMNS, Findings, middle
from longcount.papers.measuring import every, last, measured
from longcount.papers.paper import STATISTICS
from longcount.report.draw import draw
from longcount.report.paper_tables import NOT_READ, paper_tables, published_told
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
    assert set(values["arm"]) == {paper.arm_of(condition) for condition in store.study.conditions}
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


NEVER = np.inf


def test_suzgun_2019_dynamic_verdicts_follow_the_numbers():
    paper, long, ramp = suzgun_2019_dynamic.PAPER, suzgun_2019_dynamic.LONG, "first_failing_ramp"
    one = suzgun_2019_dynamic.ONE_UNIT

    def made(good: list[float], dyck2: list[float], fails: float) -> Findings:
        arms = {arm: {long: good, ramp: [fails] * 2} for arm in (one, "LSTM, Dyck-1", "LSTM, Shuffle-2")}
        return findings({**arms, "GRU, Dyck-2": {long: dyck2}})

    assert verdicts(paper, made([99.0, 95], [3.0, 1], NEVER)) == [HOLDS] * 4
    assert verdicts(paper, made([99.0, 10], [3.0, 60], 40)) == [DOES_NOT_HOLD] * 4


def test_weiss_2018_verdicts_follow_the_numbers():
    rejected, accepted = weiss_2018.REJECTED, weiss_2018.ACCEPTED

    def made(lstm: float, gru: float, near: float) -> Findings:
        return findings({
            "LSTM, aⁿbⁿ": {rejected: [lstm] * 3, accepted: [near] * 3},
            "GRU, aⁿbⁿ": {rejected: [gru] * 3, accepted: [1.0] * 3},
        })  # fmt: skip

    assert verdicts(weiss_2018.PAPER, made(NEVER, 50, 440)) == [HOLDS] * 4
    assert verdicts(weiss_2018.PAPER, made(120, 110, 1)) == [DOES_NOT_HOLD] * 4


def conditions(recurrent: float, fails: float, **others: float) -> dict[str, list[float]]:
    made = {RECURRENT: recurrent, STEPS: 0.0, "first_failing_ramp": fails, **others}
    return {name: [value] * 2 for name, value in made.items()}


def test_el_naggar_2023_linear_verdicts_follow_the_numbers():
    def made(recurrent: float, fails: float, short: float) -> Findings:
        accuracies = {"validation_accuracy": short, "very_long_accuracy": 60.0}
        return findings({"two classes": conditions(recurrent, fails, **accuracies)})

    assert verdicts(el_naggar_2023_linear.PAPER, made(0.01, 9, 90)) == [HOLDS] * 3
    assert verdicts(el_naggar_2023_linear.PAPER, made(0, 9, 60)) == [DOES_NOT_HOLD] * 3


def test_el_naggar_2023_relu_verdicts_follow_the_numbers():
    def made(trained: float, fails: float, loss: float) -> Findings:
        plain = conditions(trained, fails, validation_loss=loss)
        return findings({"Dyck-1": plain, "Dyck-1, recipe exact": conditions(0, NEVER, validation_loss=1e-9)})

    assert verdicts(el_naggar_2023_relu.PAPER, made(0.01, 9, 1e-12)) == [HOLDS] * 3
    assert verdicts(el_naggar_2023_relu.PAPER, made(0.01, NEVER, 1e-3)) == [HOLDS, DOES_NOT_HOLD, DOES_NOT_HOLD]
    assert verdicts(el_naggar_2023_relu.PAPER, made(0, NEVER, 1e-3))[0] == DOES_NOT_HOLD


@pytest.mark.parametrize(
    ("paper", "cell"), [(bhattamishra_2020.PAPER, "LSTM"), (sarrof_2024.PAPER, "S6")], ids=["2020", "2024"]
)
def test_verdicts_of_counter_languages_follow_the_numbers(paper, cell):
    def made(first: float, third: float, fails: float) -> Findings:
        values = dict(zip(counter_languages.BINS, ([first] * 2, [100.0] * 2, [third, 100]), strict=True))
        return findings({f"{cell}, Dyck-1": {**values, "worst_case": [NEVER, fails]}})

    of_paper = len(paper.rules) - 1
    assert verdicts(paper, made(100, -90, NEVER)) == [HOLDS] * (of_paper + 1)
    assert verdicts(paper, made(90, 100, NEVER)) == [DOES_NOT_HOLD] * of_paper + [None]
    assert verdicts(paper, made(100, 0, 70))[-1] == DOES_NOT_HOLD
