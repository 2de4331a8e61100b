"""``longcount trace DIR --run K``: every gate, state and output of one model, token by token."""

from pathlib import Path
from typing import Annotated

from cyclopts import App

from longcount.commands.evaluate import Epoch
from longcount.commands.options import number

app = App(name="trace", help_format="plaintext", help_formatter="default")


@app.default
def trace(
    directory: Path,
    /,
    *,
    run: Annotated[int, number(0, 10_000_000)],
    cell: str | None = None,
    epoch: Epoch = "best",
    word: str | None = None,
    zigzag: Annotated[int | None, number(1, 500_000)] = None,
    file: Path | None = None,
    out: Path | None = None,
) -> None:
    """Write every gate, state, output, target and depth at each token of a word; the first failure is marked.

    Give one of --word, --zigzag and --file.

    Args:
        directory: A store.
        run: Which run of the cell, from 0.
        cell: Which cell, where the store holds several.
        epoch: Which model of the run: best (lowest validation loss), last, or the number of an epoch.
        word: Letters of the language, such as "(()())".
        zigzag: Half period j of a Dyck-1 word: j times "(", j times ")", repeated to 2,000 tokens (once where that is
            longer).
        file: A file of words, one per line.
        out: Where to write: a table (.csv, .parquet) or a drawing (.svg, .pdf, .png); default: CSV on standard output.
    """
    import sys

    from longcount.analysis.models import asked_of
    from longcount.analysis.traces import read_word, zigzag_word
    from longcount.analysis.traces import trace as traced
    from longcount.commands.output import opened, say
    from longcount.errors import UserError
    from longcount.languages.files import read_words
    from longcount.report.trace import write_trace
    from longcount.report.writing import csv_text
    from longcount.store.store import Store

    if sum(source is not None for source in (word, zigzag, file)) != 1:
        raise UserError("nothing to trace: give one of --word, --zigzag and --file")
    asked = asked_of(opened(directory), cell)
    if word is not None:
        words = read_word(word, asked)
    elif zigzag is not None:
        words = zigzag_word(zigzag)
    else:
        words = read_words(Path(str(file)), asked.language, members_only=not asked.task.wrong_words)
    frame = traced(directory, run, words, cell, epoch)
    if out is None:
        sys.stdout.write(csv_text(frame, 9))
    else:
        store = Store.open(directory)
        name = cell or store.study.conditions[0].folder
        write_trace(frame, store.condition(name).built_in_cell().state_names, out)
    for row in frame.loc[frame["first_failure"]].to_dict("records"):
        say(f"word {row['word']}: first failure at token {row['token']} (depth {row['depth']})")
    right = len(words) - int(frame["first_failure"].to_numpy().sum())
    if right:
        say(f"{right} of {len(words)} words without a failure")
