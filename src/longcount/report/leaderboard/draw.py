"""Everything that is drawn from a leaderboard, in one call."""

from pathlib import Path

from longcount.analysis.leaderboard import Leaderboard
from longcount.report import image_files
from longcount.report.leaderboard.figure import leaderboard_figure
from longcount.report.leaderboard.page import leaderboard_page
from longcount.report.leaderboard.tables import write_leaderboard
from longcount.report.writing import write_bytes
from longcount.store.store import Store


def draw_leaderboard(store: Store, leaderboard: Leaderboard) -> list[Path]:
    """Write a leaderboard's tables, figure and page from its results. The same results give the same bytes.

    Returns:
        The folders and the page.

    Raises:
        UserError: where they cannot be written.
    """
    figure = leaderboard_figure(leaderboard)
    write_leaderboard(store.written("."), leaderboard)
    image_files.write_figures(store.written("figures"), [figure])
    write_bytes(store.written("report.html"), leaderboard_page(store, leaderboard, figure).encode())
    return [store.written(name) for name in ("tables", "figures", "report.html")]
