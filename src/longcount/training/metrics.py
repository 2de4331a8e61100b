"""The metrics of every trained run, as rows of a block's `metrics.parquet`.

Symbols: R runs, E epochs, P parameters, N words of a split, M models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from longcount import arrow
from longcount.engine import Evaluation
from longcount.languages.splits import SPLITS
from longcount.languages.words import Words
from longcount.training import streams
from longcount.training.best_epoch import best_epochs
from longcount.training.engines import evaluate_models
from longcount.training.protocol import CHECKPOINTS, Condition
from longcount.training.trained import Trained

if TYPE_CHECKING:
    import pyarrow as pa

# Models evaluated in one call: enough to fill every lane, few enough for the results [M, N] to stay under 100 MB.
MODELS_A_CALL = 512

# Splits whose first points of failure are kept word by word, at the best epochs and the checkpoints.
SPLITS_BY_WORD = ("very_long", "zigzag")

# Columns that hold one value per row.
SCALARS = (
    "run", "epoch", "split", "loss", "accuracy", "fpf_mean", "fpf_min", "unfailed", "online_loss", "last_word_loss",
    "draws",
)  # fmt: skip


@cache
def schema() -> pa.Schema:
    """Columns of the metrics: one row per (run, epoch, split), sorted by them.

    ``loss`` is the mean squared error whatever the loss of training, so that conditions compare (the cross-entropy of a
    predictor's distributions); ``accuracy`` in percent; ``fpf_mean`` and ``fpf_min`` in tokens; ``unfailed`` counts
    words; ``online_loss`` is the mean training loss over words during the epoch; ``last_word_loss`` is the
    released code's reading of validation loss. ``draws`` is how often the run started (1, unless a recipe's rule
    restarts it); ``first_failures``, one per word, stands in rows of `SPLITS_BY_WORD` at the best epochs and the
    checkpoints.
    """
    import pyarrow as pa

    return pa.schema(
        [
            ("run", pa.int32()),
            ("epoch", pa.int32()),
            ("split", pa.dictionary(pa.int8(), pa.string())),
            ("loss", pa.float64()),
            ("accuracy", pa.float64()),
            ("fpf_mean", pa.float64()),
            ("fpf_min", pa.int32()),
            ("unfailed", pa.int32()),
            ("online_loss", pa.float64()),
            ("last_word_loss", pa.float64()),
            ("draws", pa.int16()),
            ("first_failures", pa.list_(pa.int32())),
        ]
    )


def measure(
    condition: Condition,
    runs: range,
    trained: Trained,
    splits: Mapping[str, Words],
) -> tuple[pa.Table, int]:
    """Evaluate runs: the validation words after every epoch, the other splits at the condition's epochs.

    Args:
        condition: says at which epochs; `evaluated` ``checkpoints`` means the paper's checkpoints, the last epoch, and
            the best by either reading of the validation loss.
        runs: the run numbers, R.
        trained: their weights, online losses and numbers of draws.
        splits: words by split; splits that are missing are not measured.

    Returns:
        A table of `schema`, and how many tokens were evaluated, over all models.
    """
    import pyarrow as pa

    number, epochs = len(runs), condition.epochs
    everything = np.ones((number, epochs + 1), bool)
    chosen, by_word = everything, everything & (epochs == 0)
    rows: list[dict[str, np.ndarray]] = []
    failures: dict[tuple[int, int, int], np.ndarray] = {}
    models, tokens = _Models(condition, runs, trained.weights), 0
    # Validation first: it decides which epochs the others are evaluated at.
    for split in sorted(splits, key=lambda split: (split != "validation", SPLITS.index(split))):
        words = splits[split]
        where = everything if split == "validation" else chosen
        rows_of_split = _rows(models, split, words, where, by_word, failures)
        rows.append(rows_of_split)
        tokens += len(rows_of_split["run"]) * len(words.tokens)
        if split == "validation":
            chosen, by_word = _epochs_to_measure(condition, rows_of_split, number)
    if not rows:
        return schema().empty_table(), 0
    columns = {name: np.concatenate([part[name] for part in rows]) for name in rows[0]}
    at = np.lexsort((columns["split"], columns["epoch"], columns["run"]))
    columns = {name: column[at] for name, column in columns.items()}
    places = columns["run"] - runs.start, columns["epoch"] - 1
    after = columns["epoch"] > 0
    online = np.full(len(at), np.nan)
    online[after] = trained.online_losses[places[0][after], places[1][after]]
    keys = zip(columns["run"].tolist(), columns["epoch"].tolist(), columns["split"].tolist(), strict=True)
    of_validation = columns["split"] == SPLITS.index("validation")
    columns |= {"online_loss": online, "draws": trained.draws[places[0]]}
    valid = {"online_loss": after, "last_word_loss": of_validation}
    form = schema()
    arrays = {
        name: arrow.numbers(columns[name], form.field(name).type, valid.get(name))
        for name in SCALARS
        if name != "split"
    }
    arrays["split"] = arrow.labels(columns["split"], SPLITS, pa.int8())
    arrays["first_failures"] = arrow.lists([failures.get(key) for key in keys], form.field("first_failures").type)
    return pa.table([arrays[name] for name in form.names], form), tokens


class _Models(NamedTuple):
    """The models of runs of a condition: weights float32 [R, E + 1, P]."""

    condition: Condition
    runs: range
    weights: np.ndarray


def _rows(
    of: _Models,
    split: str,
    words: Words,
    where: np.ndarray,
    by_word: np.ndarray,
    failures: dict[tuple[int, int, int], np.ndarray],
) -> dict[str, np.ndarray]:
    """Rows of one split for the models (run, epoch) marked in `where`; word-by-word failures go into `failures`."""
    condition, runs, _ = of
    run_of, epoch_of = np.nonzero(where)
    label = SPLITS.index(split)
    loss, accuracy, mean, least, unfailed, last = (np.empty(len(run_of)) for _ in range(6))
    for models, evaluation in _evaluations(of, words, run_of, epoch_of):
        correct = evaluation.correct
        loss[models] = evaluation.loss.mean(axis=1)
        accuracy[models] = 100 * correct.mean(axis=1)
        mean[models] = evaluation.first_failure.mean(axis=1)
        least[models] = evaluation.first_failure.min(axis=1)
        unfailed[models] = correct.sum(axis=1)
        if split == "validation":
            which = [
                last_word(condition, runs[run], int(epoch), len(words))
                for run, epoch in zip(run_of[models], epoch_of[models], strict=True)
            ]
            last[models] = evaluation.loss[np.arange(len(which)), which] / len(words)
        if split in SPLITS_BY_WORD:
            for row, (run, epoch) in enumerate(zip(run_of[models], epoch_of[models], strict=True)):
                if by_word[run, epoch]:
                    failures[runs[run], int(epoch), label] = evaluation.first_failure[row].astype(np.int32)
    return {
        "run": run_of + runs.start,
        "epoch": epoch_of,
        "split": np.full(len(run_of), label),
        "loss": loss,
        "accuracy": accuracy,
        "fpf_mean": mean,
        "fpf_min": least,
        "unfailed": unfailed,
        "last_word_loss": last if split == "validation" else np.zeros(len(run_of)),
    }


def _evaluations(
    of: _Models, words: Words, run_of: np.ndarray, epoch_of: np.ndarray
) -> Iterator[tuple[slice, Evaluation]]:
    targets = of.condition.problem().targets(words)
    for first in range(0, len(run_of), MODELS_A_CALL):
        models = slice(first, min(first + MODELS_A_CALL, len(run_of)))
        flat = np.ascontiguousarray(of.weights[run_of[models], epoch_of[models]])
        yield models, evaluate_models(of.condition, flat, words, targets)


def last_word(condition: Condition, run: int, epoch: int, number_of_words: int) -> int:
    """The validation word whose loss the released code takes for the split's: the last one that its loader reads."""
    if condition.order == "fixed":
        return number_of_words - 1
    return streams.last_validation_word(condition.seed, condition.stream, run, epoch, number_of_words)


def _epochs_to_measure(
    condition: Condition, validation: Mapping[str, np.ndarray], number_of_runs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which models to measure on the other splits, and of which to keep failures word by word: bool [R, E + 1] both."""
    shape = (number_of_runs, condition.epochs + 1)
    readings = [validation["loss"].reshape(shape), validation["last_word_loss"].reshape(shape)]
    by_word = np.zeros(shape, bool)
    by_word[:, [epoch for epoch in CHECKPOINTS if epoch <= condition.epochs]] = True
    for losses in readings:
        by_word[np.arange(number_of_runs), best_epochs(losses)] = True
    chosen = by_word.copy()
    chosen[:, condition.epochs] = True
    return (np.ones(shape, bool) if condition.evaluated == "every_epoch" else chosen), by_word
