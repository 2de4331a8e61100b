"""Whether a store is as it was written: blocks, words, sources and results against their hashes."""

from collections.abc import Iterator
from pathlib import Path

from longcount import disk, sources
from longcount.errors import UserError
from longcount.languages.files import FILE_NAMES, WANTED
from longcount.reading import read_bytes
from longcount.store.block import UNHASHED, DamagedBlock
from longcount.store.seal import is_sealed
from longcount.store.store import SOURCES, Store, read_checked_words


def damages(store: Store) -> Iterator[str]:
    """A line for everything in a store that is missing or not what it was, and what makes it again."""
    for block in store.blocks():
        try:
            store.verify(block)
        except (DamagedBlock, OSError) as error:
            yield str(error)
    for line in damaged_words(store).values():
        yield line
    for source in {one for condition in store.study.conditions for one in condition.sources.values()}:
        try:
            sources.refuse_edited(store.directory / SOURCES, source)
        except (UserError, OSError) as error:
            yield str(error)
    for path in sorted((store.directory / "results").rglob("*.parquet")):
        if (line := _damage(path, store.version)) is not None:
            yield line


def damaged_words(store: Store) -> dict[tuple[str, str], str]:
    """By word set and split, what is wrong with words that are missing or not what they were."""
    found = {}
    first = {condition.word_set: condition for condition in reversed(store.study.conditions)}
    for folder, hashes in store.word_hashes.items():
        asked = first[folder].problem() if folder in first else None
        for split, sha256 in hashes.items():
            path = store.directory / folder / FILE_NAMES[split]
            try:
                # A file as it was written has the hash of its words; another may hold the same words, with labels.
                if asked is not None and disk.sha256(read_bytes(path, WANTED)) != sha256:
                    read_checked_words.__wrapped__(str(path), sha256, asked.language, not asked.task.wrong_words)
            except UserError as error:
                found[folder, split] = str(error)
    return found


def _damage(path: Path, version: str) -> str | None:
    import pyarrow.parquet as pq

    try:
        sealed = is_sealed(path)
        if sealed is None and version == UNHASHED:
            with open(path, "rb") as file:
                pq.ParquetFile(file).read(use_threads=False)
            return None
    except (OSError, ValueError):
        sealed = False
    return None if sealed else f"{path}: edited or damaged: it does not match its own hash; delete it and make it again"
