"""Writing what is drawn: whole or not at all."""

from pathlib import Path
from typing import TYPE_CHECKING

from longcount.disk import disk_errors_told, write_atomically
from longcount.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


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


def csv_text(frame: "pd.DataFrame", digits: int | None = 8) -> str:
    """The frame as CSV: an empty field for a missing value, Unix line ends.

    Args:
        frame: of any columns; its index is left out.
        digits: significant digits of numbers (9 hold a float32 exactly); None: as many as hold them exactly.
    """
    form = None if digits is None else f"%.{digits}g"
    return frame.to_csv(index=False, float_format=form, lineterminator="\n")


def write_frame(path: Path, frame: "pd.DataFrame", digits: int | None = None) -> None:
    """Write a frame as the path's ending says, CSV or Parquet.

    Raises:
        UserError: for another ending, or where the disk refuses.
    """
    from longcount.store.frames import parquet_bytes  # what draws needs to write only and is not to wait for this

    refuse_ending(path)
    as_text = path.suffix.lower() == ".csv"
    write_bytes(path, csv_text(frame, digits).encode() if as_text else parquet_bytes(frame))


def refuse_ending(path: Path) -> None:
    """Raise UserError where a path does not end as files that hold a frame do."""
    from longcount.store.export import TABLE_FORMATS

    if path.suffix.lower() not in TABLE_FORMATS:
        raise UserError(f"{path}: should end in {' or '.join(TABLE_FORMATS)}")
