"""What initialisations and recipes do to parameters, one by one, so that a page can do the same.

They are functions of Python, anybody's own too. What one does is found by doing it to many random parameters: each
becomes a constant, a multiple of itself or of its magnitude, or the nearest power of two; and every one of these
parameters has to agree, bit for bit. What does anything else cannot be put into a page, and is refused.
"""

from __future__ import annotations

import numpy as np

from longcount.errors import UserError
from longcount.languages.uniforms import Uniforms
from longcount.training.recipes.parts import power_of_two

Change = tuple[int, str, float]
"""A position in the flat parameters, what is done to the number there, and a number."""

TRIALS = 64
"""Networks that a change is tried on."""


def trials(size: int) -> np.ndarray:
    """Parameters float32 [TRIALS, P] in (-1, 1) to try a change on."""
    return (Uniforms(0).take(TRIALS * size).reshape(TRIALS, size) * 2 - 1).astype(np.float32)


def changes_between(before: np.ndarray, after: np.ndarray, what: str) -> list[Change]:
    """What was done to parameters float32 [networks, P]; those that are as before are not in the list.

    Args:
        before: the parameters.
        after: they, changed.
        what: changed them, for messages.

    Raises:
        UserError: anything else was done.

    >>> before = trials(3)
    >>> changes_between(before, np.stack([np.abs(before[:, 0]), before[:, 1], before[:, 2] * 0], axis=1), "this")
    [(0, 'magnitude', 1.0), (2, 'times', 0.0)]
    """
    changed = [k for k in range(before.shape[1]) if not _same(before[:, k], after[:, k])]
    return [(k, *_form(before[:, k], after[:, k], what)) for k in changed]


def _form(before: np.ndarray, after: np.ndarray, what: str) -> tuple[str, float]:
    factor, magnitude = after[0] / before[0], after[0] / np.abs(before[0])
    for form, number, result in (
        ("set", after[0], np.full_like(after, after[0])),
        ("times", factor, before * factor),
        ("magnitude", magnitude, np.abs(before) * magnitude),
        ("power_of_two", np.float32(0), power_of_two(before)),
    ):
        if _same(result, after):
            return form, float(number)
    raise UserError(
        f"{what}: not possible in a page: it changes some parameter into something other than a constant, a multiple "
        "of it or of its magnitude, or a power of two"
    )


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    return first.tobytes() == second.tobytes()
