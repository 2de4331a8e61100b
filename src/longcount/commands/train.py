"""``longcount train CELL``: runs of one cell, by the paper's protocol unless told otherwise."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from longcount.commands.options import Jobs, Settings, fields_of
from longcount.commands.settings import Fields

app = App(name="train", help_format="plaintext", help_formatter="default")


@app.default
def train(
    cell: str,
    /,
    *,
    out: Path,
    data: Path | None = None,
    set_: Settings = None,
    jobs: Jobs = None,
    fields: Annotated[Fields | None, Parameter(name="*")] = None,
) -> None:
    """Train runs of one cell, by the first paper's protocol unless told otherwise, and print their results.

    Run it again after an interruption: it resumes where it stopped.

    Args:
        cell: Its name, such as lstm, relu or gru (`longcount list cells` lists all), or module:Name of your own.
        out: Folder of the store, created if needed.
        data: Folder of word files; the splits that it lacks are made.
    """
    from longcount import experiments
    from longcount.commands.tables import print_results
    from longcount.errors import UserError
    from longcount.training.protocol import dotted
    from longcount.training.study_files import STUDY_FIELDS, refuse_unknown_fields

    settings: dict[str, Any] = dotted(fields or {})
    settings |= {"cell": cell} if data is None else {"cell": cell, "words.directory": str(data)}
    changes = fields_of(set_)
    refuse_unknown_fields([name for name in changes if name not in STUDY_FIELDS], "--set")
    for name, value in changes.items():
        if settings.setdefault(name, value) != value:
            given = "the cell" if name == "cell" else "its option"
            raise UserError(f"--set {name}={value} and {given}, {settings[name]}, disagree; give one of them")
    print_results(experiments.train(settings.pop("cell"), out, jobs=jobs, progress=True, **settings))
