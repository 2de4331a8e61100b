"""What each cell's file says of its counting in float32, by networks set by hand on ramps of 100,000 tokens.

A network here is one unit in one layer, whose gates see the letters through `weight_ih` alone unless a test says more:
its pre-activations at `(` and at `)` stand in the table. `(` is always allowed, `)` where the output is far enough up.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from longcount import cells, engine
from longcount.cells import Cell
from longcount.cells.cell import Gates, State
from longcount.cells.coupled import CoupledLSTM
from longcount.cells.qrnn import QRNNfo
from longcount.cells.rglru import RGLRU
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.numbers import elementary
from longcount.numbers.vector import exp, sigmoid, softplus, sqrt, tanh

TALL = 100_000
OPEN = (40.0, 40.0)  # sigmoid and hard sigmoid exactly 1 at both letters
STEP = (40.0, -40.0)  # tanh and hard tanh exactly 1 at `(` and -1 at `)`
PAGE = Path(__file__).parents[2] / "docs" / "cells.md"

Pair = tuple[float, float]


def near(start: float, wanted, distance: int = 4096) -> float:
    """The float32 nearest to a number for which something holds."""
    pattern = np.array(start, np.float32).view(np.int32)
    steps = np.arange(distance)
    for step in np.stack([steps, -steps], axis=1).ravel():
        number = (pattern + np.int32(step)).view(np.float32)[()]
        if wanted(number):
            return float(number)
    raise AssertionError(f"nothing of the kind near {start}")


def before_sigmoid(value: float) -> float:
    """Where sigmoid is exactly this number."""
    return near(np.log(value / (1 - value)), lambda x: elementary.sigmoid(x) == np.float32(value))


def writes(x: float, step: float) -> Pair:
    """Candidates at `(` and `)` that sigmoid(x) makes exactly a step up and a step down."""
    gate = elementary.sigmoid(np.float32(x))
    candidate = near(step / float(gate), lambda n: gate * n == np.float32(step))
    return candidate, -candidate


def both(number: float) -> Pair:
    """The same at `(` and at `)`."""
    return number, number


@dataclass(frozen=True)
class Network:
    """A network set by hand."""

    cell: Cell
    gates: Mapping[str, Pair]
    """Pre-activations at `(` and `)`; 0 where not given."""
    step: float = 1.0
    """What the output is at depth 1, or the lowest output that is read as such."""
    tensors: Mapping[str, float] = field(default_factory=dict)
    """Numbers in all places of other tensors."""
    base: float = 0.0
    """The output at depth 0."""

    def weights(self) -> np.ndarray:
        """float32 [P]."""
        tensors = {name: np.zeros(shape, np.float32) for name, shape in self.cell.shapes().items()}
        for gate, pair in self.gates.items():
            tensors["weight_ih_l0"][self.cell.gates.index(gate)] = pair
        for name, number in self.tensors.items():
            tensors[name][...] = number
        slope = 1.0 / self.step
        tensors["readout.weight"][1] = slope
        # Half a step above the output at depth 0; a base leaves no digits for halves, so there it is a whole one.
        tensors["readout.bias"][:] = 10.0, -(slope * self.base + (1.0 if self.base else 0.5))
        return cells.pack(self.cell, tensors)

    def counts_to(self, height: int) -> bool:
        """Whether every answer on ramps up to a height is right."""
        small = "".join("(" * n + ")" * n for n in (1, 2, 3, 5, 10) if n <= height)
        words = Words.from_strings([small, "(" * height + ")" * height])
        result = engine.evaluate(self.cell, self.weights()[None], words, dyck.targets(words))
        return bool(result.correct.all())


def network(name: str | Cell, gates: Mapping[str, Pair], step: float = 1.0, base: float = 0.0, **tensors: float):
    """A network of a cell; tensors by name without their layer, those of the state before the first token too."""
    cell = cells.get(name) if isinstance(name, str) else name
    if any(tensor.endswith("_0") for tensor in tensors):
        cell = type(cell)(learned_start=True)
    return Network(cell, gates, step, {f"{tensor}_l0": number for tensor, number in tensors.items()}, base)


def saturated_lstm(name: str, **tensors: float) -> Network:
    return network(name, {"i": OPEN, "f": OPEN, "g": STEP, "o": OPEN}, **tensors)


def by_rounding(name: str, leak: float) -> Network:
    """A cell with the GRU's update, whose gate is 1 - leak."""
    kept = both(before_sigmoid(1 - leak))
    if name == "sru":
        return network("sru", {"u": (1, -1), "f": kept, "r": OPEN}, leak)
    return network(name, {"z": kept, "n": STEP}, leak)


def hard_gru() -> Network:
    kept = near(3.0, lambda x: elementary.hard_sigmoid(x) == np.float32(1 - 2.0**-23))
    return network("hard_gru", {"z": (kept, kept), "n": STEP}, 2.0**-23)


def small_gate(name: str, x: float) -> Network:
    """A cell that adds a share, sigmoid(x), of its candidate."""
    gate, share = (x, x), float(elementary.sigmoid(np.float32(x)))
    if name == "mingru":
        return network("mingru", {"z": gate, "n": writes(x, 1.0)})
    if name == "minlstm":
        return network("minlstm", {"f": OPEN, "i": gate, "n": writes(x, 1.0)})
    return network("qrnn_fo", {"f": gate, "z": STEP, "o": OPEN}, share)


def positive_candidates(start: float) -> Network:
    """`mingru_log`: up by 2^-23 at `(`, and a product with 1 - 2^-24 at `)`."""
    up, _ = writes(-18.0, 2.0**-23)
    gates = {"z": (-18.0, -16.7), "n": (up - 0.5, -80.0)}
    return network("mingru_log", gates, 2.0**-23, start, **({"h_0": start} if start else {}))


def coupled(start: float) -> Network:
    """`coupled_lstm`: f = 1 - 2^-23; between 1/4 and 1/2 three steps of float32 up and three down."""
    kept = both(before_sigmoid(1 - 2.0**-23))
    if not start:
        return network("coupled_lstm", {"f": kept, "g": STEP, "o": OPEN}, 2.0**-23)
    above = elementary.tanh((start + 3 * 2.0**-25 * np.arange(1, TALL + 1)).astype(np.float32)).min()
    base = float(elementary.tanh(np.float32(start)))
    gates = {"f": kept, "g": (40.0, float(np.arctanh(-0.5))), "o": OPEN}
    return network("coupled_lstm", gates, float(above) - base, base, c_0=start)


def average(threshold: float, **start: float) -> Network:
    return network("slstm", {"f": OPEN, "z": STEP, "o": OPEN}, 2 * threshold, **start)


def mlstm() -> Network:
    return network("mlstm", {"f": OPEN, "o": OPEN, "q": (1, 1), "k": (1, -1), "v": (1, 1)})


def rglru(log_a: float, cell: Cell | None = None) -> Network:
    softplus_of_lambda = 0.01
    share = -log_a / 8 / softplus_of_lambda
    r = both(float(np.log(share / (1 - share))))
    gates = {"r": r, "i": OPEN, "v": (1, -1)}
    return network(cell or "rglru", gates, 2.0**-12, Lambda=float(np.log(np.expm1(softplus_of_lambda))))


def state_space(name: str, exponent: float) -> Network:
    gates = {"delta": (32, 32), "b": (1 / 32, 1 / 32), "c": (1, 1), "v": (1, -1)}
    return network(name, gates, A_log=float(np.log(-exponent / 32)))


class CoupledByInput(CoupledLSTM):
    """The other order: f = 1 - i."""

    name = "coupled_by_input"
    gates = ("i", "g", "o")

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        i = sigmoid(x["i"] + y["i"])
        c = (1.0 - i) * state[1] + i * tanh(x["g"] + y["g"])
        return (sigmoid(x["o"] + y["o"]) * tanh(c), c), {}


class QRNNAsPrinted(QRNNfo):
    """Equation 4 of the paper: f c + (1 - f) z."""

    name = "qrnn_as_printed"

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        f = sigmoid(x["f"])
        c = f * state[1] + (1.0 - f) * tanh(x["z"])
        return (sigmoid(x["o"]) * c, c), {}


class RGLRUAsPrinted(RGLRU):
    """Equation 4 of the paper: the root of 1 - a a."""

    name = "rglru_as_printed"

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        a = exp(-8.0 * sigmoid(x["r"]) * softplus(own["Lambda"]))
        return (a * state[0] + sqrt(1.0 - a * a) * (sigmoid(x["i"]) * x["v"]),), {}


COUNT: dict[str, Network] = {
    "lstm": saturated_lstm("lstm"),
    "hard_lstm": saturated_lstm("hard_lstm"),
    "peephole_lstm": saturated_lstm("peephole_lstm"),
    "peephole_lstm, peepholes that help": saturated_lstm("peephole_lstm", weight_ci=0.5, weight_cf=0.5, weight_co=0.5),
    "relu": network("relu", {"h": (1, -1)}, weight_hh=1.0),
    "linear": network("linear", {"h": (1, -1)}, weight_hh=1.0),
    "gru, z = 1 - 2^-23": by_rounding("gru", 2.0**-23),
    "gru_without_reset, z = 1 - 2^-23": by_rounding("gru_without_reset", 2.0**-23),
    "hard_gru, z = 1 - 2^-23": hard_gru(),
    "sru, f = 1 - 2^-23": by_rounding("sru", 2.0**-23),
    "coupled_lstm, from c = 0.27": coupled(0.27),
    "coupled_lstm with f = 1 - i": network(
        CoupledByInput(), {"i": (-18, -18), "g": STEP, "o": OPEN}, float(elementary.sigmoid(np.float32(-18)))
    ),
    "mingru, z below 2^-25": small_gate("mingru", -17.4),
    "mingru_log, from h = 1 + 2^-10": positive_candidates(1 + 2.0**-10),
    "minlstm, i below 2^-24": small_gate("minlstm", -16.7),
    "qrnn_fo, f below 2^-25": small_gate("qrnn_fo", -17.4),
    "qrnn_ifo": network("qrnn_ifo", {"i": OPEN, "f": OPEN, "z": STEP, "o": OPEN}),
    "slstm, threshold 2^-25": average(2.0**-25),
    "slstm, threshold 2^-25, after 2^24 tokens": average(2.0**-25, n_0=2.0**24),
    "mlstm": mlstm(),
    "rglru, log a = -2.8 10^-8": rglru(-2.8e-8),
    "rglru, log a = -1.6 10^-8": rglru(-1.6e-8),
    "s6, exponent -2.9 10^-8": state_space("s6", -2.9e-8),
    "s6_negative, exponent -2.9 10^-8": state_space("s6_negative", -2.9e-8),
}

FAIL: dict[str, tuple[Network, int]] = {
    "tanh": (network("tanh", {"h": (1, -1)}, weight_hh=1.0), 1),
    "gru, z = 1 - 2^-18": (by_rounding("gru", 2.0**-18), 1_000),
    "sru, f = 1 - 2^-18": (by_rounding("sru", 2.0**-18), 1_000),
    "coupled_lstm, from 0": (coupled(0.0), 1_000),
    "mingru, z above 2^-25": (small_gate("mingru", -17.3), 1_000),
    "mingru_log, from 0": (positive_candidates(0.0), 0),
    "minlstm, i above 2^-24": (small_gate("minlstm", -16.6), 1_000),
    "qrnn_fo, f above 2^-25": (small_gate("qrnn_fo", -17.3), 1_000),
    "qrnn_fo as printed": (
        network(QRNNAsPrinted(), {"f": both(before_sigmoid(1 - 2.0**-23)), "z": STEP, "o": OPEN}, 2.0**-23),
        1_000,
    ),
    "slstm, threshold 1/1000": (average(1e-3), 100),
    "rglru, log a = -3.2 10^-8": (rglru(-3.2e-8), 1_000),
    "rglru, log a = -1.4 10^-8": (rglru(-1.4e-8), 0),
    "rglru as printed": (rglru(-2.8e-8, RGLRUAsPrinted()), 0),
    "s6, exponent -3.1 10^-8": (state_space("s6", -3.1e-8), 1_000),
    "s6_negative, exponent -3.1 10^-8": (state_space("s6_negative", -3.1e-8), 1_000),
}
"""Each with the height of a ramp on which it is still right."""


@pytest.mark.parametrize("counter", COUNT.values(), ids=COUNT)
def test_counts_exactly(counter):
    assert counter.counts_to(TALL)


@pytest.mark.parametrize(("counter", "height"), FAIL.values(), ids=FAIL)
def test_counts_to_some_height_and_no_further(counter, height):
    assert not height or counter.counts_to(height)
    assert not counter.counts_to(TALL)


def test_every_cell_has_its_statement_and_the_page_agrees():
    """The page's table has a row for each cell: name, equations, real arithmetic, float32, tensors of its own."""
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _ in rows] == list(cells.names())
    can = {name.partition(",")[0] for name in COUNT}
    assert can | {name.partition(",")[0] for name in FAIL} >= set(cells.names())
    for name, row in rows:
        _, _, in_float32, own = (column.strip() for column in row.split("|"))
        assert in_float32.startswith("yes" if name in can else "no"), name
        assert re.findall(r"`(\w+)`", own) == list(cells.get(name).own)


def test_a_gru_whose_gate_is_one_step_nearer_to_1_does_not_count():
    """No value of our sigmoid, but of others: there the product with 1 - 2^-24 is rounded the wrong way."""
    one, z = np.float32(1), np.float32(1 - 2.0**-24)
    h = np.float32(0)
    for n in (one, -one):
        for _ in range(10):
            h = (h - n) * z + n
    assert h * 2**24 == -5


def test_a_normaliser_stops_growing():
    """The sLSTM's n at 2^24: from there on its h above depth 0 is never less than 2^-24."""
    cell = cells.get("slstm")
    counter = average(2.0**-25, n_0=2.0**24)
    traced = engine.trace(counter.cell, counter.weights(), np.array([0, 0, 1, 1, 0], np.uint8))
    assert cell.state_names == ("h", "c", "n", "m")
    np.testing.assert_array_equal(traced["n"].ravel(), 2.0**24)
    np.testing.assert_array_equal(traced["h"].ravel() * 2**24, [1, 2, 1, 0, 1])


@pytest.mark.parametrize(("name", "keeps"), [("s6_negative", True), ("s6", False)])
def test_parity_takes_a_negative_eigenvalue(name, keeps):
    """`(` turns the state over, s' = 1 - s, and `)` leaves it: for ever, where the eigenvalue may be -1."""
    gates = {"delta": (100, -40), "b": (0.01, 0), "c": (1, 1), "v": (1, 0)}
    parity = network(name, gates)
    tokens = np.random.default_rng(0).integers(0, 2, TALL, dtype=np.uint8)
    odd = (np.cumsum(1 - tokens) % 2).astype(np.uint8)
    targets = np.stack([np.ones_like(odd), odd], axis=1)
    words = Words(tokens, np.array([0, TALL]))
    result = engine.evaluate(parity.cell, parity.weights()[None], words, targets)
    assert bool(result.correct.all()) == keeps
