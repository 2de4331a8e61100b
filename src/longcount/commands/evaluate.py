"""``longcount evaluate DIR --data FILE``: every run of a store on any words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter, Token

from longcount.commands.options import Form, Jobs, Json, form_of
from longcount.commands.output import opened, print_table

app = App(name="evaluate", help_format="plaintext", help_formatter="default")


def epoch_of(_: Any, tokens: Sequence[Token]) -> Literal["best", "last"] | int:
    """``best``, ``last`` or the number of an epoch."""
    text = tokens[0].value
    if text == "best" or text == "last":
        return text
    if text.isascii() and text.isdigit():
        return int(text)
    raise ValueError(f"{text!r} is not an epoch; give best, last or a whole number of at least 0.")


Epoch = Annotated[Literal["best", "last"] | int, Parameter(converter=epoch_of)]


@app.default
def evaluate(
    directory: Path,
    /,
    *,
    data: Path | None = None,
    cell: str | None = None,
    measures: Annotated[list[str] | None, Parameter(name="--measure", negative="")] = None,
    epoch: Epoch = "best",
    form: Form = "text",
    json: Json = False,
    jobs: Jobs = None,
) -> None:
    """Evaluate one model of every run: accuracy, loss and first point of failure on the words of a file, with those of
    the best answer from the last letter alone beside them.

    Args:
        directory: A store.
        data: A file of words of the language, one per line; for recognisers of any strings over its letters. Default:
            the very long words that the store holds.
        cell: A cell or condition of the store; needed where these read several languages.
        measures: A further column; may be given several times: a name (`longcount list measures` lists all), or
            module:Name of your own.
        epoch: Which model of a run: best (lowest validation loss), last, or the number of an epoch.
    """
    from longcount.analysis.models import asked_of
    from longcount.analysis.models import evaluate as evaluated
    from longcount.analysis.summary import baselines_on
    from longcount.languages.files import read_words
    from longcount.report.printed import evaluation

    shown, store = form_of(form, json), opened(directory)
    words = None
    if data is not None:
        asked = asked_of(store, cell)
        words = read_words(data, asked.language, members_only=not asked.task.wrong_words)
    frame = evaluated(store, words, epoch, cell=cell, measures=measures or (), jobs=jobs)
    title = f"{directory} on {data or 'its own very long words'}"
    print_table(evaluation(title, frame, baselines_on(store, words, cell)), shown)
