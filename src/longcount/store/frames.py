"""Frames as Parquet files: how results are kept in a store, and read again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from longcount import __version__
from longcount.disk import disk_errors_told, replacing
from longcount.errors import UserError
from longcount.reading import read_bytes
from longcount.store.block import UNHASHED
from longcount.store.seal import UNSEALED, seal, sealed_in
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MADE_FROM = b"made_from"


def parquet_bytes(frame: pd.DataFrame | pa.Table, dictionaries: Sequence[str] | None = None) -> bytes:
    """A frame as the bytes of a Parquet file: the same for the same frame.

    Args:
        frame: a pandas frame, whose index is left out, or an Arrow table.
        dictionaries: columns to store as dictionaries; default: all where that is smaller.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    chosen = True if dictionaries is None else list(dictionaries)  # the stubs know only all or none
    pq.write_table(table, sink, compression="zstd", use_dictionary=chosen)  # pyright: ignore[reportArgumentType]
    return sink.getvalue().to_pybytes()


def keep_frame(store: Store, place: str, frame: pd.DataFrame, made_from: str | None = None) -> None:
    """Write a frame to a place below a store's folder, whole or not at all, with its hash in it.

    Args:
        store: the store.
        place: of the file, below its folder.
        frame: whose index is left out.
        made_from: a hash of what it was made from, see `is_made_from`.

    Raises:
        UserError: where the disk refuses.
    """
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    if made_from is not None:
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), MADE_FROM: made_from})
    keep_tables(store, place, table.schema, [table])


def keep_tables(store: Store, place: str, form: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """Write tables one after the other as one file; see `keep_frame`."""
    import pyarrow.parquet as pq

    path = store.written(place)
    with disk_errors_told(path):
        for folder in (path.parent, store.aside):
            folder.mkdir(parents=True, exist_ok=True)
        with replacing(path, store.aside) as half:
            with open(half, "wb") as file, pq.ParquetWriter(file, form, compression="zstd") as writer:
                for table in tables:
                    writer.write_table(table)
                writer.add_key_value_metadata(UNSEALED)
            seal(half)


def read_frame(path: Path, remedy: str, version: str = __version__) -> pd.DataFrame:
    """The frame of a file that `keep_frame` wrote.

    Args:
        path: the file.
        remedy: the command that recreates it.
        version: of the longcount that made the store; the first one kept no hashes.

    Raises:
        UserError: where it is not there, damaged or edited.
    """
    import pyarrow.parquet as pq

    if not os.path.lexists(path):
        raise UserError(f"{path}: missing; run `{remedy}` to make it")
    content = BytesIO(read_bytes(path, "a result"))  # read once: what is checked is what is taken
    try:
        sealed = sealed_in(content)
        if not (sealed or (sealed is None and version == UNHASHED)):
            raise ValueError("it does not match its own hash")
        return pq.ParquetFile(content).read(use_threads=False).to_pandas()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: edited or damaged ({error}); delete it and run `{remedy}`") from error


def is_made_from(path: Path, made_from: str) -> bool:
    """Whether a file is there, whole, and made from what it should be."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open(path, "rb") as file:  # a path such as a:b would be taken for an address
            return bool(sealed_in(file)) and (pq.read_schema(file).metadata or {}).get(MADE_FROM) == made_from.encode()
    except (OSError, pa.ArrowInvalid):
        return False
