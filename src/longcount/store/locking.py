"""One process at a time works on a store."""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from longcount import disk
from longcount.errors import UserError


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold a store's lock; the system lets go of it when the process ends, however it ends.

    Args:
        directory: the store's folder, made where it does not exist.

    Raises:
        UserError: where another process holds it, or the disk refuses.
    """
    with disk.disk_errors_told(directory):
        descriptor = _locked(directory)
    try:
        with disk.disk_errors_told(directory):
            since = datetime.now(UTC).isoformat(timespec="seconds")
            holder = {"pid": os.getpid(), "host": os.uname().nodename, "since": since}
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _locked(directory: Path) -> int:
    """A descriptor of the store's lock file, locked."""
    path = directory / "log" / "lock"
    disk.refuse_other_than_file(path, "the lock of its store")
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise UserError(f"{directory}: {holder} is working here; wait for it or stop it") from None
        except OSError as error:
            # Some network disks cannot lock. Two processes then make the same blocks: it costs time but does no harm.
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
                os.close(descriptor)
                raise
        if path.exists() and os.path.samestat(path.stat(), os.fstat(descriptor)):
            return descriptor
        os.close(descriptor)  # whoever held it before was refused and took its new store away, the lock with it


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {holder['pid']} on {holder['host']} (since {holder['since']})"
    except (ValueError, KeyError, TypeError):
        return "another process"
