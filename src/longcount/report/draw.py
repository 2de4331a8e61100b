"""Everything that is drawn from a store, in one call."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from longcount.analysis.leaderboard import read_leaderboard
from longcount.analysis.results import analyse, read_results
from longcount.analysis.worst_case import with_verdicts, worst_cases
from longcount.arguments import Jobs, checked
from longcount.papers.el_naggar_2022.claims import claims
from longcount.papers.measuring import measured
from longcount.report import image_files
from longcount.report.different_programs import programs_table
from longcount.report.figures import figures
from longcount.report.formats import write_table
from longcount.report.layout import Figure
from longcount.report.page import write_page
from longcount.report.paper import draw_paper, paper_of
from longcount.report.paper_figures import paper_figures
from longcount.report.repair import repair_table
from longcount.report.tables import tables
from longcount.report.worst_case import worst_case_figures, worst_case_table
from longcount.store.store import Store
from longcount.studies.executors import threads_asked

if TYPE_CHECKING:
    import pandas as pd

OF_DYCK1 = {"claims": claims}
"""What is made for the page of results about Dyck-1's next letters."""


def draw(
    directory: str | Path,
    jobs: int | None = None,
    by: Sequence[image_files.Helper] | None = None,
    out: Path | None = None,
) -> list[Path]:
    """Bring a store's tables, figures and page up to date: ``tables/``, ``figures/``, ``report.html``.

    Results that are missing or older than the runs are made first; nothing is trained. The same store gives the same
    bytes. A leaderboard's store gets the leaderboard's page, and that of a reproduced paper the paper's.

    Args:
        directory: the store.
        jobs: threads; default: all cores.
        by: who draws, started earlier; default: helpers started now.
        out: a folder to write to, results made here, too; default: the store's own.

    Returns:
        The folders that have something in them, and the page.

    Raises:
        UserError: where there is no store, a leaderboard that is not finished, or it cannot be written.
    """
    store = Store.open(directory).written_to(out)
    leaderboard = read_leaderboard(store)
    if leaderboard is not None:
        from longcount.report.leaderboard.draw import draw_leaderboard  # other stores need not wait for it

        return draw_leaderboard(store, leaderboard)
    paper = paper_of(store)
    if paper is not None:
        return draw_paper(store, paper, jobs, by)
    place = store.written("figures")
    with image_files.helpers(threads_asked(jobs)) if by is None else nullcontext(by) as helpers:
        results, judged = _results(store, jobs)
        drawn = _figures(results, judged)
        told = tables(results) if judged is None else tables(results, worst_cases(store, results["models"]))
        if judged is not None:
            told.insert(3, worst_case_table(judged, results["summary"]))
        repaired = repair_table(store)
        if repaired is not None:
            told.insert(3, repaired)
        programs = programs_table(store)
        if programs is not None:
            told.insert(3, programs)
        with image_files.drawing(place, drawn, helpers):
            for table in told:
                write_table(store.written("tables"), table)
            write_page(store.written("report.html"), store, results, told, drawn)
    made = [store.written(name) for name in ("tables", "figures", "report.html")]
    return made if drawn else [made[0], made[2]]


@checked
def figures_of(store: Store | str | Path, *, jobs: Jobs | None = None) -> dict[str, Figure]:
    """The figures of a store's report by name; a notebook draws each as it is shown.

    Results that are missing or older than the runs are made first.

    Args:
        store: a store, or its folder.
        jobs: threads; default: all cores.

    Raises:
        UserError: where there is no store, or a leaderboard that is not finished.
    """
    store = Store.open(store)
    leaderboard, paper = read_leaderboard(store), paper_of(store)
    if leaderboard is not None:
        from longcount.report.leaderboard.figure import leaderboard_figure  # as for `draw`

        found = [leaderboard_figure(leaderboard)]
    elif paper is not None:
        found = paper_figures(paper, measured(store, paper, jobs))
    else:
        found = _figures(*_results(store, jobs))
    return {figure.name: figure for figure in found}


def _results(store: Store, jobs: int | None) -> "tuple[dict[str, pd.DataFrame], pd.DataFrame | None]":
    """The results, made first where they are missing, and the models that have a verdict, where any has."""
    analyse(store, jobs, OF_DYCK1)
    results = read_results(store, OF_DYCK1)
    certified = with_verdicts(store, results["models"])
    if certified is None:
        return results, None
    results["models"] = certified
    return results, certified.loc[certified["verdict"].notna()]


def _figures(results: "dict[str, pd.DataFrame]", judged: "pd.DataFrame | None") -> list[Figure]:
    return figures(results) + ([] if judged is None else worst_case_figures(judged, results["summary"]))
