"""What a paper is here: the studies that train what it trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longcount.registry import Kind, what_it_is
from longcount.store.store import Store
from longcount.training.protocol import Study


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
