"""Networks read as programs, and the proofs that each is its network."""

from dataclasses import replace

import numpy as np
import pytest

from longcount import cells, engine, languages
from longcount.exact.construct import construct
from longcount.exact.extraction import extract, first_difference, fitted, observed
from longcount.exact.many_states import Network
from longcount.exact.one_unit import SATURATED
from longcount.exact.program import Action, Choice, Fineness, Program
from longcount.exact.together import proved_equal
from longcount.exact.witness import decode
from longcount.languages import tasks
from longcount.languages.words import Words
from longcount.training.problem import DYCK1, Problem, problem

CASES = {"shuffle2": ([[1, 0], [-1, 0], [0, 1], [0, -1]], [[0, 0], [40, 0], [0, 0], [0, 40]], [5, -15, 5, -15]),
             "an_bn": ([[1, 2], [-1, -2]], [[0, 40], [40, 0], [-40, -40]], [0, -15, -15]),
             "majority": ([[-1], [1]], [[40]], [-15])}  # fmt: skip
"""Steps [letter][unit], 2 and -2 set; readout [output][unit]; bias [output]."""


def built(name: str) -> tuple[cells.Cell, np.ndarray, Problem]:
    steps, readout, bias = CASES[name]
    asked = problem(languages.get(name), tasks.RECOGNISE if name == "majority" else tasks.NEXT_LETTERS)
    cell = cells.get("lstm", len(steps[0]), 1, asked.letters, len(asked.outputs))
    tensors = {part: np.zeros(shape, np.float32) for part, shape in cell.shapes().items()}
    gates = tensors["weight_ih_l0"].reshape(4, cell.hidden_size, asked.letters)
    moves = np.array(steps).T
    gates[0] = np.where(moves, SATURATED, -3 * SATURATED)
    gates[1] = np.where(np.abs(moves) == 2, -3 * SATURATED, SATURATED)
    gates[2] = SATURATED * np.sign(moves)
    tensors["bias_ih_l0"][3 * cell.hidden_size :] = SATURATED
    tensors["readout.weight"][:], tensors["readout.bias"][:] = readout, bias
    return cell, cells.pack(cell, tensors), asked


def program_of(cell: cells.Cell, flat: np.ndarray, asked: Problem) -> Program:
    program, reason = fitted(observed(Network(cell, flat), asked), asked)
    assert program is not None, reason
    return program


def run(program: Program, word: np.ndarray) -> list[list[int]]:
    """What a program says after each letter, read as its text says."""
    last, registers, answers = len(program.letters), list(program.start), []
    for token in word.tolist():
        before = program.fineness.classes(np.array(registers))
        for unit, choice in enumerate(program.moves[token]):
            action = choice.table[tuple(last if f < 0 else int(before[f]) for f in choice.features)]
            registers[unit] = action.number + (0 if action.sets else registers[unit])
        after = program.fineness.classes(np.array(registers))
        answers.append(
            [choice.table[tuple(int(after[f]) for f in choice.features)] for choice in program.answers[token]]
        )
        last = token
    return answers


@pytest.mark.parametrize("name", CASES)
def test_the_program_of_an_exact_network_is_proved_and_says_what_the_engine_says(name):
    cell, flat, asked = built(name)
    found = extract(cell, flat, asked)
    assert found.proved, found.reason
    assert found.max_depth is not None
    assert found.max_depth > 100_000
    program, letters = program_of(cell, flat, asked), asked.language.letters
    assert program.text() == found.text
    random = np.random.default_rng(3)
    tried = ["".join(random.choice([*letters], 40)) for _ in range(3)] if name == "majority" else []
    if not tried:
        tried = list(asked.language.enumerate(8))[:6]
    words = Words.from_strings(tried, letters)
    targets = asked.targets(words)
    found_right = engine.evaluate(cell, flat[None], words, targets, question=asked.question).correct[0]
    assert found_right.all()
    for word in range(len(words)):
        said = np.array(run(program, words[word]))
        asked_of = targets[words.offsets[word] : words.offsets[word + 1]] if targets.ndim == 2 else None
        if name == "majority":
            assert said[-1, 0] == asked.language.members(words)[word]
        else:
            np.testing.assert_array_equal(said, asked_of)


def test_what_a_person_reads():
    found = extract(*built("an_bn"))
    assert found.units == [0, None]
    assert found.text == "\n".join(
        ["r0 = 0", "r1 = 0", "a:", "    r0 +1", "    r1 = 1", "    say a b", "b:", "    r0 −1", "    r1 = −1",
         "    say b if r0 > 0", "    say end if r0 = 0"]
    )  # fmt: skip
    assert found.rules == [
        {"condition": "always", "letter": "a", "actions": ["+1", "= 1"]},
        {"condition": "always", "letter": "b", "actions": ["−1", "= −1"]},
    ]


@pytest.mark.parametrize("name", ["lstm", "relu", "gru"])
def test_one_unit_counters_are_their_programs(name):
    found = extract(cells.get(name), construct(name), DYCK1)
    assert (found.proved, found.units, found.differs) == (True, [0], None), found
    assert "r0 −1" in found.text


def test_another_network_is_another_program_and_one_that_fails_is_not_proved():
    cell, flat, asked = built("shuffle2")
    tensors = {key: array.copy() for key, array in cells.unpack(cell, flat).items()}
    tensors["weight_ih_l0"][4, 0] = -SATURATED  # the first unit goes down at (
    found = extract(cell, cells.pack(cell, tensors), asked)
    assert not found.proved
    assert found.text != extract(cell, flat, asked).text
    assert extract(cells.get("relu"), construct("relu") * np.float32(1.001), DYCK1).proved is False


def test_a_wrong_program_is_not_proved_and_a_word_shows_it():
    cell, flat, asked = built("shuffle2")
    program = program_of(cell, flat, asked)
    assert proved_equal(cell, flat, program, asked, 2**24, 100_000).max_depth > 100_000
    holds = Choice((), {(): Action(False, 0.0)})
    wrong = replace(program, moves=((holds, program.moves[0][1]), *program.moves[1:]))
    assert proved_equal(cell, flat, wrong, asked, 2**24, 100_000).max_depth == 0
    assert first_difference(wrong, Network(cell, flat), asked) == "()"
    assert first_difference(program, Network(cell, flat), asked) is None


def test_a_program_with_other_registers_is_not_the_network():
    """It answers right, but its second register is not what the second unit is."""
    cell, flat, asked = built("an_bn")
    program = program_of(cell, flat, asked)
    zero = Choice((), {(): Action(True, 0.0)})
    looks = Choice((1,), {(0,): True})
    other = replace(
        program,
        moves=tuple((of_letter[0], zero) for of_letter in program.moves),
        answers=((looks, *program.answers[0][1:]), program.answers[1]),
    )
    assert proved_equal(cell, flat, program, asked, 2**24, 100_000).max_depth > 0
    assert proved_equal(cell, flat, other, asked, 2**24, 100_000).max_depth == 0


def test_classes_never_fall_and_are_named():
    fine = Fineness(2, 4)
    numbers = np.linspace(-4, 4, 801)
    assert (np.diff(fine.classes(numbers)) >= 0).all()
    assert fine.classes(np.array([-0.5, 0, 0.5, 1, 9])).tolist() == [-1, 0, 1, 2, 4]
    seen = frozenset({-1, 0, 1, 2, 4})
    assert fine.described("r0", frozenset({1, 2}), seen) == "r0 > 0 and r0 ≤ 1"
    assert fine.described("r0", frozenset({-1}), seen) == "r0 < 0"
    assert fine.described("r0", frozenset({-1, 2, 4}), seen) == "r0 < 0 or r0 > 0.5 and r0 ≤ 1 or r0 > 1.5"


def test_a_unit_that_does_what_no_rule_tells_is_followed_as_long_as_that_matters():
    """It counts a less b; at c, where nothing depends on it any longer, it leaks."""
    asked = problem(languages.get("an_bn_cn"))
    cell = cells.get("lstm", 4, 1, asked.letters, len(asked.outputs))
    tensors = {part: np.zeros(shape, np.float32) for part, shape in cell.shapes().items()}
    gates = tensors["weight_ih_l0"].reshape(4, 4, 3)
    moves = np.array([[1, -1, 1], [0, 1, -1], [2, -2, -2], [-2, -2, 2]])  # 2 and -2: sets
    gates[0] = np.where(moves, SATURATED, -3 * SATURATED)
    gates[1] = np.where(np.abs(moves) == 2, -3 * SATURATED, SATURATED)
    gates[2], gates[3] = SATURATED * np.sign(moves), SATURATED
    gates[1:, 0, 2] = 0.85, 0.3, -3 * SATURATED  # f, g and o of the first unit at c
    tensors["readout.weight"][:] = [[0, 0, 40, 0], [100, 0, 0, -100], [-200, 60, -100, 0], [0, -100, 0, 100]]
    tensors["readout.bias"][:] = 0, -110, -100, -50
    found = extract(cell, cells.pack(cell, tensors), asked)
    assert found.proved, found.reason
    of_letter = found.text.split("c:")[1]
    assert "r0 = 0" in of_letter
    assert "if r0" not in of_letter
    assert "say c if r0 = 0" in found.text.split("b:")[1]


def test_a_far_word_shows_that_a_leaking_network_is_not_its_program():
    """A counter that loses a hundred-thousandth at every letter is its program for as long as short words are read."""
    cell = cells.get("relu")
    flat = construct("relu")
    tensors = {name: tensor.copy() for name, tensor in cells.unpack(cell, flat).items()}
    tensors["weight_hh_l0"][0] = 0.99999
    found = extract(cell, cells.pack(cell, tensors))
    assert not found.proved
    assert found.differs is not None
    tokens = decode(found.differs, "()")
    assert len(tokens) > 30
    word = Words(tokens, np.array([0, len(tokens)]), "()")
    read = engine.evaluate(cell, cells.pack(cell, tensors)[None], word, DYCK1.targets(word))
    assert read.first_failure[0, 0] == len(tokens) - 1
