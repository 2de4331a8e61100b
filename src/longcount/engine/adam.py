"""Adam (Kingma and Ba 2015, algorithm 1), with the operations in the order of PyTorch's."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Adam(NamedTuple):
    """The constants of the paper's training."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8


ADAM = Adam()


def corrections(updates_before: int, learning_rates: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Step sizes, learning rate / (1 - beta1^t), and roots, 1 / sqrt(1 - beta2^t), of the next updates.

    Computed in float64 and rounded once to `dtype`; t counts from 1 at the first update ever.
    """
    step_sizes = learning_rates / _one_minus_powers(ADAM.beta1, updates_before, len(learning_rates))
    roots = 1.0 / np.sqrt(_one_minus_powers(ADAM.beta2, updates_before, len(learning_rates)))
    return step_sizes.astype(dtype), roots.astype(dtype)


def _one_minus_powers(beta: float, updates_before: int, count: int) -> np.ndarray:
    """1 - beta^t of the next updates, float64 [count]; powers too small to change 1 are not computed."""
    result = np.ones(count)
    last = int(math.log(2.0**-54) / math.log(beta)) + 1
    t = np.arange(updates_before + 1, min(updates_before + count, last) + 1, dtype=np.float64)
    result[: len(t)] -= beta**t
    return result
