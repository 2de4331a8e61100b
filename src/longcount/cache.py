"""What is costly to make and kept in the user's cache folder, a hash before each content.

LONGCOUNT_CACHE moves the folder, an empty value switches it off. What is damaged is made anew, and a folder that cannot
be used only makes the next time slower.
"""

import contextlib
import hashlib
import os
from pathlib import Path

import platformdirs

from longcount import disk

DIGEST_BYTES = hashlib.sha256().digest_size


def cache_folder() -> Path | None:
    """Where things are kept, or None where that is switched off."""
    chosen = os.environ.get("LONGCOUNT_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    return Path(platformdirs.user_cache_dir("longcount"))


def load(name: str) -> bytes | None:
    """What is kept under a name; None where there is nothing, or it is damaged."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        stored = (folder / name).read_bytes()
    except OSError:
        return None
    digest, content = stored[:DIGEST_BYTES], stored[DIGEST_BYTES:]
    return content if hashlib.sha256(content).digest() == digest else None


def keep(name: str, content: bytes) -> None:
    """Keep something under a name, whole or not at all; several processes may do so at once."""
    folder = cache_folder()
    if folder is None:
        return
    with contextlib.suppress(OSError):  # a full disk or a folder of somebody else's
        disk.write_atomically(folder / name, hashlib.sha256(content).digest() + content, synced=False)
