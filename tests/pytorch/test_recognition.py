"""Other people's names: found by role and shape, or refused in one clear line."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from longcount import cells, engine
from longcount.cells.recognition import described, recognise
from longcount.commands.application import main
from longcount.errors import UserError
from longcount.training.torch_modules import from_torch


def network(name: str = "lstm", recurrent: str = "", readout: str = "readout.", **sizes: int) -> dict[str, np.ndarray]:
    """Tensors of a network with these prefixes; every number differs."""
    shapes = cells.get(name, **sizes).shapes()
    total = sum(int(np.prod(shape)) for shape in shapes.values())
    numbers = iter(np.linspace(-1, 1, total, dtype=np.float32))
    tensors = {}
    for ours, shape in shapes.items():
        theirs = readout + ours.removeprefix("readout.") if ours.startswith("readout.") else recurrent + ours
        tensors[theirs] = np.array([next(numbers) for _ in range(int(np.prod(shape)))], np.float32).reshape(shape)
    return tensors


PREFIXES = [
    ("", "readout."),
    ("lstm.", "fc."),
    ("gru.", "fc2."),
    ("rnn.", "linear."),
    ("module.lstm.", "module.out."),
    ("_orig_mod.model.rnn.", "_orig_mod.model.decoder."),
    ("recurrent.", ""),
    ("layers.0.", "layers.1."),
]


@pytest.mark.parametrize(("recurrent", "readout"), PREFIXES)
@pytest.mark.parametrize("name", ["lstm", "gru", "relu"])
@pytest.mark.parametrize("sizes", [{}, {"hidden_size": 2}, {"hidden_size": 3, "layers": 2}])
def test_prefixes_do_not_matter(name, recurrent, readout, sizes):
    found = recognise(network(name, recurrent, readout, **sizes))
    assert found.cell == cells.get(name, **sizes)
    for ours, tensor in network(name, **sizes).items():
        np.testing.assert_array_equal(found.tensors[ours], tensor)
    assert list(found.tensors) == list(found.cell.shapes())
    assert not found.rounded


def test_names_of_a_single_cell_lack_the_layer():
    tensors = {name.replace("_l0", ""): tensor for name, tensor in network("gru", "cell.").items()}
    assert recognise(tensors).cell == cells.get("gru")


def test_a_plain_rnn_is_taken_for_relu_and_that_is_told():
    found = recognise(network("relu", "rnn."))
    assert found.cell.name == "relu"
    assert found.alike == ("relu", "tanh", "linear")
    asked = recognise(network("relu", "rnn."), cell="tanh")
    assert asked.cell.name == "tanh"
    assert asked.alike == ()
    assert recognise(network("lstm")).alike == ()


def test_the_readout_is_the_one_that_fits():
    tensors = {**network("lstm", "lstm.", "fc2.")}
    tensors["fc1.weight"], tensors["fc1.bias"] = np.ones((1, 3), np.float32), np.ones(1, np.float32)
    with pytest.raises(UserError, match=r"fc1.bias, fc1.weight: no part of recurrent layers"):
        recognise(tensors)


@pytest.mark.parametrize("learned_start", [False, True])
@pytest.mark.parametrize("name", cells.names())
def test_letters_and_outputs_are_those_of_the_tensors(name, learned_start):
    for sizes in ((1, 1, 3, 2), (3, 2, 2, 1), (2, 1, 12, 13)):
        cell = replace(cells.get(name, *sizes), learned_start=learned_start)
        tensors = {
            ours.replace("readout.", "fc.") if "readout" in ours else f"net.{ours}": np.full(shape, 0.5, np.float32)
            for ours, shape in cell.shapes().items()
        }
        assert recognise(tensors, cell=name).cell == cell
        found = recognise(tensors)
        assert found.cell.shapes() == cell.shapes()
        assert found.cell == cell or found.cell.name in found.alike or cell.rarely_meant


def test_a_learned_start_tells_cells_apart():
    """An sLSTM's state has four parts, an LSTM's two."""
    for name in ("lstm", "slstm", "gru", "coupled_lstm"):
        cell = replace(cells.get(name), learned_start=True)
        tensors = {ours: np.zeros(shape, np.float32) for ours, shape in cell.shapes().items()}
        assert recognise(tensors).cell == cell
    half = {ours: np.zeros(shape, np.float32) for ours, shape in cells.get("lstm").shapes().items()}
    with pytest.raises(UserError, match=r"lacks c_0_l0 of lstm of hidden size 1, .*, its start learned"):
        recognise(half | {"h_0_l0": np.zeros(1, np.float32)})


def test_a_network_is_described_with_its_sizes():
    assert described(cells.get("gru")) == "gru of hidden size 1, 2 letters, 2 outputs"
    cell = replace(cells.get("lstm", 4, 2, 3, 1), learned_start=True)
    assert described(cell) == "lstm of hidden size 4, 2 layers, 3 letters, 1 output, its start learned"


def test_names_can_be_mapped_one_by_one_or_by_prefix():
    tensors = {"kernel": network()["weight_ih_l0"], **network()}
    del tensors["weight_ih_l0"]
    assert recognise(tensors, renamed={"kernel": "weight_ih_l0"}).cell.name == "lstm"
    odd = {f"a.b.{name}" if "readout" not in name else name.replace("readout", "head.x"): tensor
           for name, tensor in network().items()}  # fmt: skip
    odd |= {"b.weight": np.ones((2, 1), np.float32)}
    with pytest.raises(UserError, match=r"b\.weight: no part of"):
        recognise(odd)
    del odd["b.weight"]
    assert recognise(odd, renamed={"a.b.": "", "head.x.": "readout."}).cell.name == "lstm"


def test_rounding_to_float32_is_told():
    tensors = {name: tensor.astype(np.float64) for name, tensor in network().items()}
    assert not recognise(tensors).rounded
    tensors["readout.bias"] = tensors["readout.bias"] + 1e-12
    found = recognise(tensors)
    assert found.rounded
    assert found.tensors["readout.bias"].dtype == np.float32


def changed(**changes: np.ndarray | None) -> dict[str, np.ndarray]:
    tensors = {**network("lstm", "lstm.", "fc."), **{name.replace("__", "."): new for name, new in changes.items()}}
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


def floats(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


REFUSALS = {
    "nothing": ({}, "lacks weight_hh_l0: no recurrent layer of torch.nn"),
    "a missing tensor": (changed(lstm__bias_hh_l0=None), "lacks bias_hh_l0 of lstm of hidden size 1, 2"),
    "no readout": (changed(fc__weight=None, fc__bias=None), "lacks readout.weight, readout.bias of lstm of hidden"),
    "an extra tensor": (changed(embedding__table=floats(2, 2)), "embedding.table: no part of recurrent layers"),
    "a second layer's half": (changed(lstm__bias_ih_l1=floats(4)), "lstm.bias_ih_l1: too many for lstm of hidden"),
    "two readouts": (changed(head__weight=floats(2, 1), head__bias=floats(2)), "fc.weight and head.weight could both"),
    "two recurrent layers": (changed(lstm2__weight_ih_l0=floats(4, 2)), "and lstm2.weight_ih_l0 are both weight_ih_l0"),
    "a wrong shape": (changed(lstm__weight_ih_l0=floats(3, 2)), "lstm.weight_ih_l0 has shape [3, 2]; lstm of hidden"),
    "no letters": (changed(lstm__weight_ih_l0=floats(4, 0)), "lstm.weight_ih_l0 has shape [4, 0]; lstm of hidden"),
    "no outputs": (changed(fc__weight=floats(0, 1), fc__bias=floats(0)), "fc.weight has shape [0, 1]; lstm of hidden"),
    "three biases": (changed(fc__bias=floats(3)), "fc.bias has shape [3]; lstm of hidden size 1, 2 letters, 2 outputs"),
    "a flat matrix": (changed(lstm__weight_hh_l0=floats(4)), "lstm.weight_hh_l0 has shape [4]; a recurrent layer"),
    "odd gates": (changed(lstm__weight_hh_l0=floats(7, 1)), "7 gates; the cells have 4 (lstm)"),
    "uneven gates": (changed(lstm__weight_hh_l0=floats(7, 2)), "has shape [7, 2]; a recurrent layer of hidden size H"),
    "no hidden units": (changed(lstm__weight_hh_l0=floats(0, 0)), "has shape [0, 0]; a recurrent layer"),
    "NaN": (changed(fc__bias=np.array([0, np.nan], np.float32)), "fc.bias is nan at [1]; every weight must be finite"),
    "infinity": (changed(fc__weight=np.array([[0], [-np.inf]])), "fc.weight is -inf at [1, 0]; every weight"),
    "beyond float32": (changed(fc__bias=np.array([1e300, 0])), "fc.bias is 1e+300 at [0]; every weight"),
    "whole numbers": (changed(fc__bias=np.array([1, 2])), "fc.bias holds int64 numbers; weights are floats"),
}  # fmt: skip


@pytest.mark.parametrize(("tensors", "line"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals_are_one_clear_line(tensors, line):
    with pytest.raises(UserError, match=re.escape(line)) as refused:
        recognise(tensors, where="their.pt")
    assert str(refused.value).startswith("their.pt: ")
    assert "\n" not in str(refused.value)


def test_refused_mappings_and_cells():
    with pytest.raises(UserError, match=r"--map lstm.weight_ih_0=x: the file holds no lstm.weight_ih_0; did you mean"):
        recognise(changed(), renamed={"lstm.weight_ih_0": "x"})
    with pytest.raises(UserError, match=r"lstm.weight_hh_l0: no part of|lacks weight_hh_l0"):
        recognise(changed(), renamed={"lstm.weight_hh_l0": "something"})
    with pytest.raises(
        UserError,
        match=r"lstm.weight_hh_l0 has shape \[4, 1\]; gru of hidden size 1, 2 letters, 2 outputs has \[3, 1\] there",
    ):
        recognise(changed(), cell="gru")
    with pytest.raises(UserError, match="no cell is called 'lstn': did you mean 'lstm'"):
        recognise(changed(), cell="lstn")


class Embedded(nn.Module):
    """How much of the field builds its networks: letters are looked up, and the readout's name is its own."""

    def __init__(self, kind: Any, letters: int, size: int, name: str = "embedding", **more: Any) -> None:
        super().__init__()
        self.name = name
        setattr(self, name, nn.Embedding(letters, size))
        self.rnn = kind(size, 3, batch_first=True, **more)
        self.decoder = nn.Linear(3, letters)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.decoder(self.rnn(getattr(self, self.name)(tokens))[0]))


@pytest.mark.parametrize("name", ["embedding", "embed", "char_embeddings", "emb1"])
@pytest.mark.parametrize(
    ("kind", "letters", "size", "more"),
    [(nn.LSTM, 4, 2, {}), (nn.GRU, 2, 5, {"num_layers": 2}), (nn.RNN, 3, 3, {"nonlinearity": "relu"})],
)
def test_embedded_letters_are_folded_into_the_input_weights(kind, letters, size, more, name):
    """Of weights in eighths products are exact, so the outputs are those of PyTorch's module to the last digits."""
    torch.manual_seed(0)
    module = Embedded(kind, letters, size, name, **more).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_((8 * parameter).round() / 8)
    found = recognise({key: tensor.numpy() for key, tensor in module.state_dict().items()})
    assert found.embedding == f"{name}.weight"
    assert not found.rounded
    assert (found.cell.letters, found.cell.outputs, found.cell.hidden_size) == (letters, letters, 3)
    tokens = np.random.default_rng(1).integers(0, letters, 20)
    flat = cells.pack(found.cell, found.tensors).astype(np.float64)
    ours = engine.trace(found.cell, flat, tokens)["outputs"]
    with torch.no_grad():
        theirs = module(torch.from_numpy(tokens)[None])[0].numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)
    assert np.ptp(ours) > 0.1

    cell, weights = from_torch(module)
    assert cell == found.cell
    np.testing.assert_array_equal(weights, flat.astype(np.float32))


def test_folded_weights_are_rounded_once():
    vectors, weights = np.array([[0.1, 0.7], [-0.3, 1e-3]]), np.random.default_rng(0).normal(size=(4, 2))
    tensors: dict[str, np.ndarray] = {**network("lstm"), "weight_ih_l0": weights, "embedding.weight": vectors}
    found = recognise(tensors)
    assert found.rounded
    np.testing.assert_allclose(found.tensors["weight_ih_l0"], weights @ vectors.T, rtol=2**-24)


EMBEDDINGS = {
    "another size": ({"embedding.weight": floats(2, 3)}, r"has shape \[2, 3\] and weight_ih_l0 \[4, 2\]; letters of E"),
    "no matrix": ({"embedding.weight": floats(4)}, r"embedding.weight has shape \[4\]"),
    "two": ({"embedding.weight": floats(2, 2), "emb.weight": floats(2, 2)}, "emb.weight: no part of"),
    "no number": ({"embedding.weight": np.full((2, 2), np.nan, np.float32)}, "embedding.weight is nan at"),
    "whole numbers": ({"embedding.weight": np.ones((2, 2), np.int64)}, "embedding.weight holds int64 numbers"),
    "too large together": (
        {"embedding.weight": np.full((2, 2), 3e38, np.float32), "weight_ih_l0": np.full((4, 2), 10, np.float32)},
        r"weight_ih_l0 times embedding.weight is .* at",
    ),
}


@pytest.mark.parametrize(("tensors", "said"), EMBEDDINGS.values(), ids=EMBEDDINGS.keys())
def test_embeddings_that_do_not_fit_are_told_of(tensors, said):
    with pytest.raises(UserError, match=said) as refusal:
        recognise({**network("lstm"), **tensors})
    assert "\n" not in str(refusal.value)


def test_import_says_what_it_folded(tmp_path, capsys):
    module = Embedded(nn.GRU, 2, 4, "encoder")
    torch.save(module.state_dict(), tmp_path / "model.pt")
    arguments = ["import", str(tmp_path / "model.pt"), "--out", str(tmp_path / "store")]
    assert main(arguments) == 2
    assert "encoder.weight: no part of recurrent layers" in capsys.readouterr().err
    assert main([*arguments, "--map", "encoder.weight=embedding.weight"]) == 0
    assert "the letters' embedding, encoder.weight, is folded into the input weights" in capsys.readouterr().err
