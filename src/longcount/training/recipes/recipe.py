"""A recipe: a cell, epochs, a learning rate and parts; and how runs are trained by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from longcount import cells, engine
from longcount.engine.options import Options
from longcount.languages.words import Words
from longcount.training.problem import DYCK1, Problem
from longcount.training.recipes.parts import Part
from longcount.training.trained import Trained

LARGEST_REDRAWS = 20


@dataclass(frozen=True)
class Recipe:
    """How runs of a cell are trained, as a list of parts that act in their order."""

    name: str
    cell: str
    epochs: int
    learning_rate: float
    parts: tuple[Part, ...]

    def without(self, part: Part) -> Recipe:
        """The recipe less one part, for ablation."""
        kept = tuple(other for other in self.parts if other != part)
        return Recipe(f"{self.name} without {part}", self.cell, self.epochs, self.learning_rate, kept)


Draws = Callable[[int, int], np.ndarray]
"""(run, attempt from 0) -> uniform float32 [P] in (-1, 1)."""

Orders = Callable[[int, int], np.ndarray]
"""(run, epoch from 1) -> the order of the training words, int32 [N]."""


@dataclass(frozen=True)
class _Course:
    """What all runs of a recipe share."""

    recipe: Recipe
    cell: cells.Cell
    problem: Problem
    runs: list[int]
    orders: Orders
    training: Words
    validation: Words
    tell: Callable[[int], None] | None

    def attempt(self, result: Trained, chosen: np.ndarray, initial: np.ndarray, last: bool) -> np.ndarray:
        """Train the chosen runs (places in `runs`) from a draw [chosen, P]; returns those that have to be restarted,
        none where this is the last attempt."""
        targets = self.problem.targets(self.training)
        parameters = initial.copy()
        for part in self.recipe.parts:
            part.begin(self.cell, parameters)
        state = engine.start(parameters)
        engine.tie(state, self._options(1))
        again: list[np.ndarray] = []
        result.weights[chosen, 0] = engine.folded(state, self._scales(0))
        for epoch in range(1, self.recipe.epochs + 1):
            for part in self.recipe.parts:
                part.before(self.cell, state.parameters, epoch)
            rate = self.recipe.learning_rate
            for part in self.recipe.parts:
                rate = part.rate(rate, epoch)
            options, scales = self._options(epoch), self._scales(epoch)
            orders = self._orders(chosen, epoch)
            question = self.problem.question
            losses = engine.train(
                self.cell, state, self.training, targets, orders, rate, options, scales, question=question
            )
            weights = engine.folded(state, scales)
            result.weights[chosen, epoch], result.online_losses[chosen, epoch - 1] = weights, losses
            failed = np.zeros(len(chosen), bool) if last else self._to_redraw(weights, epoch)
            if failed.any():
                again.append(chosen[failed])
                chosen, state = chosen[~failed], state.rows(~failed)
            if self.tell is not None:
                self.tell(epoch)
            if not len(chosen):
                break
        return np.concatenate(again) if again else np.zeros(0, np.int64)

    def _orders(self, chosen: np.ndarray, epoch: int) -> np.ndarray:
        """int32 [chosen, N]: the words that each run reads in an epoch, in turn."""
        orders = np.stack([self.orders(self.runs[k], epoch) for k in chosen])
        read = np.ones(len(self.training), bool)
        for part in self.recipe.parts:
            read &= part.reads(self.training, epoch)
        return np.flatnonzero(read)[orders % read.sum()].astype(np.int32)

    def _options(self, epoch: int) -> Options:
        options = Options(self.problem.loss)
        for part in self.recipe.parts:
            options = part.options(self.cell, options, epoch)
        return options

    def _scales(self, epoch: int) -> np.ndarray:
        scales = np.ones(self.cell.size())
        for part in self.recipe.parts:
            part.scale(self.cell, scales, epoch)
        return scales

    def _to_redraw(self, weights: np.ndarray, epoch: int) -> np.ndarray:
        """bool [runs]: which have to be restarted after this epoch."""
        thresholds = [t for part in self.recipe.parts if (t := part.redraws(epoch)) is not None]
        if not thresholds:
            return np.zeros(len(weights), bool)
        asked, words = self.problem, self.validation
        found = engine.evaluate(self.cell, weights, words, asked.allowed_targets(words), asked.loss, asked.question)
        return ~(found.loss.mean(axis=1) <= min(thresholds))


def train(
    recipe: Recipe,
    runs: list[int],
    draws: Draws,
    orders: Orders,
    training: Words,
    validation: Words,
    tell: Callable[[int], None] | None = None,
    cell: cells.Cell | None = None,
    problem: Problem = DYCK1,
) -> Trained:
    """Train runs by a recipe; what a run becomes depends on its own draws and orders alone.

    Args:
        recipe: the recipe.
        runs: run numbers, as `draws` and `orders` know them.
        draws: initial draws.
        orders: orders of the training words.
        training: the training words.
        validation: judges restarts.
        tell: called with the number of every epoch done.
        cell: the recipe's cell where it is not a built-in one of one unit.
        problem: what networks are trained for.
    """
    cell = cell or cells.get(recipe.cell)
    course = _Course(recipe, cell, problem, runs, orders, training, validation, tell)
    result = Trained(
        np.zeros((len(runs), recipe.epochs + 1, cell.size()), np.float32),
        np.zeros((len(runs), recipe.epochs)),
        np.zeros(len(runs), np.int64),
    )
    waiting = np.arange(len(runs))
    for attempt in range(LARGEST_REDRAWS):
        if not len(waiting):
            break
        result.draws[waiting] += 1
        initial = np.stack([draws(runs[k], attempt) for k in waiting])
        waiting = course.attempt(result, waiting, initial, last=attempt + 1 == LARGEST_REDRAWS)
    return result
