"""Models of a store, chosen and evaluated on any words."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from longcount.analysis import counting
from longcount.analysis.measures import ALWAYS, measured
from longcount.analysis.selection import LEARNED_ACCURACY, best_models, where
from longcount.analysis.subjects import Networks
from longcount.arguments import Jobs, checked
from longcount.errors import UserError
from longcount.languages.words import Words
from longcount.store.store import Store
from longcount.studies.executors import threads_asked
from longcount.training import engines
from longcount.training.best_epoch import Epoch, Reading, refuse_no_epoch
from longcount.training.problem import Problem
from longcount.training.protocol import Condition

if TYPE_CHECKING:
    import pandas as pd

    from longcount.engine import Evaluation

Measured = TypeVar("Measured")

MODELS_A_CALL = 64  # a few full groups of lanes: enough to keep them busy, few enough to share among threads
_SCALARS = (
    "run", "epoch", "split", "loss", "accuracy", "fpf_mean", "fpf_min", "unfailed", "last_word_loss"
)  # fmt: skip


def metrics_of(store: Store, conditions: Sequence[str] | None = None) -> "pd.DataFrame":
    """The store's metrics as the functions of this package take them: one row per (condition, run, epoch, split).

    Args:
        store: the store.
        conditions: their names; default: all.
    """
    frame = store.metrics(conditions, columns=_SCALARS)
    for name in ("condition", "cell", "split"):
        frame[name] = frame[name].astype(str)
    return frame


def chosen_models(store: Store, epoch: Epoch = "best", reading: Reading | None = None) -> "pd.DataFrame":
    """One model per run.

    Args:
        store: where the runs are.
        epoch: ``"best"`` by validation loss, ``"last"``, or a number.
        reading: of the validation loss; default: the study's own.

    Returns:
        Frame with condition, cell, run, epoch, learned: bool, or None where no validation words are known.

    Raises:
        UserError: where the store holds no finished run, or not that epoch.
    """
    import pandas as pd

    refuse_no_epoch(epoch)
    metrics = metrics_of(store)
    validation = where(metrics, split="validation")
    best = best_models(validation, reading or store.study.selection) if len(validation) else None
    rows = []
    for condition in store.study.conditions:
        runs = store.runs(condition)
        half_is_chance = condition.problem().task.wrong_words  # half right says nothing of a recogniser
        known = [] if best is None else where(best, condition=condition.folder).to_dict("records")
        judged = {row["run"]: row for row in known}
        if epoch not in ("best", "last") and epoch > condition.epochs:
            raise UserError(f"--epoch {epoch}: {condition.folder} has epochs 0 to {condition.epochs}")
        for run in runs.tolist():
            row = judged.get(run)
            asked = condition.epochs if epoch in ("best", "last") else epoch
            chosen = row["epoch"] if epoch == "best" and row else asked
            learned = None if row is None or half_is_chance else bool(row["validation_accuracy"] >= LEARNED_ACCURACY)
            labels = {"condition": condition.folder, "cell": condition.cell}
            rows.append({**labels, "run": run, "epoch": int(chosen), "learned": learned})
    if not rows:
        raise UserError(f"{store.directory}: no finished runs; run `longcount study run` to finish them")
    return pd.DataFrame(rows).astype({"learned": object})


def weights_of(store: Store, models: "pd.DataFrame") -> np.ndarray:
    """Flat weights float32 [M, P] of models of one condition, a frame with condition, run and epoch."""
    return store.weights(models["condition"].iloc[0], models["run"].to_numpy(), models["epoch"].to_numpy())


def measure_models(
    store: Store,
    models: "pd.DataFrame",
    words: Words,
    measure: Callable[["Evaluation"], Measured],
    jobs: int | None = None,
) -> Iterator[tuple["pd.DataFrame", Measured]]:
    """Evaluate models on words, a handful at a time, and keep what ``measure`` makes of each handful.

    Args:
        store: where the weights are.
        models: frame with condition, run, epoch.
        words: any words.
        measure: takes the evaluation of m models; what it returns is all that stays in memory.
        jobs: threads; default: all cores.

    Yields:
        The rows of ``models`` and what was measured of them, condition by condition in the order of ``models``.
    """
    conditions = {name: store.condition(name) for name in dict.fromkeys(models["condition"])}
    targets = {problem: problem.targets(words) for problem in {one.problem() for one in conditions.values()}}

    def measured(chosen: "pd.DataFrame") -> Measured:
        condition = conditions[chosen["condition"].iloc[0]]
        return measure(
            engines.evaluate_models(condition, weights_of(store, chosen), words, targets[condition.problem()])
        )

    handfuls = []
    for name in dict.fromkeys(models["condition"]):
        its = where(models, condition=name)
        handfuls += [its.iloc[at : at + MODELS_A_CALL] for at in range(0, len(its), MODELS_A_CALL)]
    with ThreadPoolExecutor(threads_asked(jobs)) as threads:
        yield from zip(handfuls, threads.map(measured, handfuls), strict=True)


@checked
def evaluate(
    store: Store | str | Path,
    words: Words | None = None,
    epoch: Epoch = "best",
    *,
    cell: str | None = None,
    measures: Sequence[str] = (),
    jobs: Jobs | None = None,
) -> "pd.DataFrame":
    """Evaluate a model of every run of a store on any words.

    Args:
        store: a store or its folder.
        words: any words of the language, or beginnings of such; for recognisers any strings over its letters. Default:
            each condition's own very long words.
        epoch: which model of a run: ``"best"``, ``"last"`` or a number.
        cell: a cell or condition; default: all that read these letters.
        measures: further columns, by the names of `longcount.analysis.measures` or ``module:Name`` of your own.
        jobs: threads; default: all cores.

    Returns:
        Frame with condition, cell, run, epoch, words, accuracy (percent of words), loss (mean over words), fpf_mean,
        fpf_min (tokens), learned (None where no validation words are known, and of recognisers). Of languages indexed
        by n also first_failing_n (see `first_failing_n`; None where none fails up to `LARGEST_N`); of recognisers also
        accuracy_right and accuracy_wrong (percent of the words in the language, and of those outside) and
        first_wrongly_accepted (the length of the shortest of these that is accepted; None where none is).

    Raises:
        UserError: where there is no store, no such cell or epoch, no finished run, no words, or a word that the
            language does not continue with.
    """
    import pandas as pd

    store = Store.open(store)
    asked = words_for(store, words, cell)
    models = chosen_models(store, epoch)
    rows = []
    for condition, its_words in asked:
        problem = condition.problem()
        members = problem.language.members(its_words)

        def summary(
            found: "Evaluation",
            problem: Problem = problem,
            words: Words = its_words,
            members: np.ndarray = members,
        ) -> dict[str, object]:
            columns: dict[str, object] = {measure.__name__: measure(found) for measure in ALWAYS}
            columns |= dict(measured(name, found) for name in measures)
            return columns | (_of_recognisers(found, words, members) if problem.task.near_misses else {})

        its = where(models, condition=condition.folder)
        parts = [
            part.assign(words=len(its_words), **found)
            for part, found in measure_models(store, its, its_words, summary, jobs)
        ]
        if problem.language.indexed and not problem.task.wrong_words:
            for part in parts:
                part["first_failing_n"] = _none_for_0(first_failing_n(condition, weights_of(store, part)))
        rows += parts
    frame = pd.concat(rows, ignore_index=True)
    columns = ["condition", "cell", "run", "epoch", "words", "accuracy", "loss", "fpf_mean", "fpf_min", "learned"]
    further = [name for name in frame.columns if name not in columns]
    return frame.reindex(columns=[*columns, *further])


def words_for(store: Store, words: Words | None = None, cell: str | None = None) -> list[tuple[Condition, Words]]:
    """The conditions of a store, or of one of its cells, to be evaluated on words, each with these words; where none
    are given, with its own very long words.

    Raises:
        UserError: where there are no words, none of the conditions reads them, or a word is of another language.
    """
    if words is not None and len(words) == 0:
        raise UserError("no words to evaluate on; give at least one")
    if words is not None:
        found = [(condition, words) for condition in readers(store, words, cell)]
    else:
        chosen = [store.condition(cell)] if cell is not None else store.study.conditions
        for condition in chosen:
            if "very_long" not in store.splits(condition):
                raise UserError(
                    f"{store.directory}: {condition.folder} has no very long words of its own; give words, on the "
                    "command line with --data FILE"
                )
        found = [(condition, store.words("very_long", condition)) for condition in chosen]
    for condition, its in found:
        refuse_outside(condition.problem(), its)
    return found


LARGEST_N = 1_000
"""The n up to which a first failing n is looked for."""


def first_failing_n(condition: Condition, weights: np.ndarray, largest: int = LARGEST_N) -> np.ndarray:
    """The least n from 1 on whose word models [M, P] do not get right throughout, int64 [M]; 0 where there is none.

    Args:
        condition: of a language indexed by n.
        weights: of its models.
        largest: where to stop.
    """
    found = counting.first_failing_n(Networks(condition, weights), largest)
    return np.where(np.isinf(found), 0, found).astype(np.int64)


def asked_of(store: Store, cell: str | None = None) -> Problem:
    """What the networks of a store, or of one of its cells or conditions, are asked.

    Raises:
        UserError: where they read several languages.
    """
    conditions = [store.condition(cell)] if cell is not None else list(store.study.conditions)
    problems = {condition.language: condition.problem() for condition in conditions}
    if len(problems) > 1:
        raise UserError(f"{store.directory}: its networks read {', '.join(problems)}; choose one with --cell")
    return next(iter(problems.values()))


def refuse_outside(problem: Problem, words: Words) -> None:
    """Raise UserError for the first word with a letter that no word of the language continues with, where the task
    asks about members only."""
    if problem.task.wrong_words:
        return
    first = problem.language.first_bad_tokens(words)
    outside = np.flatnonzero((first >= 0) & (first < words.lengths))
    if len(outside):
        word = int(outside[0])
        raise UserError(f"word {word + 1} is not in {problem.language.name}: {problem.language.complaint(words, word)}")


def readers(store: Store, words: Words, cell: str | None = None) -> list[Condition]:
    """The conditions of a store, or of one of its cells or conditions, that read these letters; UserError for none."""
    conditions = [store.condition(cell)] if cell is not None else list(store.study.conditions)
    found = [condition for condition in conditions if condition.problem().language.letters == words.letters]
    if not found:
        known = dict.fromkeys(condition.problem().language.letters for condition in conditions)
        raise UserError(f"{store.directory}: its networks read words over {' or '.join(map(repr, known))}, "
                        f"not over {words.letters!r}")  # fmt: skip
    return found


def _of_recognisers(found: "Evaluation", words: Words, members: np.ndarray) -> dict[str, object]:
    correct, wrong = found.correct, np.flatnonzero(~members)
    shortest = [min((int(words.lengths[word]) for word in wrong[~row[wrong]]), default=0) for row in correct]
    shares = {"accuracy_right": members, "accuracy_wrong": ~members}
    columns: dict[str, object] = {
        name: 100.0 * correct[:, which].mean(axis=1) if which.any() else np.nan for name, which in shares.items()
    }
    return columns | {"first_wrongly_accepted": _none_for_0(np.array(shortest))}


def _none_for_0(numbers: np.ndarray) -> np.ndarray:
    """Numbers as objects, None where one is 0."""
    return np.array([int(number) or None for number in numbers], object)
