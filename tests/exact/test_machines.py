"""Proofs of networks of several units on languages of several counters."""

import itertools
from functools import cache
from typing import Any, cast

import numpy as np
import pytest

from longcount import cells, engine, languages
from longcount.cells.lstm import LSTM
from longcount.exact.boxes import THRESHOLD
from longcount.exact.certify import certify, prove
from longcount.exact.closure import Closure
from longcount.exact.construct import construct
from longcount.exact.extraction import extract
from longcount.exact.following import Walk
from longcount.exact.gru import GRU_STEP, UPDATE_BIAS
from longcount.exact.machines import graphs, largest
from longcount.exact.many_states import Network
from longcount.exact.one_unit import SATURATED
from longcount.exact.reading import Reading
from longcount.exact.witness import decode
from longcount.languages import tasks
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words
from longcount.numbers import elementary
from longcount.numbers.affine import Reach
from longcount.numbers.monotone import SIGMOID, TANH
from longcount.training.problem import Problem, problem


def counters(asked: Problem, steps: list[list[float]], readout: list[list[float]], bias: list[float]) -> tuple:
    """An LSTM whose units move by steps [letter][unit], or set themselves to 2 times the sign where a step is 2 or -2;
    readout [output][unit] and bias [output]."""
    cell = cells.get("lstm", len(steps[0]), 1, asked.letters, len(asked.outputs))
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    gates = tensors["weight_ih_l0"].reshape(4, cell.hidden_size, asked.letters)
    for letter, moves in enumerate(steps):
        for unit, move in enumerate(moves):
            gates[0, unit, letter] = SATURATED if move else -3 * SATURATED  # i
            gates[1, unit, letter] = -3 * SATURATED if abs(move) == 2 else SATURATED  # f
            gates[2, unit, letter] = SATURATED * np.sign(move)  # g
    tensors["bias_ih_l0"][3 * cell.hidden_size :] = SATURATED  # o
    tensors["readout.weight"][:], tensors["readout.bias"][:] = readout, bias
    return cell, tensors


ONE = np.float32(1)
FORTY_AT_1 = np.float32(40) * elementary.tanh(ONE)
"""What a readout of weight 40 reads of a unit that counts, at 1."""

UP, DOWN = [1.0, 0.0], [-1.0, 0.0]
CASES: dict[str, tuple[Problem, list, list, list]] = {
    "shuffle2": (
        problem(languages.get("shuffle2")),
        [UP, DOWN, UP[::-1], DOWN[::-1]],
        [[0, 0], [40, 0], [0, 0], [0, 40]],
        [5, -15, 5, -15],
    ),
    "an_bn": (
        problem(languages.get("an_bn")),
        [[1, 2], [-1, -2]],  # c, and which letter was the last
        [[0, 40], [40, 0], [-40, -40]],
        [0, -15, -15],
    ),
    "majority": (problem(languages.get("majority")), [[-1.0], [1.0]], [[0], [0], [40]], [5, 5, -15]),
    "majority, recognise": (
        problem(languages.get("majority"), tasks.RECOGNISE),
        [[-1.0], [1.0]],
        [[40]],
        [-15],
    ),
    "an_bm_cnm": (
        problem(languages.get("an_bm_cnm")),
        [[1, 2, 0], [1, -2, 2], [-1, -2, -2]],  # c; whether the last letter was a; whether it was b
        [[0, 40, 0], [0, 40, 40], [40, -40, 0], [-40, -20, -20]],
        [0, 25, -40, -30],
    ),
}


@cache
def built(name: str) -> tuple[LSTM, np.ndarray]:
    cell, tensors = counters(*CASES[name])
    return cell, cells.pack(cell, tensors)


def changed(name: str, tensor: str, place: tuple[int, ...], value: float) -> np.ndarray:
    cell, flat = built(name)
    tensors = {key: array.copy() for key, array in cells.unpack(cell, flat).items()}
    tensors[tensor][place] = value
    return cells.pack(cell, tensors)


def every_word(asked: Problem, most: int) -> Words:
    """All words that the language has up to some length; of a recogniser all strings."""
    language, texts = asked.language, [""]
    if asked.task != tasks.RECOGNISE:
        lengths = range(1, most + 1)
        return Words.from_strings([w for n in lengths for w in language.enumerate(n)], language.letters)
    for _ in range(most):
        texts += [text + letter for text in texts if len(text) == len(texts[-1]) for letter in language.letters]
    return Words.from_strings(texts[1:], language.letters)


def right(name: str, flat: np.ndarray, words: Words) -> np.ndarray:
    cell, asked = built(name)[0], CASES[name][0]
    found = engine.evaluate(cell, flat[None], words, asked.targets(words), question=asked.question)
    return found.correct[0]


@pytest.mark.parametrize("name", CASES)
def test_hand_built_counters_are_exact_and_right(name):
    cell, flat = built(name)
    asked = CASES[name][0]
    certificate = certify(cell, flat, asked)
    assert certificate.verdict == "exact", certificate
    assert certificate.max_depth is not None
    assert 2**23 - 4 <= certificate.max_depth <= 2**24
    assert (certificate.language, certificate.task) == (asked.language.name, asked.task.name)
    assert right(name, flat, every_word(asked, 8)).all()


@pytest.mark.parametrize("name", ["shuffle2", "majority"])
def test_a_gate_one_step_of_float32_from_saturation_is_refused(name):
    """Of the unit that counts: its forget gate, its input gate, its candidate."""
    asked, cell = CASES[name][0], built(name)[0]
    units = cell.hidden_size
    for row, edge in ((0, SIGMOID.one_from), (units, SIGMOID.one_from), (2 * units, TANH.one_from)):
        letter = 0 if built(name)[1][2 * units * asked.letters] > 0 else 1
        exact = changed(name, "weight_ih_l0", (row, letter), edge)
        assert prove(cell, exact, asked).max_depth > 100_000, (name, row)
        near = changed(name, "weight_ih_l0", (row, letter), np.nextafter(np.float32(edge), np.float32(0)))
        assert prove(cell, near, asked).max_depth == 0, (name, row)


EDGES = {
    "a gate that holds while another counter moves": ("shuffle2", "weight_ih_l0", (2, 2), SIGMOID.one_from, -1),
    "a step down": ("shuffle2", "weight_ih_l0", (4, 1), TANH.minus_one_to, +1),
    "no bracket to close at 0": ("shuffle2", "readout.bias", (1,), np.nextafter(THRESHOLD, -ONE), +1),
    "a bracket to close at 1": ("shuffle2", "readout.bias", (1,), -FORTY_AT_1, -1),
    "no member at 0": ("majority, recognise", "readout.bias", (0,), np.nextafter(THRESHOLD, -ONE), +1),
    "a member at 1": ("majority, recognise", "readout.bias", (0,), -FORTY_AT_1, -1),
    "no b where none is due": ("an_bn", "readout.bias", (1,), np.nextafter(THRESHOLD, -ONE), +1),
    "a b where one is due": ("an_bn", "readout.bias", (1,), -FORTY_AT_1, -1),
}
"""Of a built network the tensor, the place, the last value with which it is right, and on which side it is not."""


@pytest.mark.parametrize("what", EDGES)
def test_networks_one_step_of_float32_from_the_conditions_are_refused(what):
    name, tensor, place, edge, side = EDGES[what]
    cell, asked = built(name)[0], CASES[name][0]
    assert prove(cell, changed(name, tensor, place, edge), asked).max_depth > 100_000
    beyond = changed(name, tensor, place, np.nextafter(np.float32(edge), np.float32(side * np.inf)))
    assert prove(cell, beyond, asked).max_depth == 0
    if tensor == "readout.bias":
        assert not right(name, beyond, every_word(asked, 2)).all()


def test_a_network_proves_nothing_about_another_language():
    cell, flat = built("shuffle2")
    other = languages.Machine(
        name="nested",
        letters="()[]",
        description="( and [ counted together",
        rules=(("read", "([", "*", "read", (1,)), ("read", ")]", "+", "read", (-1,))),
        ends=(("read", "0"),),
    )
    certificate = certify(cell, flat, problem(other), limit=50)
    assert certificate.verdict == "bounded"
    assert certificate.upper_bound is not None
    assert certificate.witness is not None
    tokens = decode(certificate.witness, other.letters)
    assert certificate.lower_bound <= certificate.upper_bound < len(tokens)


@pytest.mark.parametrize(("hidden_size", "layers"), [(2, 1), (1, 2)])
def test_an_exact_counter_that_the_readout_does_not_read_proves_nothing(hidden_size, layers):
    cell = cells.get("lstm", hidden_size, layers)
    small, tensors = cells.unpack(cells.get("lstm"), construct("lstm")), cells.unpack(cell, np.zeros(cell.size()))
    for part in ("weight_ih_l0", "bias_ih_l0"):
        tensors[part].reshape(4, hidden_size, -1)[:, 0] = small[part].reshape(4, 1, -1)[:, 0]
    certificate = certify(cell, cells.pack(cell, tensors).astype(np.float32), limit=20)
    assert (certificate.verdict, certificate.lower_bound, certificate.upper_bound) == ("bounded", 1, 1)


def test_a_cell_of_ones_own_is_proved_by_its_equations_not_by_its_name():
    class Impostor(LSTM):
        name = "lstm"

        def forward(self, x, y, state, own):
            after, gates = super().forward(x, y, state, own)
            return tuple(part * 0.9999 for part in after), gates

    class Twin(LSTM):
        name = "twin"

    flat, asked = built("shuffle2")[1], CASES["shuffle2"][0]
    impostor, twin = cast(Any, Impostor)(2, 1, 4, 4), cast(Any, Twin)(2, 1, 4, 4)
    assert certify(impostor, flat, asked, limit=20).verdict == "bounded"
    assert certify(twin, flat, asked, limit=20).verdict == "exact"


@pytest.mark.parametrize("name", ["shuffle2", "an_bn", "majority, recognise"])
def test_no_perturbed_network_is_called_exact_that_a_word_breaks(name):
    """Bits and pieces of weights changed at random: every proof is compared with all short words."""
    cell, flat = built(name)
    asked, random = CASES[name][0], np.random.default_rng(5)
    words = every_word(asked, 6)
    proved = broken = 0
    for _ in range(16):
        other = flat * random.choice([1, 0.5, 0.2, -1], flat.size, p=[0.94, 0.02, 0.02, 0.02])
        other = (other + random.choice([0, 5], flat.size, p=[0.97, 0.03])).astype(np.float32)
        exact = prove(cell, other, asked).max_depth > 0
        fails = not right(name, other, words).all()
        assert not (exact and fails)
        proved, broken = proved + exact, broken + fails
    assert proved > 0
    assert broken > 0


def steps_with(name: str, asked: Problem, steps: list, recurrent: np.ndarray, readout: list, bias: list) -> tuple:
    """A ReLU, GRU or minGRU network whose units move by steps [letter][unit], of the ReLU with recurrent weights
    [unit][unit]; readout [output][unit] and bias [output]."""
    cell = cells.get(name, len(steps[0]), 1, asked.letters, len(asked.outputs))
    tensors = {part: np.zeros(shape, np.float32) for part, shape in cell.shapes().items()}
    moves, step = np.array(steps, np.float32).T, 1.0
    if name == "relu":
        tensors["weight_ih_l0"][:], tensors["weight_hh_l0"][:] = moves, recurrent
    else:
        gates = tensors["weight_ih_l0"].reshape(len(cell.gates), cell.hidden_size, asked.letters)
        at = cell.gates.index
        if name == "gru":
            step = GRU_STEP
            gates[at("z")] = np.where(moves, UPDATE_BIAS, SATURATED)
            gates[at("n")] = SATURATED * np.sign(moves)
        else:
            gates[at("z")], gates[at("n")] = -20, moves / elementary.sigmoid(np.float32(-20))
    tensors["readout.weight"][:], tensors["readout.bias"][:] = np.array(readout) / step, bias
    return cell, tensors


SHUFFLE2 = CASES["shuffle2"]
OTHER_CELLS = {
    "relu, shuffle2": (SHUFFLE2[0], "relu", np.eye(2), *SHUFFLE2[1:]),
    "gru, shuffle2": (SHUFFLE2[0], "gru", np.eye(2), *SHUFFLE2[1:]),
    "mingru, shuffle2": (SHUFFLE2[0], "mingru", np.eye(2), *SHUFFLE2[1:]),
    # The second unit says whether the last letter was b.
    "relu, an_bn": (CASES["an_bn"][0], "relu", np.diag([1, 0]), [[1, -1], [-1, 1]], [[0, -40], [40, 0], [-40, 0]],
                    [15, -15, 15]),
    # The units exchange their counts at every letter: one counts at even, one at odd places.
    "relu, semi_dyck1": (problem(languages.get("semi_dyck1")), "relu", np.array([[0, 1], [1, 0]]),
                         [[1, 1], [-1, -1]], [[0, 0], [20, 20]], [5, -15]),
}  # fmt: skip


@cache
def built_of(name: str) -> tuple[Any, np.ndarray, Problem]:
    asked, cell_name, recurrent, steps, readout, bias = OTHER_CELLS[name]
    cell, tensors = steps_with(cell_name, asked, steps, recurrent, readout, bias)
    return cell, cells.pack(cell, tensors), asked


@pytest.mark.parametrize("name", OTHER_CELLS)
def test_counters_of_other_cells_are_exact_and_right_and_programs(name):
    cell, flat, asked = built_of(name)
    certificate = certify(cell, flat, asked, limit=20)
    assert certificate.verdict == "exact", certificate
    assert certificate.max_depth is not None
    assert certificate.max_depth >= 2**21 - 2
    words = every_word(asked, 8)
    found = engine.evaluate(cell, flat[None], words, asked.targets(words), question=asked.question)
    assert found.correct.all()
    program = extract(cell, flat, asked)
    assert program.proved, program.reason


def step_off(number: Any) -> np.ndarray:
    return np.nextafter(np.float32(number), np.float32(0))


@pytest.mark.parametrize(
    ("name", "tensor", "place", "change"),
    [
        ("relu, shuffle2", "weight_hh_l0", (0, 0), step_off),  # the recurrent weight is not 1
        ("relu, shuffle2", "weight_ih_l0", (0, 1), step_off),  # ) takes less than ( adds
        ("relu, shuffle2", "weight_ih_l0", (1, 0), lambda number: np.float32(2.0**-20)),  # ( moves the other unit, too
        ("relu, shuffle2", "weight_hh_l0", (0, 1), lambda number: np.float32(2.0**-40)),  # one unit sees the other
        ("relu, an_bn", "weight_hh_l0", (1, 0), lambda number: np.float32(2.0**-16)),  # sees counts above 65,536
        ("relu, semi_dyck1", "weight_hh_l0", (0, 1), step_off),
        ("gru, shuffle2", "weight_ih_l0", (2, 1), lambda number: number - 1),  # z = 1 - 2^-23 is smaller
        ("gru, shuffle2", "weight_ih_l0", (4, 0), lambda number: np.float32(0.5)),  # n is below 1
        ("mingru, shuffle2", "weight_ih_l0", (2, 0), step_off),
        ("mingru, shuffle2", "weight_ih_l0", (0, 2), lambda number: np.float32(-15)),  # 1 - z is below 1
    ],
)  # fmt: skip
def test_other_cells_a_little_off_are_refused(name, tensor, place, change):
    cell, flat, asked = built_of(name)
    tensors = {key: array.copy() for key, array in cells.unpack(cell, flat).items()}
    assert prove(cell, flat, asked).max_depth > 100_000
    tensors[tensor][place] = change(tensors[tensor][place])
    assert prove(cell, cells.pack(cell, tensors), asked).max_depth == 0


@pytest.mark.parametrize("name", OTHER_CELLS)
def test_no_perturbed_network_of_other_cells_is_called_exact_that_a_word_breaks(name):
    cell, flat, asked = built_of(name)
    random, words = np.random.default_rng(7), every_word(asked, 7)
    targets = asked.targets(words)
    proved = broken = 0
    for _ in range(16):
        other = flat * random.choice([1, 0.5, 2, -1], flat.size, p=[0.94, 0.02, 0.02, 0.02])
        other = (other + random.choice([0, 0.5], flat.size, p=[0.97, 0.03])).astype(np.float32)
        exact = prove(cell, other, asked).max_depth > 0
        fails = not engine.evaluate(cell, other[None], words, targets, question=asked.question).correct.all()
        assert not (exact and fails)
        proved, broken = proved + exact, broken + fails
    assert proved > 0
    assert broken > 0


def boxes_of(cell: Any, flat: np.ndarray, asked: Problem, wanted: int, graphs_tried: int = 5) -> Closure | None:
    """The first boxes that close."""
    network = Network(cell, flat)
    for places in itertools.islice(graphs(asked), graphs_tried):
        reading = Reading(asked, places)
        walk = Walk(network, places, reading)
        for slopes in walk.slopes():
            scaled = network.in_units(walk.scale)
            boxes = Closure(scaled, places, reading, slopes, Reach(wanted, 100_000), largest(cell))
            if boxes.close():
                return boxes
    return None


def assert_held(boxes: Closure, asked: Problem, word: str) -> None:
    """Every state along a word, computed in float32, lies in a box of its node."""
    network, machine = boxes.network, boxes.places.machine
    parts, place = tuple(network.start), machine.start
    for letter in word:
        token, following = machine.letters.index(letter), machine.step(place, letter)
        assert following is not None
        parts, gates = network.advance(np.array([token]), parts)
        place = following
        counter, *others = network.view.of_step(parts, gates)
        number = boxes.places.places.index(boxes.places.place_of(place))
        node = number * len(machine.letters) + token
        excess = np.array(place.counters) - boxes.places.counts[:, number]
        follows = (boxes.slopes[:, :, node].astype(float) * excess[:, None, None]).sum(axis=0)  # [H, boxes]
        coordinates = np.stack([counter.astype(float) - follows, *(part + 0 * follows for part in others)])
        inside = (boxes.ends[0][:, :, node] <= coordinates) & (coordinates <= boxes.ends[1][:, :, node])
        assert (inside.all(axis=(0, 1)) & boxes.used[node]).any(), word


@pytest.mark.parametrize("name", [*CASES, *OTHER_CELLS])
def test_boxes_hold_every_state_along_random_words(name):
    cell, flat, asked = built_of(name) if name in OTHER_CELLS else (*built(name), CASES[name][0])
    boxes = boxes_of(cell, flat, asked, 2**20)
    assert boxes is not None
    language, random = asked.language, np.random.default_rng(2)
    drawn, _ = language.walk(np.array([30, 200]), Uniforms(3))
    for word in [*drawn.strings(), "".join(random.choice([*language.letters], 2))]:
        if language.members(Words.from_strings([word], language.letters))[0]:
            assert_held(boxes, asked, word)


def test_proofs_can_be_looked_for_of_every_cell():
    """Answers are right whatever the state is; boxes hold it, or are not found."""
    asked = problem(
        languages.Machine(
            name="both",
            letters="ab",
            description="all strings",
            rules=(
                ("read", "a", "*", "read", (1,)),
                ("read", "b", "+", "read", (-1,)),
                ("read", "b", "0", "read", (0,)),
            ),
            ends=(("read", "0"),),
            expected=(("read", "*", "ab"),),
        )
    )
    random, closed = np.random.default_rng(4), 0
    for kind in cells.CELLS.values():
        cell = cast(Any, kind)(2, 1, 2, len(asked.outputs))
        tensors = cells.unpack(cell, random.normal(size=cell.size()).astype(np.float32))
        tensors["readout.weight"][:], tensors["readout.bias"][:] = 0, 9
        flat = cells.pack(cell, tensors)
        boxes = boxes_of(cell, flat, asked, 2**20, graphs_tried=1)
        if boxes is not None:
            closed += 1
            assert_held(boxes, asked, "aabababbbbaaab" * 20)
    assert closed > 5


def test_a_count_that_is_no_whole_number_is_proved_as_far_as_rounding_leaves_it():
    """It begins at -0.01 and so counts -0.01, 0.99, 1.99, ...: from some depth on float32 rounds that away."""
    asked = problem(languages.get("dyck1"))
    cell = LSTM(learned_start=True)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    small = cells.unpack(cells.get("lstm"), construct("lstm"))
    tensors |= {name: small[name].copy() for name in small}
    tensors["c_0_l0"][:] = -0.01
    tensors["readout.bias"][1] = 0
    proof = prove(cell, cells.pack(cell, tensors), asked)
    assert 100_000 <= proof.max_depth < 2**20
    deep = proof.max_depth * 4
    ramp = Words.from_strings(["(" * deep + ")" * deep], "()")
    found = engine.evaluate(cell, cells.pack(cell, tensors)[None], ramp, asked.targets(ramp), question=asked.question)
    assert found.first_failure[0, 0] == 2 * deep - 1
