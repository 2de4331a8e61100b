"""What the commands ``train``, ``study run``, ``reproduce``, ``construct`` and ``leaderboard`` do, one call each."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Unpack

from longcount import languages, papers
from longcount.analysis.analysis import OF_LONGER_RUNS
from longcount.analysis.interventions import CELLS, RUNS, interventions_called, leaderboard_study
from longcount.analysis.leaderboard import BOUNDED_RUNS, make_leaderboard
from longcount.analysis.results import analyse
from longcount.arguments import Between, Jobs, Seed, checked
from longcount.disk import disk_errors_told
from longcount.errors import UserError, hint
from longcount.exact.construct import construct as constructed
from longcount.papers import Paper
from longcount.store.locking import exclusive
from longcount.store.model_stores import keep_models
from longcount.store.store import Store
from longcount.studies import run
from longcount.studies.executors import Executor, Threads
from longcount.studies.memory import Memory
from longcount.studies.progress import Progress, told
from longcount.training.protocol import Condition, Study, dotted
from longcount.training.settings import Settings
from longcount.training.study_files import build_study, read_study

if TYPE_CHECKING:
    import pandas as pd


_JOBS_OR_EXECUTOR = "jobs: the number of threads; an executor has its own setting"


def _say_fields(function: Any) -> None:
    """Say in a function's signature which settings it takes, with the defaults of `Condition`'s fields."""
    said = inspect.signature(function)
    plain = [one for one in said.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    for name, annotation in Settings.__annotations__.items():
        field = Condition.model_fields[name]
        default = None if field.is_required() or name == "words" else field.default
        annotation = annotation | None if default is None else annotation
        plain.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation))
    function.__signature__ = said.replace(parameters=plain)


@checked
def train(
    cell: str,
    out: str | Path,
    *,
    data: str | Path | None = None,
    jobs: Jobs | None = None,
    progress: Progress = None,
    **settings: Unpack[Settings],
) -> Store:
    """Train runs of one cell into a store, by the first paper's protocol unless told otherwise.

    Args:
        cell: its name, or ``module:Name`` of one of your own in a Python file of the current folder.
        out: the store's folder; an existing store of the same study is completed, not started over.
        data: a folder of word files; the splits that it lacks are made.
        jobs: blocks of runs worked on at once; default: all cores.
        progress: whether progress is shown; default: on a terminal and in a notebook. Or a function that receives the
            events of `longcount.studies.run`.
        settings: fields of `longcount.training.protocol.Condition`, such as ``runs=100`` or ``learning_rate=0.003``,
            and under ``words`` those of its words, such as ``words={"training_words": 200}``.

    Returns:
        The store, complete.

    Raises:
        UserError: for an unknown cell or field, a bad value, a folder that holds something else.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    fields: dict[str, Any] = dotted({"name": "train", "cell": cell, **given})
    if data is not None and fields.setdefault("words.directory", str(data)) != str(data):
        raise UserError(f"train: data {data} and words.directory {fields['words.directory']} disagree; give one")
    return run_study(build_study(fields, where="train"), out, jobs=jobs, progress=progress)


@checked
def run_study(
    study: Study | Mapping[str, Any] | str | Path | None,
    out: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    jobs: Jobs | None = None,
    executor: Executor | None = None,
    progress: Progress = None,
) -> Store:
    """Make every run of a study that is not there yet; after an interruption, the same call resumes.

    Args:
        study: a study file (TOML), its tables as nested dictionaries, or a study; None: that which the store holds.
        out: the store's folder, made where it does not exist.
        changes: fields by dotted name, such as ``{"runs": 20, "words.seed": [1, 2]}``, that replace what the study
            says; a list makes a grid.
        jobs: blocks of runs worked on at once; default: all cores.
        executor: who makes the blocks instead of threads: `longcount.studies.on_dask.Dask` or
            `longcount.studies.on_slurm.Slurm`. It is shut down at the end.
        progress: whether progress is shown; default: on a terminal and in a notebook. Or a function that receives the
            events of `longcount.studies.run`.

    Returns:
        The store, complete.

    Raises:
        UserError: for an unknown field or a bad value, or where the folder is another's or in use, the disk refuses, or
            a worker cannot work.
        KeyboardInterrupt: when interrupted; what was finished stays.
    """
    if changes and not isinstance(study, (Mapping, str, Path)):
        raise UserError(
            "changes: apply to a study file or its tables; to change a store's own study use `longcount study add`"
        )
    if jobs is not None and executor is not None:
        raise UserError(_JOBS_OR_EXECUTOR)
    if isinstance(study, Mapping):
        study = build_study(study, changes)
    elif isinstance(study, (str, Path)):
        study = read_study(study, changes)
    with told(progress) as listen:
        return run.run_study(study, out, executor or Threads(jobs), listen)


@checked
def reproduce(
    out: str | Path,
    *,
    paper: str = "el-naggar-2022",
    data: str | Path | None = None,
    runs: Annotated[int, Between(1, 1_000_000)] | None = None,
    seed: Seed = 0,
    jobs: Jobs | None = None,
    executor: Callable[[Path], Executor] | None = None,
    progress: Progress = None,
) -> Store:
    """Train a paper's models into a store, and in a folder inside it what the paper trains further.

    Args:
        out: the store's folder.
        paper: its name, or ``module:Name`` of one of your own.
        data: a folder of word files; the splits that it lacks are made.
        runs: of each cell; default: the paper's.
        seed: of weights, orders and words.
        jobs: blocks of runs worked on at once; default: all cores.
        executor: makes who trains instead of threads, given a store's folder: ``lambda folder: Dask(folder, address)``.
            A paper may fill two stores, one within the other.
        progress: as for `run_study`.

    Returns:
        The store, complete; `longcount.report.draw.draw` makes its tables, figures and page.

    Raises:
        UserError: for an unknown paper, or a folder that holds something else.
    """
    asked: Paper = papers.KIND.get(paper)
    if jobs is not None and executor is not None:
        raise UserError(_JOBS_OR_EXECUTOR)
    out, memory = Path(out), Memory()
    study = asked.study(asked.runs if runs is None else runs, seed, None if data is None else Path(data))
    run.refuse_folder(out, study)
    workers = executor or (lambda folder: Threads(jobs, memory))
    with told(progress) as listen:
        store = run.run_study(study, out, workers(out), listen)
        if asked.within is not None:
            folder, further = asked.within(store)
            with exclusive(out), _analysing(out, jobs):
                run.run_study(further, out / folder, workers(out / folder), listen)
                _keep_log(out / folder / "log", out / "log" / f"{folder}.jsonl")
    return store


@checked
def construct(cell: str, out: str | Path) -> Store:
    """A new store that holds the exact counter built by hand for a cell, as run 0.

    Args:
        cell: lstm, relu or gru.
        out: the store's folder, new or empty.

    Raises:
        UserError: for a cell without one, or a folder that holds something.
    """
    return keep_models(out, {cell: constructed(cell)[None]}, "constructed", {"cell": cell})


@checked
def leaderboard(
    out: str | Path = "leaderboard",
    *,
    runs: Annotated[int, Between(1, 100_000)] = RUNS,
    bounded: Annotated[int, Between(0, 100_000)] = BOUNDED_RUNS,
    only: Sequence[str] = (),
    language: str = "dyck1",
    units: Annotated[int, Between(1, 16)] = 1,
    cells: Sequence[str] = (),
    seed: Seed = 0,
    jobs: Jobs | None = None,
    progress: Progress = None,
    tell: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Train LSTM, GRU and ReLU networks under every intervention, and prove or bound what they learned.

    Args:
        out: the store's folder; what is done there already is not done again.
        runs: networks for every intervention and cell.
        bounded: how many of them have their worst case bounded.
        only: interventions to try beside the paper's protocol, by name; default: all.
        language: that is learned, by name, or ``module:Name`` of one of your own.
        units: of each network.
        cells: in whose parts of the table interventions are to stand, of lstm, gru and relu; default: all three.
        seed: of weights, orders and words.
        jobs: blocks trained, and models judged, at once; default: all cores.
        progress: whether progress is shown; default: on a terminal and in a notebook.
        tell: receives what is being judged, in a line.

    Returns:
        Frame with one row per (cell, intervention); see `longcount.analysis.leaderboard.make_leaderboard`.

    Raises:
        UserError: for an unknown intervention, language or cell, or a folder that holds something else.
    """
    for cell in cells:
        if cell not in CELLS:
            raise UserError(f"no part of the leaderboard is about {cell!r}; {hint(cell, CELLS)}")
    learned = languages.get(language)
    if learned == languages.DYCK1 and units > 1:
        raise UserError(f"the leaderboard of dyck1 is about networks of one unit, not {units}")
    chosen = interventions_called(only, learned)
    study = leaderboard_study(runs, seed, {"hidden_size": units}, chosen, language, cells or CELLS)
    with told(progress) as listen:
        return make_leaderboard(
            out, study, jobs=jobs, bounded_runs=bounded, interventions=chosen, listen=listen, tell=tell
        )


@contextmanager
def _analysing(directory: Path, jobs: int | None) -> Iterator[None]:
    """Make the results of a store's own runs while the body trains longer ones: cores that it leaves idle have work."""
    stopped = Event()
    with ThreadPoolExecutor(1) as thread:
        analysed = thread.submit(analyse, directory, jobs, without=OF_LONGER_RUNS, stopped=stopped)
        try:
            yield
        except BaseException:
            stopped.set()
            raise
        analysed.result()


def _keep_log(folder: Path, path: Path) -> None:
    """Move what the inner store's log says into the outer store's, which no comparison of bytes reads."""
    with disk_errors_told(path):
        blocks = folder / "blocks.jsonl"
        if blocks.exists():
            with open(path, "ab") as log:
                log.write(blocks.read_bytes())
        shutil.rmtree(folder)


_say_fields(train)
