"""Do the two engines give the same distributions? Equivalence tests on a shortened protocol.

    python benchmarks/engine_equivalence.py [--runs 30] [--words 2000] [--epochs 5] [--cells lstm,relu,gru]

Each run starts on both engines from the same weights and sees the same orders, so differences are paired by run. Two
one-sided t-tests at 5% (Schuirmann 1987): the engines are equivalent in a measure where the 90% interval of the mean
difference lies within the margin. Margins were set before looking: a quarter in validation loss, 2 points of
accuracy on long words, 20 tokens of mean first point of failure on very long words.
"""

import argparse
import math
import time
from dataclasses import dataclass

import numpy as np
from scipy import stats

from longcount import cells, engine, make_splits
from longcount.languages import Words, dyck
from longcount.training import streams, torch_cells, torch_engine

MARGINS = {"validation_loss": math.log10(1.25), "long_accuracy": 2.0, "very_long_fpf": 20.0}


@dataclass(frozen=True)
class Equivalence:
    """Paired differences, PyTorch less fast engine, of one measure."""

    fast: float
    torch: float
    difference: float
    low: float
    high: float
    margin: float

    @property
    def holds(self) -> bool:
        """Whether the 90% interval lies within the margin."""
        return -self.margin < self.low and self.high < self.margin


def equivalence(fast: np.ndarray, torch: np.ndarray, margin: float) -> Equivalence:
    """Two one-sided paired t-tests of float64 [R] against float64 [R], as the 90% interval of the mean difference."""
    differences = torch - fast
    error = differences.std(ddof=1) / math.sqrt(len(differences))
    reach = float(stats.t.ppf(0.95, len(differences) - 1)) * error
    mean = float(differences.mean())
    return Equivalence(float(fast.mean()), float(torch.mean()), mean, mean - reach, mean + reach, margin)


def measures(name: str, weights: np.ndarray, splits: dict[str, Words]) -> dict[str, np.ndarray]:
    """What is compared, float64 [R] each, of models float32 [R, P]."""
    found = {
        split: engine.evaluate(cells.get(name), weights, words, dyck.targets(words)) for split, words in splits.items()
    }
    return {
        "validation_loss": np.log10(found["validation"].loss.mean(axis=1)),
        "long_accuracy": 100 * found["long"].correct.mean(axis=1),
        "very_long_fpf": found["very_long"].first_failure.mean(axis=1),
    }


def compare(name: str, splits: dict[str, Words], runs: int, epochs: int) -> dict[str, Equivalence]:
    """Train a cell on both engines by the paper's protocol, shortened."""
    cell, words = cells.get(name), splits["training"]
    other = torch_cells.torch_cell(cell)
    targets = dyck.targets(words)
    initial = np.stack([streams.initial_weights(0, name, run, cell.size()) for run in range(runs)])
    rate = cells.CELLS[name].paper_rate
    states = engine.start(initial), engine.start(initial)
    for epoch in range(1, epochs + 1):
        orders = np.stack([streams.order(0, name, run, epoch, len(words)) for run in range(runs)])
        engine.train(cell, states[0], words, targets, orders, rate)
        torch_engine.train(other, states[1], words, targets, orders, rate)
        apart = np.abs(states[0].parameters - states[1].parameters).max(axis=1)
        print(
            f"  {name} epoch {epoch}: weights apart by {np.median(apart):.2g} (median run), {apart.max():.2g} (worst)"
        )
    fast, torch = (measures(name, state.parameters, splits) for state in states)
    return {measure: equivalence(fast[measure], torch[measure], margin) for measure, margin in MARGINS.items()}


def main() -> None:
    """Print a table of all cells and measures."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=30)
    options.add_argument("--words", type=int, default=2000)
    options.add_argument("--epochs", type=int, default=5)
    options.add_argument("--cells", default="lstm,relu,gru")
    asked = options.parse_args()
    splits = make_splits(0, training_words=asked.words, validation_words=1000, long_words=1000)
    for name in asked.cells.split(","):
        begun = time.perf_counter()
        for measure, found in compare(name, splits, asked.runs, asked.epochs).items():
            verdict = "equivalent" if found.holds else "NOT equivalent"
            print(
                f"{name} {measure}: {found.fast:.4g} (fast) {found.torch:.4g} (PyTorch), difference "
                f"{found.difference:+.3g} [{found.low:+.3g}, {found.high:+.3g}], margin {found.margin:.3g}: {verdict}"
            )
        print(f"  {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
