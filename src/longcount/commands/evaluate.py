"""``longcount evaluate DIR --data FILE``: every run of a store on any words."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter, Token

from longcount.commands.options import Jobs, Json

app = App(name="evaluate", help_format="plaintext", help_formatter="default")


def epoch_of(_: Any, tokens: tuple[Token, ...]) -> str | int:
    """``best``, ``last`` or the number of an epoch."""
    text = tokens[0].value
    if text in ("best", "last"):
        return text
    if text.isascii() and text.isdigit():
        return int(text)
    raise ValueError(f"{text!r} is no epoch; give best, last or a whole number from 0.")


Epoch = Annotated[str | int, Parameter(converter=epoch_of)]


@app.default
def evaluate(directory: Path, /, *, data: Path, epoch: Epoch = "best", json: Json = False, jobs: Jobs = None) -> None:
    """Evaluate one model of every run: accuracy, loss and first point of failure on the words of a file.

    Args:
        directory: A store.
        data: A file of words, one a line.
        epoch: Which model of a run: best (lowest validation loss), last, or the number of an epoch.
    """
    from longcount.analysis.models import evaluate as evaluated
    from longcount.commands.output import print_json, print_table
    from longcount.languages.files import read_words

    frame = evaluated(directory, read_words(data), epoch, jobs)
    if json:
        print_json(frame.to_dict("records"))
        return

    from rich.table import Table

    table = Table(title=f"{directory} on {data}", caption="accuracy in % of words; FPF in tokens")
    for name in ("cell", "run", "epoch", "words", "accuracy", "loss", "mean FPF", "least FPF", "learned"):
        table.add_column(name, justify="left" if name == "cell" else "right")
    for row in frame.itertuples(index=False):
        learned = {True: "yes", False: "no"}.get(row.learned, "")
        figures = (
            f"{row.words:,}",
            f"{row.accuracy:.2f}",
            f"{row.loss:.3g}",
            f"{row.fpf_mean:,.1f}",
            f"{row.fpf_min:,}",
        )
        table.add_row(str(row.cell), str(row.run), str(row.epoch), *figures, learned)
    print_table(table)
