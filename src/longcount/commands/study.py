"""``longcount study``: run any grid of conditions, see how it stands, add to it, export it, compare two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from longcount.commands.options import Form, Jobs, Json, Settings, fields_of, form_of, number
from longcount.commands.output import opened, print_table, say
from longcount.commands.workers import HERE, LogJson, Workers

if TYPE_CHECKING:
    from longcount.studies.executors import Executor
    from longcount.training.protocol import Condition

app = App(name="study", help_formatter="default", help="Run, inspect, extend, export and compare studies of any size.")


@app.command
def run(
    file: Path | None = None,
    /,
    *,
    out: Path,
    set_: Settings = None,
    workers: Workers = HERE,
) -> None:
    """Train the missing runs of a study; after an interruption, run it again and it resumes where it stopped.

    Args:
        file: Study file (TOML); without it, the study that the store holds already.
        out: The store, a folder.
    """
    from longcount.errors import UserError
    from longcount.studies.executors import Threads
    from longcount.studies.run import refuse_folder
    from longcount.training.study_files import read_study

    if file is None and set_:
        raise UserError("--set: changes a study file, but none was given; use `study add` to add to a store")
    study = None if file is None else read_study(file, fields_of(set_))
    refuse_folder(out, study)
    remote = workers.remote()
    _finish(study, out, Threads(workers.jobs) if remote is None else remote(out), workers.log_json)


@app.command
def add(
    store: Path,
    file: Path | None = None,
    /,
    *,
    set_: Settings = None,
    jobs: Jobs = None,
    log_json: LogJson = False,
) -> None:
    """Add runs or conditions to a study and train them; existing runs are not trained again.

    Args:
        store: The store.
        file: Study file whose conditions are added; without it, those of the store as --set changes them, such as
            --set runs=100 for more runs or --set learning_rate=0.003 for another value.
    """
    from longcount.errors import UserError
    from longcount.store.store import Store
    from longcount.studies.executors import Threads
    from longcount.training.study_files import read_study, vary

    there = Store.open(store)
    if file is None and not set_:
        raise UserError("study add: nothing to add; give a study file or --set FIELD=VALUE")
    changes = fields_of(set_)
    conditions = vary(there.study, changes) if file is None else read_study(file, changes).conditions
    _finish(None, store, Threads(jobs), log_json, conditions)


@app.command
def status(store: Path, /, *, verify: bool = False, form: Form = "text", json: Json = False) -> None:
    """Show how far a study is, what it takes on disk, and where its time went.

    Args:
        store: The store.
        verify: Read all blocks, words and results and compare them with their hashes; damage is reported, and the
            exit status is 1.
    """
    from longcount.report.printed import plain, time_spent
    from longcount.store.store import Store
    from longcount.store.verification import damages
    from longcount.studies.status import status as status_of
    from longcount.studies.status import where_time_went

    asked, there = form_of(form, json), Store.open(store)
    frame, spent = status_of(there, verify), where_time_went(there)
    print_table(plain("status", f"Study {there.study.name} in {store}", frame, hidden=["cell"]), asked)
    if asked == "text" and spent:
        print()
        print_table(time_spent(spent))
    damaged = list(damages(there)) if verify else []
    for line in damaged:
        say(line)
    if damaged:
        raise SystemExit(1)


@app.command
def export(store: Path, /, *, out: Path, means: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Write one tidy table: one row per run and epoch.

    Args:
        store: The store.
        out: A file ending in .parquet or .csv.
        means: Means over runs: one row per condition, split, epoch and measure, with mean, standard deviation and
            extremes.
    """
    from longcount.analysis.aggregate import aggregate
    from longcount.report.writing import refuse_ending, write_frame
    from longcount.store.export import export as export_to

    if means:
        refuse_ending(out)
        frame = aggregate(opened(store))
        write_frame(out, frame)
        rows = len(frame)
    else:
        rows = export_to(opened(store), out)
    say(f"{out}: {rows:,} rows")


@app.command
def compare(
    first: str,
    second: str,
    /,
    *,
    measures: Annotated[list[str] | None, Parameter(name="--measure", negative="")] = None,
    form: Form = "text",
    json: Json = False,
) -> None:
    """Compare two conditions run by run: the mean difference at the best epochs, with its 95% interval over runs.

    Args:
        first: A store, or STORE:CONDITION where it holds several; without one, conditions of the same name are paired.
        second: Likewise; differences are second minus first.
        measures: Measures such as long_accuracy, very_long_fpf_mean, validation_loss or learned; may be given several
            times.
    """
    from longcount.analysis.comparison import USUAL
    from longcount.analysis.comparison import compare as compared
    from longcount.report.printed import comparison

    asked = form_of(form, json)
    frame = compared(first, second, measures or USUAL)
    print_table(comparison(first, second, frame.drop(columns=["words", "differs"])), asked)
    for text in dict.fromkeys(frame["differs"]):
        say(f"the conditions differ in {text}" if text else "the conditions differ in no setting")
    others = list(dict.fromkeys(frame.loc[frame["words"] != "the same", "measure"]))
    if others:
        say(f"judged on other words: {', '.join(others)}")


@app.command
def factors(store: Path, /, *, out: Path | None = None, form: Form = "text", json: Json = False) -> None:
    """Show what each factor does: conditions that differ from their cell's baseline in one field, paired by run.

    Args:
        store: The store of a study.
        out: A file for the whole table, ending in .csv or .parquet.
    """
    from longcount.analysis.factors import one_factor_at_a_time
    from longcount.report.printed import factors_table
    from longcount.report.writing import refuse_ending, write_frame

    asked = form_of(form, json)
    if out is not None:
        refuse_ending(out)
    frame = one_factor_at_a_time(opened(store))
    if out is not None:
        write_frame(out, frame)
        say(f"{out}: {len(frame)} rows")
    if out is None or asked != "text":
        print_table(factors_table(f"What each factor does in {store}", frame), asked)


@app.command
def resample(
    store: Path, /, *, draws: Annotated[int, number(1, 1_000_000)] = 10_000, form: Form = "text", json: Json = False
) -> None:
    """Show how much tables of as few runs as the paper's vary: tables drawn from a study of many runs.

    Each table is made as the paper's Table 1, of 10 runs (of ReLUs the 10 best of 30) drawn without replacement. 95% of
    them lie between low and high; below is the share of them at or below the paper's value.

    Args:
        store: The store of a study with conditions lstm, gru or relu, of more runs than the paper has.
        draws: How many tables are drawn.
    """
    from longcount.analysis.models import metrics_of
    from longcount.analysis.sampling import sampling_distribution
    from longcount.analysis.table1 import selected_models
    from longcount.errors import UserError
    from longcount.papers.el_naggar_2022 import TABLE_1
    from longcount.report.printed import plain

    asked, there = form_of(form, json), opened(store)
    frame = sampling_distribution(selected_models(metrics_of(there), there.study.selection), TABLE_1, draws)
    if not len(frame):
        raise UserError(f"{store}: no condition {', '.join(TABLE_1)} has as many runs as the paper trains")
    print_table(plain("sampling", f"Tables of as many runs as the paper's, drawn from {store}", frame, keys=3), asked)


def _finish(study: Any, out: Path, executor: Executor, log_json: bool, conditions: tuple[Condition, ...] = ()) -> None:
    from longcount.studies.progress import shown
    from longcount.studies.run import run_study

    with shown(log_json) as listen:
        run_study(study, out, executor, listen, conditions)
