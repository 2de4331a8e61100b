"""``longcount evaluate DIR --data FILE``: every run of a store on any words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter, Token

from longcount.commands.options import Jobs, Json

app = App(name="evaluate", help_format="plaintext", help_formatter="default")


def epoch_of(_: Any, tokens: Sequence[Token]) -> Literal["best", "last"] | int:
    """``best``, ``last`` or the number of an epoch."""
    text = tokens[0].value
    if text == "best" or text == "last":
        return text
    if text.isascii() and text.isdigit():
        return int(text)
    raise ValueError(f"{text!r} is no epoch; give best, last or a whole number from 0.")


Epoch = Annotated[Literal["best", "last"] | int, Parameter(converter=epoch_of)]


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

    rows = evaluated(directory, read_words(data), epoch, jobs).to_dict("records")
    if json:
        print_json(rows)
        return

    from rich.table import Table

    table = Table(title=f"{directory} on {data}", caption="accuracy in % of words; FPF in tokens")
    for name in ("condition", "run", "epoch", "words", "accuracy", "loss", "mean FPF", "least FPF", "learned"):
        table.add_column(name, justify="left" if name == "condition" else "right")
    for row in rows:
        table.add_row(
            row["condition"],
            f"{row['run']}",
            f"{row['epoch']}",
            f"{row['words']:,}",
            f"{row['accuracy']:.2f}",
            f"{row['loss']:.3g}",
            f"{row['fpf_mean']:,.1f}",
            f"{row['fpf_min']:,}",
            {True: "yes", False: "no"}.get(row["learned"], ""),
        )
    print_table(table)
