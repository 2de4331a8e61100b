"""The playground as one HTML page, which needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from longcount import __version__
from longcount.engine import philox_kernel
from longcount.errors import UserError
from longcount.languages.splits import make_splits
from longcount.languages.words import Words
from longcount.report.document import as_json
from longcount.report.playground.courses import LANES
from longcount.report.playground.models import CHECKED, model, written_words
from longcount.report.programs import Programs
from longcount.report.scripts import asset, joined
from longcount.report.writing import write_bytes
from longcount.training.protocol import Condition, canonical_sha256
from longcount.training.study_files import build_study

WORKER = ("answering.js", "engine.js", "streams.js", "languages.js", "training.js", "worker.js")
PAGE = (
    "engine.js",
    "languages.js",
    "asked.js",
    "session.js",
    "charts.js",
    "elements.js",
    "tables.js",
    "drawings.js",
    "keeping.js",
    "inside.js",
    "choices.js",
    "taking.js",
    "playground.js",
)
"""Scripts beside the page and in it."""

SEED = 0
"""Of the words, whatever the seed of the networks."""

VARIANTS = {"loss": ["mse", "bce"], "clip_norm": [None, 1.0]}
"""What may be chosen of every network that the page trains."""

SHOWN = (
    {"cell": ["lstm", "relu", "gru"], "language": ["dyck1", "an_bn"], **VARIANTS},
    {"cell": ["lstm", "relu", "gru"], "language": "shuffle2", "hidden_size": 2, **VARIANTS},
    {"cell": "lstm", "hidden_size": 2, **VARIANTS},
)
"""What the page can train, as the grids of a study."""


def conditions(grids: Sequence[Mapping[str, Any]] = SHOWN) -> tuple[Condition, ...]:
    """What a page can train, of grids as study files have them.

    Raises:
        UserError: there is no such cell or language.
    """
    return build_study({"name": "playground", "runs": 1, "grid": list(grids)}, where="playground").conditions


def playground_data(shown: Sequence[Condition], splits: Mapping[str, dict[str, Words]]) -> dict[str, Any]:
    """All that the page computes with.

    Args:
        shown: what it can train.
        splits: the words, training and validation, of each of their languages.

    Raises:
        UserError: a cell starts in a way that a page cannot follow.
    """
    programs, words, models = Programs(), {}, []
    philox = programs.add("philox", philox_kernel.ARGUMENTS, philox_kernel.philox_program())
    for variants in _grouped(shown):
        condition = variants[0]
        problem, its = condition.problem(), splits[condition.language]
        models.append(model(programs, variants, its))
        if condition.language not in words:
            words[condition.language] = {
                split: written_words(its[split], problem, models[-1]["row"]) for split in ("training", "validation")
            }
    return {
        "programs": programs.written,
        "philox": philox,
        "words": words,
        "models": models,
        "checked": CHECKED,
        "lanes": LANES,
    }


def _grouped(shown: Sequence[Condition]) -> list[list[Condition]]:
    """Conditions that differ in loss and clipping alone are of one network."""
    groups: dict[str, list[Condition]] = {}
    for condition in shown:
        key = condition.model_copy(update={"loss": "", "clip_norm": None, "folder": ""})
        groups.setdefault(canonical_sha256(key.settings()), []).append(condition)
    return list(groups.values())


def default_splits(shown: Sequence[Condition]) -> dict[str, dict[str, Words]]:
    """The words of the languages, as every study of seed 0 has them."""
    languages = {condition.language: condition.problem() for condition in shown}
    return {name: make_splits(SEED, language=its.language, task=its.task) for name, its in languages.items()}


def playground(data: Mapping[str, Any]) -> str:
    """The page's HTML, of what `playground_data` gives."""
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    environment = Environment(loader=PackageLoader("longcount.report", "assets"), autoescape=True)
    return environment.get_template("playground.html.j2").render(
        style=Markup(asset("base.css") + asset("playground.css")),
        data=as_json(data),
        worker=Markup(joined(WORKER)),
        script=Markup(joined(PAGE)),
        about=f"Made by longcount {__version__}. The words are those of every study of seed {SEED}.",
    )


def write_playground(path: Path, cells: Sequence[str] = (), language: str = "dyck1", units: int = 1) -> None:
    """Write the page; it can train further cells, by their names or as module:Name, with a language and units.

    Raises:
        UserError: there is no such cell or language, or neither where no cell is named; the page cannot train it; it
            cannot be written.
    """
    if not cells and (language, units) != ("dyck1", 1):
        raise UserError("language and units are those of further cells: name a cell, too")
    if path.is_dir():
        raise UserError(f"{path}: is a folder; give the file to write")
    further = {"cell": list(cells), "language": language, "hidden_size": units, **VARIANTS}
    shown = conditions([further, *SHOWN] if cells else SHOWN)
    write_bytes(path, playground(playground_data(shown, default_splits(shown))).encode())
