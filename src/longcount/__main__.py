"""``longcount`` and ``python -m longcount``."""

import sys


def main() -> None:
    """Run the command line on this process's arguments and exit with its status."""
    try:
        from longcount.commands import application
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(application.main())


if __name__ == "__main__":
    main()
