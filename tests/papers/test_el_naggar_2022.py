"""The claims of the paper: each has a verdict, and the verdict follows the numbers."""

import numpy as np
import pandas as pd
import pytest

from longcount.analysis.regression import correlations, table2
from longcount.analysis.results import read_results
from longcount.analysis.selection import where
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, IN_PART
from longcount.papers.el_naggar_2022.claims import claims
from longcount.store.store import Store


@pytest.fixture(scope="module")
def results(analysed):
    return read_results(Store.open(analysed))


def test_claims_have_verdicts_and_numbers(results):
    found = claims(results)
    assert set(found["verdict"]) <= {HOLDS, IN_PART, DOES_NOT_HOLD}
    assert len(found) >= 14
    assert all(any(letter.isdigit() for letter in text) for text in found["measured"])
    assert min(found["runs"]) >= 1


def test_claims_follow_the_numbers(results):
    """A GRU that gets a Very Long word right turns the verdict on failure at 1,000 tokens."""
    changed = dict(results)
    models = results["models"].assign(very_long_unfailed=0)
    statement = "On words of 1,000 tokens every LSTM and every GRU fails, on every word."

    def verdict(frame):
        changed["models"] = frame
        return where(claims(changed), statement=statement)["verdict"].iloc[0]

    assert verdict(models) == HOLDS
    assert verdict(models.assign(very_long_unfailed=(models["cell"] == "gru") & (models["run"] == 0))) == IN_PART
    assert verdict(models.assign(very_long_unfailed=(models["cell"] != "relu"))) == DOES_NOT_HOLD


def test_a_statement_that_rests_on_no_run_has_no_verdict(results):
    """Without LSTMs nothing is said of them, and of losses alone only what losses say."""
    others = {
        name: frame[frame["condition"] != "lstm"] if "condition" in frame else frame for name, frame in results.items()
    }
    found = claims(others)
    assert 0 < len(found) < len(claims(results))
    assert min(found["runs"]) >= 1
    nothing = {name: frame.iloc[:0] for name, frame in results.items()}
    assert set(claims({**nothing, "losses": results["losses"]})["section"]) == {"4.1"}


@pytest.fixture
def points():
    """Six runs of an LSTM after three epochs: the epochs' mean losses and failure points given, and within an epoch
    the failure point rising or falling with -ln of the loss."""

    def make(rises: bool, first=(0.1, 500.0)):
        rows = []
        for epoch, (loss, fpf) in {1: first, 5: (0.001, 900.0), 10: (0.0009, 900.0)}.items():
            for run in range(6):
                x = -np.log(loss) + 0.1 * run
                y = fpf + (20 if rises else -20) * run + 3 * (run % 2)
                rows.append({"condition": "lstm", "cell": "lstm", "run": run, "epoch": epoch, "kept": True,
                             **dict.fromkeys(("training_loss", "validation_loss", "long_loss"), np.exp(-x)),
                             **dict.fromkeys(("last_word_loss", "leak", "imbalance"), np.exp(-x)),
                             "very_long_fpf": y})  # fmt: skip
        return pd.DataFrame(rows)

    return make


def judged(results, points):
    changed = {**results, "table2": table2(points), "correlations": correlations(points)}
    found = where(claims(changed), section="4")
    return {
        kind: where(found.loc[found["statement"].str.startswith(f"LSTM, {kind}")], section="4").iloc[0]
        for kind in ("all epochs together", "epoch by epoch")
    }


def test_that_loss_predicts_rests_on_the_epochs_it_is_judged_over(results, points):
    """Pooled and within epochs, loss may predict in both, in one of them or in none; and the verdict says which."""
    pooled, by_epoch = judged(results, points(rises=True)).values()
    assert (pooled["verdict"], by_epoch["verdict"]) == (HOLDS, HOLDS)
    assert "first epoch" not in pooled["measured"]
    pooled, by_epoch = judged(results, points(rises=False)).values()
    assert (pooled["verdict"], by_epoch["verdict"]) == (IN_PART, DOES_NOT_HOLD)
    assert "The sign comes from the models of the first epoch" in pooled["measured"]
    assert by_epoch["measured"].endswith("epoch 1: −1.00, 5: −1.00, 10: −1.00")
    pooled, by_epoch = judged(results, points(rises=True, first=(0.1, 1500.0))).values()
    assert (pooled["verdict"], by_epoch["verdict"]) == (DOES_NOT_HOLD, HOLDS)
    one_epoch = points(rises=True).assign(very_long_fpf=lambda frame: frame["very_long_fpf"].where(
        frame["epoch"] != 10, 900.0 - 20 * frame["run"]))  # fmt: skip
    assert judged(results, one_epoch)["epoch by epoch"]["verdict"] == IN_PART


def test_correlations_are_numpys(results):
    models = where(results["checkpoints"], kept=True)
    models = models.loc[models["epoch"] > 0]
    found = results["correlations"]
    assert {"all", "after the first", "1"} <= set(found["epochs"])
    for row in found.to_dict("records"):
        part = where(models, condition=row["condition"])
        first = min(part["epoch"])
        if row["epochs"] == "after the first":
            part = part.loc[part["epoch"] > first]
        elif row["epochs"] != "all":
            part = where(part, epoch=int(row["epochs"]))
        with np.errstate(invalid="ignore"):  # where all fail at the same token
            expected = np.corrcoef(-np.log(part["validation_loss"]), part["very_long_fpf"])[0, 1]
        assert row["correlation"] == pytest.approx(expected, abs=1e-9, nan_ok=True)
        assert row["models"] == len(part)
