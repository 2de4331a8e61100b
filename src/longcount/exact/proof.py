"""What a proof gives."""

from collections.abc import Callable
from typing import NamedTuple

EXACT_INTEGERS = 2**24
"""All integers up to here are float32 numbers, and the next is not."""


class Proof(NamedTuple):
    """What was proved of a model."""

    max_depth: int
    """Right on every prefix up to this depth, of any length; 0 where nothing was proved."""
    reason: str
    """Why, or what stood in the way."""


def greatest(holds: Callable[[int], bool], most: int) -> int:
    """The greatest depth from 1 to `most` for which a property holds that no depth has unless all lower ones have it;
    0 where there is none."""
    if most < 1 or not holds(1):
        return 0
    if holds(most):
        return most
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low
