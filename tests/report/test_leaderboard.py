"""The leaderboard drawn: one figure, one page that needs no network, the same bytes again from what was judged."""

import hashlib
import shutil

import altair
import pandas as pd
import pytest

from longcount.analysis.interventions import BASELINE, INTERVENTIONS
from longcount.analysis.leaderboard import read_leaderboard
from longcount.analysis.results import path_of
from longcount.analysis.selection import where
from longcount.errors import UserError
from longcount.report import image_files
from longcount.report.draw import draw
from longcount.report.leaderboard.figure import leaderboard_figure
from longcount.report.leaderboard.page import Entry, leaderboard_facts, lines
from longcount.store.store import Store

pytestmark = pytest.mark.filterwarnings("ignore:.*:ResourceWarning")
CELLS = ("lstm", "gru", "relu")


@pytest.fixture
def copy(leaderboard, tmp_path):
    """The folder, to be damaged."""
    return shutil.copytree(leaderboard, tmp_path / "leaderboard")


def kept(directory):
    """What was judged."""
    found = read_leaderboard(Store.open(directory))
    assert found is not None
    return found


def row(**changes):
    """A line of a cell's table as numbers: 200 runs of the paper's protocol, none exact."""
    measured = {"learned": 0.99, "exact": 0.0, "accuracy": 40.0, "fpf": 916.8}
    ends = {f"{name}_{end}": value for name, value in measured.items() for end in ("low", "high")}
    told = {
        "cell": "lstm",
        "intervention": BASELINE.name,
        "runs": 200,
        "bounded": 50,
        "lower_bound": 30.5,
        "draws": 1.0,
    }
    return {**told, **measured, **ends, **changes}


def test_every_intervention_is_told_in_a_sentence_with_its_own_numbers():
    told = {intervention.name: intervention.sentence() for intervention in INTERVENTIONS}
    for sentence in told.values():
        assert sentence.endswith(".")
        assert "{" not in sentence
    assert "0.1." in told["clipped gradient norm"]
    assert "2–100 tokens" in told["training words to 100 tokens"]


def test_deleted_outputs_come_back_with_the_same_bytes(copy):
    outputs = [copy / "report.html", *sorted((copy / "figures").iterdir()), *sorted((copy / "tables").iterdir())]
    names = {path.name for path in outputs}
    ends = [f".{end}" for end in (*image_files.IMAGE_FORMATS, "csv", "md", "tex")] + ["_column.pdf", "_column.svg"]
    assert names == {"report.html"} | {f"leaderboard{end}" for end in ends}
    before = [hashlib.sha256(path.read_bytes()).digest() for path in outputs]
    for path in outputs:
        path.unlink()
    draw(copy)
    assert [hashlib.sha256(path.read_bytes()).digest() for path in outputs] == before


def test_what_is_not_finished_says_so(copy):
    path_of(copy, "leaderboard").unlink()
    with pytest.raises(UserError, match=r"to resume it, run `longcount leaderboard --out "):
        draw(copy)


@pytest.mark.parametrize("name", ["leaderboard", "leaderboard_baselines"])
def test_what_is_damaged_says_so(copy, name):
    path_of(copy, name).write_bytes(path_of(copy, name).read_bytes()[:100])
    with pytest.raises(UserError, match="not finished"):
        draw(copy)


def test_a_store_that_has_changed_since_is_not_finished(copy):
    next((copy / "runs").glob("*/*/manifest.json")).unlink()
    with pytest.raises(UserError, match="not finished"):
        draw(copy)


def test_figure_is_valid_vega_lite_with_two_panels_a_cell(leaderboard):
    figure = leaderboard_figure(kept(leaderboard))
    altair.Chart.from_dict(figure.for_print())
    assert [len(line) for line in figure.rows] == [2, 2, 2]
    _, right = figure.rows[0]
    answer = right["layer"][1]["data"]["values"][0]
    constant = where(kept(leaderboard).baselines, baseline="constant")["fpf_mean"].iloc[0]
    assert answer == {"fpf": round(constant, 1), "what": "constant answer"}
    assert right["layer"][2]["encoding"]["x"]["scale"]["domain"] == [0, 200]


def test_worst_cases_are_told_with_how_many_were_bounded():
    table = pd.DataFrame(
        [
            row(intervention="the exact recipe", exact=1.0, bounded=0, lower_bound=float("nan")),
            row(intervention="hard gates", exact=0.5, bounded=0, lower_bound=float("nan")),
            row(bounded=1),
            row(),
        ]
    )
    assert [line.entries[-1] for line in lines(table)] == [
        Entry("none fails", "", "Infinity"),
        Entry("–", "", "-1"),
        Entry("30.5", "of 1 run", "30.5"),
        Entry("30.5", "of 50 runs", "30.5"),
    ]
    assert [line.is_papers for line in lines(table)] == [False, False, True, True]


def test_shares_never_round_to_a_perfection_that_was_not_measured():
    table = pd.DataFrame([row(runs=10_000, exact=0.9999, exact_low=0.99944, exact_high=0.99998)])
    assert lines(table)[0].entries[0] == Entry("99.99", "99.9–99.998", "0.9999")


def test_facts_name_what_is_best_and_what_averages_hide(leaderboard):
    told = leaderboard_facts(kept(leaderboard))
    relu = next(fact for fact in told if fact.startswith("ReLU"))
    assert "at least one of 3 runs is proved exact under" in relu
    assert "the exact recipe (100 %, 43.9–100)" in relu
    assert any(fact.startswith("Averages hide the worst case.") for fact in told)
    assert any("which counts nothing" in fact for fact in told)


def test_page_opens_offline_without_a_complaint_or_a_request(opened, leaderboard):
    page = opened(leaderboard)
    assert page.complaints == []
    assert page.locator("#leaderboard .panel[data-drawn='yes']").count() == 6
    text = page.locator("main").inner_text()
    for told in (
        "longcount leaderboard --out DIR --runs 3 --bounded 2 --seed 0",
        "longcount report DIR",
        "to 1,000 tokens",
    ):
        assert told in text
    for cell in CELLS:
        table = page.locator(f"#table-{cell} + .scroll table")
        assert table.locator("tbody tr").count() == 4
        assert table.locator("tr.paper").count() == 1
    assert page.locator("#meanings dt").count() == 4


def test_tables_sort_by_the_value_and_not_by_its_interval(opened, leaderboard):
    page = opened(leaderboard)
    table = page.locator("#table-relu + .scroll table")
    heading = table.locator("thead th", has_text="average FPF")
    for direction in ("ascending", "descending"):
        heading.click()
        assert heading.get_attribute("aria-sort") == direction
        shown = table.locator("tbody tr td:nth-child(5)").evaluate_all(
            "all => all.map((td) => Number(td.dataset.sort))"
        )
        assert shown == sorted(shown, reverse=direction == "descending")
        assert len(set(shown)) > 1


def test_hovering_tells_the_numbers(opened, leaderboard):
    page = opened(leaderboard)
    page.locator("#leaderboard .panel").first.locator("svg .mark-symbol path").first.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    told = page.locator("#vg-tooltip-element").inner_text()
    assert all(word in told for word in ("intervention", "runs", "proved exact %"))


@pytest.mark.parametrize("width", [360, 390, 800, 1400])
def test_nothing_is_wider_than_the_window(opened, leaderboard, width):
    page = opened(leaderboard, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
