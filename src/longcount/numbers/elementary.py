"""Elementary functions over any kind of number: the project's own, the same bits on every machine.

A function that a cell uses (`exp`, `log`, `sigmoid`, `tanh`, `relu`, ...) first asks its argument: a number that has a
method of that name (a PyTorch tensor, an interval, a symbol) answers for itself. All other numbers (NumPy scalars and
arrays, SIMD lanes of the engine, printed float32 programs) take the polynomials below, which use nothing but IEEE
additions, multiplications and divisions and three primitives: `clip`, `scaled` (multiplication by a power of two
through the exponent bits) and `split_exponent`. So the polynomial exists once, and the slow NumPy twin and the fast
engine agree bit for bit. Nothing is fused, nothing depends on a library's `exp`.

Largest errors over **all** float32 inputs (`python -m longcount.engine.accuracy`, 2^32 inputs per function, against
NumPy's float64), in units in the last place of the true value, and how many float32 numbers a function falls where it
should rise::

    function          largest error     at x =            falls by at most  at x =
    exp               1.176 ulp         -71.0455322       1                 -0.0311628524
    sigmoid           2.481 ulp         -16.635704        1                 0.249032348
    tanh              3.456 ulp         0.0614412315      3                 -0.0607693642
    log               2.845 ulp         1.13179791        0

Those of exp are for -87 <= x <= 87, of sigmoid for x >= -87, of tanh for all x, of log for normal x > 0. Below -87
exp and sigmoid stay at exp(-87) = 1.6458e-38, wrong by at most that in absolute terms;
above 87 exp stays at exp(87) = 6.07603e37. In float32 sigmoid is exactly 1 from x = 16.6355324 on, tanh exactly 1 from
x = 9.01091385 on and exactly -1 up to x = -8.49105358; sigmoid is never 0. A NaN stays one; for exp and sigmoid only
if the low 9 bits of its payload are 0, as those of every NaN that arithmetic makes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

LOG2_E = 1.4426950408889634


class Constants(NamedTuple):
    """Constants of the polynomials for one floating-point format."""

    largest_exponent: float  # arguments of exp are clipped to plus or minus this
    rounding: float  # 1.5 * 2^(mantissa bits): adding it rounds to an integer, kept in the low bits
    mantissa_bits: int
    ln2_high: float  # few bits, so that n * ln2_high is exact
    ln2_low: float
    exp_tail: tuple[float, ...]  # exp(r) = 1 + r + r^2 (tail, highest power first)
    lowest_sigmoid: float  # that of -largest_exponent
    saturation: float  # tanh is exactly 1 beyond
    atanh_terms: int  # terms of the series of log


FLOAT32 = Constants(
    87.0,
    12582912.0,
    23,
    0.693359375,
    -2.12194440e-4,
    (0.001381459878757596, 0.008368716575205326, 0.04166838899254799, 0.1666652113199234, 0.4999999403953552),
    1.6458115938842401e-38,
    10.0,
    4,
)
"""Minimax coefficients of degree 6 on |r| <= ln(2) / 2. The clip at 87 keeps exp(-87) a normal number."""

FLOAT64 = Constants(
    708.0,
    6755399441055744.0,
    52,
    0.6931471803691238,
    1.9082149292705877e-10,
    tuple(1.0 / float(np.prod(np.arange(1.0, k + 1))) for k in range(13, 1, -1)),
    3.3075530036384083e-308,
    20.0,
    11,
)
"""Taylor coefficients to degree 13: the remainder, r^14 / 14!, is below 5e-18. Used for gradient checks only."""


def exp(x: Any) -> Any:
    """exp(x), with x clipped to where the result is a normal number (plus or minus 87 in float32)."""
    if hasattr(x, "exp"):
        return x.exp()
    x = numeric(x)
    constants = constants_of(x)
    fraction, power = _exp_minus_one_of_remainder(clip(x, constants.largest_exponent), constants)
    return scaled(fraction + 1.0, power)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)). In float32 exactly 1 from x = 16.6355324 on, and 1.6458e-38 below x = -87."""
    if hasattr(x, "sigmoid"):
        return x.sigmoid()
    x = numeric(x)
    constants = constants_of(x)
    with np.errstate(all="ignore"):  # beyond the limit the value is not used
        fraction, power = _exp_minus_one_of_remainder(x, constants, -1.0)
        value = 1.0 / (scaled(fraction + 1.0, power) + 1.0)
    return _within(x, constants.largest_exponent, value, 1.0, constants.lowest_sigmoid)


def tanh(x: Any) -> Any:
    """tanh(x) as t / (t + 2) with t = exp(2 x) - 1, which keeps its relative precision near 0.

    In float32 exactly 1 from x = 9.01091385 on, and exactly -1 up to x = -8.49105358.
    """
    if hasattr(x, "tanh"):
        return x.tanh()
    x = numeric(x)
    constants = constants_of(x)
    with np.errstate(all="ignore"):  # beyond the limit the value is not used
        fraction, power = _exp_minus_one_of_remainder(x, constants, 2.0)
        scale = scaled(1.0, power)
        t = scale * fraction + (scale - 1.0)
        value = t / (t + 2.0)
    return _within(x, constants.saturation, value, 1.0, -1.0)


def relu(x: Any) -> Any:
    """x where x > 0, else +0 (also for -0 and NaN)."""
    if hasattr(x, "relu"):
        return x.relu()
    x = numeric(x)
    return where(x > 0.0, x, 0.0)


def log(x: Any) -> Any:
    """The natural logarithm of x > 0; -100 for x = 0, as PyTorch's binary cross-entropy clamps it."""
    if hasattr(x, "log"):
        return x.log()
    x = numeric(x)
    constants = constants_of(x)
    mantissa, exponent = split_exponent(x)
    s = (mantissa - 1.0) / (mantissa + 1.0)  # log(mantissa) = 2 atanh(s), |s| <= 0.172
    square = s * s
    last = constants.atanh_terms
    series = square * (1.0 / (2 * last + 1)) + 1.0 / (2 * last - 1)
    for k in range(last - 2, -1, -1):
        series = series * square + 1.0 / (2 * k + 1)
    value = exponent * constants.ln2_high + (exponent * constants.ln2_low + 2.0 * s * series)
    return where(x > 0.0, value, where(x <= 0.0, -100.0, x))


def sqrt(x: Any) -> Any:
    """The square root, correctly rounded (IEEE); NaN below 0."""
    if hasattr(x, "sqrt"):
        return x.sqrt()
    with np.errstate(invalid="ignore"):
        return np.sqrt(numeric(x))


HARD_SLOPE = 1.0 / 6.0
"""Of the hard sigmoid between its ends."""


def hard_sigmoid(x: Any) -> Any:
    """0 up to x = -3, x / 6 + 1/2, 1 from x = 3 on, as `torch.nn.functional.hardsigmoid`: exactly 0 and 1 beyond the
    ends up to the rounding of x / 6. Made of `relu`, which makes 0 of a NaN: it does not pass one on."""
    if hasattr(x, "hard_sigmoid"):
        return x.hard_sigmoid()
    return 1.0 - relu(1.0 - relu(x * HARD_SLOPE + 0.5))


def hard_tanh(x: Any) -> Any:
    """-1 up to x = -1, x, 1 from x = 1 on, as `torch.nn.functional.hardtanh`; like `hard_sigmoid` with a NaN."""
    if hasattr(x, "hard_tanh"):
        return x.hard_tanh()
    return 1.0 - relu(2.0 - relu(x + 1.0))


def maximum(a: Any, b: Any) -> Any:
    """The greater of two numbers; b where one is NaN."""
    if hasattr(a, "maximum"):
        # A PyTorch tensor has another name for the greater of itself and a plain number.
        return a.clamp(min=b) if hasattr(a, "clamp") and isinstance(b, float) else a.maximum(b)
    return where(a > b, a, b)


def blend(h: Any, n: Any, z: Any) -> Any:
    """n where z = 0, h where z = 1: (h - n) z + n, in this form. (1 - z) n + z h is the same in exact arithmetic, but
    rounds differently."""
    if hasattr(h, "blended"):
        return h.blended(n, z)
    return (h - n) * z + n


def where_positive(condition: Any, value: Any) -> Any:
    """The value where the condition is above 0, else 0 (with the value's sign)."""
    if hasattr(condition, "where_positive"):
        return condition.where_positive(value)
    return where(condition > 0.0, value, value * 0.0)


def _exp_minus_one_of_remainder(x: Any, constants: Constants, factor: float = 1.0) -> tuple[Any, Any]:
    """exp(r) - 1 and n + rounding, where factor x = n ln 2 + r and |r| <= ln(2) / 2.

    The factor is a power of two or its negative, so it changes no rounding and may be taken into the constants: the
    next token waits for every step on the way from x to the result.
    """
    power = x * (factor * LOG2_E) + constants.rounding
    n = power - constants.rounding
    near = x * factor - n * constants.ln2_high
    r = near - n * constants.ln2_low
    tail = r * constants.exp_tail[0] + constants.exp_tail[1]
    for coefficient in constants.exp_tail[2:]:
        tail = tail * r + coefficient
    return (tail * r + 1.0) * r, power


def _within(x: Any, limit: float, value: Any, above: float, below: float) -> Any:
    """The value where |x| <= limit or x is NaN, else what the function is above or below.

    The selection depends on x alone and is ready before the value; clipping x first would delay all of it.
    """
    number = x.dtype.type
    return where((x > limit) | (x < -limit), where(x > 0.0, number(above), number(below)), value)


# The primitives: the bodies here are NumPy's; other kinds of number have methods of these names.


def numeric(x: Any) -> Any:
    """x itself, or a NumPy float64 for a plain Python number."""
    return np.float64(x) if isinstance(x, (int, float)) and not isinstance(x, np.generic) else x


def constants_of(x: Any) -> Constants:
    """The constants of the number's format, by its `dtype`."""
    return FLOAT64 if x.dtype == np.float64 else FLOAT32


def where(condition: Any, yes: Any, no: Any) -> Any:
    """yes where the condition holds, else no."""
    if hasattr(condition, "select"):
        return condition.select(yes, no)
    number = yes if hasattr(yes, "dtype") else no
    return np.where(condition, yes, no).astype(number.dtype)[()]


def clip(x: Any, limit: float) -> Any:
    """x limited to [-limit, limit]; NaN stays NaN."""
    if hasattr(x, "clipped"):
        return x.clipped(limit)
    return where(x < -limit, -limit, where(x > limit, limit, x))


def scaled(x: Any, power: Any) -> Any:
    """x 2^n through the exponent bits, where power = n + rounding as `_exp_minus_one_of_remainder` gives it."""
    if hasattr(power, "scale"):
        return power.scale(x)
    unsigned = np.uint64 if power.dtype == np.float64 else np.uint32
    shifted = np.asarray(power).view(unsigned) << unsigned(constants_of(power).mantissa_bits)
    return (np.asarray(x, power.dtype).view(unsigned) + shifted).view(power.dtype)[()]


def split_exponent(x: Any) -> tuple[Any, Any]:
    """Mantissa m in [0.707, 1.414) and exponent n, both floating, with x = m 2^n, for normal x > 0."""
    if hasattr(x, "split_exponent"):
        return x.split_exponent()
    bits = constants_of(x).mantissa_bits
    signed = np.int64 if x.dtype == np.float64 else np.int32
    middle = np.asarray(0.5, x.dtype) * np.sqrt(np.asarray(2.0, x.dtype))
    pattern = np.asarray(x).view(signed)
    exponent = (pattern - middle.view(signed)) >> signed(bits)
    mantissa = (pattern - (exponent << signed(bits))).view(x.dtype)
    return mantissa[()], exponent.astype(x.dtype)[()]
