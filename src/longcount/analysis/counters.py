"""What a network's counter does: its steps by depth, its leak, where its gates stand. Section 5 of the paper.

The counter is the cell state c of an LSTM and the hidden state h of a GRU or ReLU RNN. From the state that d opening
brackets in a row leave behind, one more ``(`` moves it by an *increment* and a ``)`` by a *decrement*; exact counting
needs them equal and opposite at every depth. The *leak* is the share of the counter that a token forgets: 1 - f in an
LSTM, 1 - z in a GRU, 1 - u in a ReLU RNN with recurrent weight u.

Symbols: M models of one cell, D depths, G gates.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.cells.cell import State
from longcount.cells.network import inputs_of_letters, read, split, step
from longcount.numbers.vector import Vector

DEPTHS = 501  # 0 to 500, the peak of the zigzag word of Figure 3
LEAK_DEPTH = 50  # twice the greatest depth of the training words
SATURATION_DEPTHS = range(1, 51)


@dataclass(frozen=True)
class Counters:
    """The counters of M models of a cell, followed up a ramp of D - 1 opening brackets.

    ``counter`` [D, M] is its value after d ``(``; ``increment`` and ``decrement`` [D, M] what one more ``(`` adds and
    a ``)`` takes away there; ``gates`` maps the name of a gate that saturates to [2, D, M], its value at that ``(`` and
    that ``)``; ``keeping`` [2, D, M] is the factor on the counter; ``may_close`` [2, D, M] the readout's second output
    after it. All float32. At depth 0 no ``)`` may come; what stands there is only what the equations give.
    """

    cell: Cell
    counter: np.ndarray
    increment: np.ndarray
    decrement: np.ndarray
    gates: dict[str, np.ndarray]
    keeping: np.ndarray
    may_close: np.ndarray

    def leak(self, depth: int = LEAK_DEPTH) -> np.ndarray:
        """Mean over both letters of 1 - (factor on the counter) at a depth, float64 [M]."""
        return (1.0 - self.keeping[:, depth].astype(np.float64)).mean(axis=0)

    def imbalance(self, depth: int = LEAK_DEPTH) -> np.ndarray:
        """|increment - decrement| at a depth as a share of the increment at depth 1, float64 [M]."""
        first = np.abs(self.increment[1].astype(np.float64))
        difference = np.abs(self.increment[depth].astype(np.float64) - self.decrement[depth])
        return np.divide(difference, first, out=np.full_like(first, np.nan), where=first > 0)


def has_counter(cell: Cell) -> bool:
    """Whether the cell says which part of its state counts and what multiplies it."""
    keeps = cell.keeps is not None or (cell.recurrent and cell.counts in cell.gates)
    return keeps and cell.counter in cell.state_names


def counters(cell: Cell, weights: np.ndarray, depths: int = DEPTHS) -> Counters:
    """Follow the counters of models with flat ``weights`` float32 [M, P] of a cell at hidden size 1 that has one."""
    parts = split(cell, list(np.ascontiguousarray(weights.T)))
    letters = inputs_of_letters(cell, parts)
    # Both letters in one pass: x is [2, M], the state before it [M].
    x = {
        gate: Vector(np.stack(pair) for pair in zip(*(letter[gate] for letter in letters), strict=True))
        for gate in cell.gates
    }
    at = cell.state_names.index(cell.counter)
    state = cell.initial_state(np.zeros(len(weights), np.float32))
    steps: dict[str, list[np.ndarray]] = defaultdict(list)
    reached: list[State] = []
    with np.errstate(over="ignore", invalid="ignore"):  # a ReLU with recurrent weight above 1 runs away
        for _ in range(depths):
            after, (gates,) = step(cell, parts, x, state)
            steps["counter"].append(state[at][0])
            reached.append(after)
            for name, part in gates.items():
                steps[name].append(part[0])
            state = tuple(Vector([part[0][0]]) for part in after)
        stacked = {name: np.stack(found, axis=-2) for name, found in steps.items()}
        # The readout asks nothing of the depth before: all depths in one pass.
        ends = tuple(Vector([np.stack([part[0] for part in found], axis=-2)]) for found in zip(*reached, strict=True))
        may_close = read(cell, parts, ends)[1]
        increment = ends[at][0][0] - stacked["counter"]
        decrement = stacked["counter"] - ends[at][0][1]
    if cell.keeps is None:
        recurrent = parts.layers[0].weight_hh[cell.counts][0][0]
        keeping = np.broadcast_to(recurrent, (2, depths, len(weights)))
    else:
        keeping = stacked[cell.keeps]
    return Counters(
        cell,
        stacked["counter"],
        increment,
        decrement,
        {name: stacked[name] for name in stacked if name in cell.sigmoids + cell.tanhs},
        keeping,
        may_close,
    )


@dataclass(frozen=True)
class CounterIndicator:
    """The counter indicator conditions of M ReLU RNNs: with all three, a ReLU RNN counts exactly.

    ``recurrent`` u, which should be 1; ``step_up`` A, what ``(`` adds; ``step_down`` -B, what ``)`` takes, which should
    equal A; ``threshold`` the value of h at which the readout changes its mind, which should lie between 0 and A;
    ``separates`` whether ``)`` is allowed above the threshold and not below it. float64 [M], bool [M].
    """

    recurrent: np.ndarray
    step_up: np.ndarray
    step_down: np.ndarray
    threshold: np.ndarray
    separates: np.ndarray


def counter_indicator(weights: np.ndarray) -> CounterIndicator:
    """The conditions for ReLU RNNs with flat ``weights`` float32 [M, 9]."""
    found = cells.unpack(cells.get("relu"), np.asarray(weights, np.float64))
    bias = found["bias_ih_l0"][:, 0] + found["bias_hh_l0"][:, 0]
    slope, offset = found["readout.weight"][:, 1, 0], found["readout.bias"][:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        threshold = -offset / slope
    return CounterIndicator(
        found["weight_hh_l0"][:, 0, 0],
        found["weight_ih_l0"][:, 0, 0] + bias,
        -(found["weight_ih_l0"][:, 0, 1] + bias),
        threshold,
        slope > 0,
    )


def saturated_shares(found: Counters, thresholds: tuple[float, ...]) -> dict[str, np.ndarray]:
    """How often each gate is saturated: within a threshold of an end of its range.

    Returns:
        For every gate float64 [thresholds, M]: the share of `SATURATION_DEPTHS` and both letters at which it is.
    """
    depths = np.array(SATURATION_DEPTHS)
    shares = {}
    for name, numbers in found.gates.items():
        values = numbers[:, depths].astype(np.float64)
        low = 0.0 if name in found.cell.sigmoids else -1.0
        distance = np.minimum(values - low, 1.0 - values)
        shares[name] = np.stack([(distance <= threshold).mean(axis=(0, 1)) for threshold in thresholds])
    return shares
