"""What a paper is here: the studies that train what it trains, what it prints, what it claims and what departs from it.

A paper groups its networks into *arms*, such as "LSTM, uniform": the rows of its tables. *Measures* are asked of the
networks of each arm and of the baseline without memory alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from longcount.analysis.subjects import Subject
from longcount.languages.words import Words
from longcount.papers.claims import Claim
from longcount.papers.findings import Findings
from longcount.registry import Kind, what_it_is
from longcount.store.store import Store
from longcount.training.protocol import Condition, Study

STATISTICS = ("mean", "median", "min", "max", "reported")
"""What papers print of the networks of an arm; "reported" is a number of one network, or of which it is not said."""


class Published(NamedTuple):
    """A number that a paper, or the data released with it, states of the networks of an arm."""

    arm: str
    measure: str
    value: float | None
    """None where it is there and could not be read; infinite where no network fails."""
    source: str
    """Paper and table, or repository, commit and file."""
    statistic: str = "mean"
    """One of `STATISTICS`."""
    networks: int | None = None
    """How many it is of; None where that is not said."""
    row: str = "paper"
    """The row that shows it, under the arm's: the paper's networks of this kind, or others that it sets beside them."""


class PublishedCurve(NamedTuple):
    """A measure by epoch over the networks of an arm."""

    arm: str
    measure: str
    points: tuple[tuple[int, float, float, float], ...]
    """Epoch, minimum, mean and maximum."""
    source: str
    networks: int


class PublishedSpread(NamedTuple):
    """How a measure is distributed over the networks of an arm."""

    arm: str
    measure: str
    quantiles: tuple[tuple[float, float], ...]
    """Shares and the least value that at least so many networks do not exceed."""
    source: str
    networks: int


class Departure(NamedTuple):
    """Where a reproduction is not what the paper did."""

    paper: str
    here: str
    why: str


class ByHand(NamedTuple):
    """A network that a paper gives, not trained here: an arm of its own, measured as the trained ones are."""

    arm: str
    condition: Condition
    """Its sizes, and what it is asked; its words are those of the study's networks that are asked the same."""
    weights: np.ndarray
    """float32 [P]."""


Epochs = Callable[[np.ndarray], np.ndarray]
"""From validation losses [R, E + 1] to the epochs at which runs are measured, int64 [R, k]."""


@dataclass(frozen=True)
class Measure:
    """What is asked of every network of a paper."""

    name: str
    title: str
    """Heading of a column; says the unit."""
    of: Callable[[Subject, Callable[[str], Words]], np.ndarray]
    """Of M models, and what gives the words of a split, a number for each, float64 [M]; infinite for "never"."""
    epochs: Epochs
    middle: str = "mean"
    """What of the runs the tables show: "mean" or, of numbers that may be infinite, "median"."""
    asked: Callable[[Condition], bool] = lambda condition: True
    """Of which conditions."""
    most_runs: int | None = None
    """Of how many runs of a condition, the first, where it takes long; None: of all."""
    percent: bool = False


@dataclass(frozen=True)
class Paper:
    """A paper that `longcount reproduce` runs."""

    name: str
    reference: str
    """Authors, title, place and year, in one line."""
    runs: int
    """Of each cell, by default."""
    study: Callable[[int, int, Path | None], Study]
    """The study of that many runs and a seed, on the words of a folder where one is given."""
    within: Callable[[Store], tuple[str, Study]] | None = None
    """A further study, in a folder inside the store of the first one's complete runs, and that folder's name."""
    title: str = ""
    """Short, for lists."""
    reproduces: str = ""
    """What is reproduced, in one line."""
    minutes: float | None = None
    """What the default runs take on two cores."""
    arm_of: Callable[[Condition], str] | None = None
    """The arm that a condition belongs to; None where the paper has a report of its own, or none."""
    by_hand: Callable[[], tuple[ByHand, ...]] = tuple
    """Networks that it gives."""
    measures: tuple[Measure, ...] = ()
    published: tuple[Published, ...] = ()
    curves: tuple[PublishedCurve, ...] = ()
    spreads: tuple[PublishedSpread, ...] = ()
    rules: tuple[Callable[[Findings], Claim | None], ...] = ()
    departures: tuple[Departure, ...] = ()

    def measure(self, name: str) -> Measure:
        """The measure of that name."""
        return next(measure for measure in self.measures if measure.name == name)


def _refusal(part: Any) -> str | None:
    return None if isinstance(part, Paper) else what_it_is(part)


def kind_of(built_in: dict[str, Paper]) -> Kind:
    """The kind of part that papers are."""
    return Kind(
        "paper",
        "papers",
        built_in,
        "a longcount.papers.Paper",
        _refusal,
        line_of=lambda paper: paper.reference,
    )
