"""Exact networks beside trained ones: trained anew, proved, and refused where they are not exact."""

import base64

import numpy as np
import pytest

from longcount import train
from longcount.analysis.models import chosen_models
from longcount.analysis.results import read_result
from longcount.analysis.selection import where
from longcount.exact.construct import construct
from longcount.report import exact_networks
from longcount.store.store import Store


@pytest.mark.parametrize("cell", sorted(exact_networks.LEARNED))
def test_training_gives_the_learned_weights_again(tmp_path, cell):
    store = train(cell, tmp_path / "store", recipe="exact", runs=1, jobs=1, progress=False)
    [best] = chosen_models(store).to_dict("records")
    weights = store.weights(cell, best["run"], best["epoch"])
    assert base64.b64encode(weights.astype("<f4").tobytes()).decode() == exact_networks.LEARNED[cell]


def test_what_is_shown_is_proved_and_a_trained_network_is_not(drawn, monkeypatch):
    store, models = Store.open(drawn), read_result(drawn, "models")
    for condition in store.study.conditions:
        mine = where(models, condition=condition.folder)
        found = {one["kind"]: one for one in exact_networks.exact_networks(store, condition, mine)}
        assert {"learned", "constructed"} <= set(found) <= {"repaired", "learned", "constructed"}
        assert all(one["verdict"].startswith("proved exact to depth ") for one in found.values())
        assert all("say ) if r0" in one["program"] for one in found.values())
        built = condition.built_in_cell()
        assert np.array_equal(np.float32(found["constructed"]["weights"]), construct(built.name))
        trained = store.weights(condition.folder, 0, 10)
        monkeypatch.setitem(exact_networks.LEARNED, built.name, base64.b64encode(trained.tobytes()).decode())
        found = {one["kind"]: one for one in exact_networks.exact_networks(store, condition, mine)}
        assert (found["learned"]["verdict"], found["learned"]["program"]) == ("not proved", "")
