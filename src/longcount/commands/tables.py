"""Table 1 of a store: on standard output, and in its folder of tables."""

from pathlib import Path

from longcount.commands.output import print_table
from longcount.studies.store import Store


def print_table1(store: Store) -> None:
    """Print the store's rows of Table 1, the paper's under them."""
    from longcount.analysis.models import metrics_of
    from longcount.analysis.table1 import learned_shares, table1
    from longcount.report.table1 import table1_terminal

    metrics = metrics_of(store)
    words = {split: store.words(split) for split in store.splits()}
    print_table(table1_terminal(table1(metrics, words), learned_shares(metrics)))


def write_table1(directory: Path) -> None:
    """Write ``tables/table1`` as CSV, Markdown and LaTeX from the store's results."""
    from longcount.analysis.results import read_result
    from longcount.report.formats import write_table
    from longcount.report.table1 import CAPTION, table1_shown, table1_values

    table = read_result(directory, "table1")
    shown, groups = table1_shown(table, read_result(directory, "learned"))
    write_table(directory / "tables", "table1", table1_values(table), shown, CAPTION, groups)
