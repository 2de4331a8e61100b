"""What is known of one unit of a cell on Dyck-1: how its models are bounded, built by hand and repaired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from longcount.exact.lower import Fineness
from longcount.exact.repairer import Repairer, Tensors

SATURATED = 40.0
"""A pre-activation at which every gate is exactly 1 (or tanh exactly -1 below its negative)."""


@dataclass(frozen=True)
class OneUnit:
    """What is known of one unit. Each file of this package that is called like a cell holds one."""

    finenesses: tuple[Fineness, ...]
    """For lower bounds, from coarse to fine."""

    construct: Callable[[Tensors], None] | None = None
    """Makes tensors of zeros those of an exact counter; None where none is known."""

    repairs: Mapping[str, Repairer] = field(default_factory=dict)
    """By name, the smaller change first."""
