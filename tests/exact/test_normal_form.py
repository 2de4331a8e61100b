"""When programs are the same: whatever unit does what and counts in what; and when they are not."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from longcount import cells, languages
from longcount.exact.normal_form import normal_form
from longcount.exact.one_unit import SATURATED
from longcount.exact.program import Action, Choice, Fineness, Program
from longcount.training.problem import Problem, problem

from .test_programs import CASES, built, program_of


def rearranged(
    cell: cells.Cell, flat: np.ndarray, order: list[int], signs: list[int], halved: list[bool], spare: list[int]
) -> tuple[cells.Cell, np.ndarray]:
    """The same counters in other units, counting the other way or in halves, beside a unit that is not read: what each
    letter adds to it, 2 and -2 set."""
    size = cell.hidden_size
    wider = cells.get("lstm", size + 1, 1, cell.letters, cell.outputs)
    before = cells.unpack(cell, flat)
    after = {part: np.zeros(shape, np.float32) for part, shape in wider.shapes().items()}
    old = before["weight_ih_l0"].reshape(4, size, cell.letters)
    new = after["weight_ih_l0"].reshape(4, size + 1, cell.letters)
    for place, unit in enumerate(order):
        if unit == size:
            new[0, place] = np.where(spare, SATURATED, -3 * SATURATED)
            new[1, place] = np.where(np.abs(spare) == 2, -3 * SATURATED, SATURATED)
            new[2, place] = SATURATED * np.sign(spare)
            continue
        new[:, place] = old[:, unit]
        new[0, place] = np.where(halved[unit] & (old[0, unit] > 0), 0, old[0, unit])
        new[2, place] *= signs[unit]
        after["readout.weight"][:, place] = before["readout.weight"][:, unit] * signs[unit]
    after["bias_ih_l0"][3 * wider.hidden_size :] = SATURATED
    after["readout.bias"][:] = before["readout.bias"]
    return wider, cells.pack(wider, after)


@given(data=st.data(), name=st.sampled_from(sorted(CASES)))
@settings(max_examples=6)
def test_units_in_another_order_sign_and_scale_beside_one_that_is_not_read_are_the_same_program(data, name):
    cell, flat, asked = built(name)
    size = cell.hidden_size
    order = data.draw(st.permutations(range(size + 1)))
    signs = data.draw(st.lists(st.sampled_from([1, -1]), min_size=size, max_size=size))
    halved = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    spare = data.draw(st.lists(st.integers(-2, 2), min_size=cell.letters, max_size=cell.letters))
    wider, other = rearranged(cell, flat, order, signs, halved, spare)
    first, second = program_of(cell, flat, asked), program_of(wider, other, asked)
    same, told = normal_form(first, asked), normal_form(second, asked)
    assert told.key == same.key
    if not any(halved):
        assert told.text == same.text


def counted(language: str, moves: list[list[Choice]], answers: list[list[Choice]]) -> tuple[Program, Problem]:
    asked = problem(languages.get(language))
    start, steps = (0.0,) * len(moves[0]), (1.0,) * len(moves[0])
    made = (tuple(map(tuple, moves)), tuple(map(tuple, answers)))
    return Program(asked.language.letters, asked.outputs, Fineness(1, 1), start, steps, *made), asked


def always(value: object) -> Choice:
    return Choice((), {(): value})


def add(number: float) -> Choice:
    return always(Action(False, number))


def three(a: float, b: float, at_the_first_c: Choice) -> tuple[Program, Problem]:
    """aⁿbⁿcⁿ: one register is n less the b, the other begins with a or with b and goes down at c."""
    yes, no = always(True), always(False)
    below, empty = Choice((0,), {(1,): True, (0,): False}), Choice((0,), {(1,): False, (0,): True})
    due, over = Choice((1,), {(1,): True, (0,): False}), Choice((1,), {(1,): False, (0,): True})
    return counted(
        "an_bn_cn",
        [[add(1), add(a)], [add(-1), add(b)], [at_the_first_c, add(-1)]],
        [[yes, yes, no, no], [no, below, empty, no], [no, no, due, over]],
    )


def test_another_comparison_is_another_program_and_a_number_that_nothing_looks_at_is_not():
    with_b, with_a = three(0, 1, add(0)), three(1, 0, add(0))
    assert normal_form(*with_b).key != normal_form(*with_a).key
    dead = three(0, 1, always(Action(True, 0.5)))
    assert dead[0].text() != with_b[0].text()
    assert normal_form(*dead).key == normal_form(*with_b).key


def test_how_far_a_mark_has_fallen_does_not_matter_nor_what_the_last_letter_says_nor_a_copy():
    cell, flat, asked = built("an_bn")
    program = program_of(cell, flat, asked)
    beside = [always(Action(True, 1.0)), always(Action(True, -1.0))]
    ends = Choice((0, 1), {(0, -1): True, (1, -1): False, (1, 1): False})
    marked = replace(
        program,
        moves=tuple((of_letter[0], mark) for of_letter, mark in zip(program.moves, beside, strict=True)),
        answers=(program.answers[0], (*program.answers[1][:2], ends)),
    )
    falls = Choice((1,), {(1,): Action(True, -1.0), (-1,): Action(False, -1.0)})
    falling = replace(marked, moves=(marked.moves[0], (marked.moves[1][0], falls)))
    assert normal_form(falling, asked).key == normal_form(marked, asked).key
    assert normal_form(falling, asked).key == normal_form(program, asked).key, "the last letter says as much"
    counting = replace(program, moves=((add(1), add(1)), (add(-1), add(-1))))
    over = Choice((1,), {(0,): True, (1,): False})
    both = replace(counting, answers=(program.answers[0], (*program.answers[1][:2], over)))
    assert normal_form(both, asked).key == normal_form(program, asked).key, "a copy does the same"


def test_other_answers_are_another_program():
    program, asked = three(0, 1, add(0))
    says = (*program.answers[2][:3], always(True))
    other = replace(program, answers=(*program.answers[:2], says))
    assert normal_form(other, asked).key != normal_form(program, asked).key
