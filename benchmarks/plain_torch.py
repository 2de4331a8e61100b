"""Are models that were proved exact right in plain `torch.nn` on the CPU, too, on words of 100,000 tokens?

    python benchmarks/plain_torch.py STORE [STORE ...] [--models 100] [--tokens 100000]

Takes the first models of every store that `longcount certify STORE --epoch last` proved exact, loads them with
`load_state_dict(strict=True)` into a plain module, and asks it after every token of three words of the store's
language: one that takes a counter up as fast as it goes and down again, one of random letters, and one of random
letters that keeps every counter at 2 or below. (Where random letters end a word early, it is short.) Prints how many
models are right at every token.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from longcount import cells
from longcount.analysis.certificates import read_certificates
from longcount.analysis.selection import values, where
from longcount.exact.formats import climbing_word
from longcount.exact.search import completed
from longcount.languages.machine import Machine
from longcount.languages.words import Words
from longcount.store.store import Store
from longcount.training.torch_modules import counter


def random_word(machine: Machine, tokens: int, most: float, seed: int = 0) -> np.ndarray:
    """A word of random letters in which no counter exceeds `most`, uint8 [about tokens, or less]."""
    random, configuration, word = np.random.default_rng(seed), machine.start, []
    while len(word) < tokens:
        open_ = [pair for pair in machine.following(configuration) if max(pair[1].counters) <= most]
        if not open_:
            break
        letter, configuration = open_[random.integers(len(open_))]
        word.append(machine.letters.index(letter))
    return completed(machine, np.array(word, np.uint8))


def main() -> None:
    """Load, run, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+")
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=100_000)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for directory in asked.stores:
        store = Store.open(directory)
        condition = store.study.conditions[0]
        cell, problem = condition.built_in_cell(), condition.problem()
        machine = problem.language
        assert isinstance(machine, Machine)
        assert problem.task.name == "next_letters"
        words = [random_word(machine, asked.tokens, most) for most in (np.inf, 2)]
        words.insert(0, climbing_word(machine, asked.tokens // 2))
        verdicts = read_certificates(store)
        assert verdicts is not None, "certify the store's last epoch first"
        runs = values(where(verdicts, verdict="exact", epoch=condition.epochs), "run")[: asked.models]
        weights = store.weights(condition.folder, runs, np.full(len(runs), condition.epochs))
        started, right = time.perf_counter(), np.ones(len(weights), bool)
        for word in words:
            targets = problem.targets(Words(word, np.array([0, len(word)]), machine.letters)).astype(bool)
            letters = torch.eye(len(machine.letters))[torch.tensor(word.astype(np.int64))]
            for model in np.flatnonzero(right):
                module = counter(cell, cells.unpack(cell, weights[model]))
                with torch.no_grad():
                    right[model] = ((module(letters).numpy() >= problem.question.threshold) == targets).all()
        lengths = " + ".join(f"{len(word):,}" for word in words)
        name = f"{problem.language.name}, {cell.name} of {cell.hidden_size} units"
        seconds = time.perf_counter() - started
        print(f"{name}: {right.sum()} of {len(runs)} right at every token of {lengths}, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
