"""The leaderboard: what every intervention is worth, judged on the same words; made, kept and read.

Models are those of the best epoch by validation loss; recipes, whose constraints tighten from epoch to epoch, are
judged at their last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from longcount import cells, engine
from longcount.analysis.baselines import WITHOUT_MEMORY, baseline_metrics, memoryless_metrics, without_memory
from longcount.analysis.counting import first_failing_n
from longcount.analysis.interventions import BASELINE, OF_DYCK1, Intervention, leaderboard_study
from longcount.analysis.judging import Apply, judged, workers
from longcount.analysis.models import LARGEST_N, chosen_models
from longcount.analysis.results import FOLDER, path_of, read_result
from longcount.analysis.selection import values, where
from longcount.analysis.spread import summarise, wilson_interval
from longcount.analysis.subjects import Memoryless, Networks
from longcount.cells import Cell
from longcount.errors import UserError
from longcount.exact.certify import LEAST_EXACT_DEPTH, certify, check, prove
from longcount.exact.repair import is_repairable, repair
from longcount.store.first_failures import blocks_sha256
from longcount.store.frames import is_made_from, keep_frame, read_frame
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.run import Listener, run_study
from longcount.training.problem import DYCK1, Problem
from longcount.training.protocol import Condition, Study

if TYPE_CHECKING:
    import pandas as pd

BOUNDED_RUNS = 50
"""Runs whose worst case is bounded, the first of each condition; all are tried to be proved exact."""

BOUND_LIMIT = 1_000
"""Tokens within which worst cases are looked for."""

BEST_FIRST = ("exact", "accuracy", "fpf")

TABLE, BASELINES = "leaderboard", "leaderboard_baselines"
REPAIR = "repair"


class Leaderboard(NamedTuple):
    """A leaderboard as it is kept."""

    table: pd.DataFrame
    """See `make_leaderboard`."""

    baselines: pd.DataFrame
    """For the Very Long words: first the baseline that needs no memory, last the perfect answer. See
    `longcount.analysis.baselines.baseline_metrics`, and for other languages than Dyck-1 `memoryless_metrics` there."""

    @property
    def networks(self) -> pd.DataFrame:
        """The table without the baseline."""
        return self.table.loc[self.table["cell"] != ""]

    @property
    def language(self) -> str:
        """The language's name."""
        return str(self.table["language"].iloc[0]) if "language" in self.table else DYCK1.language.name

    @property
    def is_by_proof(self) -> bool:
        """Whether proofs are possible: whether counters decide the language."""
        return bool(self.networks["exact"].notna().any())


def make_leaderboard(
    directory: str | Path,
    study: Study | None = None,
    *,
    jobs: int | None = None,
    bounded_runs: int = BOUNDED_RUNS,
    interventions: Sequence[Intervention] = OF_DYCK1,
    listen: Listener | None = None,
    tell: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Train and judge every intervention; what is done already in the folder is not done again.

    Args:
        directory: of the store, created if needed.
        study: default: `leaderboard_study()`.
        jobs: blocks trained, and models judged, at once; default: all cores.
        bounded_runs: how many runs of each condition have their worst case bounded.
        interventions: those that stand in the table, as far as the store has runs to judge them by.
        listen: receives the progress of training.
        tell: receives what is being judged.

    Returns:
        Frame with one row per (cell, intervention), best first within its cell: cell, intervention, runs, learned,
        learned_low, learned_high, accuracy, accuracy_low, accuracy_high, fpf, fpf_low, fpf_high (Very Long words, all
        runs), lower_bound (median of the worst-case FPF's lower bound over the bounded runs; NaN where all are exact),
        bounded (how many), exact, exact_low, exact_high (shares of all runs), draws (mean number of starts). For other
        languages than Dyck-1 also language, units, upper_bound (median of the token at which a known word fails),
        passed, passed_low, passed_high (shares of runs that are right on every Very Long word), for languages with a
        word for each n first_failing_n_min, _median and _max (infinite: none), and a last row with the baseline
        without memory, cell empty and runs 0, whose bounds are the token at which it fails on some word. Where no
        counter decides the language, exact is not a number.

    Raises:
        UserError: as `run_study`.
    """
    import pandas as pd

    store = run_study(study or leaderboard_study(interventions=interventions), directory, Threads(jobs), listen)
    found: list[dict[str, Any]] = []
    with workers(store, sum(condition.runs for condition in store.study.conditions), jobs) as apply:
        for intervention, cell, condition in _arms(store, interventions):
            place = f"{FOLDER}/{TABLE}/{condition.folder}{'-' + REPAIR if intervention.repaired else ''}.parquet"
            path = store.directory / place
            remedy = f"longcount leaderboard --out {directory}"
            frame = read_frame(path, remedy, store.version) if path.exists() else None
            if frame is None or not _is_judged(frame, condition.runs, bounded_runs):
                if tell is not None:
                    tell(f"judging {cell}: {intervention.name}")
                frame = _judge(store, condition, intervention, bounded_runs, apply)
                keep_frame(store, place, frame)
            found.append({"cell": cell, "intervention": intervention.name, **_row(frame)})
    order = cells.names()
    found.sort(key=lambda row: (order.index(row["cell"]), *(-np.nan_to_num(row[name]) for name in BEST_FIRST)))
    asked = store.study.conditions[0]
    if asked.problem() != DYCK1:
        about = {"language": asked.language, "units": asked.hidden_size}
        proofs = any(not np.isnan(row["exact"]) for row in found)
        baseline = {"cell": "", **_memoryless_row(store, asked), "exact": 0.0 if proofs else float("nan")}
        found = [{**row, **about} for row in (*found, baseline)]
    return pd.DataFrame(found)


def _is_judged(frame: pd.DataFrame, runs: int, bounded_runs: int) -> bool:
    """Whether all runs were judged, and as many as asked for have their worst case bounded or are proved exact."""
    known = (values(frame, "max_depth") != 0) | ~np.isnan(values(frame, "lower_bound"))
    return len(frame) == runs and bool(known[values(frame, "run") < bounded_runs].all())


def _arms(store: Store, interventions: Sequence[Intervention]) -> Iterator[tuple[Intervention, str, Condition]]:
    """Every intervention, the cell in whose part of the table it stands, and the runs that it is judged by."""
    by_folder = {condition.folder: condition for condition in store.study.conditions}
    for intervention in interventions:
        for cell in intervention.cells:
            condition = by_folder.get((BASELINE if intervention.repaired else intervention).folder(cell))
            if condition is None:
                continue
            if not intervention.repaired or is_repairable(condition.built_in_cell(), condition.problem()):
                yield intervention, cell, condition


def _judge(
    store: Store, condition: Condition, intervention: Intervention, bounded_runs: int, apply: Apply
) -> pd.DataFrame:
    """One row per run: run, learned, draws, accuracy, fpf, max_depth (0: no proof), lower_bound (NaN: not bounded)."""
    models = chosen_models(store, "last" if condition.recipe is not None else "best")
    models = where(models, condition=condition.folder).reset_index(drop=True).astype({"learned": bool})
    judge = partial(_judge_each, repaired=intervention.repaired, bounded_runs=bounded_runs)
    verdicts = [verdict for _, _, verdict in judged(store, models, judge, apply)]
    weights = np.stack([verdict.weights for verdict in verdicts])
    words = store.words("very_long", condition)
    problem = condition.problem()
    evaluation = engine.evaluate(
        condition.built_in_cell(), weights, words, problem.targets(words), problem.loss, problem.question
    )
    metrics = store.metrics([condition.folder], columns=("run", "epoch", "split", "draws"))
    draws = dict(zip(metrics["run"].tolist(), metrics["draws"].tolist(), strict=True))
    frame = models.assign(
        draws=[draws[run] for run in models["run"]],
        accuracy=100.0 * evaluation.correct.mean(axis=1),
        fpf=evaluation.first_failure.mean(axis=1),
        max_depth=[verdict.max_depth for verdict in verdicts],
        lower_bound=[verdict.lower_bound for verdict in verdicts],
    )
    if problem != DYCK1:
        upper = [verdict.upper_bound for verdict in verdicts]
        frame = frame.assign(passed=evaluation.correct.all(axis=1), upper_bound=upper)
    if problem.language.indexed:
        frame = frame.assign(first_failing_n=first_failing_n(Networks(condition, weights), LARGEST_N))
    return frame


class _Verdict(NamedTuple):
    """What is found of one model."""

    weights: np.ndarray  # float32 [P], repaired where that was asked for
    max_depth: float  # of the proof; 0: none; NaN where none is possible
    lower_bound: float  # NaN where it was not looked for
    upper_bound: float  # likewise; infinite where no failing word was found


def _judge_each(
    cell: Cell, problem: Problem, weights: np.ndarray, models: pd.DataFrame, repaired: bool, bounded_runs: int
) -> list[_Verdict]:
    verdicts = []
    for flat, learned, run in zip(weights, models["learned"], models["run"], strict=True):
        if repaired:
            flat = np.asarray(repair(cell, flat, learned=bool(learned), problem=problem).weights, np.float32)
        verdicts.append(_Verdict(flat, *proof_and_bounds(cell, problem, flat, bounded=run < bounded_runs)))
    return verdicts


def proof_and_bounds(cell: Cell, problem: Problem, flat: np.ndarray, bounded: bool) -> tuple[float, float, float]:
    """The depth to which a model is proved, and between which tokens its worst case lies; see `_Verdict`."""
    try:
        check(cell, problem)
    except UserError:
        return np.nan, np.nan, np.nan
    if not bounded:
        reach = prove(cell, flat, problem).max_depth
        return reach if reach >= LEAST_EXACT_DEPTH else 0, np.nan, np.nan
    found = certify(cell, flat, problem, limit=BOUND_LIMIT)
    if found.max_depth is not None:
        return found.max_depth, np.nan, np.nan
    upper = np.inf if found.upper_bound is None else float(found.upper_bound)
    return 0, float(min(found.lower_bound, BOUND_LIMIT)), upper


def _row(frame: pd.DataFrame) -> dict[str, float]:
    runs = len(frame)
    row: dict[str, float] = {"runs": runs}
    depths = values(frame, "max_depth")
    shares = {"learned": values(frame, "learned").astype(bool), "exact": depths > 0}
    if "passed" in frame:
        shares["passed"] = values(frame, "passed").astype(bool)
    for name, holds in shares.items():
        low, high = wilson_interval(int(holds.sum()), runs)
        row |= {name: float(holds.mean()), f"{name}_low": low, f"{name}_high": high}
    if np.isnan(depths).any():
        row |= dict.fromkeys(("exact", "exact_low", "exact_high"), float("nan"))
    for name in ("accuracy", "fpf"):
        summary = summarise(values(frame, name))
        row |= {name: summary.mean, f"{name}_low": summary.low, f"{name}_high": summary.high}
    bounds = values(frame, "lower_bound")
    bounds = bounds[~np.isnan(bounds)]
    row |= {"lower_bound": float(np.median(bounds)) if len(bounds) else float("nan"), "bounded": len(bounds)}
    if "upper_bound" in frame:
        upper = values(frame, "upper_bound")
        row["upper_bound"] = float(np.median(upper[~np.isnan(upper)])) if len(bounds) else float("nan")
    if "first_failing_n" in frame:
        ordered = np.sort(values(frame, "first_failing_n"))
        places = {"min": 0, "median": (runs - 1) // 2, "max": runs - 1}
        row |= {f"first_failing_n_{name}": float(ordered[place]) for name, place in places.items()}
    return {**row, "draws": float(values(frame, "draws").mean())}


def _memoryless_row(store: Store, condition: Condition) -> dict[str, Any]:
    """The baseline without memory as a row of the table."""
    found = memoryless_metrics(condition.problem(), store.words("training", condition), store.words("very_long"))
    row = found.iloc[0].to_dict()
    told = {
        "intervention": WITHOUT_MEMORY,
        "runs": 0,
        "passed": float(row["unfailed"] == row["words"]),
        "accuracy": row["accuracy"],
        "fpf": row["fpf_mean"],
        "lower_bound": row["worst"],
        "upper_bound": row["worst"],
        "bounded": 0,
    }
    if condition.problem().language.indexed:
        baseline = without_memory(condition.problem(), store.words("training", condition))
        n = float(first_failing_n(Memoryless(baseline), LARGEST_N)[0])
        told |= {f"first_failing_n_{place}": n for place in ("min", "median", "max")}
    return told


def keep_leaderboard(store: Store, table: pd.DataFrame) -> Leaderboard:
    """Write ``results/leaderboard.parquet`` and ``results/leaderboard_baselines.parquet``.

    Args:
        store: of the leaderboard's runs.
        table: see `Leaderboard`.

    Raises:
        UserError: where the disk refuses.
    """
    condition, words = store.study.conditions[0], store.words("very_long")
    if condition.problem() == DYCK1:
        baselines = baseline_metrics({"very_long": words})
    else:
        baselines = memoryless_metrics(condition.problem(), store.words("training", condition), words)
    kept = Leaderboard(table, baselines)
    made_from = blocks_sha256(store)
    for name, frame in zip((TABLE, BASELINES), kept, strict=True):
        keep_frame(store, f"{FOLDER}/{name}.parquet", frame, made_from)
    return kept


def read_leaderboard(store: Store) -> Leaderboard | None:
    """What `keep_leaderboard` wrote; None for a store of anything else.

    Raises:
        UserError: where not every intervention is judged yet, or the store has grown since.
    """
    if not (path_of(store.directory, TABLE).exists() or (store.directory / FOLDER / TABLE).is_dir()):
        return None
    made_from = blocks_sha256(store)
    if not all(is_made_from(path_of(store.directory, name), made_from) for name in (TABLE, BASELINES)):
        raise UserError(
            f"{store.directory}: this leaderboard is not finished; to resume it, run `longcount leaderboard --out "
            f"{store.directory}` with the options that it was started with"
        )
    return Leaderboard(read_result(store.directory, TABLE), read_result(store.directory, BASELINES))
