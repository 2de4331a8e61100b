"""Writing that survives: aside, synced, then renamed into place; and one clear line where the disk refuses."""

import errno
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from longcount.errors import UserError

# What the disk may refuse and the user can fix.
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "no such folder, and none can be made there",
    errno.EEXIST: "a file stands where a folder should be",
    errno.ENOTDIR: "a file stands where a folder should be",
    errno.ESTALE: "the network folder is gone",
    errno.EIO: "the disk reports an error",
    errno.ENAMETOOLONG: "the name is too long",
}


@contextmanager
def disk_errors_told(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into one line about `path`; what was finished before is kept.

    Raises:
        UserError: for a full, read-only, vanished or forbidden place.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        reason = _REASONS[error.errno]
        place = error.filename or path
        remedy = "fix this and run the command again: it resumes where it stopped"
        raise UserError(f"{place}: {reason}; {remedy}") from error


def refuse_other_than_file(path: Path, what: str) -> None:
    """Raise UserError where a link, a folder or a device stands where a file is to be written: what it is of."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UserError(f"{path}: should be a file, {what}; move it away and run the same command again")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: Path, content: bytes, synced: bool = True) -> None:
    """Write a new file, by default waiting until the disk has it; its name is safe only after `sync_folder`."""
    with open(path, "wb") as file:
        file.write(content)
        if synced:
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def replacing(path: Path, aside: Path | None = None, synced: bool = True) -> Iterator[Path]:
    """Write a file so that at any moment it is the old one or the new one, whole.

    Args:
        path: the file.
        aside: a folder on the same disk where the half-written file may lie; default: the file's own.
        synced: wait until the disk has it, so that it survives a power loss.

    Yields:
        Where to write. What lies there takes the file's place at the end, and is removed after an error.
    """
    folder = path.parent if aside is None else aside
    half = folder / f".{path.name}.{uuid.uuid4().hex}"
    try:
        yield half
        if synced:
            with open(half, "rb") as file:
                os.fsync(file.fileno())
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)
    if synced:
        sync_folder(path.parent)


def write_atomically(path: Path, content: bytes, aside: Path | None = None, synced: bool = True) -> None:
    """Write a whole file, its folder created if needed; see `replacing`."""
    for folder in (path.parent, aside or path.parent):
        folder.mkdir(parents=True, exist_ok=True)
    with replacing(path, aside, synced) as half:
        half.write_bytes(content)


def sha256(content: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(content).hexdigest()
