"""Try to make models fail that were proved exact: words of a million tokens and more, and words made against them.

    python benchmarks/stress.py STORE [--before STORE] [--jobs 2] [--tokens 1000000] [--deepest 500000]

Every model of the store that `longcount certify` proved exact (at the epoch that it judged) reads
- a ramp to depth TOKENS / 2 (at most DEEPEST) and down again, `()` repeated, and a staircase of ramps of all depths,
- random words: balanced walks that drift up, stay near the bottom (depth at most 3), or wander,
- its adversary: at every token the letter after which its answer is nearer to being wrong, chosen nine times in ten,
- the witness of its unrepaired self, repeated (`--before`: the store that it was repaired from, certified too).

Prints a Markdown table of tokens read and models that failed. A failure would disprove a proof.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from longcount import cells, engine
from longcount.analysis.certificates import read_certificates
from longcount.analysis.selection import values, where
from longcount.cells.network import inputs_of_letters, matrix_vector, split, step
from longcount.exact.witness import decode
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.store.store import Store

BLOCK = 32
ADVERSARY_TOKENS = 20_000


def walk(random: np.random.Generator, tokens: int, deepest: int, drift: float) -> np.ndarray:
    """A balanced word: a random walk between 0 and a depth, brought down at its end. uint8 [about tokens]."""
    letters, depth = np.zeros(tokens, np.uint8), 0
    closing = random.random(tokens) >= 0.5 + drift
    for place in range(tokens):
        closes = depth > 0 and (closing[place] or depth == deepest)
        letters[place] = closes
        depth += -1 if closes else 1
    return np.concatenate([letters, np.ones(depth, np.uint8)])


def words_for_all(tokens: int, deepest: int, random: np.random.Generator) -> Words:
    """Words that every model reads, none deeper than `deepest`."""
    stairs = np.arange(1, int(np.sqrt(tokens)))
    made = [walk(random, tokens, deepest, 0.05), walk(random, tokens, 3, 0.0), walk(random, tokens, deepest, 0.0)]
    drawn = [Words(word, np.array([0, len(word)])) for word in made]
    return Words.concatenate(
        [dyck.ramps([min(tokens // 2, deepest)]), dyck.shallow(tokens), dyck.ramps(stairs.tolist()), *drawn]
    )


def adversaries(cell: cells.Cell, weights: np.ndarray, tokens: int, random: np.random.Generator) -> np.ndarray:
    """For every model the word that it comes nearest to failing on, token by token: uint8 [tokens, models]."""
    network = split(cell, list(weights.T))
    letters = inputs_of_letters(cell, network)
    state = cell.initial_state(weights[:, 0] * 0)
    depth = np.zeros(len(weights), int)
    chosen = np.zeros((tokens, len(weights)), np.uint8)
    for place in range(tokens):
        after, margins = [], []
        for letter, move in ((0, 1), (1, -1)):
            following, _ = step(cell, network, letters[letter], state)
            may_open, may_close = (
                product + bias
                for product, bias in zip(
                    matrix_vector(network.readout_weight, following[0]), network.readout_bias, strict=True
                )
            )
            right = np.where(depth + move > 0, may_close, -may_close)
            after.append(following)
            margins.append(np.minimum(may_open, right))
        closes = (margins[1] < margins[0]) ^ (random.random(len(weights)) < 0.1)
        closes &= depth > 0
        chosen[place] = closes
        depth += np.where(closes, -1, 1)
        state = tuple(
            part_open.map(lambda _, a=part_open, b=part_close, closes=closes: np.where(closes, b[0], a[0]))
            for part_open, part_close in zip(*after, strict=True)
        )
    return chosen


def main() -> None:
    """Read the verdicts, make the words, count failures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--deepest", type=int, default=500_000, help="depth to which the models were proved")
    asked = parser.parse_args()
    store = Store.open(asked.store)
    verdicts = read_certificates(store)
    assert verdicts is not None, "certify the store first"
    before = read_certificates(Store.open(asked.before)) if asked.before else None
    random = np.random.default_rng(0)
    shared = words_for_all(asked.tokens, asked.deepest, random)
    targets = dyck.targets(shared)
    print("| condition | models proved exact | tokens per model | tokens in all | models that failed |")
    print("|:--|--:|--:|--:|--:|")
    for name in dict.fromkeys(verdicts["condition"]):
        exact = where(verdicts, condition=name, verdict="exact")
        if not len(exact):
            continue
        runs, epochs = values(exact, "run"), values(exact, "epoch")
        weights = store.weights(str(name), runs, epochs)
        cell = cells.get(str(values(exact, "cell")[0]))
        failed = np.zeros(len(weights), bool)

        def shared_words(first: int, cell: cells.Cell = cell, weights: np.ndarray = weights) -> np.ndarray:
            found = engine.evaluate(cell, weights[first : first + BLOCK], shared, targets)
            return np.asarray(~found.correct.all(axis=1))

        with ThreadPoolExecutor(asked.jobs) as executor:
            parts = list(executor.map(shared_words, range(0, len(weights), BLOCK)))
        failed |= np.concatenate(parts)
        tokens = np.full(len(weights), len(shared.tokens))
        chosen = adversaries(cell, weights, ADVERSARY_TOKENS, random)
        for model, run in enumerate(runs):
            own = [Words(np.ascontiguousarray(chosen[:, model]), np.array([0, len(chosen)]))]
            if before is not None:
                for text in values(where(before, condition=name, run=run), "witness"):
                    if text is None:
                        continue
                    word = decode(text)
                    word = np.tile(word, max(ADVERSARY_TOKENS // len(word), 1))
                    own.append(Words(word, np.array([0, len(word)])))
            words = Words.concatenate(own)
            found = engine.evaluate(cell, weights[model : model + 1], words, dyck.targets(words))
            failed[model] |= not found.correct.all()
            tokens[model] += len(words.tokens)
        print(f"| {name} | {len(weights)} | {int(tokens.mean()):,} | {tokens.sum():,} | {failed.sum()} |", flush=True)


if __name__ == "__main__":
    main()
