"""A recipe: a cell, epochs, a learning rate and parts; and how runs are trained by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from longcount import cells, engine
from longcount.engine.options import Options
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.training.recipes.parts import Part

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
        return Recipe(f"{self.name} without {type(part).__name__}", self.cell, self.epochs, self.learning_rate, kept)


class Trained(NamedTuple):
    """What training by a recipe leaves. All weights are those of ordinary networks."""

    weights: np.ndarray  # float32 [runs, epochs + 1, P], of the last draw of every run
    online_losses: np.ndarray  # float64 [runs, epochs]
    draws: np.ndarray  # int [runs]: how often a run began; 1 without a restart


Draws = Callable[[int, int], np.ndarray]
"""(run, attempt from 0) -> uniform float32 [P] in (-1, 1)."""

Orders = Callable[[int, int], np.ndarray]
"""(run, epoch from 1) -> the order of the training words, int32 [N]."""


def train(
    recipe: Recipe,
    runs: list[int],
    draws: Draws,
    orders: Orders,
    training: Words,
    validation: Words,
    tell: Callable[[int], None] | None = None,
    cell: cells.Cell | None = None,
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
        cell: the recipe's cell where it is not a built-in one.
    """
    cell = cell or cells.get(recipe.cell)
    result = Trained(
        np.zeros((len(runs), recipe.epochs + 1, cell.size()), np.float32),
        np.zeros((len(runs), recipe.epochs)),
        np.zeros(len(runs), np.int64),
    )
    waiting = np.arange(len(runs))
    attempt = 0
    while len(waiting):
        result.draws[waiting] += 1
        initial = np.stack([draws(runs[k], attempt) for k in waiting])
        last = attempt + 1 == LARGEST_REDRAWS
        waiting = _attempt(recipe, cell, runs, waiting, initial, orders, training, validation, result, last, tell)
        attempt += 1
    return result


def _attempt(
    recipe: Recipe,
    cell: cells.Cell,
    runs: list[int],
    chosen: np.ndarray,
    initial: np.ndarray,
    orders: Orders,
    training: Words,
    validation: Words,
    result: Trained,
    last: bool,
    tell: Callable[[int], None] | None,
) -> np.ndarray:
    """Train the chosen runs from a draw; returns those that have to begin again."""
    targets = dyck.targets(training)
    parameters = initial.copy()
    for part in recipe.parts:
        part.begin(cell, parameters)
    state = engine.start(parameters)
    engine.tie(state, _options(recipe, cell, 1))
    again: list[np.ndarray] = []
    result.weights[chosen, 0] = engine.folded(state, _scales(recipe, cell, 0))
    for epoch in range(1, recipe.epochs + 1):
        for part in recipe.parts:
            part.before(cell, state.parameters, epoch)
        rate = recipe.learning_rate
        for part in recipe.parts:
            rate = part.rate(rate, epoch)
        options, scales = _options(recipe, cell, epoch), _scales(recipe, cell, epoch)
        epoch_orders = np.stack([orders(runs[k], epoch) for k in chosen])
        losses = engine.train(cell, state, training, targets, epoch_orders, rate, options, scales)
        weights = engine.folded(state, scales)
        result.weights[chosen, epoch], result.online_losses[chosen, epoch - 1] = weights, losses
        failed = np.zeros(len(chosen), bool) if last else _to_redraw(recipe, cell, weights, validation, epoch)
        if failed.any():
            again.append(chosen[failed])
            chosen, state = chosen[~failed], state.rows(~failed)
        if tell is not None:
            tell(epoch)
        if not len(chosen):
            break
    return np.concatenate(again) if again else np.zeros(0, np.int64)


def _options(recipe: Recipe, cell: cells.Cell, epoch: int) -> Options:
    options = Options()
    for part in recipe.parts:
        options = part.options(cell, options, epoch)
    return options


def _scales(recipe: Recipe, cell: cells.Cell, epoch: int) -> np.ndarray:
    scales = np.ones(cell.size())
    for part in recipe.parts:
        part.scale(cell, scales, epoch)
    return scales


def _to_redraw(recipe: Recipe, cell: cells.Cell, weights: np.ndarray, validation: Words, epoch: int) -> np.ndarray:
    """bool [runs]: which have to begin again after this epoch."""
    thresholds = [t for part in recipe.parts if (t := part.redraws(epoch)) is not None]
    if not thresholds:
        return np.zeros(len(weights), bool)
    loss = engine.evaluate(cell, weights, validation, dyck.targets(validation)).loss.mean(axis=1)
    return ~(loss <= min(thresholds))
