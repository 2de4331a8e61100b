"""How far do PyTorch's predictions for the same weights lie from ours?

    longcount reproduce --out paper
    python benchmarks/pytorch_agreement.py paper

Loads every run's best model into a plain `torch.nn` module and compares hidden states and first points of failure on
the Very Long words (1,000 tokens) and on words of 100,000 tokens.
"""

import argparse

import numpy as np
import torch

from longcount import Store, cells, engine
from longcount.languages import Words, dyck
from longcount.store.exchange import tensors_of
from longcount.training import torch_engine
from longcount.training.torch_cells import torch_cell
from longcount.training.torch_modules import Counter, counter

LENGTH = 100_000


def long_words(very_long: Words) -> dict[str, Words]:
    """Words of 100,000 tokens, by what they are."""
    return {
        "Very Long words end to end, 100,000 tokens": Words.from_strings(["".join(very_long.strings())[:LENGTH]]),
        "`()` repeated, 100,000 tokens": Words.from_strings(["()" * (LENGTH // 2)]),
    }


def hidden_states(name: str, flat: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """PyTorch's h after every token, float32 [T]."""
    module = counter(cells.get(name), cells.unpack(cells.get(name), flat))
    letters = torch.eye(2)[torch.tensor(tokens, dtype=torch.int64)]
    with torch.no_grad():
        return super(Counter, module).forward(letters)[0][:, 0].numpy()


def compare(name: str, weights: np.ndarray, words: Words) -> str:
    """One line: the largest difference in h, and the failures that moved."""
    cell = cells.get(name)
    apart, scale, relative = 0.0, 0.0, 0.0
    for word in range(min(len(words), 3)):
        ours = engine.trace(cell, weights, words[word])["h"][:, 0]
        theirs = np.stack([hidden_states(name, flat, words[word]) for flat in weights], axis=-1)
        with np.errstate(invalid="ignore"):  # a ReLU may grow to infinity; where both have, they agree
            difference = np.where(ours == theirs, 0, np.abs(ours - theirs))
            relative = max(relative, float(np.nanmax(difference / np.maximum(np.abs(ours), 1))))
        apart = max(apart, float(difference.max()))
        scale = max(scale, float(np.abs(ours).max()))
    targets = dyck.targets(words)
    ours = engine.evaluate(cell, weights, words, targets).first_failure
    theirs = torch_engine.evaluate(torch_cell(cell), weights, words, targets).first_failure
    moved = np.argwhere(ours != theirs)
    line = (
        f"h apart by at most {apart:.2g}, {relative:.2g} of max(|h|, 1) (|h| up to {scale:.3g}); "
        f"FPF moved in {len(moved)} of {ours.size}"
    )
    if len(moved):
        places = sorted((min(ours[run, word], theirs[run, word]), run, word) for run, word in moved)[:5]
        margins = [margin(name, weights[run], words[word][: first + 1]) for first, run, word in places]
        step = np.abs(ours - theirs).max()
        near = f"at the earliest five the output lay within {max(margins):.2g} of the threshold"
        line += f", by up to {step:,} tokens; {near}"
    return line


def margin(name: str, flat: np.ndarray, prefix: np.ndarray) -> float:
    """How near the engine's last outputs of a prefix come to the threshold."""
    outputs = engine.trace(cells.get(name), flat, prefix)["outputs"][-1]
    return float(np.abs(outputs - 0.5).min())


def main() -> None:
    """Print a line for every cell and kind of word."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("store")
    options.add_argument("--runs", type=int, default=10)
    asked = options.parse_args()
    torch.set_num_threads(1)
    store = Store.open(asked.store)
    for condition in store.study.conditions:
        runs = range(min(asked.runs, condition.runs))
        models = [tensors_of(store, run, condition.folder)[1] for run in runs]
        weights = np.stack([cells.pack(cells.get(condition.cell), tensors) for tensors in models])
        very_long = store.words("very_long", condition)
        for title, words in {"Very Long": very_long, **long_words(very_long)}.items():
            print(
                f"{condition.folder}, {len(runs)} models, {title}: {compare(condition.cell, weights, words)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
