"""Are models that were proved exact right in plain `torch.nn` on the CPU, too, on words of 100,000 tokens?

    python benchmarks/plain_torch.py STORE [STORE ...] [--models 100] [--tokens 100000]

Takes the last epoch of the first models of every store, loads them with `load_state_dict(strict=True)` into a plain
module, and runs it on a ramp (half the tokens up, half down), on `()` repeated and on a random walk of brackets that
ends balanced. Prints how many models answer right at every token.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from longcount import cells
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.store.store import Store
from longcount.training.torch_modules import counter


def walk(tokens: int, seed: int) -> np.ndarray:
    """A random balanced word: a fair walk, reflected at 0, brought down at its end."""
    steps = np.random.default_rng(seed).integers(0, 2, tokens).astype(np.uint8)
    depth = 0
    for t in range(tokens):
        if depth == 0:
            steps[t] = 0
        elif depth == tokens - t:
            steps[t] = 1
        depth += 1 - 2 * int(steps[t])
    return steps


def main() -> None:
    """Load, run, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+")
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=100_000)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    parts = [dyck.ramps([asked.tokens // 2]).tokens, dyck.shallow(asked.tokens).tokens, walk(asked.tokens, 0)]
    tokens = np.stack(parts, axis=1)  # [tokens, words]
    words = Words(tokens.T.reshape(-1).copy(), np.arange(4, dtype=np.int64) * asked.tokens)
    targets = dyck.targets(words).reshape(3, asked.tokens, 2).astype(bool)
    letters = torch.eye(2)[torch.from_numpy(np.ascontiguousarray(tokens.T)).long()]  # [words, tokens, letters]
    for directory in asked.stores:
        store = Store.open(directory)
        condition = store.study.conditions[0]
        runs = store.runs(condition)[: asked.models]
        weights = store.weights(condition.folder, runs, np.full(len(runs), condition.epochs))
        cell = cells.get(condition.cell)
        started, right = time.perf_counter(), 0
        for flat in weights:
            module = counter(cell, cells.unpack(cell, flat))
            with torch.no_grad():
                outputs = module(letters).numpy() >= 0.5
            right += bool((outputs == targets).all())
        seconds = time.perf_counter() - started
        print(f"{condition.cell}: {right} of {len(runs)} right at every token, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
