"""``longcount bench``: how fast the engine is on this machine."""

from cyclopts import App

from longcount.commands.options import Form, Json, form_of
from longcount.commands.output import print_table, say

app = App(name="bench", help_formatter="default")


@app.default
def bench(*cell: str, form: Form = "text", json: Json = False) -> None:
    """Time training and evaluation of cells in every order, on one core and on all.

    Nanoseconds per token and model, the best of three passes over 5,000 training words by 64 models per core.

    Args:
        cell: Names of cells (`longcount list cells` lists all); default: lstm, relu and gru.
    """
    from dataclasses import asdict

    import pandas as pd

    from longcount import cells
    from longcount.benchmark import machine, timings
    from longcount.languages import splits
    from longcount.report.printed import timings_table

    asked = form_of(form, json)
    names = cell or ("lstm", "relu", "gru")
    for name in names:
        cells.get(name)
    words = splits.make_splits(0)["training"].select(range(5000))
    described = ", ".join(f"{name} {value}" for name, value in machine().items())
    say(described)
    rows = []
    for timing in timings(words, names):
        rows.append(asdict(timing))
        order = f", {timing.order}" if timing.order else ""
        cores = "core" if timing.threads == 1 else "cores"
        say(f"{timing.cell}: {timing.work}{order}, {timing.threads} {cores}: {timing.ns_per_token:.2f} ns")
    print_table(timings_table(pd.DataFrame(rows), described), asked)
