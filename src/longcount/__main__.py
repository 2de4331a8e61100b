"""``longcount`` and ``python -m longcount``."""

import contextlib
import os
import sys
from typing import NoReturn

LEAST_MEMORY = 2**31
"""Bytes of addresses: with half of it SciPy's OpenBLAS waits for ever, or some library finds no room in the middle."""


def _fill_closed_streams() -> None:
    """Open closed standard streams on nothing, so that no file of a store takes their place and their output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))


def _refuse_little_memory() -> None:
    """End where libraries would find no room: some end the process themselves, with a page of text."""
    with contextlib.suppress(ImportError):
        import resource  # not on every system

        most, _ = resource.getrlimit(resource.RLIMIT_AS)
        if 0 <= most < LEAST_MEMORY:
            _end(f"needs {LEAST_MEMORY // 2**10:,} kB of memory (ulimit -v)")


def _end(reason: str) -> NoReturn:
    """Say why nothing can be done, if anybody hears it, and end with exit status 2."""
    with contextlib.suppress(OSError):
        os.write(2, f"longcount: cannot start: {reason}\n".encode())
    sys.exit(2)


def main() -> None:
    """Run the command line on this process's arguments and exit with its status."""
    _fill_closed_streams()
    _refuse_little_memory()
    try:
        from longcount.commands import application
    except KeyboardInterrupt:
        sys.exit(130)
    except (ImportError, MemoryError, OSError) as error:  # of a library that is not there, or finds no room
        _end(" ".join(str(error).split()) or "not enough memory")
    sys.exit(application.main())


if __name__ == "__main__":
    main()
