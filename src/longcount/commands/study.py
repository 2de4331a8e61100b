"""``longcount study``: run any grid of conditions, see how it stands, add to it, export it, compare two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from longcount.commands.options import Jobs

app = App(name="study", help_formatter="default", help="Run, inspect, extend, export and compare studies.")

Settings = Annotated[
    list[str] | None,
    Parameter(name="--set", negative="", help="FIELD=VALUE replaces a field of the study; VALUE,VALUE,... is a grid."),
]
LogJson = Annotated[bool, Parameter(negative="", help="Progress as JSON lines on standard error.")]


@app.command
def run(
    file: Path | None = None,
    /,
    *,
    out: Path,
    set_: Settings = None,
    jobs: Jobs = None,
    log_json: LogJson = False,
) -> None:
    """Make every run of a study that is not there yet; the same command again goes on where it stopped.

    Args:
        file: Study file (TOML); without it, the study that the store holds already.
        out: The store, a folder.
    """
    from longcount.errors import UserError
    from longcount.studies.executors import Threads
    from longcount.studies.progress import shown
    from longcount.studies.protocol import read_study
    from longcount.studies.run import run_study

    if file is None and set_:
        raise UserError("--set: changes a study file, and none was given; `study add` adds to a store")
    study = None if file is None else read_study(file, parsed(set_))
    with shown(log_json) as listen:
        run_study(study, out, Threads(jobs), listen)


def parsed(settings: list[str] | None) -> dict[str, Any]:
    """``["epochs=3", "order=shared,fixed"]`` as field names and values.

    Raises:
        UserError: for a setting without an equals sign.
    """
    from longcount.errors import UserError

    fields: dict[str, Any] = {}
    for setting in settings or []:
        name, sign, text = setting.partition("=")
        if not sign or not name:
            raise UserError(f"--set {setting!r}: should be FIELD=VALUE")
        values = [_value(part.strip()) for part in text.split(",")]
        fields[name.strip()] = values if len(values) > 1 else values[0]
    return fields


def _value(text: str) -> Any:
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
