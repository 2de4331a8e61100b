"""``longcount train CELL``: runs of one cell, by the paper's protocol unless told otherwise."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from longcount.commands.options import Jobs, Seed, number
from longcount.commands.study import Settings, fields_of

app = App(name="train", help_format="plaintext", help_formatter="default")


@app.default
def train(
    cell: str,
    /,
    *,
    out: Path,
    language: str | None = None,
    task: str | None = None,
    units: Annotated[int | None, number(1, 1_024)] = None,
    runs: Annotated[int | None, number(1, 10_000_000)] = None,
    epochs: Annotated[int | None, number(0, 100_000)] = None,
    learning_rate: Annotated[float | None, Parameter(validator=Number(gt=0, lte=10))] = None,
    order: Literal["shuffled", "shared", "fixed"] | None = None,
    loss: Literal["mse", "bce", "ce"] | None = None,
    recipe: str | None = None,
    set_: Settings = None,
    data: Path | None = None,
    seed: Seed = 0,
    jobs: Jobs = None,
) -> None:
    """Train runs of one cell, by the first paper's protocol unless told otherwise, and print what they can do.

    Run again after an interruption, it resumes where it stopped.

    Args:
        cell: Its name, such as lstm, relu or gru (`longcount list cells` lists all), or module:Name of your own.
        out: Folder of the store, created if needed.
        language: What is counted (`longcount list languages` lists all), or module:Name of your own; default
            dyck1.
        task: What is asked: next_letters (the default), recognise or predict, or module:Name of your own.
        units: Hidden units of a layer; default 1.
        runs: How many networks; default: the paper's 10, 30 for relu.
        epochs: Passes over the training words; default 30.
        learning_rate: Of the optimiser (Adam; --set optimiser=sgd); default: the paper's 0.01, 0.001 for gru.
        order: Of the training words in an epoch: each run its own, one for all, or as in the file; default shuffled.
        loss: Mean squared error, binary cross-entropy, or cross-entropy of a distribution; default: the task's first.
        recipe: A way of training that reaches exact counting, such as exact, or module:Name of your own; it settles
            epochs, rate and loss.
        data: Folder of word files; the splits that it lacks are made.
    """
    from longcount import experiments
    from longcount.commands.tables import print_results
    from longcount.errors import UserError
    from longcount.studies.progress import shown

    asked: dict[str, Any] = {
        "language": language,
        "task": task,
        "hidden_size": units,
        "runs": runs,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "order": order,
        "loss": loss,
        "recipe": recipe,
        "words.directory": None if data is None else str(data),
    }
    settings = {name: value for name, value in asked.items() if value is not None}
    for name, value in fields_of(set_).items():
        if settings.setdefault(name, value) != value:
            raise UserError(f"--set {name}={value} and its option, {settings[name]}, disagree; give one of them")
    with shown() as listen:
        store = experiments.train(cell, out, jobs=jobs, listen=listen, seed=seed, **settings)
    print_results(store)
