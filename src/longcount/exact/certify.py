"""Verdicts: a model is proved exact, or its worst first point of failure is bounded from both sides."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from longcount import engine
from longcount.cells import Cell
from longcount.exact.boxes import Model
from longcount.exact.lower import no_failure_before
from longcount.exact.proof import EXACT_INTEGERS
from longcount.exact.theories import finenesses_of, prove
from longcount.exact.witness import encode, failing_word
from longcount.languages import dyck
from longcount.languages.words import Words, offsets_of

SEARCH_LIMIT = 10_000
"""Tokens within which failures are looked for."""

LEAST_EXACT_DEPTH = 100_000
"""A proof that reaches less deep, where more was asked for, is not called exact."""


@dataclass(frozen=True)
class Certificate:
    """What is known of a model's worst case over all Dyck-1 words; indices count tokens from 0."""

    verdict: str
    """`exact` or `bounded`."""
    max_depth: int | None
    """Exact: every output is right on every prefix up to this depth, of any length."""
    lower_bound: int
    """No Dyck-1 word fails before this index."""
    upper_bound: int | None
    """The witness fails at this index."""
    witness: str | None
    """A Dyck-1 word, as `longcount.exact.witness.decode` reads it; None where none was found."""
    capped: bool
    """Whether a bound stopped at the search limit."""
    reason: str
    """Why it is exact, or what stood in the way of a proof."""
    seconds: float


def certify(cell: Cell, flat: np.ndarray, depth: int = EXACT_INTEGERS, limit: int = SEARCH_LIMIT) -> Certificate:
    """The verdict on one model.

    Args:
        cell: the cell.
        flat: its weights, float32 [P].
        depth: to which a proof is wanted; a proof counts where it reaches it, or at least `LEAST_EXACT_DEPTH`.
        limit: tokens within which failures are looked for.
    """
    started = time.perf_counter()
    model = Model(cell, flat)
    proof = prove(model, depth)
    if proof.max_depth >= min(depth, LEAST_EXACT_DEPTH):
        seconds = time.perf_counter() - started
        return Certificate("exact", proof.max_depth, proof.max_depth, None, None, False, proof.reason, seconds)
    word = failing_word(model, limit)
    within = limit if word is None else len(word) - 1
    lower = 0
    for fineness in finenesses_of(cell):
        if lower < within:
            lower = max(lower, no_failure_before(model, within, fineness))
    witness = None if word is None else balanced(word)
    return Certificate(
        "bounded",
        None,
        lower,
        None if witness is None else replayed(cell, flat, witness),
        None if witness is None else encode(witness),
        word is None,
        proof.reason,
        time.perf_counter() - started,
    )


def replayed(cell: Cell, flat: np.ndarray, tokens: np.ndarray) -> int:
    """The index at which the engine finds a word's first wrong answer; its length where there is none."""
    word = Words(tokens, offsets_of([len(tokens)]))
    found = engine.evaluate(cell, np.asarray(flat, np.float32)[None], word, dyck.targets(word))
    return int(found.first_failure[0, 0])


def balanced(prefix: np.ndarray) -> np.ndarray:
    """The prefix (uint8 tokens) with every open bracket closed."""
    still_open = int(len(prefix) - 2 * prefix.sum(dtype=np.int64))
    return np.concatenate([prefix, np.ones(still_open, np.uint8)])
