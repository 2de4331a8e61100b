"""Initial weights: from one set of uniform draws per run, so that initialisations are compared run by run.

Every function takes uniform draws in (-1, 1), one for each parameter in the order of `cell.shapes`, and changes the
parameters that its docstring names; the others keep PyTorch's default.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from longcount.cells.cell import Cell
from longcount.cells.parameters import pack, unpack
from longcount.errors import UserError
from longcount.registry import Kind, what_it_is
from longcount.sources import Source, mistakes_told, place_of, source_of

Tensors = dict[str, np.ndarray]


def initialise(cell: Cell, draws: np.ndarray, scheme: str = "pytorch", source: Source | None = None) -> np.ndarray:
    """Initial parameters float32 [..., P] from uniform draws float32 [..., P] in (-1, 1).

    Args:
        cell: the cell.
        draws: one number for each parameter.
        scheme: `pytorch`, `identity` (or `irnn`), `orthogonal`, `counter`, `signs`, or the name of the user's own.
        source: of a user-defined one.

    Raises:
        UserError: no initialisation has that name, or the user's own raises or leaves tensors that are not finite.
    """
    change = KIND.get(scheme, source)
    start = draws * np.float32(1.0 / np.sqrt(cell.hidden_size))
    rows = [_started(cell, row, change, source) for row in start.reshape(-1, start.shape[-1])]
    return np.stack(rows).reshape(start.shape)


def _started(
    cell: Cell, start: np.ndarray, change: Callable[[Cell, Tensors], None], source: Source | None
) -> np.ndarray:
    """One run's parameters float32 [P]: runs cannot see one another."""
    tensors = {name: np.array(tensor) for name, tensor in unpack(cell, start).items()}
    with mistakes_told():
        cell.start(tensors)
        change(cell, tensors)
    _refuse_strange(cell, tensors, source)
    return pack(cell, tensors).astype(np.float32)


def _refuse_without_recurrent_matrices(cell: Cell) -> None:
    if not cell.recurrent:
        raise UserError(f"{cell.name} has no recurrent matrices to initialise: its gates see only the input")


def _refuse_strange(cell: Cell, tensors: Tensors, source: Source | None) -> None:
    shapes = cell.shapes()
    for name in dict.fromkeys([*shapes, *tensors]):
        found = np.asarray(tensors.get(name))
        if name in shapes and found.shape == shapes[name] and found.dtype.kind in "iuf" and np.isfinite(found).all():
            continue
        own = source or source_of(type(cell))
        where = f"{place_of(own)}: {own.name}" if own else cell.name
        if name not in shapes:
            raise UserError(f"{where} adds {name}; {cell.name} has {', '.join(shapes)}")
        raise UserError(f"{where} leaves no finite numbers of shape {list(shapes[name])} in {name}")


def _pytorch(cell: Cell, tensors: Tensors) -> None:
    """Every parameter uniform in plus or minus 1 / sqrt(H)."""


def _identity(cell: Cell, tensors: Tensors) -> None:
    """Recurrent matrices of every gate the identity, recurrent layers' biases 0 (Le et al. 2015, section 3)."""
    _refuse_without_recurrent_matrices(cell)
    for layer in range(cell.layers):
        _by_gate(cell, tensors[f"weight_hh_l{layer}"])[...] = np.eye(cell.hidden_size, dtype=np.float32)
        tensors[f"bias_ih_l{layer}"][...] = 0
        tensors[f"bias_hh_l{layer}"][...] = 0


def _orthogonal(cell: Cell, tensors: Tensors) -> None:
    """Recurrent matrices of every gate orthogonal: their draws' rows made orthonormal (Saxe et al. 2014)."""
    _refuse_without_recurrent_matrices(cell)
    for layer in range(cell.layers):
        matrices = _by_gate(cell, tensors[f"weight_hh_l{layer}"])
        rows: list[np.ndarray] = []
        for j in range(cell.hidden_size):
            row = matrices[..., j, :].astype(np.float64)
            for _ in range(2):  # once more, for the precision that the first pass lost
                for earlier in rows:
                    row = row - _row_dot(row, earlier) * earlier
            rows.append(row / np.sqrt(_row_dot(row, row)))
        matrices[...] = np.stack(rows, axis=-2)


def _counter(cell: Cell, tensors: Tensors) -> None:
    """Near a counter after Weiss et al. (2018): an opening token steps up and a closing one down, the memory is kept.

    The gates that are open in a counter (`Cell.opens`: LSTM i, f and o, GRU z) begin open, b_ih = 3 and other weights a
    tenth; a cell without such gates starts with recurrent matrices the identity, recurrent biases 0, if it has any.
    """
    _signs(cell, tensors)
    if not cell.opens and cell.recurrent:
        _identity(cell, tensors)
    for layer in range(cell.layers):
        for gate in cell.opens:
            k = cell.gates.index(gate)
            for name in (f"weight_ih_l{layer}", f"weight_hh_l{layer}")[: 1 + cell.recurrent]:
                _by_gate(cell, tensors[name])[..., k, :, :] *= np.float32(0.1)
            rows = slice(k * cell.hidden_size, (k + 1) * cell.hidden_size)
            tensors[f"bias_ih_l{layer}"][..., rows] = 3


def _signs(cell: Cell, tensors: Tensors) -> None:
    """Signs of a counter: the gate that is counted (`Cell.counts`) goes up on `(` and down on `)`, and the
    readout's `)` weights are positive; magnitudes as drawn."""
    if (cell.letters, cell.outputs) != (2, 2):
        raise UserError(
            "the initialisations signs and counter are for two letters, one that counts up and one that counts down, "
            f"and an output for each, not {cell.letters} letters and {cell.outputs} outputs"
        )
    if cell.counts not in cell.gates:
        raise UserError(
            f"the initialisations signs and counter are for cells that say by `counts` which gate counts; {cell.name} "
            "does not"
        )
    steps = _by_gate(cell, tensors["weight_ih_l0"])[..., cell.gates.index(cell.counts), :, :]
    steps[...] = np.abs(steps) * np.array([1, -1], np.float32)
    allowed = tensors["readout.weight"][..., 1, :]
    allowed[...] = np.abs(allowed)


SCHEMES: dict[str, Callable[[Cell, Tensors], None]] = {
    "pytorch": _pytorch,
    "identity": _identity,
    "irnn": _identity,  # of `relu`: the name of Le et al.
    "orthogonal": _orthogonal,
    "counter": _counter,
    "signs": _signs,
}


def _refusal(part: Any) -> str | None:
    if not inspect.isfunction(part):
        return what_it_is(part)
    try:
        inspect.signature(part).bind(None, None)
    except TypeError:
        return "does not take two arguments"
    return None


KIND = Kind(
    "initialisation",
    "initialisations",
    SCHEMES,
    "a function of a cell and its tensors, NumPy arrays by name, that changes these",
    _refusal,
    name_of=lambda part: part.__name__,
)


def _by_gate(cell: Cell, tensor: np.ndarray) -> np.ndarray:
    """A view [..., gates, H, columns] of a tensor [..., gates * H, columns]."""
    return tensor.reshape(*tensor.shape[:-2], len(cell.gates), cell.hidden_size, tensor.shape[-1])


def _row_dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of rows [..., H] as [..., 1], summed from first to last: the same bits on every machine."""
    total = a[..., :1] * b[..., :1]
    for k in range(1, a.shape[-1]):
        total = total + a[..., k : k + 1] * b[..., k : k + 1]
    return total
