"""What a training kernel is made for, beside the cell: constants of the program, so what is not used costs nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How one update is made from a batch's gradient. The defaults are the paper's.

    In this order, as PyTorch does: the gradient of the mean over the batch of each word's mean loss; `l2` and `l1`
    added; clipped by value, then by norm; decoupled weight decay; Adam. Tied and frozen parameters are left out of
    norms and penalties.
    """

    loss: str = "mse"
    """"mse" or "bce"."""

    batch_size: int = 1
    """Words an update; the last batch of an epoch may be smaller."""

    clip_norm: float | None = None
    """Largest Euclidean norm of a run's gradient (`torch.nn.utils.clip_grad_norm_`)."""

    clip_value: float | None = None
    """Largest magnitude of an element (`torch.nn.utils.clip_grad_value_`)."""

    weight_decay: float = 0.0
    """Decoupled (`torch.optim.AdamW`): parameters shrink by learning rate times this."""

    l2: float = 0.0
    """Added to the gradient: this times the parameter (`weight_decay` of `torch.optim.Adam`)."""

    l1: float = 0.0
    """Added to the gradient: this times the parameter's sign."""

    frozen: frozenset[int] = frozenset()
    """Positions in the flat parameter vector that no update changes."""

    ties: tuple[tuple[int, int, float], ...] = ()
    """(position, source, factor): a parameter that always is factor times another one, such as w_) = -w_(."""

    def free(self, size: int) -> list[int]:
        """The positions that updates change themselves."""
        tied = {position for position, _, _ in self.ties}
        return [k for k in range(size) if k not in tied and k not in self.frozen]


PAPER = Options()
