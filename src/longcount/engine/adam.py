"""Adam (Kingma and Ba 2015, algorithm 1), with the operations in the order of PyTorch's."""

from __future__ import annotations

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
    t = np.arange(updates_before + 1, updates_before + 1 + len(learning_rates), dtype=np.float64)
    step_sizes = learning_rates / (1.0 - ADAM.beta1**t)
    roots = 1.0 / np.sqrt(1.0 - ADAM.beta2**t)
    return step_sizes.astype(dtype), roots.astype(dtype)
