"""Numbers that write machine code: tracing plain Python equations with them emits LLVM IR.

A `Value` stands for a number that the machine will have at run time: a vector of SIMD lanes, one run per lane, or a
single integer for indices. Arithmetic on values emits one IEEE instruction each, in the order in which Python
executes it, without any fast-math flag: nothing is fused or reordered, so the bits are those of the same operations
in NumPy. A `Function` provides what a program needs besides arithmetic: loops, memory and mutable variables.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from llvmlite import ir

from longcount.numbers import elementary

Node = Any
"""A value of LLVM's intermediate representation."""

Kind = Any
"""A type of LLVM's intermediate representation.

Both stand for Any: llvmlite has no annotations, and what a type checker infers from its code is wrong
(a builder's methods seem to return None, a value to have no type).
"""

INDEX: Kind = ir.IntType(64)
FLOATS: dict[str, Kind] = {"float32": ir.FloatType(), "float64": ir.DoubleType()}
INTEGERS: dict[str, Kind] = {"float32": ir.IntType(32), "float64": ir.IntType(64)}


def element_of(kind: Kind) -> Kind:
    """The type of one lane."""
    return kind.element if isinstance(kind, ir.VectorType) else kind


def constant(kind: Kind, number: float) -> Node:
    """A constant of a scalar or vector type, every lane the same, rounded to the format as NumPy does."""
    element = element_of(kind)
    if isinstance(element, ir.FloatType):
        number = float(np.float32(number))
    elif isinstance(element, ir.IntType):
        number = int(number)
    return _constant(kind, number, math.copysign(1, number))


@functools.cache
def _constant(kind: Kind, number: float, sign: float) -> Node:
    """Made once: writing each out for every lane takes a third of the time of tracing. 0.0 == -0.0, hence the sign."""
    return ir.Constant(kind, [number] * kind.count if isinstance(kind, ir.VectorType) else number)


class Value:
    """A number of the running program: lanes of floating-point numbers, integers or truth values, or one integer."""

    __slots__ = ("function", "ir")
    __array_ufunc__: ClassVar[None] = None  # NumPy scalars on the left leave the operation to us

    def __init__(self, function: Function, value: Node):
        self.function = function
        self.ir = value

    @property
    def is_float(self) -> bool:
        """Whether the lanes are floating-point numbers."""
        return isinstance(element_of(self.ir.type), (ir.FloatType, ir.DoubleType))

    @property
    def dtype(self) -> np.dtype:
        """The NumPy type of a lane, by which `longcount.numbers.elementary` chooses its constants."""
        return np.dtype(np.float64 if isinstance(element_of(self.ir.type), ir.DoubleType) else np.float32)

    def like(self, other: Any) -> Node:
        """The other operand in this value's type: a constant, a value, or a scalar spread over the lanes."""
        if not isinstance(other, Value):
            return constant(self.ir.type, other)
        if isinstance(self.ir.type, ir.VectorType) and not isinstance(other.ir.type, ir.VectorType):
            return self.function.spread(other, self.ir.type.count).ir
        return other.ir

    def _binary(self, other: Any, floating: str, integer: str, swap: bool = False) -> Value:
        left, right = self.ir, self.like(other)
        if swap:
            left, right = right, left
        operation = getattr(self.function.builder, floating if self.is_float else integer)
        return Value(self.function, operation(left, right))

    def __add__(self, other: Any) -> Value:
        return self._binary(other, "fadd", "add")

    def __radd__(self, other: Any) -> Value:
        return self._binary(other, "fadd", "add", swap=True)

    def __sub__(self, other: Any) -> Value:
        return self._binary(other, "fsub", "sub")

    def __rsub__(self, other: Any) -> Value:
        return self._binary(other, "fsub", "sub", swap=True)

    def __mul__(self, other: Any) -> Value:
        return self._binary(other, "fmul", "mul")

    def __rmul__(self, other: Any) -> Value:
        return self._binary(other, "fmul", "mul", swap=True)

    def __truediv__(self, other: Any) -> Value:
        self._refuse_integers()
        return self._binary(other, "fdiv", "sdiv")

    def __rtruediv__(self, other: Any) -> Value:
        self._refuse_integers()
        return self._binary(other, "fdiv", "sdiv", swap=True)

    def _refuse_integers(self) -> None:
        if not self.is_float:
            raise TypeError("integers are divided by //")

    def __floordiv__(self, other: Any) -> Value:
        """The quotient of integers that are not negative, without its remainder."""
        if self.is_float:
            raise TypeError("floats are divided by /")
        return self._binary(other, "fdiv", "sdiv")

    def __neg__(self) -> Value:
        builder = self.function.builder
        return Value(self.function, builder.fneg(self.ir) if self.is_float else builder.neg(self.ir))

    def __and__(self, other: Any) -> Value:
        return Value(self.function, self.function.builder.and_(self.ir, self.like(other)))

    def __or__(self, other: Any) -> Value:
        return Value(self.function, self.function.builder.or_(self.ir, self.like(other)))

    def __xor__(self, other: Any) -> Value:
        return Value(self.function, self.function.builder.xor(self.ir, self.like(other)))

    def __invert__(self) -> Value:
        return Value(self.function, self.function.builder.not_(self.ir))

    def __lshift__(self, other: Any) -> Value:
        return Value(self.function, self.function.builder.shl(self.ir, self.like(other)))

    def __rshift__(self, other: Any) -> Value:
        return Value(self.function, self.function.builder.ashr(self.ir, self.like(other)))

    def _compare(self, sign: str, other: Any) -> Value:
        builder = self.function.builder
        compare = builder.fcmp_ordered if self.is_float else builder.icmp_signed
        return Value(self.function, compare(sign, self.ir, self.like(other)))

    def __lt__(self, other: Any) -> Value:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Value:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Value:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Value:
        return self._compare(">=", other)

    def differs(self, other: Any) -> Value:
        """Lane by lane, whether the numbers differ."""
        return self._compare("!=", other)

    def select(self, yes: Any, no: Any) -> Value:
        """Of truth values: `yes` where true, else `no`."""
        pattern = next((x for x in (yes, no) if isinstance(x, Value)), self.function.lanes_of(0.0))
        return Value(self.function, self.function.builder.select(self.ir, pattern.like(yes), pattern.like(no)))

    # The primitives of longcount.numbers.elementary.

    def clipped(self, limit: float) -> Value:
        """Limited to [-limit, limit]; NaN stays NaN."""
        above = (self < -limit).select(-limit, self)
        return (above > limit).select(limit, above)

    def scale(self, number: Any) -> Value:
        """number * 2^n, where this value is n + rounding."""
        constants = elementary.constants_of(self)
        shifted = self.bits() << constants.mantissa_bits
        start = Value(self.function, self.like(number)).bits()
        return (start + shifted).as_float()

    def split_exponent(self) -> tuple[Value, Value]:
        """Mantissa in [0.707, 1.414) and exponent of normal positive numbers."""
        bits = elementary.constants_of(self).mantissa_bits
        signed = np.int64 if bits == 52 else np.int32
        middle = np.asarray(0.5, self.dtype) * np.sqrt(np.asarray(2.0, self.dtype))
        pattern = self.bits()
        exponent = (pattern - int(middle.view(signed))) >> bits
        mantissa = (pattern - (exponent << bits)).as_float()
        return mantissa, Value(self.function, self.function.builder.sitofp(exponent.ir, self.ir.type))

    def bits(self) -> Value:
        """The IEEE pattern as integers."""
        kind = INTEGERS[self.dtype.name]
        if isinstance(self.ir.type, ir.VectorType):
            kind = ir.VectorType(kind, self.ir.type.count)
        return Value(self.function, self.function.builder.bitcast(self.ir, kind))

    def as_float(self) -> Value:
        """The floating-point numbers of these IEEE patterns."""
        element = FLOATS["float64" if element_of(self.ir.type).width == 64 else "float32"]
        kind = ir.VectorType(element, self.ir.type.count) if isinstance(self.ir.type, ir.VectorType) else element
        return Value(self.function, self.function.builder.bitcast(self.ir, kind))

    def sqrt(self) -> Value:
        """The square root, correctly rounded (IEEE)."""
        kind = self.ir.type
        element = {"float32": "f32", "float64": "f64"}[self.dtype.name]
        suffix = f"v{kind.count}{element}" if isinstance(kind, ir.VectorType) else element
        name = f"llvm.sqrt.{suffix}"
        module = self.function.module
        intrinsic = module.globals.get(name) or ir.Function(module, ir.FunctionType(kind, [kind]), name)
        return Value(self.function, self.function.builder.call(intrinsic, [self.ir]))

    def to_double(self) -> Value:
        """The same numbers in float64."""
        if self.dtype == np.float64:
            return self
        kind = ir.VectorType(ir.DoubleType(), self.ir.type.count)
        return Value(self.function, self.function.builder.fpext(self.ir, kind))

    def maximum(self, other: Any) -> Value:
        """The larger of two integers."""
        return (self > other).select(self, other)

    def minimum(self, other: Any) -> Value:
        """The smaller of two integers."""
        return (self < other).select(self, other)

    def to_index(self) -> Value:
        """A single integer as a 64-bit index."""
        if self.ir.type == INDEX:
            return self
        return Value(self.function, self.function.builder.sext(self.ir, INDEX))


class Variable:
    """A mutable variable, such as a running sum or the state between tokens."""

    def __init__(self, function: Function, start: Value):
        with function.builder.goto_entry_block():
            self._place = function.builder.alloca(start.ir.type)
        self._function = function
        self.set(start)

    def get(self) -> Value:
        """The present value."""
        return Value(self._function, self._function.builder.load(self._place))

    def set(self, value: Value) -> None:
        """Assign."""
        self._function.builder.store(value.ir, self._place)


class Memory:
    """A pointer into an array of the caller: elements are single numbers, or whole vectors of lanes."""

    def __init__(self, function: Function, pointer: Node, kind: Kind, stride: int = 0):
        self._function = function
        self.pointer = pointer
        self._kind = kind
        width = kind.count if isinstance(kind, ir.VectorType) else 1
        self._stride = stride or width
        self._bytes = {ir.FloatType: 4, ir.DoubleType: 8}.get(type(element_of(kind))) or element_of(kind).width // 8

    def _place(self, index: Any) -> Node:
        function = self._function
        offset = function.index(index) * self._stride
        base = function.builder.bitcast(self.pointer, element_of(self._kind).as_pointer())
        address = function.builder.gep(base, [offset.ir])
        return function.builder.bitcast(address, self._kind.as_pointer())

    def load(self, index: Any) -> Value:
        """The element at an index."""
        loaded = self._function.builder.load(self._place(index), align=self._bytes)
        return Value(self._function, loaded)

    def store(self, index: Any, value: Value) -> None:
        """Put an element at an index."""
        self._function.builder.store(value.ir, self._place(index), align=self._bytes)


class Function:
    """A function of the running program: arguments, loops, memory.

    Args:
        name: the symbol to call it by.
        arguments: names, each with "pointer" or "index" (a 64-bit integer).
        lanes: how many runs advance in one vector.
        dtype: "float32", or "float64" for gradient checks.
    """

    def __init__(self, name: str, arguments: dict[str, str], lanes: int, dtype: str = "float32"):
        self.name = name
        self.lanes = lanes
        self.dtype = dtype
        self.arguments = arguments
        self.module = ir.Module(name)
        byte = ir.IntType(8).as_pointer()
        kinds = [byte if kind == "pointer" else INDEX for kind in arguments.values()]
        self.ir = ir.Function(self.module, ir.FunctionType(ir.VoidType(), kinds), name)
        # Vectors that the registers do not hold lie on the stack, which callers align to 16 bytes. Where they straddle
        # two lines of the cache, training is up to an eighth slower, in some processes and not in others.
        self.ir.attributes.add("nounwind")  # llvmlite writes no alignment without another attribute
        self.ir.attributes.alignstack = 64
        self._given = dict(zip(arguments, self.ir.args, strict=True))
        for argument, kind in zip(self.ir.args, arguments.values(), strict=True):
            if kind == "pointer":
                argument.add_attribute("noalias")
        self.builder: Any = ir.IRBuilder(self.ir.append_basic_block("entry"))
        body = self.ir.append_basic_block("body")
        self._entry_end = self.builder.branch(body)
        self.builder.position_at_end(body)
        self.float_lanes = ir.VectorType(FLOATS[dtype], lanes)
        self.integer_lanes = ir.VectorType(ir.IntType(32), lanes)

    def finish(self) -> str:
        """End the function and return its LLVM IR as text."""
        self.builder.ret_void()
        return str(self.module)

    def index_argument(self, name: str) -> Value:
        """A 64-bit integer argument."""
        return Value(self, self._given[name])

    def memory(self, name: str, kind: Kind, stride: int = 0) -> Memory:
        """The array behind a pointer argument; `stride` counts elements from one index to the next."""
        return Memory(self, self._given[name], kind, stride)

    def index(self, number: Any) -> Value:
        """A number as a 64-bit index."""
        return number.to_index() if isinstance(number, Value) else Value(self, ir.Constant(INDEX, int(number)))

    def lanes_of(self, number: float) -> Value:
        """The same floating-point number in every lane."""
        return Value(self, constant(self.float_lanes, number))

    def integers_of(self, number: int) -> Value:
        """The same 32-bit integer in every lane."""
        return Value(self, constant(self.integer_lanes, number))

    def spread(self, scalar: Value, count: int) -> Value:
        """A single number in every lane."""
        empty = ir.Constant(ir.VectorType(scalar.ir.type, count), ir.Undefined)
        zero = ir.Constant(ir.IntType(32), 0)
        first = self.builder.insert_element(empty, scalar.ir, zero)
        mask = ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count)
        return Value(self, self.builder.shuffle_vector(first, empty, mask))

    def in_every_lane(self, number: Value) -> Value:
        """A scalar spread over all lanes; a vector as it is."""
        return number if isinstance(number.ir.type, ir.VectorType) else self.spread(number, self.lanes)

    def spread_integer(self, scalar: Value) -> Value:
        """A single index as a 32-bit integer in every lane."""
        return self.spread(self.narrow(scalar), self.lanes)

    def narrow(self, index: Value) -> Value:
        """An index as a 32-bit integer."""
        return Value(self, self.builder.trunc(index.ir, ir.IntType(32)))

    def pack_integers(self, scalars: Sequence[Value]) -> Value:
        """One 32-bit integer for each lane, side by side."""
        vector: Node = ir.Constant(self.integer_lanes, ir.Undefined)
        for lane, scalar in enumerate(scalars):
            vector = self.builder.insert_element(vector, scalar.ir, ir.Constant(ir.IntType(32), lane))
        return Value(self, vector)

    def to_float_lanes(self, integers: Value) -> Value:
        """Integer lanes as floating-point numbers."""
        return Value(self, self.builder.sitofp(integers.ir, self.float_lanes))

    def largest(self, integers: Value) -> Value:
        """The largest of the integer lanes, as an index."""
        values = [self.builder.extract_element(integers.ir, ir.Constant(ir.IntType(32), k)) for k in range(self.lanes)]
        while len(values) > 1:
            pairs = zip(values[::2], values[1::2], strict=True)
            values = [Value(self, a).maximum(Value(self, b)).ir for a, b in pairs]
        return Value(self, values[0]).to_index()

    def variable(self, start: Value) -> Variable:
        """A new variable; live in registers once optimised."""
        return Variable(self, start)

    def variables(self, starts: Sequence[Value]) -> list[Variable]:
        """A variable for each start."""
        return [Variable(self, start) for start in starts]

    def range(self, start: Any, stop: Any) -> Iterator[Value]:
        """`for t in function.range(a, b):` traces its body once and makes it a loop of the running program."""
        yield from self._loop(start, stop, 1)

    def range_down(self, start: Any, stop: Any) -> Iterator[Value]:
        """Like `range` from `stop - 1` down to `start`."""
        yield from self._loop(start, stop, -1)

    def _loop(self, start: Any, stop: Any, direction: int) -> Iterator[Value]:
        first, end = self.index(start), self.index(stop)
        head, body, after = (self.builder.append_basic_block(name) for name in ("head", "loop", "after"))
        before = self.builder.block
        self.builder.branch(head)
        self.builder.position_at_end(head)
        count = self.builder.phi(INDEX)
        count.add_incoming(first.ir, before)
        self.builder.cbranch((Value(self, count) < end).ir, body, after)
        self.builder.position_at_end(body)
        position = Value(self, count)
        yield position if direction > 0 else first + (end - 1 - position)
        following = position + 1
        count.add_incoming(following.ir, self.builder.block)
        self.builder.branch(head)
        self.builder.position_at_end(after)
