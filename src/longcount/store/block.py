"""A block of runs: the unit in which a study is trained, and a store's folder is written and read."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from longcount import arrow, disk
from longcount.errors import UserError
from longcount.languages.splits import SPLITS
from longcount.languages.words import read_only
from longcount.reading import read_bytes
from longcount.training.protocol import Condition, canonical_sha256

if TYPE_CHECKING:
    import pyarrow as pa

WEIGHTS, METRICS, MANIFEST = "weights.safetensors", "metrics.parquet", "manifest.json"
LARGEST, LARGEST_MANIFEST = 2**36, 2**20  # bytes
PASSING = {errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EPERM, errno.ESTALE}
"""What may keep a file from being read that is whole."""
UNHASHED = "0.1.0"
"""The version whose manifests and results carry no hashes of their own."""
AGAIN = "run the same `longcount study run` again to make it"


@dataclass(frozen=True)
class Block:
    """Runs first to end - 1 of a condition, trained together and kept in one folder."""

    condition: Condition
    first: int
    end: int

    @property
    def folder(self) -> str:
        """Where it lies below the store's folder."""
        return f"runs/{self.condition.folder}/{self.first:06d}-{self.end - 1:06d}"

    @property
    def runs(self) -> range:
        """The run numbers."""
        return range(self.first, self.end)

    @property
    def description(self) -> dict[str, str | int]:
        """What its manifest says of it, beside versions and hashes."""
        return {
            "cell": self.condition.network().name,
            "condition": self.condition.folder,
            "first_run": self.first,
            "runs": len(self.runs),
            "epochs": self.condition.epochs,
        }


def blocks_of(condition: Condition, block_runs: int) -> list[Block]:
    """The blocks of a condition: cut at multiples of `block_runs` and wherever runs were added later.

    >>> condition = Condition(cell="lstm", runs=40, earlier_runs=(10,), folder="lstm")
    >>> [(block.first, block.end) for block in blocks_of(condition, 16)]
    [(0, 10), (10, 16), (16, 32), (32, 40)]
    """
    edges = sorted({*range(0, condition.runs, block_runs), *condition.earlier_runs, condition.runs})
    return [Block(condition, first, end) for first, end in pairwise(edges)]


class DamagedBlock(UserError):
    """A block whose files are not what its manifest says; running its study again makes it anew."""


def hashed(manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest with the hash of what it says."""
    said = {name: value for name, value in manifest.items() if name != "manifest_sha256"}
    return {**said, "manifest_sha256": canonical_sha256(said)}


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What the block in a folder says of itself; None where it is not done.

    Raises:
        DamagedBlock: where the manifest cannot be read.
    """
    path = folder / MANIFEST
    if not os.path.lexists(path):
        return None
    try:
        manifest = json.loads(_read(path, LARGEST_MANIFEST))
        if not isinstance(manifest["sha256"], dict):
            raise ValueError("no hashes")
        if manifest != hashed(manifest) and manifest.get("longcount") != UNHASHED:
            raise ValueError("it does not match its own hash")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamagedBlock(f"{path}: damaged: {AGAIN}") from None
    return manifest


def read_checked(path: Path, sha256: str | None) -> bytes:
    """The content of a block's file.

    Raises:
        DamagedBlock: where it is missing or not what the manifest says.
    """
    content = _read(path, LARGEST)
    if disk.sha256(content) != sha256:
        raise DamagedBlock(f"{path}: damaged: it does not match the hash in {MANIFEST}; {AGAIN}")
    return content


def _read(path: Path, largest: int) -> bytes:
    """The content of a block's file; UserError where it cannot be read now, `DamagedBlock` where it never can be."""
    try:
        return read_bytes(path, "a file of a block", largest)
    except UserError as error:
        if isinstance(error.__cause__, MemoryError) or getattr(error.__cause__, "errno", None) in PASSING:
            raise
        reason = error if os.path.lexists(path) else f"{path}: missing"
        raise DamagedBlock(f"{reason}; {AGAIN}") from None


@lru_cache(maxsize=32)
def stacked_weights(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """Tensors of a whole block, read-only float32 [runs, epochs + 1, *shape]; the latest few stay in memory."""
    from safetensors.numpy import load

    return {name: read_only(tensor) for name, tensor in load(read_checked(path, sha256)).items()}


def split_codes(table: pa.Table) -> np.ndarray:
    """Which split each row of metrics is of, as its place in `SPLITS`, int64 [rows]."""
    column = table["split"].combine_chunks()
    places = np.array([SPLITS.index(name) for name in column.dictionary.to_pylist()], np.int64)
    return places[arrow.numpy(column.indices)]
