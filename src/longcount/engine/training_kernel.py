"""The training kernel: online training of as many runs as there are lanes, each in its own order of the words.

A word at a time in every lane: forward over its tokens, backward, one Adam update. Lanes with a shorter word wait
at its end with their state at zero and their errors masked, which leaves every sum as it is, so a lane's bits do not
depend on what its neighbours do. The same kernel serves a shared order: then no lane ever waits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.cells.network import LOSSES, Sums, flat_gradient, inputs_of_letters, read, split, step, step_back
from longcount.cells.vector import Vector
from longcount.engine.adam import ADAM
from longcount.engine.lanes import Function, Memory, Value, Variable
from longcount.engine.machine import compiled
from longcount.engine.packed import CHUNK, ROW, PackedMemory

ARGUMENTS = {
    "parameters": "pointer",  # float [P, lanes]
    "first_moment": "pointer",  # float [P, lanes]
    "second_moment": "pointer",  # float [P, lanes]
    "rows": "pointer",
    "starts": "pointer",
    "lengths": "pointer",
    "orders": "pointer",  # int32 [words, lanes]
    "words": "index",
    "step_sizes": "pointer",  # float [words]: learning rate / (1 - beta1^t)
    "roots": "pointer",  # float [words]: 1 / sqrt(1 - beta2^t)
    "total_loss": "pointer",  # double [lanes]
    "token_rows": "pointer",  # int32 [chunks, 1 + outputs, lanes], scratch
    "tape": "pointer",  # float [longest word, values, lanes], scratch
}


def tape_values(cell: Cell, hidden_size: int) -> int:
    """Numbers kept for each token between the way forward and the way back."""
    return (len(cell.tape_names) + 1) * hidden_size + OUTPUTS


@functools.cache
def training_kernel(
    cell: Cell, loss: str, lanes: int, hidden_size: int = 1, dtype: str = "float32", keep_gradient: bool = False
) -> Callable[..., None]:
    """The compiled kernel. With `keep_gradient` it leaves each word's gradient in `first_moment` instead of
    updating, for checks."""
    function = Function("train", ARGUMENTS, lanes, dtype)
    _trace(function, cell, loss, hidden_size, keep_gradient)
    return compiled(function.finish(), "train", ARGUMENTS)


def _trace(function: Function, cell: Cell, loss: str, hidden_size: int, keep_gradient: bool) -> None:
    lanes = function.float_lanes
    parameters = function.memory("parameters", lanes)
    packed = PackedMemory(function)
    orders = function.memory("orders", function.integer_lanes)
    token_rows = function.memory("token_rows", function.integer_lanes)
    tape = function.memory("tape", lanes)
    double_lanes = function.lanes_of(0.0).to_double().ir.type
    total_memory = function.memory("total_loss", double_lanes)
    total_loss = function.variable(total_memory.load(0))
    size = cell.size(hidden_size)
    zero = function.lanes_of(0.0)

    for update in function.range(0, function.index_argument("words")):
        flat = [parameters.load(k) for k in range(size)]
        lengths, longest = _gather(function, packed, orders, update, token_rows)
        walk = _Walk(function, cell, hidden_size, flat, token_rows, tape, lengths)

        word_loss = function.variable(zero)
        state = function.variables([number for part in cell.initial_state(zero, hidden_size) for number in part])
        for token in function.range(0, longest):
            walk.forward(token, state, word_loss, LOSSES[loss].function)

        per_output = 1.0 / (function.to_float_lanes(lengths) * float(OUTPUTS))
        total_loss.set(total_loss.get() + (word_loss.get() * per_output).to_double())

        scale = per_output * LOSSES[loss].factor
        sums = walk.start_sums()
        d_state = function.variables([zero] * len(state))
        h_after = function.variables([state[j].get() for j in range(hidden_size)])
        for token in function.range_down(0, longest):
            walk.backward(token, scale, sums, d_state, h_after)

        gradient = flat_gradient(cell, walk.finished(sums))
        if keep_gradient:
            first_moment = function.memory("first_moment", lanes)
            for k, share in enumerate(gradient):
                first_moment.store(update * size + k, share)
        else:
            _adam(function, flat, gradient, parameters, update)
    total_memory.store(0, total_loss.get())


def _gather(
    function: Function, packed: PackedMemory, orders: Memory, update: Value, token_rows: Memory
) -> tuple[Value, Value]:
    """Bring the next word of every lane together; returns the lanes' lengths and the longest."""
    single = function.memory("orders", function.integer_lanes.element)
    words = [single.load(update * function.lanes + lane).to_index() for lane in range(function.lanes)]
    lengths = function.pack_integers([packed.lengths.load(word) for word in words])
    longest = function.largest(lengths)
    for chunk in function.range(0, (longest + (CHUNK - 1)) >> 5):
        packed.gather(words, chunk, token_rows, chunk)
    return lengths, longest


class _Walk:
    """Forward and backward over a word, in lanes."""

    def __init__(
        self,
        function: Function,
        cell: Cell,
        hidden_size: int,
        flat: list[Value],
        token_rows: Memory,
        tape: Memory,
        lengths: Value,
    ):
        self.function = function
        self.cell = cell
        self.hidden_size = hidden_size
        self.weights = split(cell, flat, hidden_size)
        self.letters = inputs_of_letters(cell, self.weights)
        self.token_rows = token_rows
        self.tape = tape
        self.lengths = lengths
        self.values = tape_values(cell, hidden_size)

    def forward(self, token: Value, state: list[Variable], word_loss: Variable, loss: Callable) -> None:
        """One token: advance the state, write the tape, add the loss."""
        function, h = self.function, self.hidden_size
        closing, targets = self._masks(token)
        active = self.lengths > function.spread_integer(token)
        x = {
            gate: Vector(
                closing.select(shut, opened)
                for opened, shut in zip(self.letters[0][gate], self.letters[1][gate], strict=True)
            )
            for gate in self.cell.gates
        }
        before = [variable.get() for variable in state]
        parts = tuple(Vector(before[k : k + h]) for k in range(0, len(before), h))
        after, tape = step(self.cell, self.weights, x, parts)
        after = tuple(part.map(lambda number: active.select(number, 0.0)) for part in after)
        for variable, number in zip(state, (number for part in after for number in part), strict=True):
            variable.set(number)

        outputs = read(self.weights, after[0])
        value, errors = loss(outputs, targets)
        word_loss.set(word_loss.get() + active.select(value, 0.0))
        kept = [*(number for part in tape for number in part), *parts[0]]
        kept += [active.select(error, 0.0) for error in errors]
        for k, number in enumerate(kept):
            self.tape.store(token * self.values + k, number)

    def start_sums(self) -> Sums:
        """Running sums at zero."""
        cell, h = self.cell, self.hidden_size

        def zeros(count: int) -> list[Variable]:
            return self.function.variables([self.function.lanes_of(0.0)] * count)

        return Sums(
            [{gate: zeros(h) for gate in cell.gates} for _ in range(VOCABULARY)],
            {gate: [zeros(h) for _ in range(h)] for gate in cell.gates},
            {gate: zeros(h) for gate in cell.separate_recurrent_bias},
            [zeros(h) for _ in range(OUTPUTS)],
            zeros(OUTPUTS),
        )

    def backward(
        self, token: Value, scale: Value, sums: Sums, d_state: list[Variable], h_after: list[Variable]
    ) -> None:
        """One token backwards: add its shares to the sums."""
        h = self.hidden_size
        closing, _ = self._masks(token)
        kept = [self.tape.load(token * self.values + k) for k in range(self.values)]
        parts = [Vector(kept[k : k + h]) for k in range(0, self.values - OUTPUTS, h)]
        tape, h_before = tuple(parts[:-1]), parts[-1]
        d_outputs = Vector(kept[self.values - OUTPUTS :]) * scale
        later = tuple(Vector(v.get() for v in d_state[k : k + h]) for k in range(0, len(d_state), h))
        here = Vector(variable.get() for variable in h_after)
        d_before, d_x, recurrent, d_y, readout = step_back(
            self.cell, self.weights, tape, h_before, here, d_outputs, later
        )
        for gate in self.cell.gates:
            for j, share in enumerate(d_x[gate]):
                shut, opened = sums.letters[1][gate][j], sums.letters[0][gate][j]
                shut.set(closing.select(shut.get() + share, shut.get()))
                opened.set(closing.select(opened.get(), opened.get() + share))
            _add_matrix(sums.weight_hh[gate], recurrent[gate])
        for gate in self.cell.separate_recurrent_bias:
            _add(sums.separate_bias[gate], d_y[gate])
        _add_matrix(sums.readout_weight, readout)
        _add(sums.readout_bias, d_outputs)
        for variable, number in zip(d_state, (number for part in d_before for number in part), strict=True):
            variable.set(number)
        for variable, number in zip(h_after, h_before, strict=True):
            variable.set(number)

    def finished(self, sums: Sums) -> Sums:
        """The values of the running sums."""
        return Sums(
            [{gate: [v.get() for v in vector] for gate, vector in letter.items()} for letter in sums.letters],
            {gate: [[v.get() for v in row] for row in matrix] for gate, matrix in sums.weight_hh.items()},
            {gate: [v.get() for v in vector] for gate, vector in sums.separate_bias.items()},
            [[v.get() for v in row] for row in sums.readout_weight],
            [v.get() for v in sums.readout_bias],
        )

    def _masks(self, token: Value) -> tuple[Value, Vector]:
        """Whether each lane's token closes, and the targets as 0 or 1."""
        function = self.function
        row = (token >> 5) * ROW
        bit = function.spread_integer(function.index(1) << (token & (CHUNK - 1)))
        masks = [(self.token_rows.load(row + column) & bit).differs(0) for column in range(ROW)]
        one, zero = function.lanes_of(1.0), function.lanes_of(0.0)
        return masks[0], Vector(mask.select(one, zero) for mask in masks[1:])


def _add(sums: list[Variable], shares: Vector) -> None:
    for variable, share in zip(sums, shares, strict=True):
        variable.set(variable.get() + share)


def _add_matrix(sums: list[list[Variable]], shares: list[list[Value]]) -> None:
    for row, share in zip(sums, shares, strict=True):
        _add(row, Vector(share))


def _adam(function: Function, flat: list[Value], gradient: list[Value], parameters: Memory, update: Value) -> None:
    """Adam's step for every parameter."""
    adam = ADAM
    single = function.float_lanes.element
    step_size = function.spread(function.memory("step_sizes", single).load(update), function.lanes)
    root = function.spread(function.memory("roots", single).load(update), function.lanes)
    first_moment = function.memory("first_moment", function.float_lanes)
    second_moment = function.memory("second_moment", function.float_lanes)
    for k, (number, share) in enumerate(zip(flat, gradient, strict=True)):
        m, v = first_moment.load(k), second_moment.load(k)
        m_next = m + (share - m) * (1.0 - adam.beta1)
        v_next = v * adam.beta2 + share * share * (1.0 - adam.beta2)
        moved = number - step_size * m_next / (v_next.sqrt() * root + adam.epsilon)
        parameters.store(k, moved)
        first_moment.store(k, m_next)
        second_moment.store(k, v_next)
