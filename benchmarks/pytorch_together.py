"""Many runs in one vectorised PyTorch call, or one after another? ``python benchmarks/pytorch_together.py``

Prints milliseconds of processor time per update and run, online training on the paper's words, one core.
"""

import time

import numpy as np
import torch

from longcount import cells, engine, make_splits
from longcount.languages import Words, dyck
from longcount.training import torch_engine
from longcount.training.torch_cells import torch_cell

UPDATES = 12


def milliseconds(name: str, hidden_size: int, runs: int, together: bool, words: Words) -> float:
    """Processor time by update and run, the best of three."""
    cell = cells.get(name, hidden_size)
    other, targets = torch_cell(cell), dyck.targets(words)
    generator = np.random.default_rng(0)
    initial = cells.initialise(cell, generator.uniform(-1, 1, (runs, cell.size())).astype(np.float32))
    orders = np.stack([generator.permutation(len(words))[:UPDATES] for _ in range(runs)])
    spent = []
    for _ in range(3):
        state = engine.start(initial)
        begun = time.process_time()
        torch_engine.train(other, state, words, targets, orders, 0.01, together=together)
        spent.append(time.process_time() - begun)
    return 1000 * min(spent) / UPDATES / runs


def main() -> None:
    """Print a Markdown table."""
    words = make_splits(0)["training"]
    print(f"PyTorch {torch.__version__}, mean {words.lengths.mean():.1f} tokens per word\n")
    print("| cell | hidden size | alone | 2 together | 8 together | 32 together | 128 together |")
    print("|---|---|---|---|---|---|---|")
    for name, hidden_size in (("lstm", 1), ("gru", 1), ("relu", 1), ("lstm", 32)):
        figures = [milliseconds(name, hidden_size, 1, False, words)]
        figures += [milliseconds(name, hidden_size, runs, True, words) for runs in (2, 8, 32, 128)]
        print(f"| {name} | {hidden_size} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |", flush=True)


if __name__ == "__main__":
    main()
