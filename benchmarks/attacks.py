"""Words that are made to break networks, for any language of counters and any task; see `soundness.py`, `stress.py`."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np

from far_words import far_words
from longcount.cells import Cell
from longcount.cells.network import Question, hidden_states, initial_state, inputs_of_letters, split, step
from longcount.exact.reading import whole
from longcount.exact.repeating import tried
from longcount.exact.search import tables
from longcount.languages.machine import Configuration, Machine
from longcount.languages.words import Words, offsets_of
from longcount.numbers.vector import Vector, matrix_vector
from longcount.training.problem import Problem

LEAVES = 0.001
"""How often a random string leaves the language, where strings outside it are judged, too."""


def machine_of(problem: Problem) -> Machine:
    """The language as a machine."""
    assert isinstance(problem.language, Machine)
    return problem.language


def judged_everywhere(problem: Problem, words: Words) -> tuple[np.ndarray, Question]:
    """Targets and question that judge every prefix of every word, also where one answer is asked for a whole word."""
    if not whole(problem):
        return problem.targets(words), problem.question
    return np.ascontiguousarray(problem.language.allowed(words)[:, -1:]), problem.question._replace(answers="token")


def length_with(problem: Problem, at_least: int) -> int:
    """The length up to which there are so many words; where whole strings are judged, so many strings; of words of n or
    of n and m, so many prefixes."""
    machine, number, length = machine_of(problem), 0, 0
    prefixes = Counter({machine.start: 1})
    while number < at_least:
        length += 1
        if whole(problem):
            number += len(machine.letters) ** length
        elif machine.numbers:
            after: Counter = Counter()
            for configuration, times in prefixes.items():
                for _, following in machine.following(configuration):
                    after[following] += times
            prefixes = after
            number += prefixes.total()
        else:
            number += machine.count(length)
    return length


def all_words(problem: Problem, most: int) -> Words:
    """All words up to so many letters, or all strings where whole strings are judged; words that others begin with are
    left out."""
    table, machine = tables(problem), machine_of(problem)
    tokens = np.zeros((1, 0), np.uint8)
    state, counts = _start(problem, 1)
    ended: list[np.ndarray] = []
    for left in range(most - 1, -1, -1):
        go_on = table.next[_codes(state, counts)] >= 0
        ended += list(tokens[~go_on.any(axis=1)])
        origin, token = np.nonzero(go_on)
        code = _codes(state, counts)[origin]
        state, counts = table.next[code, token], counts[origin] + table.steps[code, token]
        tokens = np.column_stack([tokens[origin], token.astype(np.uint8)])
        kinds, kind = np.unique(np.column_stack([state, counts]), axis=0, return_inverse=True)
        due = [_due(machine, *one) for one in kinds.tolist()]
        kept = (np.array(due)[kind.reshape(-1)] <= left) | whole(problem) | bool(machine.numbers)
        tokens, state, counts = tokens[kept], state[kept], counts[kept]
    lengths = [*map(len, ended), *[most] * len(tokens)]
    return Words(np.concatenate([*ended, tokens.ravel()]), offsets_of(lengths), problem.language.letters)


def _due(machine: Machine, state: int, *counts: int) -> int:
    if state == len(machine.states):
        return 0
    return machine.letters_due(Configuration(machine.states[state], counts))


def walks(problem: Problem, number: int, tokens: int, random: np.random.Generator) -> Words:
    """Random strings up to so long: each repeats its last letter with a probability of its own, from 0 to 0.9999, so
    that some stay low, some wander and some are long ramps, one counter within another."""
    table, letters = tables(problem), len(problem.language.letters)
    state, counts = _start(problem, number)
    changes, lane = 10.0 ** -random.uniform(0, 4, number), np.arange(number)
    outside = len(machine_of(problem).states)
    last, length = np.zeros(number, int), np.zeros(number, int)
    chosen = np.zeros((tokens, number), np.uint8)
    for position in range(tokens):
        code = _codes(state, counts)
        possible = table.next[code] >= 0
        inside = possible & (table.next[code] != outside)
        stays = inside.any(axis=1) & (random.random(number) >= LEAVES * changes)
        possible[stays] = inside[stays]
        drawn = (random.random((number, letters)) * possible).argmax(axis=1)
        repeats = possible[lane, last] & (random.random(number) >= changes) & (position > 0)
        last = np.where(repeats, last, drawn)
        length += (length == position) & possible.any(axis=1)
        chosen[position] = last
        counts += table.steps[code, last]
        state = np.where(length > position, table.next[code, last], state)
    words = [chosen[:n, k] for k, n in enumerate(length)]
    return Words(np.concatenate(words), offsets_of(length), problem.language.letters)


def ramps(problem: Problem, tokens: int, deepest: int) -> Words:
    """Up to a count and down again, at most `deepest`: words of n and m, a letter after another, a few letters again
    and again; about so many tokens in all."""
    machine = machine_of(problem)
    pairs = list(itertools.permutations(machine.letters, 2))
    most = min(500_000, deepest // 2, tokens // (2 * len(pairs)))
    texts = [first * most + second * most for first, second in pairs]
    if machine.numbers:
        numbers = [(most,), (most - 1,)] if machine.numbers == 1 else [(most, most), (most, 1), (1, most)]
        texts += [machine.word_of(*each) for each in numbers]
    kept = _possible(problem, texts)
    kept += list(tried(machine, min(100_000, deepest, tokens // 96), whole(problem))[0])
    kept = [word for word in kept if len(word)]
    return Words(np.concatenate(kept), offsets_of([len(word) for word in kept]), machine.letters)


def farthest(problem: Problem, deepest: int) -> Words:
    """The word that takes a counter up to a count and down again: of as many letters of a kind and of another as go
    highest so, or the word of n and n."""
    machine, tried_with = machine_of(problem), 64
    pairs = itertools.permutations(machine.letters, 2)
    texts = [lambda most, pair=pair: pair[0] * most + pair[1] * most for pair in pairs]
    if machine.numbers:
        texts = [lambda most: machine.word_of(*(most,) * machine.numbers)]
    heights = []
    for text in texts:
        (word,) = _possible(problem, [text(tried_with)])
        heights.append(machine.depths(_alone(word, machine.letters)).max(initial=0))
    most = deepest * tried_with // int(max(heights))
    (word,) = _possible(problem, [texts[int(np.argmax(heights))](most)])
    return _alone(word, machine.letters)


def _alone(word: np.ndarray, letters: str) -> Words:
    return Words(word, offsets_of([len(word)]), letters)


def _possible(problem: Problem, texts: list[str]) -> list[np.ndarray]:
    """Texts as tokens, as far as they may begin a word, unless answers are about whole strings."""
    words = Words.from_strings(texts, machine_of(problem).letters)
    left = machine_of(problem).first_bad_tokens(words)
    return [words[k] if n < 0 or whole(problem) else words[k][:n] for k, n in enumerate(left)]


def short_and_far(problem: Problem, random: np.random.Generator) -> Words:
    """Words for many networks, of which each reads all: about 200,000 tokens."""
    near = [
        all_words(problem, length_with(problem, 2_000)),
        walks(problem, 64, 400, random),
        tried(machine_of(problem), 1_000, whole(problem))[0],
    ]
    return Words.concatenate([*near, far_words(problem.language)])


def adversaries(
    cell: Cell, weights: np.ndarray, problem: Problem, tokens: int, random: np.random.Generator
) -> list[Words]:
    """For every network, float32 [M, P], the word that it comes nearest to failing on, token by token."""
    table, models = tables(problem), np.arange(len(weights))
    network = split(cell, list(weights.T))
    by_letter = inputs_of_letters(cell, network)
    x = {gate: Vector(tuple(map(np.stack, zip(*(one[gate] for one in by_letter), strict=True)))) for gate in cell.gates}
    state = initial_state(cell, network, weights[:, 0] * 0)
    place, counts = _start(problem, len(weights))
    chosen, length = np.zeros((tokens, len(weights)), np.uint8), np.zeros(len(weights), int)
    for position in range(tokens):
        code = _codes(place, counts)
        following, _ = step(cell, network, x, state)
        reached, moved = table.next[code], counts[:, None] + table.steps[code]  # [M, L], [M, L, C]
        outputs = matrix_vector(network.readout_weight, hidden_states(cell, following)[-1])
        outputs = np.array([product + bias for product, bias in zip(outputs, network.readout_bias, strict=True)])
        wanted = table.right[_codes(reached.T, moved.transpose(1, 0, 2))]  # [L, M, outputs]
        margin = np.where(wanted.transpose(2, 0, 1), 1, -1) * _above_threshold(outputs, problem.question)
        margin = np.where(reached.T >= 0, margin.min(axis=0), np.inf)
        margin += np.where(random.random(len(weights)) < 0.1, random.random(margin.shape) * 1e6, 0)
        letter = margin.argmin(axis=0)
        chosen[position] = letter
        length += (length == position) & (reached >= 0).any(axis=1)
        place, counts = np.where(length > position, reached[models, letter], place), moved[models, letter]
        state = tuple(Vector(number[letter, models] for number in part) for part in following)
    return [
        Words(np.ascontiguousarray(chosen[:n, k]), np.array([0, n]), problem.language.letters)
        for k, n in enumerate(length)
    ]


def _above_threshold(outputs: np.ndarray, question: Question) -> np.ndarray:
    """By how much pre-activations [outputs, ...] are on the side of yes, in a scale of their own."""
    if question.link == "sigmoid":
        return outputs - np.log(question.threshold / (1 - question.threshold))
    greatest = outputs.max(axis=0)
    return outputs - greatest - np.log(np.exp(outputs - greatest).sum(axis=0)) - np.log(question.threshold)


def _start(problem: Problem, number: int) -> tuple[np.ndarray, np.ndarray]:
    machine = machine_of(problem)
    state = np.full(number, machine.states.index(machine.start.state))
    return state, np.tile(np.array(machine.start.counters, np.int64), (number, 1))


def _codes(state: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of states [...] with counters [..., C]."""
    counters = counts.shape[-1]
    return (state << counters) | ((counts > 0) << np.arange(counters)).sum(axis=-1)
