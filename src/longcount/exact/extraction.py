"""Programs read off networks: what each letter is seen to do in the states that short words lead to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from longcount.cells import Cell
from longcount.exact.certify import LEAST_EXACT_DEPTH
from longcount.exact.following import LEAST_STEP, steps_of
from longcount.exact.many_states import Network
from longcount.exact.normal_form import normal_form
from longcount.exact.prefixes import letters_after
from longcount.exact.program import FINENESSES, IDLE, LAST, Action, Choice, Fineness, Program
from longcount.exact.proof import EXACT_INTEGERS
from longcount.exact.reading import said
from longcount.exact.repeating import failing_repetition
from longcount.exact.search import tables
from longcount.exact.together import proved_equal
from longcount.exact.witness import encode
from longcount.languages.machine import Machine
from longcount.training.problem import DYCK1, Problem

MOST_STATES = 5_000
"""As many states are looked at."""

STATES_FOR_STEPS = 200
"""As many states are looked at to find what counters are multiples of."""

COUNTS = {1: 16, 2: 12, 3: 8, 4: 3}
"""Up to which counts words are read, by the number of counters; 2 for more."""

GRID = 64
"""Numbers are told apart by so many parts of 1."""

ALIKE = 1 / 16
"""Numbers that differ by less are one."""

KEPT = 0.99
"""A gate from here on keeps."""

FAR = 2_000
"""Letters of a word that a network reads wrong, along which it is followed with its program."""

MOST_FEATURES = 3
"""Of what a unit does; more are not tried, but all at once."""


class Seen(NamedTuple):
    """Steps S that a network was seen to make: units H, outputs O, counters C."""

    last: np.ndarray
    """int64 [S]: the letter before; the number of letters at the beginning."""
    letter: np.ndarray
    """int64 [S]."""
    before: np.ndarray
    """float64 [H, S]: the units' counters, in their steps."""
    after: np.ndarray
    kept: np.ndarray
    """bool [H, S]: whether the counter was kept, to be added to."""
    said: np.ndarray
    """bool [O, S]."""
    counts: np.ndarray
    """int64 [2, C, S]: the language's counters before and after."""
    steps: np.ndarray
    """float32 [H]: what the counters before and after are multiples of."""


class Extracted(NamedTuple):
    """The program that a network has become."""

    units: list[int | None]
    """The counter of the language that each unit moves with wherever the counter is above 0; None: with none."""
    rules: list[dict[str, Any]]
    """Condition, letter, and what it does to each unit's register: text, None for a unit that is no part of it."""
    proved: bool
    """Whether network and program are proved to be the same, token for token, while no counter exceeds `max_depth`."""
    max_depth: int | None
    differs: str | None
    """A word after which the two answer differently, a far one as witnesses are written; None where none is
    known."""
    reason: str
    """Why they are the same, or what stood in the way."""
    text: str
    """The program as a person reads it; empty where there is none."""
    form: str
    """The same for programs that are the same; empty where there is none. See `longcount.exact.normal_form`."""
    form_text: str
    """The program without what nothing depends on, its registers in an order and with signs of its own."""


def extract(cell: Cell, flat: np.ndarray, problem: Problem = DYCK1, depth: int = EXACT_INTEGERS) -> Extracted:
    """The program of a network of one layer.

    Args:
        cell: the cell.
        flat: its weights, float32 [P].
        problem: a language that counters decide, and what is asked.
        depth: the count to which a proof is wanted; one that reaches `LEAST_EXACT_DEPTH` counts as well.
    """
    network, least = Network(cell, flat), min(depth, LEAST_EXACT_DEPTH)
    seen = observed(network, problem)
    units, (program, reason) = _followed(seen), fitted(seen, problem)
    if program is None:
        return Extracted(units, [], False, None, None, reason, "", "", "")
    told = (program.text(), *normal_form(program, problem))
    proof = proved_equal(cell, flat, program, problem, depth, least)
    if proof.max_depth >= least:
        return Extracted(units, program.rules(), True, proof.max_depth, None, proof.reason, *told)
    differs = first_difference(program, network, problem) or _far_difference(program, cell, flat, problem)
    return Extracted(units, program.rules(), False, None, differs, proof.reason, *told)


def fitted(seen: Seen, problem: Problem) -> tuple[Program | None, str]:
    """The program that does what was seen and looks at registers as little as will do; None with a reason where none
    does."""
    found: tuple[Program | None, str] = None, ""
    for fineness in FINENESSES:
        found = _fitted(seen, fineness, problem)
        if found[0] is not None:
            break
    return found


def observed(network: Network, problem: Problem) -> Seen:
    """What letters do in all states that words lead to while counters are small."""
    ones = np.ones(network.cell.hidden_size, np.float32)
    if network.cell.counting:
        return _observed(network, problem, ones, MOST_STATES)
    first = _observed(network, problem, ones * np.float32(LEAST_STEP), STATES_FOR_STEPS)
    steps = steps_of(network, (first.after - first.before) * LEAST_STEP)
    return _observed(network, problem, steps, MOST_STATES)


def _observed(network: Network, problem: Problem, steps_of_units: np.ndarray, most_states: int) -> Seen:
    machine, table = problem.language, tables(problem)
    assert isinstance(machine, Machine)
    scale = steps_of_units[:, None]
    at, letters = network.cell.counting, network.cell.letters
    most = COUNTS.get(machine.counters, 2)
    known: set[bytes] = set()
    steps: list[tuple[np.ndarray, ...]] = []
    parts = tuple(np.array(part) for part in network.start)
    last, state = np.array([letters]), np.array([machine.states.index(machine.start.state)])
    counts = np.array(machine.start.counters, np.int64).reshape(1, -1)
    with np.errstate(over="ignore", invalid="ignore"):
        while len(last) and len(known) < most_states:
            origin, token, following, moved = letters_after(table, state, counts)
            after, gates = network.advance(token, tuple(part[:, origin] for part in parts))
            keeps = network.cell.keeps
            kept = (
                gates[keeps] >= KEPT if keeps in gates and network.cell.counter != "h" else np.ones_like(after[0], bool)
            )
            before = parts[at][:, origin]
            answers = said(network.outputs(after[0]), problem.question)
            numbers = (
                last[origin],
                token,
                (before / scale).T,
                (after[at] / scale).T,
                kept.T,
                answers.T,
                counts[origin],
                moved,
            )
            steps.append(numbers)
            numbers = np.concatenate([(part / scale).T for part in after], axis=1) * GRID
            rows = np.concatenate(
                [following[:, None], moved, token[:, None], np.nan_to_num(numbers).clip(-1e15, 1e15).round()], axis=1
            )
            fresh = [k for k, row in enumerate(rows.astype(np.int64)) if _is_new(known, row.tobytes())]
            fresh = np.array([k for k in fresh if moved[k].max(initial=0) <= most], int)
            last, state, counts = token[fresh], following[fresh], moved[fresh]
            parts = tuple(part[:, fresh] for part in after)
    last, letter, before, after, kept, answers, first, then = (
        np.concatenate(part) for part in zip(*steps, strict=True)
    )
    counted = np.stack([first.T, then.T])
    parts_seen = before.T.astype(float), after.T.astype(float), kept.T, answers.T
    return Seen(last, letter, *parts_seen, counted, steps_of_units)


def _is_new(known: set[bytes], key: bytes) -> bool:
    if key in known:
        return False
    known.add(key)
    return True


def _followed(seen: Seen) -> list[int | None]:
    """The first counter that each unit moves with, by one number a step, wherever the counter is above 0."""
    found: list[int | None] = []
    moves = seen.after - seen.before
    for unit in range(len(moves)):
        follows = None
        for counter in range(seen.counts.shape[1]):
            before, after = seen.counts[:, counter]
            both = (before > 0) & (after > 0)
            steps = (after - before)[both]
            if not steps.any():
                continue
            rate = moves[unit, both][steps != 0] / steps[steps != 0]
            holds = np.abs(moves[unit, both] - rate[0] * steps) < ALIKE
            if abs(rate[0]) > ALIKE and holds.all() and seen.kept[unit, both].all():
                follows = counter
                break
        found.append(follows)
    return found


def _fitted(seen: Seen, fineness: Fineness, problem: Problem) -> tuple[Program | None, str]:
    """The program that looks at registers so finely. Where no few features tell what a letter does to a unit, its
    register is set to 0 and no longer follows it; see `_forgotten`."""
    before, after = fineness.classes(seen.before), fineness.classes(seen.after)
    letters = problem.language.letters
    forgotten = np.zeros((len(before), len(letters) + 1), bool)
    while True:
        moves, untold = _moves(seen, before, forgotten)
        if not untold.any():
            break
        forgotten = _forgotten(seen, forgotten | untold)
    answers = []
    for token, letter in enumerate(problem.language.letters):
        at, looked = seen.letter == token, np.flatnonzero(~forgotten[:, token]).tolist()
        said_here = []
        for output, says in zip(problem.outputs, seen.said[:, at], strict=True):
            choice = _chosen(looked, _rows(looked, seen.last[at], after[:, at]), [says], _answer)
            if choice is None:
                return None, f"{output!r} after {letter!r} depends on more than where units stand to 0"
            said_here.append(choice)
        answers.append(tuple(said_here))
    first = seen.last == len(letters)
    start = tuple(float(number) for number in np.round(seen.before[:, first][:, 0] * GRID) / GRID)
    steps, of_moves = tuple(seen.steps.tolist()), tuple(map(tuple, moves))
    program = Program(letters, problem.outputs, fineness, start, steps, of_moves, tuple(answers))
    return program.without(set(np.flatnonzero(forgotten.any(axis=1)).tolist()) - program.needed), ""


def _forgotten(seen: Seen, forgotten: np.ndarray) -> np.ndarray:
    """bool [H, L + 1]: the letters after which a register does not follow its unit: those given, and all that may come
    next, up to one that sets the unit to a number."""
    found = forgotten.copy()
    changes = True
    while changes:
        changes = False
        for unit, token in zip(*np.nonzero(~found[:, :-1]), strict=True):
            rows = (seen.letter == token) & found[unit, seen.last]
            if rows.any() and (seen.kept[unit, rows].any() or np.ptp(seen.after[unit, rows]) > ALIKE):
                found[unit, token] = changes = True
    return found


def _moves(seen: Seen, before: np.ndarray, forgotten: np.ndarray) -> tuple[list[list[Choice]], np.ndarray]:
    """What each letter does to each unit; and where that is not told by units that registers follow before the letter,
    bool [H, L + 1]."""
    moves, untold = [], np.zeros(forgotten.shape, bool)
    for token in range(forgotten.shape[1] - 1):
        at = seen.letter == token
        looked = np.flatnonzero(~forgotten[:, np.unique(seen.last[at])].any(axis=1)).tolist()
        of_letter = []
        for unit in range(len(before)):
            if forgotten[unit, token]:
                of_letter.append(IDLE)
                continue
            cases = [*sorted(looked, key=lambda other, unit=unit: other != unit), LAST]
            facts = np.stack([seen.after[unit, at] - seen.before[unit, at], seen.after[unit, at]])
            facts = [seen.kept[unit, at], *np.round(facts * GRID) / GRID]
            choice = _chosen(cases, _rows(cases, seen.last[at], before[:, at]), facts, _action)
            untold[unit, token] = choice is None
            of_letter.append(choice or IDLE)
        moves.append(of_letter)
    return moves, untold


def _rows(features: Sequence[int], last: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return np.array([last if feature == LAST else classes[feature] for feature in features]).reshape(-1, len(last))


def _chosen(
    features: Sequence[int], rows: np.ndarray, facts: Sequence[np.ndarray], merged: Callable[[np.ndarray], Any]
) -> Choice | None:
    """The fewest features, the first of them rather than the last, on which facts depend; None where all do not do."""
    numbers = np.unique(np.concatenate([rows, np.stack(facts)]).T, axis=0)
    cases, told = numbers[:, : len(features)].astype(int), numbers[:, len(features) :]
    for subset in _subsets(len(features)):
        keys, key = np.unique(cases[:, list(subset)], axis=0, return_inverse=True)
        values = [merged(told[key.reshape(-1) == k]) for k in range(len(keys))]
        if all(value is not None for value in values):
            table = {tuple(one): value for one, value in zip(keys.tolist(), values, strict=True)}
            return Choice(tuple(features[k] for k in subset), table if subset else {(): values[0] if values else None})
    return None


def _subsets(number: int) -> Iterator[tuple[int, ...]]:
    for size in range(min(number, MOST_FEATURES) + 1):
        yield from itertools.combinations(range(number), size)
    if number > MOST_FEATURES:
        yield tuple(range(number))


def _action(facts: np.ndarray) -> Action | None:
    """One action that does all that was seen: rows of (kept, move, what it came to)."""
    kept, moved, came_to = facts.T
    if kept.all() and np.ptp(moved) <= ALIKE:
        return Action(False, float(np.median(moved)))
    return Action(True, float(np.median(came_to))) if np.ptp(came_to) <= ALIKE else None


def _answer(facts: np.ndarray) -> bool | None:
    return bool(facts[0, 0]) if np.ptp(facts) == 0 else None


def _far_difference(program: Program, cell: Cell, flat: np.ndarray, problem: Problem) -> str | None:
    """As `first_difference`, along a word that repeats a few letters and is read wrong, if there is one."""
    word = failing_repetition(cell, flat, problem, FAR)
    if word is None:
        return None
    network, classes = Network(cell, flat), program.fineness.classes
    parts, registers = tuple(np.array(part) for part in network.start), np.array(program.start, np.float32)[:, None]
    last = np.array([len(program.letters)])
    with np.errstate(over="ignore", invalid="ignore"):
        for number, letter in enumerate(word.astype(np.int64)[:, None], start=1):
            keep, add = program.actions(letter, last, classes(registers))
            registers, last = registers * keep + add, letter
            parts, _ = network.advance(letter, parts)
            answers = program.said(letter, classes(np.nan_to_num(registers)))
            if np.isnan(registers).any() or (answers != said(network.outputs(parts[0]), problem.question)).any():
                return encode(word[:number], program.letters)
    return None


def first_difference(program: Program, network: Network, problem: Problem, most: int = 2_000) -> str | None:
    """The first word after which a program and its network answer differently, of all short words; None where there is
    none among them."""
    machine, table = problem.language, tables(problem)
    assert isinstance(machine, Machine)
    parts = tuple(np.array(part) for part in network.start)
    registers = np.array(program.start, np.float32)[:, None]
    last, state = np.array([len(program.letters)]), np.array([machine.states.index(machine.start.state)])
    counts, words = np.array(machine.start.counters, np.int64).reshape(1, -1), [""]
    known: set[bytes] = set()
    with np.errstate(over="ignore", invalid="ignore"):
        while len(last) and len(known) < most:
            origin, token, state, counts = letters_after(table, state, counts)
            keep, add = program.actions(token, last[origin], program.fineness.classes(registers[:, origin]))
            registers = registers[:, origin] * keep + add
            parts, _ = network.advance(token, tuple(part[:, origin] for part in parts))
            words = [words[k] + program.letters[letter] for k, letter in zip(origin, token, strict=True)]
            unknown = np.isnan(registers).any(axis=0)
            answers = program.said(token, program.fineness.classes(np.nan_to_num(registers)))
            differs = unknown | (answers != said(network.outputs(parts[0]), problem.question)).any(axis=0)
            if differs.any():
                return words[int(np.argmax(differs))]
            numbers = np.concatenate([part.T for part in parts] + [registers.T], axis=1) + np.float32(0)
            rows = np.concatenate([state[:, None], counts, token[:, None], numbers.view(np.int32)], axis=1)
            fresh = np.array([k for k, row in enumerate(rows) if _is_new(known, row.tobytes())], int)
            last, state, counts, registers = token[fresh], state[fresh], counts[fresh], registers[:, fresh]
            parts, words = tuple(part[:, fresh] for part in parts), [words[k] for k in fresh]
    return None
