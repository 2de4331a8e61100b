"""``longcount reproduce``: a whole paper."""

from pathlib import Path
from typing import Annotated

from cyclopts import App

from longcount.commands.options import Seed, number
from longcount.commands.workers import HERE, Workers

app = App(name="reproduce", help_format="plaintext", help_formatter="default")


@app.default
def reproduce(
    paper: str = "el-naggar-2022",
    /,
    *,
    out: Path | None = None,
    data: Path | None = None,
    runs: Annotated[int | None, number(1, 1_000_000)] = None,
    seed: Seed = 0,
    workers: Workers = HERE,
) -> None:
    """Train a paper's models, draw its tables and figures, and print their results beside the paper's own.

    Run it again after an interruption: it resumes where it stopped. `longcount reproduce list` lists the papers, what
    is reproduced of each, how many runs it takes by default, and how long. With --executor dask or slurm other machines
    train, thousands of runs where --runs asks for them; this one measures and draws.

    Args:
        paper: Its name, or module:Name of your own; or list.
        out: Folder of the store, created if needed; default: paper for the first paper, else the paper's name.
        data: Folder of word files; the splits that it lacks are made.
        runs: Runs per cell or condition; default: the paper's. The first paper's relu has three times as many, because
            it keeps the best third.
    """
    if paper == "list":
        _list()
        return
    from longcount.commands.output import say
    from longcount.report.image_files import helpers
    from longcount.studies.executors import threads_asked
    from longcount.studies.progress import shown

    remote = workers.remote()
    # Whoever draws gets ready on another core while this process loads what it needs and makes the words.
    with helpers(threads_asked(workers.threads)) as drawing, shown(workers.log_json) as listen:
        from longcount import experiments
        from longcount.commands.tables import print_results
        from longcount.papers import KIND, PAPERS
        from longcount.report.draw import draw

        name = KIND.find(paper).name
        out = out or Path("paper" if name == next(iter(PAPERS)) else name)
        store = experiments.reproduce(
            out, paper=paper, data=data, runs=runs, seed=seed, jobs=workers.threads, executor=remote, progress=listen
        )
        draw(out, workers.threads, drawing)
    print_results(store)
    say(f"tables, figures and page: {out / 'report.html'}")


def _list() -> None:
    from longcount.commands.output import print_table
    from longcount.papers import PAPERS
    from longcount.report.printed import papers

    print_table(papers(PAPERS.values()))
