"""Everything that happens in a model, token by token: for a look inside, in the engine's own numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longcount import engine
from longcount.analysis.models import chosen_models, refuse_outside, weights_of
from longcount.analysis.selection import where
from longcount.arguments import Run, checked
from longcount.cells import Cell
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.machine import Machine
from longcount.languages.words import Words
from longcount.store.store import Store
from longcount.training.best_epoch import Epoch
from longcount.training.problem import DYCK1, Problem

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 1_000_000  # tokens in all; the trace goes step by step, and its table is as long


def read_word(text: str, problem: Problem = DYCK1) -> Words:
    """One word, or the beginning of one, from its letters; for recognisers any string over these.

    Raises:
        UserError: for another letter, or one that no word of the language continues with.
    """
    try:
        words = Words.from_strings([text], problem.language.letters)
    except ValueError as error:
        raise UserError(f"{text!r}: {error}") from None
    if not problem.task.wrong_words and 0 <= problem.language.first_bad_tokens(words)[0] < len(text):
        raise UserError(f"{text!r}: {problem.language.complaint(words, 0)}")
    return words


def zigzag_word(half_period: int) -> Words:
    """The zigzag word of a half period, as long as the paper's or as one period where that is longer."""
    period = 2 * half_period
    return dyck.zigzag(half_period, period * max(1, dyck.ZIGZAG_LENGTH // period))


@checked
def trace(
    store: Store | str | Path, run: Run, words: Words, cell: str | None = None, epoch: Epoch = "best"
) -> "pd.DataFrame":
    """Gates, state and outputs of one model at every token of words.

    Args:
        store: a store or its folder.
        run: the run's number within its cell.
        words: any words of the language, or beginnings of such; for recognisers any strings over its letters.
        cell: name of the cell or condition; may be left out where the store holds one.
        epoch: ``"best"``, ``"last"`` or a number.

    Returns:
        Frame with one row per token: word (from 0), token (its index in the word), letter, depth (of the language,
        after it), ``count_0``, ``count_1``, ... where it has several counters; then float32 columns of the cell's gates
        and its state (with ``_0``, ``_1``, ... for more than one unit); ``output_X`` for every output X, ``target_X``
        (1 where the output should say yes, 0 where not, NaN where nothing is asked) and first_failure: bool, true at
        the first wrong token of a word.

    Raises:
        UserError: for an unknown cell, run or epoch, no cell where there are several, words of another language, or
            words that are too long.
    """
    import pandas as pd

    store = Store.open(store)
    place = store.directory
    conditions = [condition.folder for condition in store.study.conditions]
    if cell is None and len(conditions) > 1:
        raise UserError(f"{place}: holds {', '.join(conditions)}; choose one with --cell")
    condition = store.condition(cell or conditions[0])
    if condition.module is not None:
        raise UserError(f"{place}: {condition.folder} is a module of your own; only built-in cells are traced")
    if len(words.tokens) > LONGEST:
        raise UserError(f"{len(words.tokens):,} tokens are too many to trace; give at most {LONGEST:,}")
    models = where(chosen_models(store, epoch), condition=condition.folder, run=run)
    if len(models) == 0:
        raise UserError(f"{place}: {condition.folder} has no run {run}; its runs are 0 to {condition.runs - 1}")
    network, problem = condition.built_in_cell(), condition.problem()
    if words.letters != problem.language.letters:
        raise UserError(f"{place}: {condition.folder} reads words over {problem.language.letters!r}, "
                        f"not over {words.letters!r}")  # fmt: skip
    refuse_outside(problem, words)
    weights = weights_of(store, models)[0]
    parts = []
    for word in range(len(words)):
        tokens = words[word]
        if len(tokens):
            parts.append(_trace_word(network, weights, words.select([word]), problem).assign(word=word))
    if not parts:
        raise UserError("no tokens to trace; give a word that is not empty")
    frame = pd.concat(parts, ignore_index=True)
    return frame.reindex(columns=["word", *(name for name in frame.columns if name != "word")])


def _trace_word(network: Cell, weights: np.ndarray, word: Words, problem: Problem) -> "pd.DataFrame":
    import pandas as pd

    language, question, length = problem.language, problem.question, len(word.tokens)
    found = engine.trace(network, weights, word.tokens, question)
    columns: dict[str, np.ndarray] = {
        "token": np.arange(length),
        "letter": np.array(list(language.letters))[word.tokens],
        "depth": language.depths(word),
    }
    counts = language.counts_after(word) if isinstance(language, Machine) else np.empty((length, 0))
    if counts.shape[1] > 1:
        columns |= {f"count_{counter}": counts[:, counter] for counter in range(counts.shape[1])}
    shown = [name for name in found if name != "outputs"]
    for name in shown:
        units = found[name].reshape(length, -1)
        columns |= {name if units.shape[1] == 1 else f"{name}_{unit}": units[:, unit] for unit in range(units.shape[1])}
    outputs, names = found["outputs"].reshape(length, -1), problem.outputs
    targets = problem.targets(word)[:, : len(names)]
    asked = np.arange(length) >= (0 if question.answers == "token" else length - 1)
    says_yes = outputs >= question.threshold if question.link == "sigmoid" else outputs > question.threshold
    columns |= {f"output_{name}": outputs[:, k] for k, name in enumerate(names)}
    columns |= {
        f"target_{name}": targets[:, k] if asked.all() else np.where(asked, targets[:, k], np.nan)
        for k, name in enumerate(names)
    }
    wrong = asked & (says_yes != targets).any(axis=1)
    columns["first_failure"] = wrong & (np.cumsum(wrong) == 1)
    return pd.DataFrame(columns)
