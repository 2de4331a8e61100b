"""What each part of an exact recipe is worth: every part left out once, every run judged at the last epoch.

    python benchmarks/ablation.py [--runs 128] [--cell lstm] [--language shuffle2 --units 2] [--jobs 2]

Prints a Markdown table: the share of all runs that are right, with its 95% Wilson interval, and how often runs began.
Of one unit on Dyck-1 "right" is proved exact (to depth 100,000 at least); of other networks every
output right on the words of `far_words.py`. Seed 0; the words are those of a study, seed 0.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

import far_words
from longcount.analysis.spread import wilson_interval
from longcount.exact.certify import LEAST_EXACT_DEPTH, prove
from longcount.languages.splits import make_splits
from longcount.languages.words import Words
from longcount.training import recipes, streams
from longcount.training.protocol import Condition
from longcount.training.study_files import build_study
from longcount.training.trained import Trained

BLOCK = 32


def right(condition: Condition, weights: np.ndarray) -> int:
    """How many of the networks float32 [runs, P] are right."""
    if condition.is_one_unit and condition.language == "dyck1":
        cell = condition.built_in_cell()
        return sum(prove(cell, flat).max_depth >= LEAST_EXACT_DEPTH for flat in weights)
    return int(far_words.right(condition, weights).sum())


def trained(condition: Condition, recipe: recipes.Recipe, splits: dict[str, Words], first: int) -> Trained:
    """A block of the condition's runs from a first one on, trained by a recipe."""
    cell, stream, words = condition.built_in_cell(), condition.stream, splits["training"]
    return recipes.train(
        recipe,
        list(range(first, min(first + BLOCK, condition.runs))),
        lambda run, attempt: streams.initial_weights(0, stream, run, cell.size(), attempt),
        lambda run, epoch: streams.order(0, stream, run, epoch, len(words)),
        words,
        splits["validation"],
        cell=cell,
        problem=condition.problem(),
    )


def main() -> None:
    """Train, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=128)
    parser.add_argument("--cell", action="append", choices=list(recipes.EXACT))
    parser.add_argument("--language", default="dyck1")
    parser.add_argument("--units", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    splits = make_splits(0, language=asked.language)
    print("| recipe | right | of runs | 95% | starts | seconds |")
    print("|:--|--:|--:|--:|--:|--:|")
    for name in asked.cell or list(recipes.EXACT):
        study = {"cell": name, "language": asked.language, "hidden_size": asked.units, "recipe": "exact"}
        condition = build_study({**study, "runs": asked.runs}).conditions[0]
        whole = condition.settled_recipe()
        for recipe in (whole, *(whole.without(part) for part in whole.parts)):
            started = time.perf_counter()
            with ThreadPoolExecutor(asked.jobs) as executor:
                train = partial(trained, condition, recipe, splits)
                blocks = list(executor.map(train, range(0, asked.runs, BLOCK)))
            found = right(condition, np.concatenate([block.weights[:, -1] for block in blocks]))
            draws = int(sum(block.draws.sum() for block in blocks))
            low, high = wilson_interval(found, asked.runs)
            seconds = time.perf_counter() - started
            print(
                f"| {name}: {recipe.name} | {found} | {asked.runs} | {low:.1%}–{high:.1%} | {draws} | {seconds:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
