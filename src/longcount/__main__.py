"""``longcount`` and ``python -m longcount``."""

import os
import sys


def _fill_closed_streams() -> None:
    """Open closed standard streams on nothing, so that no file of a store takes their place and their output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))


def main() -> None:
    """Run the command line on this process's arguments and exit with its status."""
    _fill_closed_streams()
    try:
        from longcount.commands import application
    except KeyboardInterrupt:
        sys.exit(130)
    except (ImportError, MemoryError, OSError) as error:  # of a library that is not there, or finds no room
        print("longcount: cannot start:", " ".join(str(error).split()) or "not enough memory", file=sys.stderr)
        sys.exit(2)
    sys.exit(application.main())


if __name__ == "__main__":
    main()
