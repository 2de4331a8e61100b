"""Every intervention that could make a network count, for every cell on the same words: what each is worth.

An intervention changes one thing about the paper's protocol, or repairs what that protocol left. Runs of a cell start
from the same draws under all of them. Models are those of the best epoch by validation loss; recipes, whose
constraints tighten from epoch to epoch, are judged at their last.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from longcount import cells, engine
from longcount.analysis.models import chosen_models
from longcount.analysis.selection import values, where
from longcount.analysis.spread import summarise, wilson_interval
from longcount.errors import UserError
from longcount.exact.boxes import Model
from longcount.exact.certify import certify
from longcount.exact.proof import EXACT_INTEGERS
from longcount.exact.proofs import prove
from longcount.exact.repair import DEPTHS, repair
from longcount.languages import dyck
from longcount.store.frames import keep_frame, read_frame
from longcount.store.store import Store
from longcount.studies.executors import Threads, available_cores
from longcount.studies.run import Listener, run_study
from longcount.training.protocol import Condition, Study, merge

if TYPE_CHECKING:
    import pandas as pd

RUNS = 200

BOUNDED_RUNS = 50
"""Runs whose worst case is bounded, the first of each condition; all are tried to be proved exact."""

BOUND_LIMIT = 1_000
"""Tokens within which worst cases are looked for."""

PLACE = "results/leaderboard"
REPAIR = "repair"


@dataclass(frozen=True)
class Intervention:
    """One way to make networks count."""

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    """Fields of a condition that differ from the paper's protocol."""

    cells: tuple[str, ...] = ("lstm", "gru", "relu")

    repaired: bool = False
    """Whether the models of the paper's protocol are repaired afterwards."""

    hard: bool = False
    """Whether gates are straight lines that reach their ends: cells of their own, starting from draws of their own."""

    def folder(self, cell: str) -> str:
        """The folder of its runs of a cell: its name alone decides, not which interventions there are beside it."""
        return f"{cell}-{self.name.replace(' ', '_').replace(chr(39), '')}"

    def trained_cell(self, cell: str) -> str:
        """The cell that is trained for a row of this cell."""
        return f"hard_{cell}" if self.hard else cell


BASELINE = Intervention("the paper's protocol")

INTERVENTIONS = (
    BASELINE,
    Intervention("clipped gradient norm", {"clip_norm": 0.1}),
    Intervention("clipped gradient values", {"clip_value": 0.01}),
    Intervention("identity start", {"initialisation": "identity"}),
    Intervention("orthogonal start", {"initialisation": "orthogonal"}),
    Intervention("signs of a counter at the start", {"initialisation": "signs"}),
    Intervention("near a counter at the start", {"initialisation": "counter"}),
    Intervention("learning-rate decay", {"schedule": "exponential", "decay": 0.8}),
    Intervention("cross-entropy", {"loss": "bce"}),
    Intervention("weight decay", {"weight_decay": 0.01}),
    Intervention("L1 penalty", {"l1": 1e-4}),
    Intervention("batches of 8", {"batch_size": 8}),
    Intervention("training words to 100 tokens", {"words": {"training_lengths": "2-100"}}),
    Intervention("hard gates", cells=("lstm", "gru"), hard=True),
    Intervention("quantised weights", {"recipe": "quantised"}),
    Intervention("annealed slopes", {"recipe": "annealed"}, cells=("lstm", "gru")),
    Intervention("the exact recipe", {"recipe": "exact"}),
    Intervention("repaired after training", repaired=True),
)


def interventions_called(names: Sequence[str]) -> tuple[Intervention, ...]:
    """The interventions of these names, with the paper's protocol to compare them with; all where no name is given.

    Raises:
        UserError: for a name that no intervention has.

    >>> [intervention.name for intervention in interventions_called(["weight decay"])]
    ["the paper's protocol", 'weight decay']
    """
    known = [intervention.name for intervention in INTERVENTIONS]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise UserError(f"no intervention is called {name!r}; {hint}")
    wanted = {BASELINE.name, *(names or known)}
    return tuple(intervention for intervention in INTERVENTIONS if intervention.name in wanted)


def leaderboard_study(
    runs: int = RUNS,
    seed: int = 0,
    overrides: dict[str, Any] | None = None,
    interventions: Sequence[Intervention] = INTERVENTIONS,
) -> Study:
    """The study behind the leaderboard: a condition for every intervention that trains, and cell.

    Args:
        runs: of each condition.
        seed: of weights, orders and words.
        overrides: fields of every condition.
        interventions: those that are to stand in the table.
    """
    conditions = []
    for intervention in interventions:
        for cell in intervention.cells:
            if not intervention.repaired:
                settings = {"runs": runs, "seed": seed, **intervention.fields}
                for name, value in (overrides or {}).items():
                    settings[name] = {**value, **settings.get(name, {})} if isinstance(value, dict) else value
                if "recipe" in settings:
                    settings.pop("epochs", None)
                trained = intervention.trained_cell(cell)
                conditions.append(Condition(cell=trained, folder=intervention.folder(cell), **settings))
    return Study(name="leaderboard", conditions=merge(conditions), block_runs=32)


def make_leaderboard(
    directory: str | Path,
    study: Study | None = None,
    *,
    jobs: int | None = None,
    bounded_runs: int = BOUNDED_RUNS,
    interventions: Sequence[Intervention] = INTERVENTIONS,
    listen: Listener | None = None,
    tell: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Train, judge and table every intervention; what is done already in the folder is not done again.

    Args:
        directory: of the store, made if need be.
        study: default: `leaderboard_study()`.
        jobs: blocks trained, and models judged, at once; default: all cores.
        bounded_runs: how many runs of each condition have their worst case bounded.
        interventions: those that stand in the table, as far as the store has runs to judge them by.
        listen: is told how training goes.
        tell: is told what is judged.

    Returns:
        Frame, a row a (cell, intervention), best first within its cell: cell, intervention, runs, learned,
        learned_low, learned_high, accuracy, accuracy_low, accuracy_high, fpf, fpf_low, fpf_high (Very Long words, all
        runs), lower_bound (median of the worst-case FPF's lower bound over the bounded runs; NaN where all are exact),
        bounded (how many), exact, exact_low, exact_high (shares of all runs), draws (mean number of beginnings).

    Raises:
        UserError: as `run_study`.
    """
    import pandas as pd

    store = run_study(study or leaderboard_study(interventions=interventions), directory, Threads(jobs), listen)
    judged: list[dict[str, Any]] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs or available_cores(), spawn, Store.open, (store.directory,)) as executor:
        for intervention, cell, condition in _arms(store, interventions):
            place = f"{PLACE}/{condition.folder}{'-' + REPAIR if intervention.repaired else ''}.parquet"
            path = store.directory / place
            frame = read_frame(path, f"longcount leaderboard --out {directory}") if path.exists() else None
            if frame is None or not _is_judged(frame, condition.runs, bounded_runs):
                if tell is not None:
                    tell(f"judging {cell}: {intervention.name}")
                frame = _judge(store, condition, intervention, bounded_runs, executor)
                keep_frame(store, place, frame)
            judged.append({"cell": cell, "intervention": intervention.name, **_row(frame)})
    order = cells.names()
    judged.sort(key=lambda row: (order.index(row["cell"]), -row["exact"], -row["accuracy"], -row["fpf"]))
    return pd.DataFrame(judged)


def _is_judged(frame: pd.DataFrame, runs: int, bounded_runs: int) -> bool:
    """Whether all runs were judged, and as many as asked for have their worst case bounded or are proved exact."""
    known = (values(frame, "max_depth") > 0) | ~np.isnan(values(frame, "lower_bound"))
    return len(frame) == runs and bool(known[values(frame, "run") < bounded_runs].all())


def _arms(store: Store, interventions: Sequence[Intervention]) -> Iterator[tuple[Intervention, str, Condition]]:
    """Every intervention, the cell in whose part of the table it stands, and the runs that it is judged by."""
    by_folder = {condition.folder: condition for condition in store.study.conditions}
    for intervention in interventions:
        for cell in intervention.cells:
            condition = by_folder.get((BASELINE if intervention.repaired else intervention).folder(cell))
            if condition is not None:
                yield intervention, cell, condition


def _judge(
    store: Store, condition: Condition, intervention: Intervention, bounded_runs: int, executor: ProcessPoolExecutor
) -> pd.DataFrame:
    """A row a run: run, learned, draws, accuracy, fpf, max_depth (0: not proved), lower_bound (NaN: not bounded)."""
    models = chosen_models(store, "last" if condition.recipe is not None else "best")
    models = where(models, condition=condition.folder).reset_index(drop=True)
    runs, learned = values(models, "run"), values(models, "learned").astype(bool)
    weights = store.weights(condition.folder, runs, values(models, "epoch"))
    handfuls = [np.arange(at, min(at + 16, len(models))) for at in range(0, len(models), 16)]
    found = executor.map(
        _judge_models,
        [condition] * len(handfuls),
        [weights[chosen] for chosen in handfuls],
        [learned[chosen] for chosen in handfuls],
        [chosen < bounded_runs for chosen in handfuls],
        [intervention.repaired] * len(handfuls),
    )
    verdicts = [verdict for handful in found for verdict in handful]
    weights = np.stack([verdict[0] for verdict in verdicts])
    words = store.words("very_long", condition)
    evaluation = engine.evaluate(condition.built_in_cell(), weights, words, dyck.targets(words))
    metrics = store.metrics([condition.folder], columns=("run", "epoch", "split", "draws"))
    draws = dict(zip(metrics["run"].tolist(), metrics["draws"].tolist(), strict=True))
    return models.assign(
        draws=[draws[run] for run in runs.tolist()],
        accuracy=100.0 * evaluation.correct.mean(axis=1),
        fpf=evaluation.first_failure.mean(axis=1),
        max_depth=[verdict[1] for verdict in verdicts],
        lower_bound=[verdict[2] for verdict in verdicts],
    ).astype({"learned": bool})


def _judge_models(
    condition: Condition, weights: np.ndarray, learned: np.ndarray, bounded: np.ndarray, repaired: bool
) -> list[tuple[np.ndarray, int, float]]:
    """Weights (repaired where asked), depth of the proof (0: none), and lower bound (NaN where not looked for)."""
    cell = condition.built_in_cell()
    depth = DEPTHS.get(cell.name.removeprefix("hard_"), EXACT_INTEGERS)
    verdicts = []
    for flat, knows, bound in zip(weights, learned, bounded, strict=True):
        if repaired:
            flat = np.asarray(repair(cell, flat, learned=bool(knows)).weights, np.float32)
        reach = prove(Model(cell, flat), depth).max_depth
        reach = reach if reach >= depth else 0
        lower = np.nan
        if bound and not reach:  # a proof to less than the depth asked for bounds it, too
            lower = float(min(certify(cell, flat, depth, BOUND_LIMIT).lower_bound, BOUND_LIMIT))
        verdicts.append((flat, reach, lower))
    return verdicts


def _row(frame: pd.DataFrame) -> dict[str, float]:
    columns = {
        name: values(frame, name) for name in ("learned", "max_depth", "accuracy", "fpf", "lower_bound", "draws")
    }
    runs = len(frame)
    row: dict[str, float] = {"runs": runs}
    for name, holds in (("learned", columns["learned"].astype(bool)), ("exact", columns["max_depth"] > 0)):
        low, high = wilson_interval(int(holds.sum()), runs)
        row |= {name: float(holds.mean()), f"{name}_low": low, f"{name}_high": high}
    for name in ("accuracy", "fpf"):
        summary = summarise(columns[name])
        row |= {name: summary.mean, f"{name}_low": summary.low, f"{name}_high": summary.high}
    bounds = columns["lower_bound"][~np.isnan(columns["lower_bound"])]
    row |= {"lower_bound": float(np.median(bounds)) if len(bounds) else float("nan"), "bounded": len(bounds)}
    return {**row, "draws": float(columns["draws"].mean())}
