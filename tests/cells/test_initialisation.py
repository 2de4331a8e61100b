"""Where training starts: every cell under every initialisation."""

import numpy as np
import pytest

from longcount import cells
from longcount.errors import UserError

SCHEMES = tuple(cells.INITIALISATIONS.built_in)


def started(name: str, scheme: str = "pytorch", hidden_size: int = 3, layers: int = 2, learned_start: bool = False):
    """The cell, and tensors of 40 runs, float32 [runs, *shape], from draws in (-1, 1)."""
    cell = type(cells.get(name))(hidden_size, layers, learned_start=learned_start)
    draws = np.random.default_rng(0).uniform(-1, 1, (40, cell.size())).astype(np.float32)
    return cell, cells.unpack(cell, cells.initialise(cell, draws, scheme))


@pytest.mark.parametrize("name", cells.names())
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_cell_starts_under_every_scheme_or_says_why_not(name, scheme):
    if scheme in ("identity", "irnn", "orthogonal") and not cells.get(name).recurrent:
        with pytest.raises(UserError, match=f"{name} has no recurrent matrices"):
            started(name, scheme)
        return
    cell, tensors = started(name, scheme, learned_start=True)
    assert {tensor: found.shape[1:] for tensor, found in tensors.items()} == cell.shapes()
    for tensor, found in tensors.items():
        assert np.isfinite(found).all(), tensor
    assert len(np.unique(tensors["readout.weight"])) > 40  # drawn run by run
    if scheme in ("identity", "irnn"):
        assert (tensors["weight_hh_l1"].reshape(40, -1, 3, 3) == np.eye(3)).all()
        assert not tensors["bias_hh_l0"].any()
    if scheme in ("signs", "counter"):
        first = cell.gates.index(cell.counts) * 3
        steps = tensors["weight_ih_l0"][:, first : first + 3]
        assert (steps[..., 0] > 0).all()
        assert (steps[..., 1] < 0).all()
    if scheme == "counter":
        for gate in cell.opens:
            first = cell.gates.index(gate) * 3
            assert (tensors["bias_ih_l0"][:, first : first + 3] == 3).all()


def test_what_has_no_start_of_its_own_begins_as_pytorch_does():
    for name in ("lstm", "sru", "mlstm", "minlstm"):
        _, tensors = started(name)
        for tensor, found in tensors.items():
            assert np.abs(found).max() < 1 / np.sqrt(3), tensor
            assert np.abs(found).max() > 0.5 / np.sqrt(3), tensor


@pytest.mark.parametrize("name", ["s6", "s6_negative"])
def test_state_spaces_begin_as_mamba_does(name):
    _, tensors = started(name)
    for layer in range(2):
        np.testing.assert_allclose(np.exp(tensors[f"A_log_l{layer}"]), np.tile([1, 2, 3], (40, 1)), rtol=1e-6)
        assert (tensors[f"D_l{layer}"] == 1).all()
        step = np.log1p(np.exp(tensors[f"bias_ih_l{layer}"][:, :3].astype(np.float64)))
        assert (step >= 0.00099).all()
        assert (step <= 0.1001).all()
        assert abs(np.log10(step).mean() + 2) < 0.2  # uniform in the logarithm: the middle is 0.01
        assert (np.abs(tensors[f"bias_ih_l{layer}"][:, 3:]) < 1).all()


def test_rglru_begins_as_griffin_does():
    _, tensors = started("rglru")
    factor = 1 / (1 + np.exp(tensors["Lambda_l0"].astype(np.float64)))  # exp(-softplus(Lambda))
    assert (factor > 0.9 - 1e-6).all()
    assert (factor < 0.999 + 1e-6).all()
    assert abs((factor**2).mean() - (0.9**2 + 0.999**2) / 2) < 0.01


def test_a_learned_normaliser_begins_at_1():
    _, tensors = started("slstm", learned_start=True)
    assert (tensors["n_0_l0"] == 1).all()
    assert (tensors["n_0_l1"] == 1).all()
    assert (tensors["c_0_l0"] != 1).all()


def test_irnn_is_another_name_of_identity():
    one, other = started("relu", "irnn")[1], started("relu", "identity")[1]
    assert all((one[name] == other[name]).all() for name in one)


def test_signs_need_a_cell_that_says_what_counts():
    cell: cells.Cell = type("Silent", (type(cells.get("relu")),), {"counts": ""})()
    with pytest.raises(UserError, match="for cells that say by `counts` which gate counts; relu does not"):
        cells.initialise(cell, np.zeros(cell.size(), np.float32), "signs")
