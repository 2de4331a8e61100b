"""How a gradient changes a parameter: Adam, RMSprop and SGD with momentum, as equations over numbers of any kind.

An optimiser keeps a few numbers for each parameter from update to update, all 0 at first, and may need some for each
update, such as its step size. The lanes and their slow twin run the same `step`; the operations have the order of
those in PyTorch's `torch.optim`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from longcount.numbers.elementary import sqrt

Numbers = tuple[Any, ...]


class Optimiser(Protocol):
    """The interface of an optimiser. Nothing else in the package depends on which one it is."""

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the numbers that it keeps for each parameter."""
        ...

    def rates(self, learning_rates: np.ndarray, updates_before: int) -> tuple[np.ndarray, ...]:
        """What `step` needs in each of the next updates, float64 [updates] each: made of the learning rates, and of
        how many updates there were before."""
        ...

    def step(self, parameter: Any, gradient: Any, kept: Numbers, rates: Numbers) -> tuple[Any, Numbers]:
        """The parameter after an update, and the numbers kept for it."""
        ...


@dataclass(frozen=True)
class Adam:
    """Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1; `torch.optim.Adam`.

    m = m + (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g^2
    p = p - rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon), t counting from 1 at the first update
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    @property
    def kept(self) -> tuple[str, ...]:
        """Both moments."""
        return "first_moment", "second_moment"

    def rates(self, learning_rates: np.ndarray, updates_before: int) -> tuple[np.ndarray, ...]:
        """Step sizes, learning rate / (1 - beta1^t), and roots, 1 / sqrt(1 - beta2^t)."""
        count = len(learning_rates)
        step_sizes = learning_rates / _one_minus_powers(self.beta1, updates_before, count)
        return step_sizes, 1.0 / np.sqrt(_one_minus_powers(self.beta2, updates_before, count))

    def step(self, parameter: Any, gradient: Any, kept: Numbers, rates: Numbers) -> tuple[Any, Numbers]:
        """One update."""
        (m, v), (step_size, root) = kept, rates
        m = m + (gradient - m) * (1.0 - self.beta1)
        v = v * self.beta2 + gradient * gradient * (1.0 - self.beta2)
        return parameter - step_size * m / (sqrt(v) * root + self.epsilon), (m, v)


@dataclass(frozen=True)
class RMSprop:
    """Tieleman and Hinton 2012 (Neural Networks for Machine Learning, lecture 6.5); `torch.optim.RMSprop`.

    v = alpha v + (1 - alpha) g^2;  p = p - rate g / (sqrt(v) + epsilon)

    With momentum b = momentum b + g / (sqrt(v) + epsilon) and p = p - rate b.
    """

    momentum: float = 0.0
    alpha: float = 0.99
    epsilon: float = 1e-8

    @property
    def kept(self) -> tuple[str, ...]:
        """The mean square, and with momentum its buffer."""
        return ("mean_square", "momentum") if self.momentum else ("mean_square",)

    def rates(self, learning_rates: np.ndarray, updates_before: int) -> tuple[np.ndarray, ...]:
        """The learning rates."""
        return (learning_rates,)

    def step(self, parameter: Any, gradient: Any, kept: Numbers, rates: Numbers) -> tuple[Any, Numbers]:
        """One update."""
        (v, *buffer), (rate,) = kept, rates
        v = v * self.alpha + gradient * gradient * (1.0 - self.alpha)
        scale = sqrt(v) + self.epsilon
        if not self.momentum:
            return parameter - rate * gradient / scale, (v,)
        b = buffer[0] * self.momentum + gradient / scale
        return parameter - rate * b, (v, b)


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent; `torch.optim.SGD` (no dampening, not Nesterov's).

    p = p - rate g; with momentum (Polyak 1964, 10.1016/0041-5553(64)90137-5) b = momentum b + g and p = p - rate b.
    """

    momentum: float = 0.0

    @property
    def kept(self) -> tuple[str, ...]:
        """With momentum its buffer."""
        return ("momentum",) if self.momentum else ()

    def rates(self, learning_rates: np.ndarray, updates_before: int) -> tuple[np.ndarray, ...]:
        """The learning rates."""
        return (learning_rates,)

    def step(self, parameter: Any, gradient: Any, kept: Numbers, rates: Numbers) -> tuple[Any, Numbers]:
        """One update."""
        (rate,) = rates
        if not self.momentum:
            return parameter - rate * gradient, ()
        b = kept[0] * self.momentum + gradient
        return parameter - rate * b, (b,)


OPTIMISERS = ("adam", "rmsprop", "sgd")


def optimiser(name: str, momentum: float = 0.0) -> Optimiser:
    """The optimiser of that name.

    Raises:
        ValueError: there is none, or it takes no such momentum.
    """
    if name not in OPTIMISERS:
        raise ValueError(f"optimiser is one of {', '.join(OPTIMISERS)}, not {name!r}")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum is at least 0 and below 1, not {momentum}")
    if name == "adam":
        if momentum:
            raise ValueError("momentum needs the optimiser rmsprop or sgd; adam has its own")
        return Adam()
    return RMSprop(momentum) if name == "rmsprop" else SGD(momentum)


def _one_minus_powers(beta: float, updates_before: int, count: int) -> np.ndarray:
    """1 - beta^t of the next updates, float64 [count]; powers too small to change 1 are not computed."""
    result = np.ones(count)
    last = int(math.log(2.0**-54) / math.log(beta)) + 1
    t = np.arange(updates_before + 1, min(updates_before + count, last) + 1, dtype=np.float64)
    result[: len(t)] -= beta**t
    return result
