"""What a proof gives."""

from typing import NamedTuple

EXACT_INTEGERS = 2**24
"""All integers up to here are float32 numbers, and the next is not."""


class Proof(NamedTuple):
    """What was proved of a model."""

    max_depth: int
    """Right on every prefix up to this depth, of any length; 0 where nothing was proved."""
    reason: str
    """Why, or what stood in the way."""
