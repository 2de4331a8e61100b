"""The plain PyTorch modules compute what the engine computes, and hold their weights to the bit."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from longcount import cells, engine
from longcount.cells.lstm import LSTM
from longcount.cells.network import Question
from longcount.errors import UserError
from longcount.languages import Words, dyck
from longcount.training import torch_engine
from longcount.training.recurrent_modules import LinearRNN
from longcount.training.torch_cells import torch_cell
from longcount.training.torch_modules import counter, from_torch

NETWORKS = {
    f"{name}, {label}": replace(cells.get(name), **sizes)
    for name in cells.names()
    for label, sizes in {
        "paper": {},
        "two layers": {"hidden_size": 3, "layers": 2},
        "3 letters, 5 outputs, learned start": {"letters": 3, "outputs": 5, "learned_start": True, "layers": 2},
        "12 letters, 1 output": {"hidden_size": 2, "letters": 12, "outputs": 1},
    }.items()
}
every_network = pytest.mark.parametrize("cell", NETWORKS.values(), ids=NETWORKS)


def random_weights(cell: cells.Cell, seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.Generator(np.random.PCG64(seed))
    return {name: generator.uniform(-1, 1, shape).astype(np.float32) for name, shape in cell.shapes().items()}


@every_network
def test_names_and_shapes_are_those_of_a_store(cell):
    state = counter(cell).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == cell.shapes()


@every_network
def test_a_round_trip_keeps_every_bit(cell):
    tensors = random_weights(cell)
    back, flat = from_torch(counter(cell, tensors))
    assert back == cell
    assert flat.dtype == np.float32
    np.testing.assert_array_equal(flat.view(np.int32), cells.pack(cell, tensors).view(np.int32))


@every_network
@pytest.mark.parametrize("link", ["sigmoid", "softmax"])
def test_outputs_in_float64_are_the_engines(cell, link):
    """Of words side by side, and of one alone."""
    tensors = {name: tensor.astype(np.float64) for name, tensor in random_weights(cell).items()}
    tokens = np.random.default_rng(1).integers(0, cell.letters, (3, 14))
    letters = torch.eye(cell.letters, dtype=torch.float64)[torch.from_numpy(tokens)]
    module = counter(cell, tensors, link=link)
    with torch.no_grad():
        outputs, alone = module(letters).numpy(), module(letters[0]).numpy()
    for word, found in ((tokens[0], alone), *zip(tokens, outputs, strict=True)):
        ours = engine.trace(cell, cells.pack(cell, tensors), word, Question(link))["outputs"]
        np.testing.assert_allclose(ours.reshape(found.shape), found, rtol=1e-12)


def test_modules_can_be_saved_whole():
    for cell in NETWORKS.values():
        module, stream = counter(cell, link="softmax"), io.BytesIO()
        torch.save(module, stream)
        stream.seek(0)
        letters = torch.eye(cell.letters)[torch.zeros(4, dtype=torch.int64)]
        assert torch.equal(torch.load(stream, weights_only=False)(letters), module(letters))


@pytest.mark.parametrize("name", ["lstm", "relu", "gru"])
def test_predictions_on_words_of_1000_and_100000_tokens_agree(trained, name):
    """In float32: outputs within 2e-4 on 1,000 tokens, mean losses within 1e-4 on 100,000, and the first failure moves
    only where an output comes that near to the threshold."""
    cell, weights = cells.get(name), trained(name)[:1]
    word = np.tile(np.array([0, 0, 1, 0, 1, 1, 0, 1, 0, 1], np.uint8), 10_000)
    words = Words(np.concatenate([word[:1000], word]), np.array([0, 1_000, 101_000], np.int64))
    targets = dyck.targets(words)
    ours = engine.evaluate(cell, weights, words, targets)
    theirs = torch_engine.evaluate(torch_cell(cell), weights, words, targets)
    np.testing.assert_allclose(theirs.loss, ours.loss, atol=1e-4)
    for run, flat in enumerate(weights):
        traced = engine.trace(cell, flat, words[0])["outputs"].reshape(1000, 2)
        letters = torch.eye(2)[torch.tensor(words[0], dtype=torch.int64)]
        with torch.no_grad():
            outputs = counter(cell, cells.unpack(cell, flat))(letters).numpy()
        assert np.abs(outputs - traced).max() < 2e-4
        first = min(ours.first_failure[run, 0], theirs.first_failure[run, 0])
        if ours.first_failure[run, 0] != theirs.first_failure[run, 0]:
            assert np.abs(traced[first] - 0.5).min() < 2e-4


def test_the_linear_network_is_torch_rnn_without_its_tanh():
    """Where tanh is nearly the identity, the two agree: so do their weights' roles and shapes."""
    torch.manual_seed(0)
    linear, elman = LinearRNN(2, 3, 2), nn.RNN(2, 3, 2, batch_first=True)
    small = {name: 1e-3 * tensor for name, tensor in linear.state_dict().items()}
    linear.load_state_dict(small, strict=True)
    elman.load_state_dict(small, strict=True)
    letters = torch.eye(2)[torch.randint(0, 2, (4, 20))]
    torch.testing.assert_close(linear(letters)[0], elman(letters)[0], rtol=1e-4, atol=1e-9)


def test_dropout_acts_between_layers_in_training_alone():
    torch.manual_seed(0)
    for name in cells.names():
        module = counter(cells.get(name, 4, 2), dropout=0.5)
        letters = torch.eye(2)[torch.randint(0, 2, (1, 30))]
        assert not torch.equal(module(letters), module(letters)), name
        module.eval()
        assert torch.equal(module(letters), module(letters))


class Theirs(nn.Module):
    """As people write it."""

    def __init__(self, recurrent: nn.Module, hidden_size: int = 1) -> None:
        super().__init__()
        self.encoder = recurrent
        self.fc2 = nn.Linear(hidden_size, 2)


@pytest.mark.parametrize(
    ("recurrent", "name"),
    [
        (nn.LSTM(2, 1), "lstm"),
        (nn.GRU(2, 1), "gru"),
        (nn.RNN(2, 1), "tanh"),
        (nn.RNN(2, 1, nonlinearity="relu"), "relu"),
        (nn.LSTMCell(2, 1), "lstm"),
        (nn.RNNCell(2, 1, nonlinearity="relu"), "relu"),
        (LinearRNN(2, 1), "linear"),
    ],
)
def test_from_torch_knows_other_peoples_modules(recurrent, name):
    module = Theirs(recurrent)
    cell, flat = from_torch(module)
    assert cell == cells.get(name)
    expected = np.concatenate([tensor.numpy().ravel() for tensor in module.state_dict().values()])
    np.testing.assert_array_equal(flat, expected)


def test_from_torch_takes_half_precision_and_refuses_what_it_does_not_know():
    assert from_torch(Theirs(nn.LSTM(2, 1)).bfloat16())[1].dtype == np.float32
    with pytest.raises(UserError, match=r"^Linear: lacks weight_hh_l0: no recurrent layer"):
        from_torch(nn.Linear(1, 2))
    with pytest.raises(UserError, match=r"^Theirs: .*weight_ih_l0_reverse.*no part of"):
        from_torch(Theirs(nn.LSTM(2, 1, bidirectional=True)))
    with pytest.raises(UserError, match=r"^Theirs: lacks bias_ih_l0, bias_hh_l0 .* biases of 0$"):
        from_torch(Theirs(nn.GRU(2, 1, bias=False)))


def test_a_cell_that_pytorch_lacks():
    class Peephole(LSTM):
        name = "peephole"

    with pytest.raises(UserError, match="peephole: no PyTorch module of this cell"):
        counter(Peephole())
