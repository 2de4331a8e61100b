"""Try to make networks fail that are proved exact: all short words, long ones, and words made against them.

    python benchmarks/stress.py STORE... [--tokens 1000000000]

Of every condition of each store, the networks of the last epoch of all runs are proved, and the exact ones read
- all words up to the length at which there are 200,000 (of recognisers all strings, of words of n all prefixes),
- ramps up to a count of 500,000 and down again, each pair of letters one after the other, words of n and m, a few
  letters again and again, all within the count to which the networks are proved,
- the eight that are proved to the highest counts, the word that takes a counter up to there and down again,
- each its adversary: at every token the letter after which its answer is nearest to being wrong, nine times in ten,
- random walks, until the networks have read so many tokens together.

Prints a Markdown table of tokens read and networks that failed. A failure would disprove a proof.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from attacks import adversaries, all_words, farthest, judged_everywhere, length_with, ramps, walks
from longcount import cells, engine
from longcount.cells import Cell
from longcount.exact.certify import LEAST_EXACT_DEPTH, prove
from longcount.languages.words import Words
from longcount.store.store import Store
from longcount.training.problem import Problem

BLOCK = 32
SHORT = 200_000
RAMPS = 8_000_000  # tokens of all ramps
WALKS, LETTERS = 400, 10_000
ADVERSARY = 5_000  # tokens
FARTHEST = 8
"""Networks that read a word up to the count to which they are proved."""
PART = 2_000_000  # tokens of words that are read at a time


def parts_of(words: Words) -> Iterator[Words]:
    """Words in parts that fit into memory."""
    part = words.offsets[:-1] // PART
    for number in np.unique(part):
        yield words.select(np.flatnonzero(part == number))


def failing(cell: Cell, weights: np.ndarray, problem: Problem, words: Words) -> np.ndarray:
    """Which networks, float32 [M, P], read some word wrong: bool [M]."""
    failed = np.zeros(len(weights), bool)
    for part in parts_of(words):
        targets, question = judged_everywhere(problem, part)
        for first in range(0, len(weights), BLOCK):
            models = slice(first, first + BLOCK)
            found = engine.evaluate(cell, weights[models], part, targets, problem.loss, question)
            failed[models] |= ~found.correct.all(axis=1)
    return failed


def stressed(cell: Cell, weights: np.ndarray, proved: np.ndarray, problem: Problem, tokens: int) -> list[object]:
    """A row of the table: of exact networks, float32 [M, P], proved to counts [M]."""
    random, deepest = np.random.default_rng(0), int(proved.min())
    most = length_with(problem, SHORT)
    short = all_words(problem, most)
    long = ramps(problem, RAMPS, deepest)
    depths = np.maximum.reduceat(problem.language.depths(long), long.offsets[:-1])
    long = long.select(np.flatnonzero(depths <= deepest))
    failed = failing(cell, weights, problem, short) | failing(cell, weights, problem, long)
    read = len(weights) * (len(short.tokens) + len(long.tokens))
    deep = np.argsort(-proved, kind="stable")[:FARTHEST]
    far = farthest(problem, int(proved[deep].min()))
    failed[deep] |= failing(cell, weights[deep], problem, far)
    read += len(deep) * len(far.tokens)
    for k, word in enumerate(adversaries(cell, weights, problem, ADVERSARY, random)):
        failed[k] |= failing(cell, weights[k : k + 1], problem, word).any()
        read += len(word.tokens)
    while read < tokens:
        walked = walks(problem, WALKS, LETTERS, random)
        failed |= failing(cell, weights, problem, walked)
        read += len(weights) * len(walked.tokens)
    return [len(weights), most, f"{int(proved[deep].min()):,}", f"{read:.1e}", int(failed.sum())]


def main() -> None:
    """Prove, read, count failures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+", type=Path)
    parser.add_argument("--tokens", type=int, default=1_000_000_000, help="by the networks of a condition, at least")
    asked = parser.parse_args()
    print("| language, task | cell | units | exact | all words up to | counts up to | tokens in all | failed |")
    print("|:--|:--|--:|--:|--:|--:|--:|--:|")
    false = False
    for directory in asked.stores:
        store = Store.open(directory)
        for condition in store.study.conditions:
            cell, problem = condition.built_in_cell(), condition.problem()
            runs = np.arange(condition.runs)
            weights = cells.pack(cell, store.tensors(condition.folder, runs, np.full(len(runs), condition.epochs)))
            depths = np.array([prove(cell, flat, problem).max_depth for flat in weights])
            exact = depths >= LEAST_EXACT_DEPTH
            if not exact.any():
                continue
            row = stressed(cell, weights[exact], depths[exact], problem, asked.tokens)
            false |= bool(row[-1])
            name = f"{condition.language}, {condition.task}"
            print("| " + " | ".join(map(str, [name, condition.cell, cell.hidden_size, *row])) + " |", flush=True)
    sys.exit(false)


if __name__ == "__main__":
    main()
