"""A Parquet file that carries the hash of its own bytes, so that damage and edits are noticed.

The footer of the file holds `SEAL` and 64 hexadecimal digits: SHA-256 of the file with zeros in place of the digits.
Any reader of Parquet reads such a file; one that is written again by other software has no seal.
"""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

SEAL = b"longcount-sha256:"
DIGITS = 64
UNSEALED = {"seal": (SEAL + b"0" * DIGITS).decode()}
"""Metadata of a file that is to be sealed."""


def seal(path: Path) -> None:
    """Put its hash into a file that was written with the metadata `UNSEALED`."""
    with open(path, "r+b") as file:
        place = _place(file)
        assert place is not None
        digest = _sha256(file, place)
        file.seek(place)
        file.write(digest.encode())


def is_sealed(path: Path) -> bool | None:
    """Whether a file is as it was sealed; None where it never was, or its end is damaged.

    Raises:
        OSError: where it cannot be read.
    """
    with open(path, "rb") as file:
        return sealed_in(file)


def sealed_in(file: BinaryIO) -> bool | None:
    """`is_sealed` of a file that is open, or of its content."""
    place = _place(file)
    if place is None:
        return None
    file.seek(place)
    return file.read(DIGITS) == _sha256(file, place).encode()


def _place(file: BinaryIO) -> int | None:
    """Where the digits lie; the last eight bytes of a Parquet file say how long its footer is."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    end = file.read(8)
    start = size - 8 - int.from_bytes(end[:4], "little")
    if len(end) < 8 or end[4:] != b"PAR1" or start < 0:
        return None
    file.seek(start)
    found = file.read(size - start).rfind(SEAL)
    place = start + found + len(SEAL)
    return None if found < 0 or place + DIGITS > size else place


def _sha256(file: BinaryIO, place: int) -> str:
    """Hash of a file with zeros in place of the digits."""
    digest = hashlib.sha256()
    file.seek(0)
    position = 0
    while part := file.read(2**20):
        first, last = place - position, place + DIGITS - position
        if first < len(part) and last > 0:
            first, last = max(first, 0), min(last, len(part))
            part = part[:first] + b"0" * (last - first) + part[last:]
        digest.update(part)
        position += len(part)
    return digest.hexdigest()
