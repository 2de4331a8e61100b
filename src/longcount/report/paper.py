"""What is drawn of a reproduced paper: tables, figures and a page with ours beside theirs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from longcount import __version__, papers
from longcount.papers import Paper
from longcount.papers.findings import Findings
from longcount.papers.measuring import measured
from longcount.report import image_files
from longcount.report.document import document
from longcount.report.formats import write_table
from longcount.report.paper_figures import paper_figures
from longcount.report.paper_tables import found_out, paper_tables
from longcount.report.writing import write_bytes
from longcount.store.store import Store
from longcount.studies.executors import threads_asked
from longcount.training.protocol import canonical_sha256


def paper_of(store: Store) -> Paper | None:
    """The built-in paper whose study a store holds, where its report is this one."""
    paper = papers.PAPERS.get(store.study.name)
    return None if paper is None or paper.arm_of is None else paper


def draw_paper(
    store: Store, paper: Paper, jobs: int | None = None, by: Sequence[image_files.Helper] | None = None
) -> list[Path]:
    """Bring a reproduction's tables, figures and page up to date; see `longcount.report.draw.draw`."""
    place = store.written("figures")
    with image_files.helpers(threads_asked(jobs)) if by is None else nullcontext(by) as helpers:
        found = measured(store, paper, jobs)
        with image_files.drawing(place, paper_figures(paper, found), helpers):
            for table in paper_tables(paper, found):
                write_table(store.written("tables"), table)
            write_bytes(store.written("report.html"), page(store, paper, found).encode())
    return [store.written(name) for name in ("tables", "figures", "report.html")]


def page(store: Store, paper: Paper, found: Findings) -> str:
    """The page's HTML."""
    tables, figures = paper_tables(paper, found), paper_figures(paper, found)
    runs = sum(condition.runs for condition in store.study.conditions)
    sections = [(table.name, table.short) for table in tables]
    return document(
        "paper.html.j2",
        figures,
        title=paper.title,
        lead=f"{runs:,} networks, trained as the paper says, and its own numbers beside theirs: {paper.reproduces}.",
        sections=[*sections[:1], ("figures", "Figures"), *sections[1:]],
        facts=found_out(paper, found),
        tables=tables[:1],
        further_tables=tables[1:],
        command="longcount report DIR",
        about=f"Made by longcount {__version__} from study "
        f"{canonical_sha256(store.study.model_dump(mode='json'))[:12]} (seed {store.study.conditions[0].seed}). "
        "Everything on this page is drawn from the folder's results; the same study gives the same bytes.",
        reference=f"The paper: {paper.reference}",
    )
