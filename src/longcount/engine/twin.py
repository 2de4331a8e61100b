"""The slow, obvious twin of the engine: the same training and evaluation in plain Python and NumPy.

Nothing here is clever; it runs the cells' equations number by number, in the order in which the kernels do, and so
is an exact oracle: the same bits in weights, moments, losses and failures.
"""

from __future__ import annotations

import numpy as np

from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.cells.network import (
    LOSSES,
    flat_gradient,
    hidden_states,
    inputs_of_letters,
    number_of_shares,
    read,
    split,
    step,
    step_back,
)
from longcount.cells.vector import Vector
from longcount.engine.adam import ADAM, corrections
from longcount.engine.evaluation import Evaluation
from longcount.engine.options import PAPER, Options
from longcount.engine.packed import CHUNK
from longcount.engine.training import TrainingState
from longcount.languages.words import Words


def word_gradient(
    cell: Cell, flat: np.ndarray, tokens: np.ndarray, targets: np.ndarray, loss: str = "mse"
) -> tuple[np.generic, np.ndarray]:
    """The loss of one word (not empty) at weights [P], and its gradient [P]."""
    number = flat.dtype.type
    weights = split(cell, list(flat))
    inputs = inputs_of_letters(cell, weights)
    state = cell.initial_state(number(0))
    total, tapes = number(0), []
    for token, allowed in zip(tokens, targets, strict=True):
        before = state
        state, tape = step(cell, weights, inputs[token], before)
        value, errors = LOSSES[loss].function(read(cell, weights, state), Vector(number(t) for t in allowed))
        total = total + value
        tapes.append((tape, hidden_states(cell, before), hidden_states(cell, state), errors))

    per_output = number(1) / (number(len(tokens)) * number(OUTPUTS))
    scale = per_output * number(LOSSES[loss].factor)
    letters = [{gate: [number(0)] * cell.hidden_size for gate in cell.gates} for _ in range(VOCABULARY)]
    shares = [number(0)] * number_of_shares(cell)
    d_state = cell.initial_state(number(0))
    for token, (tape, before, after, errors) in zip(tokens[::-1], tapes[::-1], strict=True):
        d_state, d_x, own = step_back(cell, weights, tape, before, after, errors * scale, d_state)
        for gate in cell.gates:
            letters[token][gate] = [a + b for a, b in zip(letters[token][gate], d_x[gate], strict=True)]
        shares = [a + b for a, b in zip(shares, own, strict=True)]
    return total * per_output, np.array(flat_gradient(cell, letters, shares), flat.dtype)


def train(
    cell: Cell,
    state: TrainingState,
    words: Words,
    targets: np.ndarray,
    orders: np.ndarray,
    learning_rate: float | np.ndarray,
    options: Options = PAPER,
    scales: np.ndarray | None = None,
) -> np.ndarray:
    """As `longcount.engine.train`, one run after another."""
    runs, dtype = len(state.parameters), state.parameters.dtype
    orders = np.broadcast_to(orders, (runs, np.shape(orders)[-1]))
    factors = np.ones(cell.size(), dtype) if scales is None else np.asarray(scales, dtype)
    total = np.zeros(runs)
    count = updates = 0
    for run in range(runs):
        chosen = [word for word in orders[run] if len(words[word])]
        batches = [chosen[k : k + options.batch_size] for k in range(0, len(chosen), options.batch_size)]
        count, updates = len(chosen), len(batches)
        rates = np.broadcast_to(np.asarray(learning_rate, np.float64), (updates,))
        for batch, rate, step_size, root in zip(batches, rates, *corrections(state.updates, rates, dtype), strict=True):
            gradient = np.zeros(cell.size(), dtype)
            with np.errstate(all="ignore"):
                for word in batch:
                    place = slice(words.offsets[word], words.offsets[word + 1])
                    weights = state.parameters[run] * factors
                    value, share = word_gradient(cell, weights, words[word], targets[place], options.loss)
                    gradient = gradient + share
                    total[run] += float(value)
                if options.batch_size > 1:
                    gradient = gradient * (dtype.type(1) / dtype.type(len(batch)))
                _update(state, run, gradient * factors, options, rate, step_size, root)
    state.updates += updates
    return total / max(count, 1)


def _update(
    state: TrainingState,
    run: int,
    gradient: np.ndarray,
    options: Options,
    rate: float,
    step_size: np.floating,
    root: np.floating,
) -> None:
    """Penalties, clipping, weight decay, Adam and ties, for one run."""
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
    for k in free:
        start = parameters[k]
        if options.weight_decay:
            start = start * number(1.0 - rate * options.weight_decay)
        m, v = state.first_moment[run, k], state.second_moment[run, k]
        m = m + (slopes[k] - m) * number(1.0 - ADAM.beta1)
        v = v * number(ADAM.beta2) + slopes[k] * slopes[k] * number(1.0 - ADAM.beta2)
        state.first_moment[run, k], state.second_moment[run, k] = m, v
        parameters[k] = start - step_size * m / (np.sqrt(v) * root + number(ADAM.epsilon))
    for position, source, factor in options.ties:
        parameters[position] = parameters[source] * number(factor)


def trace(cell: Cell, weights: np.ndarray, tokens: np.ndarray) -> dict[str, np.ndarray]:
    """Everything that happens inside models [..., P] on one word.

    Returns:
        by name: the cell's tape and state and `outputs`, each [tokens, size, ...] with size H (or the outputs). With
        several layers the names of layer k from 0 on end in `_l{k}`.
    """
    flat = [weights[..., k] for k in range(weights.shape[-1])]
    split_weights = split(cell, flat)
    state = cell.initial_state(np.zeros_like(flat[0]))
    tape_names, state_names = _by_layer(cell, cell.tape_names), _by_layer(cell, cell.state_names)
    rows: dict[str, list] = {name: [] for name in (*tape_names, *state_names, "outputs")}
    with np.errstate(all="ignore"):
        letters = inputs_of_letters(cell, split_weights)
        for token in tokens:
            state, tape = step(cell, split_weights, letters[token], state)
            for name, part in zip(tape_names, tape, strict=True):
                rows[name].append(part)
            for name, part in zip(state_names, state, strict=True):
                rows[name].append(part)
            rows["outputs"].append(read(cell, split_weights, state))
    return {name: np.array(parts) for name, parts in rows.items()}


def _by_layer(cell: Cell, names: tuple[str, ...]) -> list[str]:
    if cell.layers == 1:
        return list(names)
    return [f"{name}_l{layer}" for layer in range(cell.layers) for name in names]


def evaluate(cell: Cell, weights: np.ndarray, words: Words, targets: np.ndarray, loss: str = "mse") -> Evaluation:
    """As `longcount.engine.evaluate`, token by token."""
    lengths = np.diff(words.offsets)
    losses, failures = np.full((len(weights), len(words)), np.nan), np.zeros((len(weights), len(words)), np.int64)
    for w in range(len(words)):
        failures[:, w] = lengths[w]
        if not lengths[w]:
            continue
        allowed = targets[words.offsets[w] : words.offsets[w + 1]]
        outputs = trace(cell, weights, words[w])["outputs"]
        right = ((outputs >= 0.5) == (allowed[:, :, None] == 1)).all(axis=1)
        total, chunk = np.zeros(len(weights)), np.zeros(len(weights), weights.dtype)
        for t in range(int(lengths[w])):
            goals = Vector(np.full(len(weights), goal, weights.dtype) for goal in allowed[t])
            with np.errstate(all="ignore"):
                chunk = chunk + LOSSES[loss].function(Vector(outputs[t]), goals)[0]
            if (t + 1) % CHUNK == 0 or t + 1 == lengths[w]:
                total, chunk = total + chunk, np.zeros_like(chunk)
            failures[:, w] = np.where(~right[t] & (failures[:, w] > t), t, failures[:, w])
        losses[:, w] = total / (OUTPUTS * lengths[w])
    return Evaluation(losses, failures, lengths)
