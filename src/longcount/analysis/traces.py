"""Everything that happens in a model, token by token: for a look inside, in the engine's own numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longcount import engine
from longcount.analysis.models import Epoch, chosen_models, weights_of
from longcount.analysis.selection import where
from longcount.cells import Cell
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.words import LETTERS, Words
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 1_000_000  # tokens in all; the trace goes step by step, and its table is as long


def read_word(text: str) -> Words:
    """One word, or the beginning of one, from its brackets.

    Raises:
        UserError: for another letter, or a bracket that closes nothing.
    """
    try:
        words = Words.from_strings([text])
    except ValueError as error:
        raise UserError(f"{text!r}: {error}") from None
    if 0 <= dyck.first_bad_tokens(words)[0] < len(text):
        raise UserError(f"{text!r}: {dyck.complaint(words, 0)}")
    return words


def zigzag_word(half_period: int) -> Words:
    """The zigzag word of a half period, as long as the paper's or as one period where that is longer."""
    period = 2 * half_period
    return dyck.zigzag(half_period, period * max(1, dyck.ZIGZAG_LENGTH // period))


def trace(
    directory: str | Path, run: int, words: Words, cell: str | None = None, epoch: Epoch = "best"
) -> "pd.DataFrame":
    """Gates, state and outputs of one model at every token of words.

    Args:
        directory: a store.
        run: the run's number within its cell.
        words: any words of the language.
        cell: name of the cell or condition; may be left out where the store holds one.
        epoch: ``"best"``, ``"last"`` or a number.

    Returns:
        Frame with one row a token: word (from 0), token (its index in the word), bracket, depth (after it), then
        float32 columns of the cell's gates, its state (with ``_0``, ``_1``, ... for more than one unit), ``may_open``
        and ``may_close``, ``target`` (1 where ``)`` may follow) and first_failure: bool, true at the first wrong token
        of a word.

    Raises:
        UserError: for an unknown cell, run or epoch, no cell where there are several, or words that are too long.
    """
    import pandas as pd

    store = Store.open(directory)
    conditions = [condition.folder for condition in store.study.conditions]
    if cell is None and len(conditions) > 1:
        raise UserError(f"{directory}: holds {', '.join(conditions)}; choose one by --cell")
    condition = store.condition(cell or conditions[0])
    if condition.module is not None:
        raise UserError(f"{directory}: {condition.folder} is a module of your own; only built-in cells are traced")
    if len(words.tokens) > LONGEST:
        raise UserError(f"{len(words.tokens):,} tokens are too many to trace; give at most {LONGEST:,}")
    models = where(chosen_models(store, epoch), condition=condition.folder, run=run)
    if len(models) == 0:
        raise UserError(f"{directory}: {condition.folder} has no run {run}; its runs are 0 to {condition.runs - 1}")
    network = condition.built_in_cell()
    weights = weights_of(store, models)[0]
    parts = []
    for word in range(len(words)):
        tokens = words[word]
        if len(tokens):
            parts.append(_trace_word(network, weights, tokens).assign(word=word))
    if not parts:
        raise UserError("no tokens to trace; give a word that is not empty")
    frame = pd.concat(parts, ignore_index=True)
    return frame.reindex(columns=["word", *(name for name in frame.columns if name != "word")])


def _trace_word(network: Cell, weights: np.ndarray, tokens: np.ndarray) -> "pd.DataFrame":
    import pandas as pd

    alone = Words(np.ascontiguousarray(tokens), np.array([0, len(tokens)]))
    targets = dyck.targets(alone)
    found = engine.trace(network, weights, tokens)
    shown = [name for name in found if name != "outputs"]
    columns: dict[str, np.ndarray] = {
        "token": np.arange(len(tokens)),
        "bracket": np.array(list(LETTERS))[tokens],
        "depth": alone.depths,
    }
    for name in shown:
        units = found[name].reshape(len(tokens), -1)
        columns |= {name if units.shape[1] == 1 else f"{name}_{unit}": units[:, unit] for unit in range(units.shape[1])}
    outputs = found["outputs"].reshape(len(tokens), -1)
    columns |= {"may_open": outputs[:, 0], "may_close": outputs[:, 1], "target": targets[:, 1]}
    wrong = ((outputs >= 0.5) != targets).any(axis=1)
    columns["first_failure"] = wrong & (np.cumsum(wrong) == 1)
    return pd.DataFrame(columns)
