"""``longcount report DIR``: draw tables, figures and page again from what a store holds."""

from pathlib import Path

from cyclopts import App

from longcount.commands.options import Jobs

app = App(name="report", help_format="plaintext", help_formatter="default")


@app.default
def report(directory: Path, /, *, out: Path | None = None, jobs: Jobs = None) -> None:
    """Draw tables, figures and the page from the runs that a store holds, without training.

    Missing results are computed first. The same store gives the same bytes.

    Args:
        directory: A store.
        out: Folder to write to; default: the store. A store that is read-only needs one.
    """
    from longcount.commands.output import opened, say
    from longcount.report.draw import draw

    opened(directory)
    for path in draw(directory, jobs, out=out):
        say(str(path))
