"""``longcount bench``: how fast the engine is on this machine."""

from cyclopts import App

from longcount.commands.options import Json
from longcount.commands.output import print_json, print_table, say

app = App(name="bench", help_formatter="default")


@app.default
def bench(*cell: str, json: Json = False) -> None:
    """Time training and evaluation of cells in every order, on one core and on all.

    Nanoseconds per token and model, the best of three passes over 5,000 training words by 64 models per core.

    Args:
        cell: Names of cells (`longcount list cells` lists all); default: lstm, relu and gru.
    """
    from dataclasses import asdict

    from longcount import cells
    from longcount.benchmark import machine, timings
    from longcount.languages import splits

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
    if json:
        print_json(rows)
        return

    from rich.table import Table

    counts = sorted({row["threads"] for row in rows})
    table = Table(title="Nanoseconds per token and model", caption=described)
    for name in ("cell", "work", "order"):
        table.add_column(name)
    for count in counts:
        table.add_column(f"{count} core" + ("s" if count > 1 else ""), justify="right")
    figures = {(row["cell"], row["work"], row["order"], row["threads"]): row["ns_per_token"] for row in rows}
    for name, work, order in dict.fromkeys(key[:3] for key in figures):
        table.add_row(name, work, order or "", *(f"{figures[name, work, order, count]:.2f}" for count in counts))
    print_table(table)
