"""``longcount leaderboard``: every way to make networks count, judged on the same words."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App

from longcount.commands.options import Jobs, Json, Seed, number

app = App(name="leaderboard", help_format="plaintext", help_formatter="default")


@app.default
def leaderboard(
    *,
    out: Path = Path("leaderboard"),
    runs: Annotated[int, number(1, 100_000)] = 200,
    bounded: Annotated[int, number(0, 100_000)] = 50,
    only: tuple[str, ...] = (),
    seed: Seed = 0,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Train LSTM, GRU and ReLU networks under every intervention, and prove or bound what they learned.

    Run again after an interruption, it resumes where it stopped. Table and figure are kept in tables/ and figures/, the
    page in report.html; `longcount report` draws them again.

    Args:
        out: Folder of the store, created if needed.
        runs: Networks for every intervention and cell.
        bounded: How many of them have their worst case bounded, which takes longest; all are tried to be proved exact.
        only: An intervention to try, by its name, beside the paper's protocol; may be given again. Default: all.
    """
    from longcount.analysis.interventions import interventions_called, leaderboard_study
    from longcount.analysis.leaderboard import keep_leaderboard, make_leaderboard
    from longcount.commands.output import print_json, print_table, say
    from longcount.report.leaderboard.draw import draw_leaderboard
    from longcount.report.leaderboard.tables import leaderboard_shown
    from longcount.store.store import Store
    from longcount.studies.progress import shown

    chosen = interventions_called(only)
    study = leaderboard_study(runs, seed, interventions=chosen)
    with shown() as listen:
        frame = make_leaderboard(
            out, study, jobs=jobs, bounded_runs=bounded, interventions=chosen, listen=listen, tell=say
        )
    store = Store.open(out)
    draw_leaderboard(store, keep_leaderboard(store, frame))
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    if json:
        print_json(rows)
        say(f"tables, figure and page: {out / 'report.html'}")
        return

    from rich.table import Table

    table = Table(title="Ways to make networks count", caption="95% intervals in brackets; FPF in tokens of 1,000")
    shown_rows = leaderboard_shown(frame)
    for name in shown_rows.columns:
        table.add_column(name, justify="left" if name in ("cell", "intervention") else "right")
    for row in shown_rows.to_numpy().tolist():
        table.add_row(*row)
    print_table(table)
    say(f"tables, figure and page: {out / 'report.html'}")
