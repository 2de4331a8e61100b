"""A study as one tidy table: a row per run and epoch, a column per measure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from longcount import disk
from longcount.errors import UserError
from longcount.languages.splits import SPLITS
from longcount.store.block import split_codes
from longcount.store.store import Store
from longcount.training.protocol import Condition, settings_by_name

if TYPE_CHECKING:
    import pyarrow as pa

# Measures of a split that become columns such as ``validation_loss``.
MEASURES = ("loss", "accuracy", "fpf_mean", "fpf_min", "unfailed")
BLOCKS_A_WRITE = 64  # what Parquet keeps beside every stretch of rows costs more than a block's rows
TABLE_FORMATS = (".parquet", ".csv")


def export(store: Store, path: str | Path) -> int:
    """Write all done runs as one table; a few blocks at a time are in memory.

    Columns: condition, cell, every setting in which conditions differ, run, epoch, online_loss, last_word_loss, and for
    every split its loss, accuracy (percent), fpf_mean, fpf_min (tokens), unfailed (words); empty where not measured.

    Args:
        store: the store.
        path: a file ending in .parquet or .csv; replaced where it exists.

    Returns:
        The number of rows.

    Raises:
        UserError: for another ending, a damaged block, a disk that refuses.
    """
    import pyarrow as pa

    path = Path(path)
    if path.suffix not in TABLE_FORMATS:
        raise UserError(f"{path}: should end in {' or '.join(TABLE_FORMATS)}")
    rows = 0
    with (
        disk.disk_errors_told(path),
        disk.replacing(path) as half,
        open(half, "wb") as file,
        _writer(file, path.suffix, _form(store)) as writer,
    ):
        for tables in _batched(_tables(store)):
            table = pa.concat_tables(tables)
            writer.write_table(table)
            rows += table.num_rows
    return rows


def _writer(file: BinaryIO, suffix: str, form: pa.Schema):
    import pyarrow.csv
    import pyarrow.parquet

    if suffix == ".csv":
        return pyarrow.csv.CSVWriter(file, form)
    return pyarrow.parquet.ParquetWriter(file, form, compression="zstd")


def settings_that_differ(store: Store) -> dict[str, dict[str, Any]]:
    """By condition, the settings in which conditions differ; tables and lists among them as JSON text."""
    leaves = {condition.folder: _flat(condition) for condition in store.study.conditions}
    names = [
        name
        for name in next(iter(leaves.values()))
        if name not in ("cell", "words.given") and len({leaf[name] for leaf in leaves.values()}) > 1
    ]
    return {folder: {name: leaf[name] for name in names} for folder, leaf in leaves.items()}


def _flat(condition: Condition) -> dict[str, Any]:
    values = settings_by_name(condition)
    return {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in values.items()}


def _form(store: Store) -> pa.Schema:
    import pyarrow as pa

    by_condition = settings_that_differ(store).values()
    settings = {name: pa.array([values[name] for values in by_condition]).type for name in next(iter(by_condition))}
    kinds = {"fpf_min": pa.int32(), "unfailed": pa.int32()}
    return pa.schema(
        [
            *((name, pa.string()) for name in ("condition", "cell")),
            *settings.items(),
            ("run", pa.int32()),
            ("epoch", pa.int32()),
            ("online_loss", pa.float64()),
            ("last_word_loss", pa.float64()),
            *((f"{split}_{m}", kinds.get(m, pa.float64())) for split in SPLITS for m in MEASURES),
        ]
    )


def _batched(tables: Iterable[pa.Table]) -> Iterator[list[pa.Table]]:
    iterator = iter(tables)
    while batch := list(itertools.islice(iterator, BLOCKS_A_WRITE)):
        yield batch


def _tables(store: Store) -> Iterator[pa.Table]:
    import pyarrow as pa

    form = _form(store)
    settings = settings_that_differ(store)
    columns = ["run", "epoch", "split", "online_loss", "last_word_loss", *MEASURES]
    for block, table in store.metrics_of_blocks(None, columns):
        if not table.num_rows:
            continue  # measured on no words
        runs, epochs = table["run"].to_numpy(), table["epoch"].to_numpy()
        # Rows are sorted by run and epoch: a new one begins wherever either changes.
        begins = np.concatenate([[True], (np.diff(runs) != 0) | (np.diff(epochs) != 0)])
        keys, row = np.stack([runs[begins], epochs[begins]], axis=1), np.cumsum(begins) - 1
        split = split_codes(table)
        wide: dict[str, pa.Array] = {
            name: pa.repeat(pa.scalar(value, form.field(name).type), len(keys))
            for name, value in {
                "condition": block.condition.folder,
                "cell": block.condition.cell,
                **settings[block.condition.folder],
            }.items()
        }
        wide |= {"run": pa.array(keys[:, 0]), "epoch": pa.array(keys[:, 1])}
        for name in ("online_loss", "last_word_loss"):
            wide[name] = _spread(table[name], row, np.ones(len(row), bool), len(keys))
        for place, title in enumerate(SPLITS):
            for measure in MEASURES:
                wide[f"{title}_{measure}"] = _spread(table[measure], row, split == place, len(keys))
        yield pa.table([wide[name].cast(form.field(name).type) for name in form.names], form)


def _spread(column: pa.ChunkedArray, row: np.ndarray, chosen: np.ndarray, length: int) -> pa.Array:
    """The chosen values at their rows, null at others."""
    import pyarrow as pa

    valid = chosen & column.is_valid().to_numpy()
    values = np.zeros(length, np.float64)
    values[row[valid]] = column.to_numpy()[valid]
    absent = np.ones(length, bool)
    absent[row[valid]] = False
    return pa.array(values, mask=absent)
