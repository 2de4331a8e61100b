"""The slow, obvious twin of the engine: the same training and evaluation in plain Python and NumPy.

Nothing here is clever; it runs the cells' equations number by number, in the order in which the kernels do, and so
is an exact oracle: the same bits in weights, moments, losses and failures.
"""

from __future__ import annotations

import numpy as np

from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.cells.network import LOSSES, Sums, flat_gradient, inputs_of_letters, read, split, step, step_back
from longcount.cells.vector import Vector
from longcount.engine.adam import ADAM, corrections
from longcount.engine.evaluation import Evaluation
from longcount.engine.packed import CHUNK
from longcount.engine.training import TrainingState
from longcount.languages.words import Words


def word_gradient(
    cell: Cell, flat: np.ndarray, tokens: np.ndarray, targets: np.ndarray, loss: str = "mse", hidden_size: int = 1
) -> tuple[np.generic, np.ndarray]:
    """The loss of one word (not empty) at parameters [P], and its gradient [P]."""
    number = flat.dtype.type
    weights = split(cell, list(flat), hidden_size)
    letters = inputs_of_letters(cell, weights)
    state = cell.initial_state(number(0), hidden_size)
    total, tapes = number(0), []
    for token, allowed in zip(tokens, targets, strict=True):
        before = state[0]
        state, tape = step(cell, weights, letters[token], state)
        value, errors = LOSSES[loss].function(read(weights, state[0]), Vector(number(t) for t in allowed))
        total = total + value
        tapes.append((tape, before, state[0], errors))

    per_output = number(1) / (number(len(tokens)) * number(OUTPUTS))
    scale = per_output * number(LOSSES[loss].factor)
    zeros = [number(0)] * hidden_size
    sums = Sums(
        [{gate: list(zeros) for gate in cell.gates} for _ in range(VOCABULARY)],
        {gate: [list(zeros) for _ in range(hidden_size)] for gate in cell.gates},
        {gate: list(zeros) for gate in cell.separate_recurrent_bias},
        [list(zeros) for _ in range(OUTPUTS)],
        [number(0)] * OUTPUTS,
    )
    d_state = cell.initial_state(number(0), hidden_size)
    for token, (tape, before, after, errors) in zip(tokens[::-1], tapes[::-1], strict=True):
        d_outputs = errors * scale
        d_state, d_x, recurrent, d_y, readout = step_back(cell, weights, tape, before, after, d_outputs, d_state)
        for gate in cell.gates:
            _add(sums.letters[token][gate], d_x[gate])
            for row, share in zip(sums.weight_hh[gate], recurrent[gate], strict=True):
                _add(row, share)
        for gate in cell.separate_recurrent_bias:
            _add(sums.separate_bias[gate], d_y[gate])
        for row, share in zip(sums.readout_weight, readout, strict=True):
            _add(row, share)
        _add(sums.readout_bias, d_outputs)
    return total * per_output, np.array(flat_gradient(cell, sums), flat.dtype)


def _add(sums: list, shares: list | Vector) -> None:
    for k, share in enumerate(shares):
        sums[k] = sums[k] + share


def train(
    cell: Cell,
    state: TrainingState,
    words: Words,
    targets: np.ndarray,
    orders: np.ndarray,
    learning_rate: float | np.ndarray,
    loss: str = "mse",
    hidden_size: int = 1,
) -> np.ndarray:
    """As `longcount.engine.train`, one run after another."""
    runs = len(state.parameters)
    orders = np.broadcast_to(orders, (runs, np.shape(orders)[-1]))
    online_loss = np.zeros(runs)
    updates = 0
    number = state.parameters.dtype.type
    for run in range(runs):
        chosen = [word for word in orders[run] if len(words[word])]
        updates = len(chosen)
        rates = np.broadcast_to(np.asarray(learning_rate, np.float64), (updates,))
        step_sizes, roots = corrections(state.updates, rates, state.parameters.dtype)
        for word, step_size, root in zip(chosen, step_sizes, roots, strict=True):
            place = slice(words.offsets[word], words.offsets[word + 1])
            flat = state.parameters[run]
            with np.errstate(all="ignore"):
                value, gradient = word_gradient(cell, flat, words[word], targets[place], loss, hidden_size)
                m, v = state.first_moment[run], state.second_moment[run]
                m_next = m + (gradient - m) * number(1.0 - ADAM.beta1)
                v_next = v * number(ADAM.beta2) + gradient * gradient * number(1.0 - ADAM.beta2)
                flat = flat - step_size * m_next / (np.sqrt(v_next) * root + number(ADAM.epsilon))
            state.parameters[run], state.first_moment[run], state.second_moment[run] = flat, m_next, v_next
            online_loss[run] += float(value)
    state.updates += updates
    return online_loss / max(updates, 1)


def trace(cell: Cell, weights: np.ndarray, tokens: np.ndarray, hidden_size: int = 1) -> dict[str, np.ndarray]:
    """Everything that happens inside models [..., P] on one word.

    Returns:
        by name: the cell's tape and state and `outputs`, each [tokens, size, ...] with size H (or the outputs).
    """
    flat = [weights[..., k] for k in range(weights.shape[-1])]
    split_weights = split(cell, flat, hidden_size)
    letters = inputs_of_letters(cell, split_weights)
    state = cell.initial_state(flat[0] * 0, hidden_size)
    rows: dict[str, list] = {name: [] for name in (*cell.tape_names, *cell.state_names, "outputs")}
    with np.errstate(all="ignore"):
        for token in tokens:
            state, tape = step(cell, split_weights, letters[token], state)
            for name, part in zip(cell.tape_names, tape, strict=True):
                rows[name].append(part)
            for name, part in zip(cell.state_names, state, strict=True):
                rows[name].append(part)
            rows["outputs"].append(read(split_weights, state[0]))
    return {name: np.array(parts) for name, parts in rows.items()}


def evaluate(
    cell: Cell, weights: np.ndarray, words: Words, targets: np.ndarray, loss: str = "mse", hidden_size: int = 1
) -> Evaluation:
    """As `longcount.engine.evaluate`, token by token."""
    lengths = np.diff(words.offsets)
    losses, failures = np.full((len(weights), len(words)), np.nan), np.zeros((len(weights), len(words)), np.int64)
    for w in range(len(words)):
        failures[:, w] = lengths[w]
        if not lengths[w]:
            continue
        allowed = targets[words.offsets[w] : words.offsets[w + 1]]
        outputs = trace(cell, weights, words[w], hidden_size)["outputs"]
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
