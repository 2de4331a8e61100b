"""``longcount data make`` and ``longcount data check``: words on disk, without training."""

from pathlib import Path

from cyclopts import App

from longcount.commands.options import Seed
from longcount.commands.output import print_table, say

app = App(name="data", help_formatter="default", help="Make or check the words of a study.")


@app.command
def make(directory: Path, /, *, seed: Seed = 0) -> None:
    """Write the five splits of the paper's protocol: train, validation, long, very_long and zigzag, one word a line.

    Args:
        directory: Where to write; files that hold other words already are not overwritten.
    """
    from longcount.languages.files import write_splits
    from longcount.languages.splits import make_splits

    for path in write_splits(directory, make_splits(seed)):
        say(str(path))


@app.command
def check(directory: Path, /) -> None:
    """Print counts, lengths, depths, duplicates and overlaps; refuse the first bad word by file and line.

    Args:
        directory: Word files; every .txt file in it is read.
    """
    from dataclasses import astuple

    from rich.table import Table

    from longcount.languages.files import check_directory

    found = check_directory(directory)
    table = Table(title=f"Words in {directory}")
    table.add_column("split")
    for name in ("words", "tokens", "shortest", "mean length", "longest", "deepest", "mean depth", "duplicates"):
        table.add_column(name, justify="right")
    for row in found.rows:
        split, *numbers = astuple(row)
        table.add_row(split, *(f"{number:,}" if isinstance(number, int) else f"{number:,.1f}" for number in numbers))
    print_table(table)
    shared = {pair: count for pair, count in found.overlaps.items() if count}
    for (first, second), count in shared.items():
        print(f"{first} and {second} share {count:,} words")
    if not shared:
        print("no word stands in two splits")
