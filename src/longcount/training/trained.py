"""The result of training. Symbols: R runs, E epochs, P parameters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from longcount.engine import TrainingState


class Trained(NamedTuple):
    """Runs after training. All weights are those of ordinary networks."""

    weights: np.ndarray  # float32 [R, E + 1, P], after every epoch from 0, of the last draw of every run
    online_losses: np.ndarray  # float64 [R, E], the mean loss over words during each epoch
    draws: np.ndarray  # int [R], how often a run started: 1 where no recipe's rule restarted it
    state: TrainingState | None = None  # from which training can continue; None where it cannot
