"""How a study stands, and where its time went."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longcount.errors import UserError
from longcount.reading import read_bytes
from longcount.store.block import Block, DamagedBlock
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

LOG = "log/blocks.jsonl"


def status(store: Store, verify: bool = False) -> pd.DataFrame:
    """How far every condition has come.

    Args:
        store: the store.
        verify: read every block and compare it with its hashes, instead of believing manifests.

    Returns:
        Frame with condition, cell, runs, runs_done, blocks, blocks_done, blocks_damaged, bytes (of the blocks done).
    """
    import pandas as pd

    rows = []
    for condition in store.study.conditions:
        blocks = store.blocks([condition])
        states = [_state(store, block, verify) for block in blocks]
        rows.append(
            {
                "condition": condition.folder,
                "cell": condition.cell,
                "runs": condition.runs,
                "runs_done": sum(len(b.runs) for b, (state, _) in zip(blocks, states, strict=True) if state == "done"),
                "blocks": len(blocks),
                "blocks_done": sum(state == "done" for state, _ in states),
                "blocks_damaged": sum(state == "damaged" for state, _ in states),
                "bytes": sum(size for _, size in states),
            }
        )
    return pd.DataFrame(rows)


def _state(store: Store, block: Block, verify: bool) -> tuple[str, int]:
    try:
        done = store.verify(block) if verify else store.manifest(block) is not None
    except DamagedBlock:
        return "damaged", 0
    if not done:
        return "missing", 0
    try:
        return "done", sum(path.stat().st_size for path in (store.directory / block.folder).iterdir())
    except OSError:
        return "damaged", 0  # taken away meanwhile


@dataclass(frozen=True)
class Spent:
    """What a worker spent its time on, in seconds, and the tokens it trained and evaluated."""

    worker: str
    blocks: int
    training: float
    evaluation: float
    writing: float
    tokens: int
    evaluated_tokens: int

    @property
    def nanoseconds_a_token(self) -> float:
        """Of training, a token of one run."""
        return 1e9 * self.training / self.tokens if self.tokens else float("nan")


def where_time_went(store: Store) -> list[Spent]:
    """From the log: one entry per worker (a process on a machine), the busiest first. Empty where nothing is logged."""
    spent: dict[str, list[float]] = {}
    fields = ("training_seconds", "evaluation_seconds", "writing_seconds", "tokens", "evaluated_tokens")
    for line in _log_lines(store):
        values: list[Any] = [line.get(field) for field in fields] if isinstance(line, dict) else []
        if values and isinstance(line.get("worker"), str) and all(isinstance(value, int | float) for value in values):
            sums = spent.setdefault(line["worker"], [0.0] * (1 + len(fields)))
            for place, value in enumerate([1, *values]):
                sums[place] += float(value)
    entries = [
        Spent(worker, int(blocks), training, evaluation, writing, int(tokens), int(evaluated))
        for worker, (blocks, training, evaluation, writing, tokens, evaluated) in spent.items()
    ]
    return sorted(entries, key=lambda entry: entry.training, reverse=True)


def _log_lines(store: Store) -> Iterable[Any]:
    try:
        content = read_bytes(store.directory / LOG, "a log")
    except UserError:
        return  # it tells of the past alone
    for line in content.splitlines():
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            continue  # the line that was being written when its process was killed, or one that is damaged
