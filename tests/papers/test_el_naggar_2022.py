"""The claims of the paper: each has a verdict, and the verdict follows the numbers."""

import pytest

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
