"""Writing what is drawn: whole or not at all."""

from pathlib import Path

from longcount.disk import disk_errors_told, write_atomically


def write_bytes(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step, so that a reader never sees half of it; parent folders are made.

    Nothing waits for the disk: what is lost in a power failure is drawn again from the results.

    Raises:
        UserError: where the disk is full or its permissions forbid it.
    """
    with disk_errors_told(path):
        write_atomically(path, content, synced=False)


def write_text(path: Path, content: str) -> None:
    """`write_bytes` of text in UTF-8."""
    write_bytes(path, content.encode())
