"""Reading files that may be anything: missing, a folder, a device without end, huge, binary, nested without end."""

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from longcount.errors import UserError

LARGEST = 2**32
"""Bytes of a file that is read as a whole."""


def read_bytes(path: str | Path, wanted: str, largest: int = LARGEST) -> bytes:
    """The content of a file or a pipe.

    Args:
        path: the file.
        wanted: what it should be, as messages say it: "a file of words".
        largest: bytes that it may have.

    Raises:
        UserError: where it cannot be read (from the OSError that says so), is a device (which may never end), or is
            larger than that.
    """
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
                raise UserError(f"{path}: is a device; expected {wanted}")
            content = b"" if found.st_size > largest else _up_to(file, largest)
            if found.st_size > largest or len(content) > largest:
                raise UserError(f"{path}: has more than {largest:,} bytes; expected {wanted}")
            return content
    except IsADirectoryError:
        raise UserError(f"{path}: is a directory; expected {wanted}") from None
    except MemoryError as error:
        raise UserError(f"{path}: not enough memory to read it; allow more (ulimit -v)") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}; expected {wanted}") from error


def _up_to(file: Any, largest: int) -> bytes:
    """All of a file, of one that is longer a little more than so many bytes; a pipe says its size of no pipe."""
    parts, size = [], 0
    while size <= largest and (part := file.read(2**26)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def read_toml(path: str | Path, wanted: str) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        UserError: where it cannot be read, or is no TOML.
    """
    content = read_bytes(path, wanted, largest=2**28)
    try:
        return tomllib.loads(content.decode("utf-8"))
    except RecursionError:
        raise UserError(f"{path}: not a TOML file: nested too deep") from None
    except ValueError as error:  # the errors of TOML and UTF-8, and of a number of thousands of digits
        raise UserError(f"{path}: not a TOML file: {error}") from None
