"""How the runs of a condition are trained and its models evaluated: on the fast engine, on PyTorch, or by a recipe.

Symbols: R runs, M models, E epochs, P parameters, N words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from longcount import cells, engine
from longcount.languages.words import Words
from longcount.training import recipes, streams
from longcount.training.protocol import Condition
from longcount.training.trained import Trained

__all__ = ["Engine", "Trained", "engine_of", "evaluate_models", "initial_weights", "orders_of", "train_runs"]


class Epoch(NamedTuple):
    """An epoch of some runs of a condition."""

    condition: Condition
    runs: range
    number: int  # from 1
    words: Words
    targets: np.ndarray
    orders: np.ndarray  # see `orders_of`


class Engine(Protocol):
    """An engine: trains runs side by side and evaluates models."""

    continues: bool
    """Whether training can continue from the state after an epoch alone."""

    def train(self, epoch: Epoch, state: engine.TrainingState) -> np.ndarray:
        """Train; `state` changes in place. Returns the mean losses over words, [R]."""
        ...

    def evaluate(self, condition: Condition, weights: np.ndarray, words: Words, targets: np.ndarray) -> Any:
        """The `longcount.engine.Evaluation` of models [M, P]."""
        ...


class Lanes:
    """The fast engine."""

    continues = True

    def train(self, epoch: Epoch, state: engine.TrainingState) -> np.ndarray:
        condition, _, number, words, targets, orders = epoch
        cell, rates = condition.built_in_cell(), condition.learning_rates(number, len(words))
        question = condition.problem().question
        return engine.train(cell, state, words, targets, orders, rates, condition.options(), question=question)

    def evaluate(
        self, condition: Condition, weights: np.ndarray, words: Words, targets: np.ndarray
    ) -> engine.Evaluation:
        asked = condition.problem()
        return engine.evaluate(condition.built_in_cell(), weights, words, targets, asked.loss, asked.question)


class PyTorch:
    """PyTorch, for modules of the user's own and sizes beyond the fast engine's."""

    continues = False

    def train(self, epoch: Epoch, state: engine.TrainingState) -> np.ndarray:
        from longcount.training import torch_engine
        from longcount.training.torch_cells import seed_of

        condition, runs, number, words, targets, orders = epoch
        name = condition.stream
        seeds = np.array([seed_of("dropout", condition.seed, name, run, number) for run in runs], np.int64)
        rates, question = condition.learning_rates(number, len(words)), condition.problem().question
        network, options, device = condition.network(), condition.options(), condition.device
        return torch_engine.train(
            network, state, words, targets, orders, rates, options, device=device, seeds=seeds, question=question
        )

    def evaluate(
        self, condition: Condition, weights: np.ndarray, words: Words, targets: np.ndarray
    ) -> engine.Evaluation:
        from longcount.training import torch_engine

        asked, device = condition.problem(), condition.device
        network = condition.network()
        return torch_engine.evaluate(
            network, weights, words, targets, asked.loss, device=device, question=asked.question
        )


ENGINES: dict[str, Engine] = {"lanes": Lanes(), "torch": PyTorch()}


def engine_of(condition: Condition) -> Engine:
    """The engine of a condition."""
    return ENGINES[condition.engine]


def train_runs(
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
        earlier: the same runs after fewer epochs, to continue from; its state changes in place.
    """
    if condition.recipe is not None:
        return _train_by_recipe(condition, runs, splits, tell)
    engine_, words = engine_of(condition), splits["training"]
    targets = condition.problem().targets(words)
    weights = np.empty((len(runs), condition.epochs + 1, condition.network().size()), np.float32)
    online_losses = np.empty((len(runs), condition.epochs))
    if earlier is None or earlier.state is None:
        done, state = 0, engine.start(initial_weights(condition, runs))
        weights[:, 0] = state.parameters
    else:
        done, state = earlier.online_losses.shape[1], earlier.state
        weights[:, : done + 1], online_losses[:, :done] = earlier.weights, earlier.online_losses
    for epoch in range(done + 1, condition.epochs + 1):
        orders = orders_of(condition, runs, epoch, len(words))
        online_losses[:, epoch - 1] = engine_.train(Epoch(condition, runs, epoch, words, targets, orders), state)
        weights[:, epoch] = state.parameters
        if tell is not None:
            tell(epoch)
    return Trained(weights, online_losses, np.ones(len(runs), np.int64), state if engine_.continues else None)


def initial_weights(condition: Condition, runs: range) -> np.ndarray:
    """The runs' weights before training, float32 [R, P]; a user's own module initialises itself."""
    if condition.module is not None:
        network = condition.network()
        return np.stack([network.initial_weights(condition.seed, run) for run in runs])
    cell, scheme = condition.built_in_cell(), condition.initialisation
    draws = [streams.initial_weights(condition.seed, condition.stream, run, cell.size()) for run in runs]
    return cells.initialise(cell, np.stack(draws), scheme, condition.sources.get("initialisation"))


def evaluate_models(condition: Condition, weights: np.ndarray, words: Words, targets: np.ndarray) -> engine.Evaluation:
    """Loss (see `Problem.loss`) and first point of failure of models [M, P] of a condition, on its engine."""
    return engine_of(condition).evaluate(condition, weights, words, targets)


def _train_by_recipe(
    condition: Condition, runs: range, splits: Mapping[str, Words], tell: Callable[[int], None] | None
) -> Trained:
    recipe = condition.settled_recipe()
    cell, words = condition.built_in_cell(), splits["training"]

    def draws(run: int, attempt: int) -> np.ndarray:
        return streams.initial_weights(condition.seed, condition.stream, run, cell.size(), attempt)

    def orders(run: int, epoch: int) -> np.ndarray:
        return np.atleast_2d(orders_of(condition, range(run, run + 1), epoch, len(words)))[0]

    problem = condition.problem()
    return recipes.train(recipe, list(runs), draws, orders, words, splits["validation"], tell, cell, problem)


def orders_of(condition: Condition, runs: range, epoch: int, number_of_words: int) -> np.ndarray:
    """The order of the training words in an epoch: int32 [N] where all runs share it, [R, N] where not."""
    if condition.order == "fixed":
        return np.arange(number_of_words, dtype=np.int32)
    if condition.order == "shared":
        return streams.shared_order(condition.seed, condition.stream, epoch, number_of_words)
    return np.stack([streams.order(condition.seed, condition.stream, run, epoch, number_of_words) for run in runs])
