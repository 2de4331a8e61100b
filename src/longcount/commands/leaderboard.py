"""``longcount leaderboard``: every way to make networks count, judged on the same words."""

from pathlib import Path
from typing import Annotated

from cyclopts import App

from longcount.commands.options import Form, Jobs, Json, LanguageName, Seed, form_of, number
from longcount.commands.output import print_table, say

app = App(name="leaderboard", help_format="plaintext", help_formatter="default")


@app.default
def leaderboard(
    *,
    out: Path = Path("leaderboard"),
    runs: Annotated[int, number(1, 100_000)] = 200,
    bounded: Annotated[int, number(0, 100_000)] = 50,
    only: tuple[str, ...] = (),
    language: LanguageName = "dyck1",
    units: Annotated[int, number(1, 16)] = 1,
    cell: tuple[str, ...] = (),
    seed: Seed = 0,
    jobs: Jobs = None,
    form: Form = "text",
    json: Json = False,
) -> None:
    """Train LSTM, GRU and ReLU networks under every intervention, and prove or bound what they learned.

    Run it again after an interruption: it resumes where it stopped. Table and figure are kept in tables/ and
    figures/, the page in report.html; `longcount report` draws them again.

    Args:
        out: Folder of the store, created if needed.
        runs: Networks for every intervention and cell.
        bounded: How many of them have their worst case bounded, which takes longest; a proof is tried for all.
        only: An intervention to try, by its name, beside the paper's protocol; may be given again. Default: all.
        units: Units of each network.
        cell: In whose part of the table: lstm, gru or relu; may be given again. Default: all.
    """
    from longcount import experiments
    from longcount.analysis.leaderboard import keep_leaderboard
    from longcount.report.leaderboard.draw import draw_leaderboard
    from longcount.report.leaderboard.tables import leaderboard_table
    from longcount.store.store import Store

    asked = form_of(form, json)
    frame = experiments.leaderboard(
        out,
        runs=runs,
        bounded=bounded,
        only=only,
        language=language,
        units=units,
        cells=cell,
        seed=seed,
        jobs=jobs,
        progress=True,
        tell=say,
    )
    store = Store.open(out)
    kept = keep_leaderboard(store, frame)
    draw_leaderboard(store, kept)
    print_table(leaderboard_table(kept), asked)
    say(f"tables, figure and page: {out / 'report.html'}")
