"""``longcount extract DIR``: the programs that networks have become."""

from pathlib import Path
from typing import Annotated

from cyclopts import App

from longcount.commands.evaluate import Epoch
from longcount.commands.options import Jobs, Json, number
from longcount.commands.output import opened, print_json, say

app = App(name="extract", help_format="plaintext", help_formatter="default")


@app.default
def extract(
    directory: Path,
    /,
    *,
    run: Annotated[int | None, number(0, 10_000_000)] = None,
    cell: str | None = None,
    epoch: Epoch = "best",
    depth: Annotated[int, number(1, 2**24)] = 2**24,
    json: Json = False,
    jobs: Jobs = None,
) -> None:
    """Read networks of one layer as programs: a register for each unit, and what each letter does to it.

    Proved: network and program are the same, token for token, on every prefix of a word of any length, while no counter
    exceeds a bound. Where that is not proved, a word after which the two answer differently is looked for. At the end
    stands how many different programs there are, whatever unit does what; `longcount report DIR` shows them.

    Args:
        directory: A store.
        run: One run; default: all.
        cell: A cell or condition of the store; default: all.
        epoch: Which model of a run: best (lowest validation loss), last, or the number of an epoch.
        depth: Count to which a proof is wanted; one that reaches 100,000 counts as well.
    """
    from longcount.analysis.programs import extract_store
    from longcount.report.printed import programs, records

    opened(directory)
    frame = extract_store(directory, cell=cell, run=run, epoch=epoch, depth=depth, jobs=jobs, tell=say)
    if json:
        print_json(records(frame))
    else:
        print(programs(frame))
