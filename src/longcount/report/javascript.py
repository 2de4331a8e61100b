"""The cells' own equations as JavaScript: run `network.step` once on symbols that write down what is done to them.

Every operation becomes one line of float32 arithmetic: ``Math.fround`` rounds after each step, and a double has enough
digits (53 >= 2 * 24 + 2) that rounding a double sum, product or quotient of two float32 numbers gives the float32
result. The elementary functions are those of `longcount.numbers.elementary`, traced through their polynomials, so
that the page computes the engine's states bit for bit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from longcount.cells.cell import Cell
from longcount.cells.network import Link, Question, initial_state, inputs_of_letters, read, split, step
from longcount.numbers.vector import Vector

PRELUDE = """\
const fround = Math.fround;
const wordOfFloat = new Float32Array(1), wordOfBits = new Int32Array(wordOfFloat.buffer);
const bitsOf = (x) => { wordOfFloat[0] = x; return wordOfBits[0]; };
const ofBits = (bits) => { wordOfBits[0] = bits; return wordOfFloat[0]; };
const scaled = (x, power) => ofBits((bitsOf(x) + (bitsOf(power) << 23)) | 0);
const exponentOf = (x) => (bitsOf(x) - 0x3f3504f3) >> 23;
const mantissaOf = (x) => ofBits((bitsOf(x) - (exponentOf(x) << 23)) | 0);
"""
"""``scaled`` multiplies by a power of two through the exponent bits, as `longcount.numbers.elementary.scaled` does;
``exponentOf`` and ``mantissaOf`` (between 0.707 and 1.414) are its `split_exponent`."""


class Program:
    """Lines of JavaScript, each naming one float32 value; equal expressions share a name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names: dict[str, str] = {}

    def named(self, expression: str) -> str:
        """The name that holds the expression's value."""
        if expression not in self._names:
            name = f"t{len(self.lines)}"
            self.lines.append(f"const {name} = {expression};")
            self._names[expression] = name
        return self._names[expression]

    def literal(self, number: Any) -> str:
        """A symbol's name, or a plain number rounded to float32 as NumPy rounds it when it meets a float32."""
        if isinstance(number, Symbol):
            return number.name
        rounded = float(np.float32(number))
        return repr(rounded) if not math.copysign(1, rounded) < 0 else f"({rounded!r})"


class Condition:
    """The outcome of a comparison; `longcount.numbers.elementary.where` chooses by it."""

    def __init__(self, program: Program, expression: str) -> None:
        self._program, self._expression = program, expression

    def __or__(self, other: Condition) -> Condition:
        return Condition(self._program, f"{self._expression} || {other._expression}")

    def select(self, yes: Any, no: Any) -> Symbol:
        literal = self._program.literal
        return Symbol(self._program, self._program.named(f"{self._expression} ? {literal(yes)} : {literal(no)}"))


class Symbol:
    """A float32 number that writes the operations done to it into a `Program`."""

    dtype = np.dtype(np.float32)

    def __init__(self, program: Program, name: str) -> None:
        self._program, self.name = program, name

    def _rounded(self, left: Any, operator: str, right: Any) -> Symbol:
        literal = self._program.literal
        return Symbol(self._program, self._program.named(f"fround({literal(left)} {operator} {literal(right)})"))

    def __add__(self, other: Any) -> Symbol:
        return self._rounded(self, "+", other)

    def __radd__(self, other: Any) -> Symbol:
        return self._rounded(other, "+", self)

    def __sub__(self, other: Any) -> Symbol:
        return self._rounded(self, "-", other)

    def __rsub__(self, other: Any) -> Symbol:
        return self._rounded(other, "-", self)

    def __mul__(self, other: Any) -> Symbol:
        return self._rounded(self, "*", other)

    def __rmul__(self, other: Any) -> Symbol:
        return self._rounded(other, "*", self)

    def __truediv__(self, other: Any) -> Symbol:
        return self._rounded(self, "/", other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self._rounded(other, "/", self)

    def __neg__(self) -> Symbol:
        return Symbol(self._program, self._program.named(f"-{self.name}"))

    def __lt__(self, other: Any) -> Condition:
        return Condition(self._program, f"{self.name} < {self._program.literal(other)}")

    def __le__(self, other: Any) -> Condition:
        return Condition(self._program, f"{self.name} <= {self._program.literal(other)}")

    def __gt__(self, other: Any) -> Condition:
        return Condition(self._program, f"{self.name} > {self._program.literal(other)}")

    def scale(self, x: Any) -> Symbol:
        """x times the power of two that this number carries in its low bits."""
        return self._applied("scaled", self._program.literal(x), self.name)

    def sqrt(self) -> Symbol:
        """Rounded once more, from double to float32, it is the float32 square root."""
        return self._applied("fround", f"Math.sqrt({self.name})")

    def split_exponent(self) -> tuple[Symbol, Symbol]:
        """Mantissa and exponent of normal positive numbers."""
        return self._applied("mantissaOf", self.name), self._applied("exponentOf", self.name)

    def _applied(self, function: str, *arguments: str) -> Symbol:
        return Symbol(self._program, self._program.named(f"{function}({', '.join(arguments)})"))


def cell_program(cell: Cell, link: Link = "sigmoid") -> str:
    """A cell and the network around it as a JavaScript object.

    ``start(p)`` gives the state before the first token; ``step(p, token, s)`` takes the flat weights [P] (float32
    values), a token (its letter's place in the language) and the state before it, and returns ``[state, gates,
    outputs]``. ``states`` and ``gates`` name the numbers of the first two, as traces do.

    Args:
        cell: with its sizes.
        link: of the outputs.
    """
    program = Program()
    rows, letters = cell.shapes()["weight_ih_l0"]
    # Of the input weights, which come first, a step reads the column of the token alone.
    numbers = [f"p[{row * letters} + token]" for row in range(rows)]
    numbers += [f"p[{k}]" for k in range(rows * letters, cell.size())]
    one_letter = replace(cell, letters=1)
    weights = split(one_letter, [Symbol(program, number) for number in numbers])
    (x,) = inputs_of_letters(one_letter, weights)
    start = initial_state(one_letter, weights, Symbol(program, "0"))
    places = iter(range(sum(map(len, start))))
    before = tuple(Vector(Symbol(program, f"s[{next(places)}]") for _ in part) for part in start)
    after, gates = step(one_letter, weights, x, before)
    outputs = read(one_letter, weights, after, Question(link))
    width = len(cell.state_names)
    parts = [dict(zip(cell.state_names, after[width * k : width * (k + 1)], strict=True)) for k in range(cell.layers)]
    body = "\n".join("    " + line for line in program.lines)
    state_list, start_list = (", ".join(number.name for part in state for number in part) for state in (after, start))
    gate_list = ", ".join(number.name for by_name in gates for part in by_name.values() for number in part)
    output_list = ", ".join(output.name for output in outputs)
    return (
        f"{{\n  states: {json.dumps(_names(parts))},\n  gates: {json.dumps(_names(gates))},\n"
        f"  start: (p) => [{start_list}],\n"
        f"  step(p, token, s) {{\n{body}\n    return [[{state_list}], [{gate_list}], [{output_list}]];\n  }}\n}}"
    )


def _names(by_layer: Sequence[Mapping[str, Vector]]) -> list[str]:
    """What numbers are called: by part, with the layer and the unit where there are several."""
    return [
        f"{name}{'' if len(by_layer) == 1 else f'_l{layer}'}{'' if len(part) == 1 else f'_{unit}'}"
        for layer, parts in enumerate(by_layer)
        for name, part in parts.items()
        for unit in range(len(part))
    ]


def cells_script(programs: Mapping[str, tuple[Cell, Link]]) -> str:
    """The script that defines ``cells``, an object with an entry for each cell and link."""
    entries = ",\n".join(f'"{name}": {cell_program(*program)}' for name, program in programs.items())
    return f"{PRELUDE}const cells = {{\n{entries}\n}};\n"
