"""What a store's networks do, on standard output."""

from typing import TYPE_CHECKING

from longcount.commands.output import print_table, say
from longcount.store.store import Store

if TYPE_CHECKING:
    from longcount.papers import Paper
    from longcount.report.formats import Table


def print_results(store: Store) -> None:
    """Print Table 1 of a store of Dyck-1 and its next letters, of a reproduced paper ours beside theirs and what was
    found, of any other the summary beside the baseline."""
    from longcount.report.paper import paper_of

    paper = paper_of(store)
    asked = {(condition.language, condition.task) for condition in store.study.conditions}
    if paper is not None:
        print_paper(store, paper)
    elif asked == {("dyck1", "next_letters")}:
        print_table(table1_of(store))
    else:
        print_summary(store)


def print_paper(store: Store, paper: "Paper") -> None:
    """Print a reproduced paper's table and what its run found."""
    from longcount.papers.measuring import measured
    from longcount.report.paper_tables import found_out, paper_printed

    found = measured(store, paper)
    print_table(paper_printed(paper, found))
    for sentence in found_out(paper, found):
        say(sentence)


def print_summary(store: Store) -> None:
    """Print every condition's accuracy on every split, and the baseline without memory under them."""
    from longcount.analysis.summary import summary
    from longcount.report.summary import summary_printed

    print_table(summary_printed(summary(store)))


def table1_of(store: Store) -> "Table":
    """The store's rows of Table 1, the paper's under them, with the worst case where models were certified."""
    from longcount.analysis.models import metrics_of
    from longcount.analysis.table1 import learned_shares, selected_models, table1
    from longcount.analysis.worst_case import with_verdicts, worst_cases
    from longcount.report.table1 import table1_printed

    metrics = metrics_of(store)
    words = {split: store.words(split) for split in store.splits()}
    ended = store.study.ended
    worst = worst_cases(store, with_verdicts(store, selected_models(metrics, ended=ended)))
    return table1_printed(table1(metrics, words, ended=ended), learned_shares(metrics, ended), worst)
