"""Frames as Parquet files: how results are kept in a store, and read again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from longcount.disk import disk_errors_told, write_atomically
from longcount.errors import UserError
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MADE_FROM = b"made_from"


def parquet_bytes(
    frame: pd.DataFrame | pa.Table, made_from: str | None = None, dictionaries: Sequence[str] | None = None
) -> bytes:
    """A frame as the bytes of a Parquet file: the same for the same frame.

    Args:
        frame: a pandas frame, whose index is left out, or an Arrow table.
        made_from: a hash of what it was made from, see `is_made_from`.
        dictionaries: columns to store as dictionaries; default: all where that is smaller.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    if made_from is not None:
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), MADE_FROM: made_from})
    sink = pa.BufferOutputStream()
    chosen = True if dictionaries is None else list(dictionaries)  # the stubs know only all or none
    pq.write_table(table, sink, compression="zstd", use_dictionary=chosen)  # pyright: ignore[reportArgumentType]
    return sink.getvalue().to_pybytes()


def keep_frame(store: Store, place: str, frame: pd.DataFrame, made_from: str | None = None) -> None:
    """Write a frame to a place below a store's folder, whole or not at all.

    Raises:
        UserError: where the disk refuses.
    """
    with disk_errors_told(store.directory):
        write_atomically(store.directory / place, parquet_bytes(frame, made_from), store.aside)


def read_frame(path: Path, remedy: str) -> pd.DataFrame:
    """The frame of a file.

    Args:
        path: the file.
        remedy: the command that recreates it.

    Raises:
        UserError: where it is not there or damaged.
    """
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path).read(use_threads=False).to_pandas()
    except FileNotFoundError:
        raise UserError(f"{path}: missing; `{remedy}` makes it") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: damaged ({error}); delete it and run `{remedy}`") from error


def is_made_from(path: Path, made_from: str) -> bool:
    """Whether a file is there, whole, and made from what it should be."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return (pq.read_schema(path).metadata or {}).get(MADE_FROM) == made_from.encode()
    except (OSError, pa.ArrowInvalid):
        return False
