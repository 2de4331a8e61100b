"""``longcount construct CELL --out DIR``: an exact counter built by hand."""

from pathlib import Path

from cyclopts import App

app = App(name="construct", help_format="plaintext", help_formatter="default")


@app.default
def construct(cell: str, /, *, out: Path) -> None:
    """Put a network that counts exactly, built by hand, into a new store, to evaluate, trace, export and certify.

    Args:
        cell: Its name: lstm, relu, gru.
        out: Folder of the store, created if needed.
    """
    from longcount import experiments
    from longcount.commands.output import say

    store = experiments.construct(cell, out)
    say(f"{store.directory}: an exact {cell}, run 0; `longcount certify {store.directory}` proves it")
