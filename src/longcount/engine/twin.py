"""The slow, obvious twin of the engine: the same training and evaluation in plain Python and NumPy.

Nothing here is clever; it runs the cells' equations number by number, in the order in which the kernels do, and so
is an exact oracle: the same bits in weights, moments, losses and failures.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from longcount.cells import Cell
from longcount.cells.network import (
    EVERY_TOKEN,
    LOSSES,
    Question,
    flat_gradient,
    hidden_states,
    initial_state,
    inputs_of_letters,
    number_of_shares,
    read,
    split,
    step,
    step_back,
    step_keeping,
)
from longcount.engine.evaluation import Evaluation
from longcount.engine.options import PAPER, Options
from longcount.engine.packed import CHUNK
from longcount.engine.training import TrainingState
from longcount.languages.words import Words
from longcount.numbers.vector import Vector


def word_gradient(
    cell: Cell,
    flat: np.ndarray,
    tokens: np.ndarray,
    targets: np.ndarray,
    loss: str = "mse",
    question: Question = EVERY_TOKEN,
) -> tuple[np.generic, np.ndarray]:
    """The loss of one word (not empty) at weights [P], and its gradient [P]."""
    number = flat.dtype.type
    weights = split(cell, list(flat))
    inputs = inputs_of_letters(cell, weights)
    state = initial_state(cell, weights, number(0))
    total, steps = number(0), []
    nothing = Vector([number(0)] * cell.outputs)
    for place, token in enumerate(tokens):
        state, tapes = step_keeping(cell, weights, inputs[token], state)
        errors = nothing
        if question.answers == "token" or place + 1 == len(tokens):
            goals = Vector(number(t) for t in targets[place, -cell.outputs :])
            value, errors = LOSSES[loss].function(read(cell, weights, state, question), goals)
            total = total + value
        steps.append((tapes, hidden_states(cell, state), errors))

    asked = len(tokens) if question.answers == "token" else 1
    per_term = number(1) / (number(asked) * number(LOSSES[loss].terms(cell)))
    scale = per_term * number(LOSSES[loss].factor)
    letters = [{gate: [number(0)] * cell.hidden_size for gate in cell.gates} for _ in range(cell.letters)]
    shares = [number(0)] * number_of_shares(cell)
    d_state = cell.initial_state(number(0))
    for token, (tapes, after, errors) in zip(tokens[::-1], steps[::-1], strict=True):
        d_state, d_x, own = step_back(cell, weights, tapes, after, errors * scale, d_state)
        for gate in cell.gates:
            letters[token][gate] = [a + b for a, b in zip(letters[token][gate], d_x[gate], strict=True)]
        shares = [a + b for a, b in zip(shares, own, strict=True)]
    return total * per_term, np.array(flat_gradient(cell, letters, shares, d_state), flat.dtype)


def train(
    cell: Cell,
    state: TrainingState,
    words: Words,
    targets: np.ndarray,
    orders: np.ndarray,
    learning_rate: float | np.ndarray,
    options: Options = PAPER,
    scales: np.ndarray | None = None,
    question: Question = EVERY_TOKEN,
) -> np.ndarray:
    """As `longcount.engine.train`, one run after another."""
    runs, dtype = len(state.parameters), state.parameters.dtype
    orders = np.broadcast_to(orders, (runs, np.shape(orders)[-1]))
    factors = np.ones(cell.size(), dtype) if scales is None else np.asarray(scales, dtype)
    total = np.zeros(runs)
    state.begin(options)
    count = updates = 0
    for run in range(runs):
        chosen = [word for word in orders[run] if len(words[word])]
        batches = [chosen[k : k + options.batch_size] for k in range(0, len(chosen), options.batch_size)]
        count, updates = len(chosen), len(batches)
        rates = np.broadcast_to(np.asarray(learning_rate, np.float64), (updates,))
        for batch, row in zip(batches, options.rates(rates, state.updates, dtype), strict=True):
            gradient = np.zeros(cell.size(), dtype)
            with np.errstate(all="ignore"):
                for word in batch:
                    place = slice(words.offsets[word], words.offsets[word + 1])
                    weights = state.parameters[run] * factors
                    value, share = word_gradient(cell, weights, words[word], targets[place], options.loss, question)
                    gradient = gradient + share
                    total[run] += float(value)
                if options.batch_size > 1:
                    gradient = gradient * (dtype.type(1) / dtype.type(len(batch)))
                _update(state, run, gradient * factors, options, row)
    state.updates += updates
    return total / max(count, 1)


def _update(state: TrainingState, run: int, gradient: np.ndarray, options: Options, row: np.ndarray) -> None:
    """Penalties, clipping, weight decay, the optimiser and ties, for one run; the row is of `Options.rates`."""
    number = gradient.dtype.type
    parameters = state.parameters[run]
    free = options.free(len(parameters))
    slopes = gradient.copy()
    for position, source, factor in options.ties:
        slopes[source] = slopes[source] + gradient[position] * number(factor)
    if options.l2:
        slopes = slopes + parameters * number(options.l2)
    if options.l1:
        slopes = slopes + np.sign(parameters) * number(options.l1)
    if options.clip_value is not None:
        slopes = np.clip(slopes, -number(options.clip_value), number(options.clip_value))
    if options.clip_norm is not None:
        squares = number(0)
        for k in free:
            squares = squares + slopes[k] * slopes[k]
        shrink = number(options.clip_norm) / (np.sqrt(squares) + number(1e-6))
        slopes = slopes * (shrink if shrink < 1 else number(1))
    left, *rates = row
    for k in free:
        before = tuple(array[run, k] for array in state.kept.values())
        start = parameters[k] * left if options.weight_decay else parameters[k]
        parameters[k], after = options.rule().step(start, slopes[k], before, tuple(rates))
        for array, value in zip(state.kept.values(), after, strict=True):
            array[run, k] = value
    for position, source, factor in options.ties:
        parameters[position] = parameters[source] * number(factor)


def trace(
    cell: Cell, weights: np.ndarray, tokens: np.ndarray, question: Question = EVERY_TOKEN
) -> dict[str, np.ndarray]:
    """Gates, states and outputs of models [..., P] on one word.

    Returns:
        By name: the cell's gates and state and `outputs`, each [tokens, size, ...] with size H (or the outputs). With
        several layers the names of layer k from 0 on end in `_l{k}`.
    """
    flat = [weights[..., k] for k in range(weights.shape[-1])]
    split_weights = split(cell, flat)
    state = initial_state(cell, split_weights, np.zeros_like(flat[0]))
    width, rows = len(cell.state_names), defaultdict(list)
    with np.errstate(all="ignore"):
        letters = inputs_of_letters(cell, split_weights)
        for token in tokens:
            state, gates = step(cell, split_weights, letters[token], state)
            for layer, by_gate in enumerate(gates):
                suffix = "" if cell.layers == 1 else f"_l{layer}"
                parts = dict(zip(cell.state_names, state[layer * width : (layer + 1) * width], strict=True))
                for name, part in (by_gate | parts).items():
                    rows[name + suffix].append(part)
            rows["outputs"].append(read(cell, split_weights, state, question))
    return {name: np.array(parts) for name, parts in rows.items()}


def evaluate(
    cell: Cell,
    weights: np.ndarray,
    words: Words,
    targets: np.ndarray,
    loss: str = "mse",
    question: Question = EVERY_TOKEN,
) -> Evaluation:
    """As `longcount.engine.evaluate`, token by token."""
    lengths, wanted = np.diff(words.offsets), LOSSES[loss]
    losses, failures = np.full((len(weights), len(words)), np.nan), np.zeros((len(weights), len(words)), np.int64)
    for w in range(len(words)):
        length = int(lengths[w])
        failures[:, w] = length
        if not length:
            continue
        goals_of = targets[words.offsets[w] : words.offsets[w + 1]]
        outputs = trace(cell, weights, words[w], question)["outputs"]
        limit = question.threshold
        says_yes = outputs >= limit if question.link == "sigmoid" else outputs > limit
        right = (says_yes == (goals_of[:, : cell.outputs, None] == 1)).all(axis=1)
        total, chunk = np.zeros(len(weights)), np.zeros(len(weights), weights.dtype)
        for t in range(length):
            if question.answers == "token" or t + 1 == length:
                goals = Vector(np.full(len(weights), goal, weights.dtype) for goal in goals_of[t, -cell.outputs :])
                with np.errstate(all="ignore"):
                    chunk = chunk + wanted.function(Vector(outputs[t]), goals)[0]
                failures[:, w] = np.where(~right[t] & (failures[:, w] > t), t, failures[:, w])
            if (t + 1) % CHUNK == 0 or t + 1 == length:
                total, chunk = total + chunk, np.zeros_like(chunk)
        losses[:, w] = total / (wanted.terms(cell) * (length if question.answers == "token" else 1))
    return Evaluation(losses, failures, lengths)
