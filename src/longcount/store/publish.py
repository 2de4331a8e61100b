"""Blocks put into their store whole, or not at all."""

from __future__ import annotations

import errno
import json
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longcount import cells, disk
from longcount.store.block import MANIFEST, METRICS, WEIGHTS, Block, DamagedBlock, hashed
from longcount.store.frames import parquet_bytes
from longcount.store.store import Store
from longcount.training.protocol import SCHEMA

if TYPE_CHECKING:
    import pyarrow as pa


def publish(
    store: Store, block: Block, weights: np.ndarray, metrics: pa.Table, content: str, synced: bool = True
) -> str:
    """Put a block into its store whole, or leave the store as it was.

    Where the block is there already and whole, it stays; where it is damaged, it is replaced.

    Args:
        store: the store.
        block: which block.
        weights: float32 [R, E + 1, P].
        metrics: table of `longcount.training.metrics.schema`.
        content: what the block was made from, a hash.
        synced: wait until the disk has it. A block that a power loss damaged is noticed by its hashes and made again.

    Returns:
        SHA-256 of the manifest.

    Raises:
        OSError: where the disk refuses.
    """
    from safetensors.numpy import save

    cell = block.condition.network()
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in cells.unpack(cell, weights).items()}
    contents = {WEIGHTS: save(tensors), METRICS: parquet_bytes(metrics, dictionaries=["split"])}
    manifest = {
        "schema": SCHEMA,
        "longcount": store.version,
        **block.description,
        "made_from": content,
        "sha256": {name: disk.sha256(written) for name, written in contents.items()},
    }
    contents[MANIFEST] = (json.dumps(hashed(manifest), indent=1) + "\n").encode()
    half = store.aside / f"{block.folder.replace('/', '_')}-{uuid.uuid4().hex}"
    half.mkdir()
    try:
        for name, written in contents.items():
            disk.write_new(half / name, written, synced)
        if synced:
            disk.sync_folder(half)
        place = store.directory / block.folder
        while not _moved(half, place):
            if is_whole(store, block):
                break
            place.rename(store.aside / f"damaged-{uuid.uuid4().hex}")
        if synced:
            disk.sync_folder(place.parent)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return disk.sha256(contents[MANIFEST])


def _moved(folder: Path, place: Path) -> bool:
    try:
        folder.rename(place)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        return False
    return True


def is_whole(store: Store, block: Block) -> bool:
    """Whether a block is in its store, undamaged."""
    try:
        return store.verify(block)
    except DamagedBlock:
        return False
