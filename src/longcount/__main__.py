"""``longcount`` and ``python -m longcount``."""


def main() -> None:
    """Run the command line on this process's arguments and exit with its status."""
    raise SystemExit(0)


if __name__ == "__main__":
    main()
