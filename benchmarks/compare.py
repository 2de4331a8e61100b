"""This project beside a plain PyTorch loop and a JAX version, in one run: ``make benchmark``.

Prints a Markdown table with machine and versions, and with ``--write README.md`` puts it between that file's
``<!-- benchmark -->`` marks.
"""

import argparse
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from longcount import benchmark
from longcount.languages import Words
from longcount.languages.splits import make_splits

MARK = "<!-- benchmark -->"
MODELS = 64  # trained at once by JAX, and on each core by this project; PyTorch trains one after the other
TITLES = {"lstm": "LSTM", "relu": "ReLU RNN", "gru": "GRU"}


def measure(words: Words, slow_words: Words, passes: int = 3) -> dict[str, dict[str, float]]:
    """Nanoseconds per token and model of training, for each cell: PyTorch and ours on one core, JAX and ours on all.

    Args:
        words: what our engine and JAX train on.
        slow_words: the shorter list that the PyTorch loop trains on.
    """
    # Imported here: JAX starts threads, which whoever only wants the table has no use for.
    import jax_vmap
    import pytorch_loop

    cores = benchmark.available_cores()
    figures: dict[str, dict[str, float]] = {}
    for cell in TITLES:
        ours = {
            (timing.order, timing.threads): timing.ns_per_token
            for timing in benchmark.timings(words, (cell,), tuple(sorted({1, cores})), MODELS, passes)
            if timing.work == "train"
        }
        figures[cell] = {
            "torch": min(pytorch_loop.nanoseconds_per_token(cell, slow_words) for _ in range(passes)),
            "jax": min(jax_vmap.nanoseconds_per_token(cell, words, MODELS) for _ in range(passes)),
            "shared": ours["shared", 1],
            "shuffled": ours["shuffled", 1],
            "all": ours["shuffled", cores],
        }
    return figures


def table(figures: Mapping[str, Mapping[str, float]], cores: int) -> str:
    """The Markdown table of `measure`'s figures."""
    lines = [
        f"| training, ns per token and model | PyTorch loop, 1 core | JAX, {cores} cores "
        f"| longcount, 1 core | longcount, {cores} cores | times faster than PyTorch | than JAX |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for cell, ns in figures.items():
        lines.append(
            f"| {TITLES[cell]} | {ns['torch']:,.0f} | {ns['jax']:,.0f} | {ns['shuffled']:.1f} "
            f"| {ns['all']:.1f} | {ns['torch'] / ns['shuffled']:,.0f} | {ns['jax'] / ns['all']:,.0f} |"
        )
    return "\n".join(lines)


def replace_marked(text: str, content: str) -> str:
    """The text with what stands between its two marks replaced.

    Raises:
        ValueError: where the text does not hold the mark exactly twice.
    """
    before, _, after = text.split(MARK)
    return f"{before}{MARK}\n{content}\n{MARK}{after}"


def main() -> None:
    """Measure, print and, where asked, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between this file's marks")
    arguments = parser.parse_args()
    words = make_splits(0)["training"]
    figures = measure(words.select(range(5_000)), words.select(range(500)))
    machine = benchmark.machine() | {name: version(name) for name in ("torch", "jax")}
    described = ", ".join(f"{name} {value}" for name, value in machine.items())
    content = f"{table(figures, benchmark.available_cores())}\n\n"
    content += f"Measured by `make benchmark` ({MODELS} models at once) on {described}."
    print(content)
    if arguments.write:
        arguments.write.write_text(replace_marked(arguments.write.read_text(), content))


if __name__ == "__main__":
    main()
