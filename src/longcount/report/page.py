"""The page of a study: every table and figure and an explorer in one HTML file, which needs no network."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from longcount import __version__
from longcount.papers import el_naggar_2022 as paper
from longcount.report.document import as_json, document
from longcount.report.explorer import embedded
from longcount.report.formats import Table
from longcount.report.layout import Figure
from longcount.report.opening import opening
from longcount.report.programs import Programs
from longcount.report.scripts import joined
from longcount.report.table1 import cell_title
from longcount.report.tables import facts, runs_shown
from longcount.report.writing import write_bytes
from longcount.store.store import Store
from longcount.training.protocol import Condition, canonical_sha256

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]

LINKED = ("elements.js", "selection.js", "linking.js", "epochs.js")
EXPLORING = (
    "asked.js",
    "engine.js",
    "languages.js",
    "judging.js",
    "charts.js",
    "beside.js",
    "telling.js",
    "tracks.js",
    "explorer.js",
)
WORKER = (
    "answering.js",
    "engine.js",
    "judging.js",
    "languages.js",
    "tracing.js",
    "drift.js",
    "witness.js",
    "looking.js",
)
"""The page's scripts besides those of all pages, and those of its worker, each after those that it imports from."""

MOST_NAMED = 8  # conditions that the page's lead names one by one


def page(store: Store, results: "Results", tables: list[Table], figures: list[Figure]) -> str:
    """The page's HTML."""
    from markupsafe import Markup

    programs = Programs()
    models = embedded(store, results, programs)
    return document(
        "page.html.j2",
        figures,
        LINKED + EXPLORING if models else LINKED,
        title="How far can a recurrent network count?",
        lead=lead(store),
        of_dyck1="table1" in results,
        sections=sections(tables, figures, bool(models), any(model["exact"] for model in models.values())),
        opening=opening(results) if "table1" in results else None,
        facts=facts(results),
        tables=tables[:3],
        further_tables=tables[3:],
        runs=runs_shown(results),
        links=[address(row) for row in results["models"].to_dict("records")],
        command="longcount report DIR",
        about=f"Made by longcount {__version__} from study "
        f"{canonical_sha256(store.study.model_dump(mode='json'))[:12]} (seed {store.study.conditions[0].seed}). "
        "Everything on this page is drawn from the folder's results; the same study gives the same bytes.",
        reference=f"The paper: {paper.REFERENCE}" if "table1" in results else "",
        models=as_json(models) if models else "",
        programs=as_json(programs.written),
        worker=Markup(joined(WORKER)),
    )


def sections(
    tables: list[Table], figures: list[Figure], explorer: bool, exact: bool
) -> "list[tuple[str, str] | tuple[str, list[tuple[str, str]]]]":
    """The page's menu: anchors with their names, or what is opened to choose among several, with those."""
    of_page = [(table.name, table.short) for table in tables]
    of_page += [
        (figure.name, figure.title.split(". ")[0] if figure.title.startswith("Figure") else figure.title)
        for figure in figures
    ]
    groups: dict[str, list[tuple[str, str]]] = {"Results": [], "Causes": [], "Cures": []}
    for anchor, name in of_page:
        groups[next((group for start, group in GROUPS.items() if anchor.startswith(start)), "Results")].append(
            (anchor, name)
        )
    if exact:
        groups["Cures"].append(("beside", "Beside exact networks"))
    return [
        ("summary", "In short"),
        ("terms", "Terms"),
        *((group, links) for group, links in groups.items() if links),
        *([("explorer", "Look inside")] if explorer else []),
        ("runs", "Every run"),
    ]


GROUPS = {"predictors": "Causes", "figure3": "Causes", "failure": "Causes", "repair": "Cures", "worst": "Cures"}
"""The groups of the menu by what anchors begin with; the others are results."""


def address(row: "dict[str, Any]") -> str:
    """The part of the page's address that chooses a run."""
    return f"#{urlencode({'model': row['condition'], 'run': row['run']})}"


def lead(store: Store) -> str:
    """What the page is about, in a sentence or two: which networks, of which languages, asked what."""
    by_problem: dict[tuple[str, str], list[Condition]] = {}
    for condition in store.study.conditions:
        by_problem.setdefault((condition.language, condition.task), []).append(condition)
    return " ".join(_told_of(asked, conditions) for asked, conditions in by_problem.items())


def _told_of(asked: tuple[str, str], conditions: list[Condition]) -> str:
    runs = sum(condition.runs for condition in conditions)
    few = len(conditions) <= MOST_NAMED
    study = ", ".join(f"{condition.runs} {cell_title(condition.folder)}" for condition in conditions)
    networks = f"{study} networks" if few else f"{runs:,} networks of {len(conditions)} conditions"
    if asked == paper.ASKED:
        return (
            f"{networks}, trained to say which bracket may come next in a Dyck-1 word, and everything that the paper "
            "shows of them, beside the paper's own numbers."
        )
    problem = conditions[0].problem()
    language, task = problem.language, problem.task
    return f"{networks} that read words of {language.name} ({language.description}) and say, {task.description}."


def write_page(path: Path, store: Store, results: "Results", tables: list[Table], figures: list[Figure]) -> None:
    """Write the page.

    Raises:
        UserError: where it cannot be written.
    """
    write_bytes(path, page(store, results, tables, figures).encode())
