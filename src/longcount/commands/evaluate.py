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
    raise ValueError(f"{text!r} is not an epoch; give best, last or a whole number from 0.")


FURTHER = {
    "first_failing_n": lambda n: "none" if n is None else f"{n:,}",
    "accuracy_right": lambda share: "" if share is None else f"{share:.2f}",
    "accuracy_wrong": lambda share: "" if share is None else f"{share:.2f}",
    "first_wrongly_accepted": lambda length: "none" if length is None else f"{length:,}",
}
"""Columns that only some languages and tasks have, and how a number is shown."""

KNOWN = ("condition", "cell", "run", "epoch", "words", "accuracy", "loss", "fpf_mean", "fpf_min", "learned")


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


Epoch = Annotated[Literal["best", "last"] | int, Parameter(converter=epoch_of)]


@app.default
def evaluate(
    directory: Path,
    /,
    *,
    data: Path,
    cell: str | None = None,
    measure: list[str] | None = None,
    epoch: Epoch = "best",
    json: Json = False,
    jobs: Jobs = None,
) -> None:
    """Evaluate one model of every run: accuracy, loss and first point of failure on the words of a file, with those of
    the best answer from the last letter alone beside them.

    Args:
        directory: A store.
        data: A file of words of the language, one per line; for recognisers of any strings over its letters.
        cell: A cell or condition of the store; needed where these read several languages.
        measure: A further column, any number of times: a name (`longcount list measures` lists all), or module:Name of
            your own.
        epoch: Which model of a run: best (lowest validation loss), last, or the number of an epoch.
    """
    from longcount.analysis.baselines import WITHOUT_MEMORY
    from longcount.analysis.models import asked_of
    from longcount.analysis.models import evaluate as evaluated
    from longcount.analysis.summary import baselines_on
    from longcount.commands.output import print_json, print_table
    from longcount.languages.files import read_words
    from longcount.store.store import Store

    store = Store.open(directory)
    asked = asked_of(store, cell)
    words = read_words(data, asked.language, members_only=not asked.task.wrong_words)
    frame = evaluated(directory, words, epoch, jobs, cell, measure or [])
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    if json:
        print_json(rows)
        return

    from rich.table import Table

    table = Table(title=f"{directory} on {data}", caption="accuracy in % of words; FPF in tokens")
    further = [name for name in frame.columns if name not in KNOWN]
    for name in ("condition", "run", "epoch", "words", "accuracy", "loss", "mean FPF", "minimum FPF", "learned"):
        table.add_column(name, justify="left" if name == "condition" else "right")
    for name in further:
        table.add_column(name.replace("_", " "), justify="right")
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
            *(FURTHER.get(name, _short)(row[name]) for name in further),
        )
    table.add_section()
    baselines = baselines_on(store, words, cell).to_dict("records")
    for row in baselines:
        figures = (f"{row['accuracy']:.2f}", f"{row['loss']:.3g}", f"{row['fpf_mean']:,.1f}", f"{row['fpf_min']:,}")
        task = f" ({row['task']})" if len({other["task"] for other in baselines}) > 1 else ""
        table.add_row(f"{WITHOUT_MEMORY}{task}", "", "", f"{len(words):,}", *figures)
    print_table(table)
