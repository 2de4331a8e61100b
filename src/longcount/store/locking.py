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
    path = directory / "log" / "lock"
    with disk.disk_errors_told(directory):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{directory}: {_holder(descriptor)} is working here; wait for it or stop it") from None
        except OSError as error:
            # Some network disks cannot lock. Two processes then make the same blocks: it costs time but does no harm.
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
        with disk.disk_errors_told(directory):
            since = datetime.now(UTC).isoformat(timespec="seconds")
            holder = {"pid": os.getpid(), "host": os.uname().nodename, "since": since}
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {holder['pid']} on {holder['host']} (since {holder['since']})"
    except (ValueError, KeyError, TypeError):
        return "another process"
