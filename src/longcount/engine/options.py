"""Settings of an update. They are constants of the compiled program, so unused ones cost nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longcount.engine.optimisers import Optimiser, optimiser


@dataclass(frozen=True)
class Options:
    """How one update is made from a batch's gradient. The defaults are the paper's.

    In this order: the gradient of the mean over the batch of each word's mean loss; `l2` and `l1` added, as penalties
    in the loss are; clipped by value, then by norm; decoupled weight decay; the optimiser. Tied and frozen parameters
    are left out of norms and penalties.

    Raises:
        ValueError: for a meaningless value, or a tie to a parameter that is tied itself.
    """

    loss: str = "mse"
    """"mse" or "bce"."""

    batch_size: int = 1
    """Words per update; the last batch of an epoch may be smaller."""

    clip_norm: float | None = None
    """Largest Euclidean norm of a run's gradient (`torch.nn.utils.clip_grad_norm_`)."""

    clip_value: float | None = None
    """Largest magnitude of an element (`torch.nn.utils.clip_grad_value_`)."""

    weight_decay: float = 0.0
    """Decoupled, for every optimiser (as `torch.optim.AdamW`): parameters shrink by learning rate times this."""

    l2: float = 0.0
    """Added to the gradient: this times the parameter (`weight_decay` of `torch.optim.Adam`, `RMSprop` and `SGD`)."""

    l1: float = 0.0
    """Added to the gradient: this times the parameter's sign."""

    frozen: frozenset[int] = frozenset()
    """Positions in the flat parameter vector that no update changes."""

    ties: tuple[tuple[int, int, float], ...] = ()
    """(position, source, factor): a parameter that always is factor times another one, such as w_) = -w_(."""

    optimiser: str = "adam"
    """"adam", "rmsprop" or "sgd" (see `longcount.engine.optimisers`)."""

    momentum: float = 0.0
    """Of RMSprop and SGD."""

    def __post_init__(self) -> None:
        """Refuse meaningless values."""
        if self.batch_size < 1:
            raise ValueError(f"batch_size is at least 1, not {self.batch_size}")
        for name in ("clip_norm", "clip_value"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is above 0 or None, not {value}")
        for name in ("weight_decay", "l2", "l1"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is at least 0, not {getattr(self, name)}")
        self.rule()
        tied = [position for position, _, _ in self.ties]
        sources = {source for _, source, _ in self.ties}
        if len(set(tied)) < len(tied) or sources & set(tied):
            raise ValueError("a parameter is tied once, to one that is not tied itself")

    def rule(self) -> Optimiser:
        """The optimiser with its constants."""
        return optimiser(self.optimiser, self.momentum)

    def rates(self, learning_rates: np.ndarray, updates_before: int, dtype: np.dtype) -> np.ndarray:
        """For each update, the factor that weight decay leaves of a parameter, then the optimiser's rates.

        Computed in float64 and rounded once to `dtype`: [updates, 1 + rates].
        """
        columns = self.rule().rates(learning_rates, updates_before)
        return np.stack([1.0 - learning_rates * self.weight_decay, *columns], axis=1).astype(dtype)

    def free(self, size: int) -> list[int]:
        """The positions that updates change themselves."""
        tied = {position for position, _, _ in self.ties}
        return [k for k in range(size) if k not in tied and k not in self.frozen]


PAPER = Options()
