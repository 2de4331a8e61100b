"""How numbers are written for people: few digits, but never rounded up to a perfection that was not measured."""

import math

MINUS = "−"
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def percent(value: float) -> str:
    """A percentage with at most one decimal, or as many more as keep it from reading 100 or 0 falsely; nothing for what
    is not a number.

    >>> percent(100.0), percent(74.21), percent(27.03), percent(99.96), percent(99.9996), percent(0.004), percent(0.0)
    ('100', '74.2', '27', '99.96', '99.9996', '0.004', '0')
    """
    if math.isnan(value):
        return ""
    if value in (0.0, 100.0):
        return f"{value:.0f}"
    for digits in range(1, 8):
        text = f"{value:.{digits}f}"
        if 0 < float(text) < 100:
            return text.removesuffix(".0")
    return repr(value)


def position(value: float) -> str:
    """A token position, or a mean of positions with one decimal.

    >>> position(916.8), position(1000.0), position(999.98)
    ('916.8', '1000', '1000.0')
    """
    return "" if math.isnan(value) else f"{value:.0f}" if value == round(value) else f"{value:.1f}"


def significant(value: float, digits: int = 3) -> str:
    """A number with a few significant digits; powers of ten where it is tiny or huge.

    >>> significant(0.43412), significant(1.06e-8), significant(-0.0213), significant(0.0)
    ('0.434', '1.06 × 10⁻⁸', '−0.0213', '0')
    """
    if math.isnan(value):
        return ""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e6:
        text = f"{value:.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"
    else:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"
    return text.replace("-", MINUS)


def failure_token(value: float, longest: int | None = None) -> str:
    """A first point of failure, or a mean of such; infinite: never failed, in a word of ``longest`` tokens.

    >>> failure_token(52.0), failure_token(math.inf), failure_token(math.inf, 10_000)
    ('52', 'none', 'none in 10,000')
    """
    if math.isinf(value):
        return "none" if longest is None else f"none in {longest:,}"
    return position(value)


def signed(value: float, digits: int) -> str:
    """A difference or a correlation with so many decimals, its sign always there.

    >>> signed(0.638, 2), signed(-2.125, 1), signed(float("nan"), 1)
    ('+0.64', '−2.1', '')
    """
    return "" if math.isnan(value) else f"{value:+.{digits}f}".replace("-", MINUS)


def interval(low: str, high: str) -> str:
    """The two ends of an interval, or nothing where there is none.

    >>> interval("0.41", "0.62")
    '0.41–0.62'
    """
    return f"{low}–{high}" if low and high else ""
