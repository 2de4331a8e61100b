"""``longcount certify DIR``: is a model exact, and where does it fail at the latest?"""

from pathlib import Path
from typing import Annotated

from cyclopts import App

from longcount.commands.evaluate import Epoch
from longcount.commands.options import Form, Jobs, Json, form_of, number
from longcount.commands.output import opened, print_tables, say

app = App(name="certify", help_format="plaintext", help_formatter="default")


@app.default
def certify(
    directory: Path,
    /,
    *,
    run: Annotated[int | None, number(0, 10_000_000)] = None,
    cell: str | None = None,
    epoch: Epoch = "best",
    depth: Annotated[int, number(1, 2**24)] = 2**24,
    limit: Annotated[int, number(1, 1_000_000)] = 10_000,
    form: Form = "text",
    json: Json = False,
    jobs: Jobs = None,
) -> None:
    """Prove models exact, or bound their worst first point of failure (FPF) over all words of a language from both
    sides.

    Exact: every output is right on every prefix of a word, however long, while no counter exceeds a bound; where whole
    words are recognised, on every string. Bounded: no word fails before the lower bound, and the witness fails at the
    upper bound. Verdicts are kept in results/certificates.parquet;
    Table 1, printed here and by `longcount report`, shows them beside the average FPF.

    Args:
        directory: A store.
        run: One run; default: all.
        cell: A cell or condition of the store; default: all.
        epoch: Which model of a run: best (lowest validation loss), last, or the number of an epoch.
        depth: Count (of Dyck-1: depth) to which a proof is wanted; one that reaches 100,000 is accepted as well.
        limit: Tokens within which failures are looked for.
    """
    from longcount.analysis.certificates import certify_store
    from longcount.commands.tables import table1_of
    from longcount.report.printed import certificates
    from longcount.training.problem import DYCK1

    asked, store = form_of(form, json), opened(directory)
    frame = certify_store(store, cell=cell, run=run, epoch=epoch, depth=depth, limit=limit, jobs=jobs, tell=say)
    tables = [certificates(f"{directory}: worst case over all words", frame)]
    if asked == "text" and "validation" in store.splits() and all(c.problem() == DYCK1 for c in store.study.conditions):
        tables.append(table1_of(store))
    print_tables(tables, asked)
