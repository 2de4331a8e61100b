"""The claims of the paper: each has a verdict, and the verdict follows the numbers."""

import numpy as np
import pandas as pd
import pytest

from longcount.analysis.failures import PHASES
from longcount.analysis.regression import LATER_EPOCHS, correlations, table2
from longcount.analysis.results import read_results
from longcount.analysis.selection import where
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, IN_PART
from longcount.papers.el_naggar_2022 import claims as rules
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


def changed(frame: str, **columns):
    """Results with other values in a frame: one for all rows, one for each cell, or a function of the frame."""

    def change(results):
        rows = results[frame]
        by_cell = {name: rows["cell"].astype(str).map(one) for name, one in columns.items() if isinstance(one, dict)}
        return {frame: rows.assign(kept=True, learned=True).assign(**{**columns, **by_cell})}

    return change


def losses(**of_cells):
    """Results whose losses are functions of the epoch, one for each cell, ten epochs for each there is."""

    def loss(rows):
        return [of_cells[cell](epoch) for cell, epoch in zip(rows["cell"], rows["epoch"], strict=True)]

    return changed("losses", epoch=lambda rows: 10 * rows["epoch"], loss=loss)


def predicting(slope: float, correlation: float, r_squared: float):
    """Results in which the loss of all cells predicts alike, pooled and epoch by epoch."""
    rows = [(cell, epochs, correlation, 3) for cell in CELLS for epochs in ("all", LATER_EPOCHS, "1", "5")]
    by_epoch = pd.DataFrame(rows, columns=["condition", "epochs", "correlation", "runs"])
    table = changed("table2", slope=slope, p=0.001, r_squared=r_squared)
    return lambda results: {**table(results), "correlations": by_epoch}


def longer(gain: float, right: int):
    """Models trained longer, with this gain in their failure point and these words right."""
    fields = {"very_long_fpf_short": 500.0, "very_long_fpf_long": 500.0 + gain, "very_long_right_long": right}
    row = {"learned": True, "long_accuracy_short": 90.0, "long_accuracy_long": 90.0, **fields}
    return lambda results: {"long_training_models": pd.DataFrame([{"condition": cell, **row} for cell in CELLS] * 3)}


def failing(small: str, great: str, fpf: int = 500, alternating: bool = False):
    """Zigzag words that fail in a phase where j is small and in another where it is great, or in turn."""

    def phase(rows):
        models = np.arange(len(rows)) // len(set(rows["half_period"]))
        first = models % 2 == 0 if alternating else rows["half_period"] <= 100
        return np.where(first, PHASES.index(small), PHASES.index(great))

    return changed("zigzags", phase=phase, fpf=fpf)


def both(*changes):
    """Several changes at once."""
    return lambda results: {name: frame for change in changes for name, frame in change(results).items()}


CELLS = ("lstm", "relu", "gru")
EITHER_WAY = {
    rules.relu_learning: (changed("models", learned=False), changed("models", learned=True)),
    rules.convergence: (losses(**dict.fromkeys(CELLS, lambda epoch: 1.0)),
                        losses(**dict.fromkeys(CELLS, lambda epoch: 0.9**epoch))),
    rules.double_length: (changed("models", long_accuracy=95), changed("models", long_accuracy=10)),
    rules.ranking: (changed("models", long_accuracy={"lstm": 90, "gru": 80, "relu": 70}),
                    changed("models", long_accuracy={"lstm": 10, "gru": 5, "relu": 90})),
    rules.twenty_times: (changed("models", very_long_unfailed=0), changed("models", very_long_unfailed=1)),
    rules.best_model: tuple(changed("models", very_long_unfailed={**dict.fromkeys(CELLS, 0), cell: 1},
                                    very_long_fpf={**dict.fromkeys(CELLS, 500), cell: 900}) for cell in CELLS[1::-1]),
    rules.loss_predicts: (predicting(1, 0.9, 0.5), predicting(-1, -0.1, 0.1)),
    rules.loss_predicts_by_epoch: (predicting(1, 0.9, 0.5), predicting(-1, -0.1, 0.1)),
    rules.loss_falls: (losses(lstm=lambda epoch: 2 + 0.8**epoch, relu=lambda epoch: 1 + epoch // 10 % 2, gru=float),
                       losses(lstm=lambda epoch: 1 + epoch, relu=lambda epoch: 1 + epoch, gru=float)),
    rules.hundred_epochs: (longer(0, 0), longer(100, 0)),
    rules.never_right: (longer(0, 0), longer(0, 1)),
    rules.saturation: (changed("saturation", share=0), changed("saturation", share=1)),
    rules.lstm_fails_before_zero: (failing("closing", "closing"), failing("later", "later")),
    rules.smaller_j: (failing("never", "closing"), failing("closing", "never")),
    rules.relu_independent_of_depth: (
        both(failing("closing", "later", alternating=True), changed("models", increment_deep=1, increment_shallow=1)),
        both(failing("opening", "opening"), changed("models", increment_deep=2, increment_shallow=1))),
    rules.gru_fails_early: (failing("closing", "closing", 550), failing("closing", "closing", 900)),
}  # fmt: skip
"""By rule, results of which it says that its statement holds, and others of which it says that it does not; of the ReLU
it states the opposite of what it states of the others, that loss hardly predicts."""


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_claim_can_hold_and_can_fail(results, rule):
    verdicts = []
    for change in EITHER_WAY[rule]:
        claims = rule({**results, **change(results)})
        verdicts.append([claim.verdict for claim in (claims if isinstance(claims, list) else [claims])])
    for pair in zip(*verdicts, strict=True):
        assert set(pair) == {HOLDS, DOES_NOT_HOLD}
    assert verdicts[0][0] == HOLDS


def test_a_statement_of_two_cells_may_hold_in_part(results):
    one = changed("models", very_long_unfailed={"lstm": 0, "gru": 1, "relu": 0})
    claim = rules.twenty_times({**results, **one(results)})
    assert claim is not None
    assert claim.verdict == IN_PART


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
