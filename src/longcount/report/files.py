"""Writing what is drawn: whole or not at all."""

import os
from pathlib import Path

from longcount.studies.files import disk_errors_told


def write_bytes(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step, so that a reader never sees half of it; parent folders are made.

    Nothing waits for the disk: what is lost in a power failure is drawn again from the results.

    Raises:
        UserError: where the disk is full or its permissions forbid it.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with disk_errors_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.write_bytes(content)
            os.replace(aside, path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def write_text(path: Path, content: str) -> None:
    """`write_bytes` of text in UTF-8."""
    write_bytes(path, content.encode())
