"""``longcount reproduce``: the whole paper."""

from pathlib import Path
from typing import Annotated

from cyclopts import App

from longcount.commands.options import Jobs, Seed, number

app = App(name="reproduce", help_format="plaintext", help_formatter="default")


@app.default
def reproduce(
    *,
    out: Path = Path("paper"),
    data: Path | None = None,
    runs: Annotated[int, number(1, 1_000_000)] = 10,
    seed: Seed = 0,
    jobs: Jobs = None,
) -> None:
    """Train the paper's models, draw its tables and figures, and print Table 1 beside the paper's own.

    The same command again goes on where it was interrupted.

    Args:
        out: Folder of the store, made if need be.
        data: Folder of word files; the splits that it lacks are made.
        runs: Of lstm and gru; of relu three times as many, because the paper keeps the best third.
    """
    from longcount import experiments
    from longcount.commands.output import say
    from longcount.commands.tables import print_table1
    from longcount.report.draw import draw
    from longcount.studies.progress import shown

    with shown() as listen:
        store = experiments.reproduce(out, data=data, runs=runs, seed=seed, jobs=jobs, listen=listen)
    draw(out, jobs)
    print_table1(store)
    say(f"tables, figures and page: {out / 'report.html'}")
