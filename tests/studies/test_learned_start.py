"""A state before the first token that is learned: trained by both engines, kept, exported, judged, and never proved."""

import json

import numpy as np
import pytest
import torch

from longcount import Store, cells, engine, evaluate
from longcount.analysis.traces import trace
from longcount.commands.application import main
from longcount.errors import UserError
from longcount.exact.construct import construct
from longcount.languages import Words, dyck
from longcount.store.exchange import export_run, import_models, to_torch
from longcount.store.model_stores import keep_models
from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training.engines import initial_weights
from longcount.training.study_files import build_study

WORDS = Words.from_strings(["(())", "()()", "((()))()"])


@pytest.fixture(scope="module")
def store(tmp_path_factory, small_study) -> Store:
    """LSTMs and GRUs of two units, 2 runs each, with learned and zero starts."""
    study = small_study(cell=["lstm", "gru"], runs=2, epochs=2, hidden_size=2, start=["zero", "learned"])
    return run_study(study, tmp_path_factory.mktemp("starts") / "store", Threads(1))


def test_all_other_weights_begin_as_without_one():
    zero, learned = build_study({"cell": "lstm", "hidden_size": 2, "start": ["zero", "learned"]}).conditions
    assert not zero.network().learned_start
    cell = learned.network()
    assert [name for name in cell.shapes() if name.endswith("_0_l0")] == ["h_0_l0", "c_0_l0"]
    begun, other = initial_weights(learned, range(3)), initial_weights(zero, range(3))
    np.testing.assert_array_equal(begun[:, : other.shape[1]], other)
    drawn = begun[:, other.shape[1] :]
    assert drawn.shape == (3, 4)
    assert (np.abs(drawn) > 0).all()
    assert (np.abs(drawn) <= 2**-0.5).all()


def test_both_engines_train_it_alike():
    condition = build_study({"cell": "gru", "hidden_size": 2, "start": "learned", "optimiser": "rmsprop"}).conditions[0]
    cell, initial = condition.network(), initial_weights(condition, range(2)).astype(np.float64)
    other = condition.model_copy(update={"engine": "torch"}).network()
    assert list(other.shapes()) == list(cell.shapes())
    ours, theirs = engine.start(initial), engine.start(initial)
    targets, orders = dyck.targets(WORDS), np.tile([2, 0, 1], 7)
    engine.train(cell, ours, WORDS, targets, orders, 0.01, condition.options())
    from longcount.training import torch_engine

    torch_engine.train(other, theirs, WORDS, targets, orders, 0.01, condition.options())
    np.testing.assert_allclose(theirs.parameters, ours.parameters, rtol=0, atol=1e-10)
    assert (np.abs(ours.parameters - initial)[:, -2:] > 1e-3).all()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_store_keeps_it_and_pytorch_computes_the_same(store, tmp_path, cell):
    name = f"{cell}-start=learned"
    tensors = store.tensors(name, 0, 2)
    assert (tensors["h_0_l0"] != store.tensors(name, 0, 0)["h_0_l0"]).all()
    frame = trace(store.directory, 0, WORDS, name, 2)
    outputs = frame[["output_(", "output_)"]].to_numpy()
    module = to_torch(store, 0, name, 2)
    with torch.no_grad():
        theirs = np.concatenate([module(torch.eye(2)[torch.tensor(word.astype(int))]).numpy() for word in WORDS])
    np.testing.assert_allclose(outputs, theirs, atol=1e-6)

    for suffix in ("safetensors", "pt"):
        export_run(store, 0, tmp_path / f"model.{suffix}", name, 2)
        (found,) = import_models([tmp_path / f"model.{suffix}"], tmp_path / suffix)
        assert found.cell == store.condition(name).built_in_cell()
        back = Store.open(tmp_path / suffix)
        assert back.study.conditions[0].start == "learned"
        np.testing.assert_array_equal(back.weights(cell, 0, 0), store.weights(name, 0, 2))
    judged, before = (evaluate(place, WORDS, "last") for place in (tmp_path / "pt", store.directory))
    row = before[(before["condition"] == name) & (before["run"] == 0)]
    assert judged["loss"].tolist() == row["loss"].tolist()


def test_starts_that_do_not_fit_are_told_of():
    from longcount.cells.recognition import recognise

    cell = cells.CELLS["lstm"](learned_start=True)
    tensors = cells.unpack(cell, np.linspace(-1, 1, cell.size()).astype(np.float32))
    assert recognise({f"model.{name}": tensor for name, tensor in tensors.items()}).cell == cell
    without = {name: tensor for name, tensor in tensors.items() if name != "c_0_l0"}
    with pytest.raises(UserError, match=r"lacks c_0_l0 of lstm of hidden size 1, .*, its start learned"):
        recognise(without)
    wide = {**tensors, "h_0_l0": np.zeros((1, 1, 1), np.float32)}
    with pytest.raises(UserError, match=r"h_0_l0 has shape \[1, 1, 1\]; .*, its start learned.* has \[1\]"):
        recognise(wide)


def test_it_is_part_of_what_is_proved_and_repaired(tmp_path, capsys):
    cell = cells.CELLS["relu"](learned_start=True)
    weights = np.stack([np.append(construct("relu"), np.float32(start)) for start in (0, 1)])
    keep_models(tmp_path / "store", {cell: weights}, "imported", {})
    assert main(["certify", str(tmp_path / "store"), "--limit", "20", "--json"]) == 0
    assert [row["verdict"] for row in json.loads(capsys.readouterr().out)] == ["exact", "bounded"]
    assert main(["repair", str(tmp_path / "store"), "--out", str(tmp_path / "repaired"), "--json"]) == 0
    assert [row["method"] for row in json.loads(capsys.readouterr().out)] == ["none", "project"]


def test_where_it_means_nothing_it_is_refused():
    with pytest.raises(UserError, match="the recipe 'exact' sets start; leave it out"):
        build_study({"cell": "lstm", "recipe": "exact", "start": "learned"})
    with pytest.raises(UserError, match="start applies to cells; a PyTorch module sets its own initial state"):
        build_study({"cell": "mine", "module": "torch.nn:LSTM", "engine": "torch", "start": "learned"})
    with pytest.raises(UserError, match="start: should be 'zero' or 'learned', not 'random'"):
        build_study({"cell": "lstm", "start": "random"})
