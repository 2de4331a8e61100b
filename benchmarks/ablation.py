"""What each part of an exact recipe is worth: every part left out once, every run judged by proof at the last epoch.

    python benchmarks/ablation.py [--runs 128] [--cell lstm] [--jobs 2]

Prints a Markdown table: share of all runs proved exact (LSTM and ReLU to depth 2^24, GRU to 100,000), with its 95%
Wilson interval, and how often runs began. Seed 0; the words are those of the paper's protocol, seed 0.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from longcount import cells
from longcount.analysis.spread import wilson_interval
from longcount.exact.boxes import Model
from longcount.exact.theories import depth_of, prove
from longcount.languages.splits import make_splits
from longcount.training import recipes, streams
from longcount.training.trained import Trained

BLOCK = 32


def main() -> None:
    """Train, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=128)
    parser.add_argument("--cell", action="append", choices=list(recipes.EXACT))
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    splits = make_splits(0)
    words = splits["training"]
    print("| recipe | proved exact | of runs | 95% | starts | seconds |")
    print("|:--|--:|--:|--:|--:|--:|")
    for name in asked.cell or list(recipes.EXACT):
        whole = recipes.EXACT[name]
        cell = cells.get(name)
        depth = depth_of(cell)
        for recipe in (whole, *(whole.without(part) for part in whole.parts)):

            def train(first: int, recipe: recipes.Recipe = recipe, cell: cells.Cell = cell) -> Trained:
                return recipes.train(
                    recipe,
                    list(range(first, min(first + BLOCK, asked.runs))),
                    lambda run, attempt: streams.initial_weights(0, cell.name, run, cell.size(), attempt),
                    lambda run, epoch: streams.order(0, cell.name, run, epoch, len(words)),
                    words,
                    splits["validation"],
                )

            started = time.perf_counter()
            with ThreadPoolExecutor(asked.jobs) as executor:
                trained = list(executor.map(train, range(0, asked.runs, BLOCK)))
            last = np.concatenate([block.weights[:, -1] for block in trained])
            draws = int(sum(block.draws.sum() for block in trained))
            proved = sum(prove(Model(cell, flat), depth).max_depth >= depth for flat in last)
            low, high = wilson_interval(proved, asked.runs)
            seconds = time.perf_counter() - started
            print(
                f"| {name}: {recipe.name} | {proved} | {asked.runs} | {low:.1%}–{high:.1%} | {draws} | {seconds:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
