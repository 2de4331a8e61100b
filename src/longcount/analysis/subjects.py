"""Whoever answers what a task asks: trained networks, or the baseline without memory. What is measured of the ones is
measured of the other.

Letters: M models, N words, T tokens of the longest word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from longcount.analysis.baselines import WithoutMemory
from longcount.cells.network import initial_state, inputs_of_letters, read, split, step
from longcount.engine import Evaluation
from longcount.languages.words import Words
from longcount.numbers.vector import Vector
from longcount.training import engines
from longcount.training.problem import Problem

if TYPE_CHECKING:
    from longcount.training.protocol import Condition


class Subject(Protocol):
    """M models that are asked the same."""

    @property
    def problem(self) -> Problem:
        """What they are asked."""
        ...

    @property
    def models(self) -> int:
        """M."""
        ...

    def choose(self, models: np.ndarray) -> Subject:
        """Some of them, int [m]."""
        ...

    def evaluate(self, words: Words) -> Evaluation:
        """Loss and first point of failure of each on every word."""
        ...

    def outputs(self, words: Words) -> Iterator[np.ndarray]:
        """After each token from the first on, the outputs on every word, float [outputs, N, M]; meaningless after a
        word's end."""
        ...


@dataclass(frozen=True, eq=False)
class Networks:
    """Networks of a condition, with weights float32 [M, P]."""

    condition: Condition
    weights: np.ndarray

    @property
    def problem(self) -> Problem:
        return self.condition.problem()

    @property
    def models(self) -> int:
        return len(self.weights)

    def choose(self, models: np.ndarray) -> Networks:
        return Networks(self.condition, self.weights[models])

    def evaluate(self, words: Words) -> Evaluation:
        return engines.evaluate_models(self.condition, self.weights, words, self.problem.targets(words))

    def outputs(self, words: Words) -> Iterator[np.ndarray]:
        """The cell's own equations, all words and models side by side."""
        cell, question = self.condition.built_in_cell(), self.problem.question
        weights = split(cell, [self.weights[:, k] for k in range(self.weights.shape[1])])
        letters = inputs_of_letters(cell, weights)
        zeros = np.zeros((len(words), self.models), self.weights.dtype)
        by_gate = {gate: [np.stack([x[gate][unit] for x in letters]) for unit in range(len(letters[0][gate]))]
                   for gate in letters[0]}  # fmt: skip
        state = tuple(Vector(zeros + part for part in vector) for vector in initial_state(cell, weights, zeros))
        with np.errstate(all="ignore"):
            for tokens in side_by_side(words.tokens, words).T:
                x = {gate: Vector(unit[tokens] for unit in units) for gate, units in by_gate.items()}
                state, _ = step(cell, weights, x, state)
                yield np.stack(list(read(cell, weights, state, question)))


@dataclass(frozen=True, eq=False)
class Memoryless:
    """The baseline without memory, as one model."""

    baseline: WithoutMemory

    @property
    def problem(self) -> Problem:
        return self.baseline.problem

    @property
    def models(self) -> int:
        return 1

    def choose(self, models: np.ndarray) -> Memoryless:
        return self

    def evaluate(self, words: Words) -> Evaluation:
        return self.baseline.evaluate(words)

    def outputs(self, words: Words) -> Iterator[np.ndarray]:
        """How often each output is right after the letter; of a sigmoid, 1 and 0 for yes and no."""
        sigmoid = self.problem.question.link == "sigmoid"
        table = self.baseline.answers.astype(np.float64) if sigmoid else self.baseline.shares
        for tokens in side_by_side(words.tokens, words).T:
            yield table[tokens].T[:, :, None]


def side_by_side(values: np.ndarray, words: Words) -> np.ndarray:
    """Numbers of the tokens of words, int [tokens], word under word: int64 [N, T], 0 after a word's end."""
    inside = np.arange(int(words.lengths.max(initial=0))) < words.lengths[:, None]
    rows = np.zeros(inside.shape, np.int64)
    rows[inside] = values
    return rows
