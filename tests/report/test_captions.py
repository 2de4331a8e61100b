"""Every number of a caption, computed again from the stored results and compared in order."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from longcount.analysis.failures import PHASES
from longcount.analysis.results import read_results
from longcount.papers.el_naggar_2022 import TABLE_2
from longcount.report.draw import OF_DYCK1
from longcount.report.dyck1_panels import histogram, never_failed
from longcount.report.figures import figures
from longcount.report.tables import tables
from longcount.store.store import Store

CELLS = ("lstm", "relu", "gru")
Numbers = list[Any]
NUMBER = re.compile(r"([+−]?\d[\d,]*(?:\.\d+)?)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?")
PLAIN = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")


@pytest.fixture(scope="module")
def results(drawn):
    return read_results(Store.open(drawn), OF_DYCK1)


def numbers_of(text: str) -> tuple[list[float], list[float]]:
    """The numbers of a text, and half a unit of the last digit of each."""
    found, tolerances = [], []
    for digits, exponent in NUMBER.findall(text.replace("()()()…", "")):
        scale = 10.0 ** int(exponent.translate(PLAIN) or 0)
        plain = digits.replace(",", "").translate(PLAIN)
        found.append(float(plain) * scale)
        tolerances.append(0.5000001 * 10.0 ** -len(plain.partition(".")[2]) * scale)
    return found, tolerances


def of(frame: pd.DataFrame, **equal) -> pd.DataFrame:
    chosen = np.ones(len(frame), bool)
    for name, value in equal.items():
        chosen &= np.asarray(frame[name] == value)
    return frame.loc[chosen]


def constant(results) -> float:
    return of(results["table1"], condition="constant", measure="very_long_fpf", reading="average")["mean"].iloc[0]


def r(models: pd.DataFrame) -> float:
    return correlation(-np.log(models["validation_loss"]), models["very_long_fpf"])


def correlation(x, y) -> float:
    with np.errstate(invalid="ignore"):  # where all are alike it is not defined
        return np.corrcoef(x, y)[0, 1] if np.std(y) > 1e-6 else np.nan


def figure1(results) -> Numbers:
    models = of(results["checkpoints"], kept=True)
    by_cell = [models.loc[(models["condition"] == cell) & (models["epoch"] > 0)] for cell in CELLS]
    last = max(models["epoch"])
    shares = [(r(part) ** 2, TABLE_2[cell]["validation"].r_squared) for cell, part in zip(CELLS, by_cell, strict=True)]
    found = [number for pair in shares for number in pair]
    for part in by_cell:
        if not np.isnan(r(part)):
            later = r(part.loc[part["epoch"] > min(part["epoch"])])
            after_last = part.loc[part["epoch"] == last]
            found += [r(part), later, *([r(after_last), last] if len(after_last) > 2 else [])]
    return [*found, constant(results), 5, 95]


def predictors(results) -> Numbers:
    models = of(results["checkpoints"], kept=True)
    found = []
    for cell in CELLS:
        part = models.loc[(models["condition"] == cell) & (models["epoch"] > 0)]
        leak = -np.log(np.abs(part["leak"]))
        found += [r(part) ** 2, correlation(leak, part["very_long_fpf"]) ** 2]
    lstm = models.loc[(models["condition"] == "lstm") & (models["epoch"] > 0)]
    return [*found, 95, len(lstm), lstm["run"].nunique()]


def figure2(results) -> Numbers:
    found = []
    for cell in CELLS:
        losses = of(results["losses"], condition=cell, kept=True)
        last = losses.loc[losses["epoch"] == max(losses["epoch"])]["loss"]
        found += [last.mean(), last.min(), last.max()]
    return found


def figure2_long(results) -> Numbers:
    losses, models = results["long_training"], of(results["long_training_models"], learned=True)
    found = [losses.groupby("condition")["run"].nunique().max(), max(results["losses"]["epoch"]), max(losses["epoch"])]
    for cell in CELLS:
        part = of(models, condition=cell)
        if len(part):
            ratio = (part["validation_loss_short"] / part["validation_loss_long"]).median()
            found += [part["very_long_fpf_short"].mean(), part["very_long_fpf_long"].mean(), len(part), ratio]
    return found


def figure3(results) -> Numbers:
    zigzags = of(results["zigzags"], kept=True, half_period=500)
    found = []
    for cell in CELLS:
        part = of(zigzags, condition=cell)
        found += [number for number in np.bincount(part["phase"], minlength=len(PHASES)) if number]
        failures = sorted(np.where(part["fpf"] < part["length"], part["fpf"], np.inf))
        median = failures[(len(failures) - 1) // 2]
        found += [median] if np.isfinite(median) else []
    return [*found, 999, 0]


def figure3_all(results) -> Numbers:
    return sorted(set(results["zigzags"]["half_period"]) - {500})


def failure(cell: str) -> Callable:
    def numbers(results) -> Numbers:
        models = of(results["models"], condition=cell, kept=True, learned=True)
        if len(models) == 0:
            return []
        ratio = models["decrement_deep"] / models["increment_deep"] - 1
        found = [50, 1, ratio.median(), len(models), ratio.min(), ratio.max(), models["leak"].median()]
        gates = of(results["saturation"], condition=cell, kept=True, threshold=0.001)
        if len(gates):
            found += [0.001, *(100 * of(gates, gate=gate)["share"].median() for gate in gates["gate"].unique()), 1, 50]
        if cell == "relu":
            kept = of(results["indicators"], kept=True, learned=True)
            off = (kept["recurrent"] - 1).abs()
            found += [1, 1, off.median(), off.min()]
        return found

    return numbers


def survival(results) -> Numbers:
    curves = results["survival"]
    length = max(curves["position"]) + 1
    middle, end = round(0.5 * length), round(0.99 * length)
    found = [middle, end]
    for condition in curves["condition"].unique():
        curve = of(curves, condition=condition).set_index("position")["survival"]
        found += [100 * curve.loc[:middle].to_numpy()[-1], 100 * curve.loc[:end].to_numpy()[-1]]
    return [*found, 95]


def averages(results) -> Numbers:
    models = of(results["models"], condition="lstm", learned=True)
    shallow = models["shallow_fpf"]
    counts = [len(models), (shallow < 100).sum(), 100, (shallow >= 10_000).sum(), 10_000]
    return [*counts, models["very_long_fpf"].mean(), constant(results), 10_000]


EXPECTED = {
    "figure1": figure1, "predictors": predictors, "figure2": figure2, "figure2_long": figure2_long, "figure3": figure3,
    "figure3_all": figure3_all, "survival": survival, "averages": averages,
    **{f"failure_{cell}": failure(cell) for cell in CELLS},
}  # fmt: skip


def test_every_number_of_every_caption_is_that_of_the_results(results):
    made = figures(results)
    assert {figure.name for figure in made} <= set(EXPECTED), "a caption without a check"
    assert len(made) >= len(EXPECTED) - 1  # no GRU learns in so small a study
    for figure in made:
        found, tolerances = numbers_of(figure.sentence)
        expected = [float(number) for number in EXPECTED[figure.name](results) if not np.isnan(number)]
        assert len(found) == len(expected), (figure.name, figure.sentence, expected)
        for ours, number, tolerance in zip(found, expected, tolerances, strict=True):
            assert ours == pytest.approx(number, abs=tolerance), (figure.name, figure.sentence)


@pytest.mark.parametrize("name", ["figure1", "averages", "failure_lstm"])
def test_the_check_would_see_another_number(results, monkeypatch, name):
    """A result that is another than the one a caption was made from is noticed."""
    right = EXPECTED[name]
    monkeypatch.setitem(EXPECTED, name, lambda found: [1.2 * number + 1 for number in right(found)])
    with pytest.raises(AssertionError, match=name):
        test_every_number_of_every_caption_is_that_of_the_results(results)


def test_tables_and_captions_give_the_same_medians(results):
    """The share of a gate's saturated depths, a ratio of steps: one statistic, one rounding, in text and table."""
    table = next(table for table in tables(results) if table.name == "failure_modes").shown.set_index("measure")
    assert not any("within 0.05 " in measure for measure in table.index), "the others stand in the CSV file"
    told = next(figure for figure in figures(results) if figure.name == "failure_lstm").sentence
    for measure in ("gate i within 0.001 of its end, % of depths 1–50", "decrement / increment − 1 at depth 50"):
        assert table.loc[measure, "LSTM"].split(" (")[0] in told


def test_a_model_that_never_fails_is_drawn_as_no_failure():
    zigzags = pd.DataFrame({"fpf": [998, 999, 2000, 2000], "length": 2000})
    panel = histogram(zigzags, "lstm", 500, (0, 2000), 40, False)
    bars = panel["layer"][0]["data"]["values"]
    assert [(bar["from"], bar["last"], bar["models"]) for bar in bars] == [(959, 998, 1), (999, 1038, 1)]
    assert never_failed(zigzags) == 2


def test_tables_never_give_the_words_length_for_a_failure(results):
    models = results["models"].assign(shallow_fpf=10_000)
    changed = {**results, "models": models}
    shown = tables({**changed, "failure_modes": results["failure_modes"]})
    from longcount.analysis.failure_modes import failure_modes
    from longcount.report.tables import runs_shown

    modes = failure_modes(changed, 10_000)
    (told,) = {row["value"] for row in modes.to_dict("records") if row["measure"].startswith("first point")}
    assert told == np.inf
    assert set(runs_shown(changed)["FPF on ()()…"]) == {"none in 10,000"}
    assert all("10000" not in table.shown.to_csv() for table in shown if table.name != "table1")
