"""Up to which count do networks that were proved exact in float32 stay right in another number format?

    python benchmarks/number_formats.py STORE [STORE ...] [--models 20] [--formats bfloat16 float16] [--largest 2100]

Takes the first models of every store that `longcount certify STORE --epoch last` proved exact, rounds their weights and
the result of every operation to the format, and looks for the greatest count up to which each is right on every word
that takes a counter up to a count and down again. Prints a row of a Markdown table for each store and format.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from longcount.analysis.certificates import read_certificates
from longcount.analysis.selection import values, where
from longcount.exact.formats import first_failing_counts
from longcount.numbers.rounded import FORMATS
from longcount.store.store import Store


def main() -> None:
    """Try, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+")
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=["bfloat16", "float16"])
    parser.add_argument("--largest", type=int, default=2100)
    asked = parser.parse_args()
    print("| language | network | format | models: right up to a count of |")
    print("|:--|:--|:--|:--|")
    for directory in asked.stores:
        store = Store.open(directory)
        condition = store.study.conditions[0]
        cell, problem = condition.built_in_cell(), condition.problem()
        verdicts = read_certificates(store)
        assert verdicts is not None, "certify the store's last epoch first"
        runs = values(where(verdicts, verdict="exact", epoch=condition.epochs), "run")[: asked.models]
        weights = store.weights(condition.folder, runs, np.full(len(runs), condition.epochs))
        for form in asked.formats:
            last = first_failing_counts(cell, weights, problem, form, asked.largest) - 1
            counts = Counter(last.tolist())
            told = ", ".join(f"{models}: {count:,}" for count, models in sorted(counts.items(), reverse=True))
            print(f"| {problem.language.name} | {cell.name}, {cell.hidden_size} units | {form} | {told} |", flush=True)


if __name__ == "__main__":
    main()
