"""The engine that a condition names: how its runs are trained and its models evaluated.

Letters: R runs, E epochs, P parameters, N words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from longcount import cells, engine
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.training import recipes, streams
from longcount.training.protocol import Condition


class Trained(NamedTuple):
    """What training leaves behind."""

    weights: np.ndarray  # float32 [R, E + 1, P], after every epoch from 0
    online_losses: np.ndarray  # float64 [R, E], the mean loss over words while each epoch went on
    draws: np.ndarray  # int [R], how often a run began: 1 where no recipe's rule made it begin again
    state: engine.TrainingState | None = None  # from which training can go on; None where it cannot


def train(
    condition: Condition,
    runs: range,
    splits: Mapping[str, Words],
    tell: Callable[[int], None] | None = None,
    earlier: Trained | None = None,
) -> Trained:
    """Train runs side by side.

    Args:
        condition: how.
        runs: their numbers.
        splits: the words; training ones, and for recipes that judge by them validation ones.
        tell: called with the number of every epoch done.
        earlier: the same runs after fewer epochs, to go on from; its state changes in place.
    """
    if condition.recipe is not None:
        return _train_by_recipe(condition, runs, splits, tell)
    cell, words = condition.network(), splits["training"]
    targets = dyck.targets(words)
    weights = np.empty((len(runs), condition.epochs + 1, cell.size()), np.float32)
    online_losses = np.empty((len(runs), condition.epochs))
    if earlier is None or earlier.state is None:
        done, state = 0, engine.start(initial_weights(condition, runs))
        weights[:, 0] = state.parameters
    else:
        done, state = earlier.online_losses.shape[1], earlier.state
        weights[:, : done + 1], online_losses[:, :done] = earlier.weights, earlier.online_losses
    options = condition.options()
    for epoch in range(done + 1, condition.epochs + 1):
        orders = orders_of(condition, runs, epoch, len(words))
        rates = condition.learning_rates(epoch, len(words))
        if isinstance(cell, cells.Cell):
            losses = engine.train(cell, state, words, targets, orders, rates, options)
        else:
            seeds = _seeds(condition, runs, epoch)
            losses = _torch().train(
                cell, state, words, targets, orders, rates, options, device=condition.device, seeds=seeds
            )
        online_losses[:, epoch - 1] = losses
        weights[:, epoch] = state.parameters
        if tell is not None:
            tell(epoch)
    goes_on = isinstance(cell, cells.Cell)
    return Trained(weights, online_losses, np.ones(len(runs), np.int64), state if goes_on else None)


def initial_weights(condition: Condition, runs: range) -> np.ndarray:
    """The runs' weights before training, float32 [R, P]; a user's own module initialises itself."""
    cell = condition.network()
    if condition.module is not None:
        return np.stack([cell.initial_weights(condition.seed, run) for run in runs])
    size = cell.size()
    draws = np.stack([streams.initial_weights(condition.seed, condition.cell, run, size) for run in runs])
    scheme = condition.initialisation
    return cells.initialise(condition.built_in_cell(), draws, scheme, condition.sources.get("initialisation"))


def evaluate(condition: Condition, weights: np.ndarray, words: Words, targets: np.ndarray) -> engine.Evaluation:
    """Loss (mean squared error) and first point of failure of models [M, P] of a condition, on its engine."""
    cell = condition.network()
    if isinstance(cell, cells.Cell):
        return engine.evaluate(cell, weights, words, targets)
    return _torch().evaluate(cell, weights, words, targets, device=condition.device)


def _torch() -> Any:
    from longcount.training import torch_engine

    return torch_engine


def _seeds(condition: Condition, runs: range, epoch: int) -> np.ndarray:
    """Seeds of dropout, int64 [R]: one for every run and epoch."""
    from longcount.training.torch_cells import seed_of

    return np.array([seed_of("dropout", condition.seed, condition.cell, run, epoch) for run in runs], np.int64)


def _train_by_recipe(
    condition: Condition, runs: range, splits: Mapping[str, Words], tell: Callable[[int], None] | None
) -> Trained:
    recipe = recipes.get(str(condition.recipe), condition.cell, condition.sources.get("recipe"))
    cell, words = condition.built_in_cell(), splits["training"]

    def draws(run: int, attempt: int) -> np.ndarray:
        return streams.initial_weights(condition.seed, cell.name, run, cell.size(), attempt)

    def orders(run: int, epoch: int) -> np.ndarray:
        return np.atleast_2d(orders_of(condition, range(run, run + 1), epoch, len(words)))[0]

    return Trained(*recipes.train(recipe, list(runs), draws, orders, words, splits["validation"], tell, cell))


def orders_of(condition: Condition, runs: range, epoch: int, number_of_words: int) -> np.ndarray:
    """The order of the training words in an epoch: int32 [N] where all runs share it, [R, N] where not."""
    if condition.order == "fixed":
        return np.arange(number_of_words, dtype=np.int32)
    if condition.order == "shared":
        return streams.shared_order(condition.seed, condition.cell, epoch, number_of_words)
    return np.stack([streams.order(condition.seed, condition.cell, run, epoch, number_of_words) for run in runs])
