"""Proofs of networks of several units on languages of several counters."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from longcount import cells, engine, languages
from longcount.cells.lstm import LSTM
from longcount.exact.certify import certify, prove
from longcount.exact.construct import construct
from longcount.exact.theory import SATURATED
from longcount.exact.witness import decode
from longcount.languages import tasks
from longcount.languages.words import Words
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


def test_a_cell_of_ones_own_is_not_proved_by_its_name():
    class Impostor(LSTM):
        name = "lstm"

    cell, flat = built("shuffle2")
    own: Any = Impostor(2, 1, 4, 4)
    certificate = certify(own, flat, CASES["shuffle2"][0], limit=20)
    assert (certificate.verdict, certificate.reason) == ("bounded", "no proof is known for the cell lstm")
    assert cell != own


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
