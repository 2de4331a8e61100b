"""The registry, names and shapes as in torch.nn, and the flat parameter vector."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from longcount import cells
from longcount.cells import CELLS, Cell
from longcount.errors import UserError
from longcount.numbers.vector import Vector, hard_sigmoid, hard_tanh

ANY_CELL = st.builds(
    lambda name, *sizes: cells.CELLS[name](*sizes),
    st.sampled_from(cells.names()),
    st.integers(1, 4),  # units
    st.integers(1, 3),  # layers
    st.integers(1, 4),  # letters
    st.integers(1, 3),  # outputs
    st.booleans(),  # whether the start is learned
)


def test_sizes_of_the_papers_cells():
    assert [cells.get(name).size() for name in ("lstm", "gru", "relu")] == [24, 19, 9]


def test_names_are_the_registrys():
    assert cells.names() == tuple(CELLS)
    assert all(cells.get(name).name == name for name in cells.names())


def test_cells_of_the_same_kind_are_equal():
    """Kernels are kept by cell."""
    assert cells.get("lstm", 2) == cells.get("lstm", 2) != cells.get("lstm", 3)
    assert hash(cells.get("gru")) == hash(cells.get("gru"))
    assert cells.get("relu") != cells.get("tanh")


@pytest.mark.parametrize(
    ("name", "hint"), [("lstn", "did you mean 'lstm'"), ("LSTM", "did you mean 'lstm'"), ("x", "are")]
)
def test_unknown_names_are_refused_with_a_hint(name, hint):
    with pytest.raises(UserError, match=hint):
        cells.get(name)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("hidden_size", [1, 3])
@pytest.mark.parametrize("name", cells.names())
def test_names_and_shapes_are_those_of_torch(name, hidden_size, layers, torch_network):
    cell = cells.get(name, hidden_size, layers)
    network = torch_network(cell, np.zeros(cell.size()))
    assert {name: tuple(tensor.shape) for name, tensor in network.tensors().items()} == cell.shapes()


@given(cell=ANY_CELL, leading=st.lists(st.integers(0, 3), max_size=2))
def test_unpacking_undoes_packing(cell: Cell, leading: list[int]):
    flat = np.arange(np.prod([*leading, cell.size()]), dtype=np.float32).reshape(*leading, cell.size())
    tensors = cells.unpack(cell, flat)
    assert list(tensors) == list(cell.shapes())
    assert all(tensors[name].shape == (*leading, *shape) for name, shape in cell.shapes().items())
    packed = cells.pack(cell, dict(reversed(tensors.items())))
    assert packed.dtype == np.float32
    np.testing.assert_array_equal(packed, flat)


@given(cell=ANY_CELL, data=st.data())
def test_a_tensor_has_parameters_of_its_own(cell: Cell, data: st.DataObject):
    """Setting one tensor changes as many parameters as it has elements, and no other tensor."""
    flat = np.zeros(cell.size(), np.float32)
    name = data.draw(st.sampled_from(list(cell.shapes())))
    packed = cells.pack(cell, cells.unpack(cell, flat) | {name: np.ones(cell.shapes()[name], np.float32)})
    assert packed.sum() == np.prod(cell.shapes()[name])
    assert {other: bool(tensor.any()) for other, tensor in cells.unpack(cell, packed).items()} == {
        other: other == name for other in cell.shapes()
    }


def test_wrong_tensors_are_refused():
    cell = cells.get("gru")
    tensors = cells.unpack(cell, np.zeros(19))
    with pytest.raises(ValueError, match="gru has the tensors"):
        cells.pack(cell, {name: tensor for name, tensor in tensors.items() if name != "readout.bias"})
    with pytest.raises(ValueError, match=r"weight_ih_l0 of gru has shape \(3, 2\)"):
        cells.pack(cell, tensors | {"weight_ih_l0": np.zeros((2, 3))})
    with pytest.raises(ValueError, match="19 parameters, not 24"):
        cells.unpack(cell, np.zeros(24))


@given(cell=ANY_CELL)
def test_a_state_has_a_vector_for_every_name_and_layer(cell: Cell):
    state = cell.initial_state(0.0)
    assert [len(part) for part in state] == [cell.hidden_size] * len(cell.state_names) * cell.layers


def test_hard_gates_reach_their_ends_exactly_and_are_torchs_between_them():
    x = np.linspace(-8, 8, 4001, dtype=np.float32)
    tensor = torch.from_numpy(x)
    for ours, theirs, end in (
        (hard_sigmoid, torch.nn.functional.hardsigmoid, 3),
        (hard_tanh, torch.nn.functional.hardtanh, 1),
    ):
        (value,) = ours(Vector((x,)))
        exact = theirs(tensor).numpy()
        np.testing.assert_allclose(value, exact, rtol=0, atol=2.5e-7)
        np.testing.assert_array_equal(value[np.abs(x) >= end], exact[np.abs(x) >= end])
        assert (np.diff(value) >= 0).all()
