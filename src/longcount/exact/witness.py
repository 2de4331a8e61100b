"""An upper bound on the worst first point of failure: a word that fails, found by search.

After n tokens, for every depth and last token, a few states of real words are kept: those with the least and the
greatest coordinates. Each is a float32 state that the engine reaches on a concrete word, so the first wrong answer
among them is a failure, and the way back gives the word.

A word is written run by run: `"( )2 (3"` is `())(((`, and a group in square brackets with a number repeats:
`"[( )]26 (40"` is `()` 26 times, then 40 `(`.
"""

from __future__ import annotations

import re
from itertools import groupby

import numpy as np

from longcount.exact.boxes import Model
from longcount.languages.words import LETTERS


def failing_word(model: Model, limit: int) -> np.ndarray | None:
    """The tokens (uint8 [n + 1]) of a Dyck-1 prefix whose last token is the first that the model gets wrong.

    Args:
        model: the network.
        limit: tokens to look at.

    Returns:
        None where the search finds no failure among the first `limit` tokens.
    """
    kept = [np.full((1, 1), number, np.float32) for number in model.start()]  # [states, depth // 2]
    alive = np.ones((1, 1), bool)
    parents: list[np.ndarray] = []
    for token in range(limit):
        odd = token % 2
        with np.errstate(over="ignore", invalid="ignore"):
            after = model.step_both(tuple(number[None] for number in kept))
            depth = 2 * np.arange(alive.shape[1]) + odd
            balanced = np.stack([depth < 0, depth == 1])[:, None]
            right = model.right(after, balanced)
        possible = np.stack([alive, alive & (depth > 0)])
        wrong = np.argwhere(possible & ~right)
        if len(wrong):
            last, state, place = wrong[0]
            return _way_back(parents, int(last), int(state), int(place))
        kept, alive, parent = _keep(after, possible, odd)
        parents.append(parent)
    return None


def _keep(
    after: tuple[np.ndarray, ...], possible: np.ndarray, odd: int
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """States [kept, depths] after the token, whether each is one, and which state before it each comes from."""
    choices = []
    for number in after:
        choices.append(np.where(possible, number, np.inf).argmin(axis=1))
        choices.append(np.where(possible, number, -np.inf).argmax(axis=1))
    parent = np.stack(choices, axis=1)  # [2 tokens, kept, depths]
    kept = [_move(np.take_along_axis(number, parent, axis=1), odd) for number in after]
    some = np.asarray(possible.any(axis=1, keepdims=True))
    alive = _move(np.broadcast_to(some, parent.shape), odd)
    return kept, alive, _move(parent.astype(np.uint8), odd)


def _move(arriving: np.ndarray, odd: int) -> np.ndarray:
    """[2 tokens, kept, depths] by the depth before a token, as [2 kept, depths] by the depth after it."""
    _, kept, depths = arriving.shape
    moved = np.zeros((2, kept, depths + odd), arriving.dtype)
    if odd:  # depth 2 j + 1 becomes 2 (j + 1) or 2 j
        moved[0, :, 1:], moved[1, :, :-1] = arriving
    else:  # 2 j becomes 2 j + 1 or 2 (j - 1) + 1
        moved[0] = arriving[0]
        moved[1, :, :-1] = arriving[1][:, 1:]
    return moved.reshape(2 * kept, depths + odd)


def _way_back(parents: list[np.ndarray], last: int, state: int, place: int) -> np.ndarray:
    tokens = [last]
    for token in range(len(parents) - 1, -1, -1):
        odd = token % 2  # of the depth before this token
        closes = state >= parents[token].shape[0] // 2
        tokens.append(int(closes))
        state = int(parents[token][state, place])
        place = place + (0 if odd else 1) if closes else place - odd
    return np.array(tokens[::-1], np.uint8)


def encode(tokens: np.ndarray, letters: str = LETTERS) -> str:
    """A word as text, run by run, repeated groups of two runs in brackets: ``[ ]``, or ``⟨ ⟩`` where these are letters.

    >>> encode(np.array([0, 1, 1, 0, 0, 0], np.uint8)), encode(np.array([0, 1] * 26 + [0] * 40, np.uint8))
    ('( )2 (3', '[( )]26 (40')
    """
    opening, closing = _group(letters)
    runs = [(letters[token], len(list(group))) for token, group in groupby(np.asarray(tokens).tolist())]
    written = [letter if count == 1 else f"{letter}{count}" for letter, count in runs]
    parts = []
    position = 0
    while position < len(written):
        pair = written[position : position + 2]
        repeats = 1
        while len(pair) == 2 and written[position + 2 * repeats : position + 2 * repeats + 2] == pair:
            repeats += 1
        if repeats > 1:
            parts.append(f"{opening}{' '.join(pair)}{closing}{repeats}")
            position += 2 * repeats
        else:
            parts.append(written[position])
            position += 1
    return " ".join(parts)


def _group(letters: str) -> str:
    """What stands before and after a repeated group."""
    return "⟨⟩" if set("[]") & set(letters) else "[]"


def decode(text: str, letters: str = LETTERS) -> np.ndarray:
    """The word (uint8 tokens) of a text that `encode` wrote.

    Raises:
        ValueError: where the text is none.

    >>> decode("[( )2]2 (3").tolist()
    [0, 1, 1, 0, 1, 1, 0, 0, 0]
    """
    tokens = []
    position = 0
    opening, closing = (re.escape(sign) for sign in _group(letters))
    letter = f"[{re.escape(letters)}]"
    pattern = re.compile(rf"\s*(?:{opening}([^{opening}{closing}]*){closing}(\d+)|({letter})(\d*)(?=\s|$))\s*")
    while position < len(text):
        found = pattern.match(text, position)
        if found is None:
            raise ValueError(f"no run of letters at {text[position : position + 20]!r}")
        group, times, single, count = found.groups()
        if group is not None:
            tokens.append(np.tile(decode(group, letters), int(times)))
        else:
            tokens.append(np.full(int(count or 1), letters.index(single), np.uint8))
        position = found.end()
    return np.concatenate([np.zeros(0, np.uint8), *tokens])
