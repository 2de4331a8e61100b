"""First points of failure of all blocks in one file, written once a study is complete, for reports to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from longcount import arrow, disk
from longcount.languages.splits import SPLITS
from longcount.store.block import split_codes
from longcount.store.frames import MADE_FROM, is_made_from, keep_tables
from longcount.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

FIRST_FAILURES = "results/first_failures.parquet"
ROWS = 2**17
"""From which on what waits to be written is written."""


def write_first_failures(store: Store) -> None:
    """Write ``results/first_failures.parquet``: one row per (condition, run, epoch, split, word).

    Columns: condition, cell, run, epoch, split, word (its place in the split), fpf (int32, the word's length where it
    has no failure), length; for the very long and the zigzag words at the best epochs and the checkpoints. One block
    at a time is in memory. Nothing is done where the file is there already and of these blocks.

    Raises:
        UserError: for a damaged block, or where the disk refuses.
    """
    place = store.result(FIRST_FAILURES)
    made_from = blocks_sha256(store)
    if is_made_from(place, made_from):
        return
    form = schema().with_metadata({MADE_FROM: made_from})
    keep_tables(store, FIRST_FAILURES, form, _tables(store, form))


def _tables(store: Store, form: pa.Schema) -> Iterator[pa.Table]:
    """Of many small blocks one table: each that is written costs its time and its place in the file."""
    import pyarrow as pa

    waiting, rows = [], 0
    lengths: dict[str, dict[str, np.ndarray]] = {}  # by word set and split
    for block, table in store.metrics_of_blocks(None, ("run", "epoch", "split", "first_failures")):
        condition = block.condition
        if condition.word_set not in lengths:
            lengths[condition.word_set] = {
                split: store.words(split, condition).lengths for split in store.splits(condition)
            }
        waiting.append(_by_word(table, condition.folder, condition.cell, lengths[condition.word_set], form))
        rows += len(waiting[-1])
        if rows >= ROWS:
            yield pa.concat_tables(waiting).unify_dictionaries()
            waiting, rows = [], 0
    if waiting:
        yield pa.concat_tables(waiting).unify_dictionaries()


def blocks_sha256(store: Store) -> str:
    """One hash for all blocks that are done."""
    hashes = [str(store.manifest(block)) for block in store.blocks()]
    return disk.sha256("\n".join(hashes).encode())


def schema() -> pa.Schema:
    """Columns of ``first_failures.parquet``."""
    import pyarrow as pa

    label = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            ("condition", label),
            ("cell", label),
            ("run", pa.int32()),
            ("epoch", pa.int32()),
            ("split", label),
            ("word", pa.int32()),
            ("fpf", pa.int32()),
            ("length", pa.int32()),
        ]
    )


def _by_word(table: pa.Table, condition: str, cell: str, lengths: dict[str, np.ndarray], form: pa.Schema) -> pa.Table:
    import pyarrow as pa

    table = table.filter(table["first_failures"].is_valid())
    lists = table["first_failures"].combine_chunks()
    counts = arrow.numpy(lists.value_lengths())
    rows = np.repeat(np.arange(len(counts)), counts)
    splits = split_codes(table)
    none = np.zeros(0, np.int64)
    labels = {
        "condition": (np.zeros(len(rows)), [condition]),
        "cell": (np.zeros(len(rows)), [cell]),
        "split": (splits[rows], SPLITS),
    }
    columns = {
        "run": arrow.numpy(table["run"])[rows],
        "epoch": arrow.numpy(table["epoch"])[rows],
        "word": np.concatenate([none, *(np.arange(count) for count in counts)]),
        "fpf": arrow.numpy(lists.flatten()),
        "length": np.concatenate([none, *(lengths[SPLITS[place]] for place in splits)]),
    }
    arrays = {name: arrow.numbers(column, pa.int32()) for name, column in columns.items()}
    arrays |= {name: arrow.labels(places, names, pa.int32()) for name, (places, names) in labels.items()}
    return pa.table([arrays[name] for name in form.names], form)
