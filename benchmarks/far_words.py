"""How many networks of stores are right on words far longer than those of training, at the last epoch.

    python benchmarks/far_words.py STORE...

Prints a Markdown table, one line for each condition: how many of all runs have every output right on every word of
`far_words`, with the 95% Wilson interval, and how often runs began. Not a proof: that is `longcount certify`.
"""

from __future__ import annotations

import argparse
from itertools import permutations
from pathlib import Path

import numpy as np

from longcount import cells, engine
from longcount.analysis.selection import values, where
from longcount.analysis.spread import wilson_interval
from longcount.languages.dyck import Brackets
from longcount.languages.language import Language
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words
from longcount.store.store import Store
from longcount.training.protocol import Condition

NUMBERS = [(n,) for n in (*range(1, 65), 100, 257, 1_000, 4_000)]
"""Of the words that are given by a number."""
PAIRS = [*((n, m) for n in range(1, 12) for m in range(1, 12)),
         *((60, 1), (1, 60), (60, 60), (200, 7), (7, 200), (1_000, 1_000), (4_000, 1), (1, 4_000))]  # fmt: skip
"""Numbers of the words that are given by two."""
LENGTHS = np.repeat([99, 100, 999, 1_000, 3_999, 4_000], [60, 60, 20, 20, 6, 6])
"""Of the random words of other languages, which come to an end at some of them."""


def far_words(language: Language) -> Words:
    """Words far longer than those of training, and short ones."""
    if language.numbers:
        numbers = NUMBERS if language.numbers == 1 else PAIRS
        return Words.from_strings([language.word_of(*each) for each in numbers], language.letters)
    words, ended = language.walk(LENGTHS, Uniforms(1))
    walks = words.select(np.flatnonzero(ended))
    if not isinstance(language, Brackets):
        return walks
    return Words.concatenate([walks, Words.from_strings(_of_brackets(language.letters), language.letters)])


def _of_brackets(letters: str) -> list[str]:
    """Ramps and shallow words of each pair of brackets, one within another, and all interleaved."""
    pairs = list(zip(letters[::2], letters[1::2], strict=True))
    opened, shut = letters[::2], letters[1::2]
    return [
        *(text for a, b in pairs for text in (a * 1_000 + b * 1_000, (a + b) * 1_000, (a * 3 + b * 3) * 300)),
        *(a * 500 + (c + d) * 500 + b * 500 for (a, b), (c, d) in permutations(pairs, 2)),
        *(a * 1_000 + c * 1_000 + b * 1_000 + d * 1_000 for (a, b), (c, d) in permutations(pairs, 2)),
        opened * 500 + shut * 500,
        (opened + shut) * 200,
    ]


def right(condition: Condition, weights: np.ndarray) -> np.ndarray:
    """Which networks of a condition, float32 [runs, P], are right on all far words: bool [runs]."""
    problem = condition.problem()
    words = far_words(problem.language)
    targets, cell = problem.targets(words), condition.built_in_cell()
    found = engine.evaluate(cell, weights, words, targets, problem.loss, problem.question)
    return np.asarray(found.correct.all(axis=1))


def main() -> None:
    """Read, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+", type=Path)
    print("| language | cell | units | right | of runs | 95% | starts | most starts | wrong |")
    print("|:--|:--|--:|--:|--:|--:|--:|--:|:--|")
    for directory in parser.parse_args().stores:
        store = Store.open(directory)
        for condition in store.study.conditions:
            runs, epoch = condition.runs, condition.epochs
            tensors = store.tensors(condition.folder, np.arange(runs), np.full(runs, epoch))
            found = right(condition, cells.pack(condition.built_in_cell(), tensors))
            metrics = store.metrics([condition.folder], ["validation"])
            draws = values(where(metrics, epoch=epoch), "draws")
            low, high = wilson_interval(int(found.sum()), runs)
            wrong = ", ".join(map(str, np.flatnonzero(~found)))
            print(
                f"| {condition.language} | {condition.cell} | {condition.hidden_size} | {found.sum()} | {runs} "
                f"| {low:.1%}–{high:.1%} | {draws.sum()} | {draws.max()} | {wrong} |"
            )


if __name__ == "__main__":
    main()
