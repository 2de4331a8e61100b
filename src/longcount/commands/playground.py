"""``longcount playground --out FILE``: a page that trains networks before its reader's eyes."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from longcount.commands.options import LanguageName, number

app = App(name="playground", help_format="plaintext", help_formatter="default")


@app.default
def playground(
    *,
    out: Path,
    cell: Annotated[list[str] | None, Parameter(negative="")] = None,
    language: LanguageName = "dyck1",
    units: Annotated[int, number(1, 8)] = 1,
) -> None:
    """Write a page on which networks learn to count while you watch: one HTML file, which needs no network.

    The page computes with the engine's own programs, compiled to WebAssembly: what it trains is bit for bit what
    `longcount train` trains.

    Args:
        out: The file, such as playground.html.
        cell: A further cell to choose on the page (`longcount list cells`), or module:Name of your own; may be given
            several times.
        units: Hidden units of the further cells.
    """
    from longcount.commands.output import say
    from longcount.report.playground.page import write_playground

    write_playground(out, cell or [], language, units)
    say(f"{out}: open it in a browser")
