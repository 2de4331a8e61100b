"""Study files: a study as the union of grids, in TOML or as nested tables.

Any field of a condition given as a list stands for each of its values in turn, and a grid makes one condition for every
combination:

    runs = 100                          # fields before the first table hold for every grid
    [words]
    training_lengths = ["2-30", "2-50"]
    [[grid]]
    cell = ["lstm", "relu"]
    learning_rate = [0.01, 0.003]
    [[grid]]
    cell = "gru"
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from longcount import cells, sources
from longcount.errors import UserError, hint
from longcount.languages.files import FILE_NAMES
from longcount.languages.splits import SPLITS
from longcount.reading import read_toml
from longcount.training.merging import merge
from longcount.training.protocol import PLACES, Condition, Study, dotted, explain
from longcount.training.word_source import WordSource

Model = TypeVar("Model", bound=BaseModel)

FEW_RUNS = 64  # of a condition: up to here blocks have 16 runs where the study does not say, above 32

MOST_CONDITIONS = 1_000_000

# Fields of a study file that are not fields of a condition.
STUDY_FIELDS = ("name", "selection", "block_runs")


def read_study(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Study:
    """The study that a TOML file describes.

    Raises:
        UserError: where the file cannot be read, is not TOML, or holds an unknown field or a bad value.
    """
    path = Path(path)
    tables = read_toml(path, "a study file (TOML)")
    directory = tables.get("words", {}).get("directory") if isinstance(tables.get("words"), dict) else None
    if isinstance(directory, str):  # as the file means it: from where the file lies
        tables["words"]["directory"] = str(path.parent / directory)
    tables.setdefault("name", path.stem)
    return build_study(tables, overrides, str(path), (path.parent, Path.cwd()))


def build_study(
    tables: Mapping[str, Any],
    overrides: Mapping[str, Any] | None = None,
    where: str = "study",
    folders: Sequence[Path] | None = None,
) -> Study:
    """The study that nested tables describe, as a study file does.

    Args:
        tables: fields of the study, fields of every condition, and optionally ``grid``, a list of tables.
        overrides: dotted field name to value or list of values, such as ``{"words.seed": [1, 2]}``; replaces what the
            tables say.
        where: what messages begin with.
        folders: where files with the user's own parts are looked for, in turn; default: the current folder.

    Raises:
        UserError: for an unknown field or a bad value, with the nearest field's name, or a part that cannot be used.
    """
    folders = (Path.cwd(),) if folders is None else folders
    study = {field: tables[field] for field in STUDY_FIELDS if field in tables}
    common = dotted({field: value for field, value in tables.items() if field not in (*STUDY_FIELDS, "grid")})
    grids = tables.get("grid", [{}])
    if not isinstance(grids, list) or not grids or not all(isinstance(grid, Mapping) for grid in grids):
        raise UserError(f"{where}: grid: should be [[grid]] tables, one or more")
    if any("words" in table and not isinstance(table["words"], Mapping) for table in (tables, *grids)):
        raise UserError(f"{where}: words: should be a table, [words], with fields such as training_lengths")
    changed = dict(overrides or {})
    study |= {field: changed.pop(field) for field in STUDY_FIELDS if field in changed}
    conditions: list[Condition] = []
    fields_of = [{**common, **dotted(grid), **changed} for grid in grids]
    _refuse_too_many(sum(map(_combinations, fields_of)), where)
    for number, fields in enumerate(fields_of, start=1):
        place = f"{where}: grid {number}" if len(grids) > 1 else where
        refuse_unknown_fields(fields, place)
        if "cell" not in fields:
            raise UserError(f"{place}: cell: missing; one of {', '.join(cells.names())}, or a list of them")
        for point in _points(fields, place):
            _refuse_settings_of_given(point, _given_in(point.get("words.directory")), place)
            if point.get("recipe") is not None and "loss" in point:
                raise UserError(f"{place}: loss: a recipe sets it; leave it out")
            conditions.append(_validated(Condition, _nested(point), place, folders))
    try_own_parts(conditions)
    # Blocks that fill the widest lanes train a run fastest; smaller ones share a few runs among the cores.
    study.setdefault("block_runs", 32 if any(condition.runs > FEW_RUNS for condition in conditions) else 16)
    return _validated(Study, {**study, "conditions": merge(conditions)}, where)


def vary(study: Study, changes: Mapping[str, Any]) -> tuple[Condition, ...]:
    """A study's conditions with fields changed; a list of values makes one for each.

    Raises:
        UserError: for an unknown field or a bad value.
    """
    refuse_unknown_fields(changes, "study")
    _refuse_too_many(len(study.conditions) * _combinations(changes), "study")
    varied = []
    for condition in study.conditions:
        fields = dotted(condition.whole(exclude=PLACES - {"runs"}))
        fields["sources"] = {field: source for field, source in fields["sources"].items() if field not in changes}
        _refuse_settings_of_given(changes, list(condition.words.given), "study")
        points = ({**fields, **point} for point in _points(changes, "study"))
        varied += [_validated(Condition, _nested(point), "study", (Path.cwd(),)) for point in points]
    try_own_parts(varied)
    return merge(varied)


def try_own_parts(conditions: Sequence[Condition]) -> None:
    """Try the user's own parts, and initialisations that are not for every network, before anything is written: make
    the networks, and the weights of a run.

    Raises:
        UserError: where a part cannot be used, with file and line.
    """
    tried: list[Any] = []
    for device in dict.fromkeys(condition.device for condition in conditions if condition.engine == "torch"):
        _refuse_unknown_device(device)
    for condition in conditions:
        sizes = (condition.hidden_size, condition.layers, condition.dropout, condition.problem())
        what = (condition.sources, condition.cell, condition.initialisation, *sizes)
        if (condition.sources or condition.initialisation != "pytorch") and what not in tried:
            tried.append(what)
            with sources.mistakes_told():
                network = condition.network()
                if "cell" in condition.sources:
                    cells.try_equations(condition.built_in_cell(), condition.sources["cell"])
                if condition.module is None:
                    draws = np.linspace(-0.9, 0.9, network.size(), dtype=np.float32)
                    source = condition.sources.get("initialisation")
                    cells.initialise(condition.built_in_cell(), draws, condition.initialisation, source)


def _refuse_unknown_device(device: str) -> None:
    """Raise UserError for a device that PyTorch has no name for. Whether there is one, its worker knows."""
    from longcount.training.pytorch import need_torch

    need_torch()
    import torch

    try:
        torch.device(device)
    except RuntimeError as error:
        raise UserError(f"device: {str(error).partition(' device type')[0]}, not {device!r}") from None


_OF_MADE_WORDS = {
    "training": ("training_words", "training_lengths", "training_n"),
    "validation": ("validation_words", "training_lengths", "training_n", "validation_n"),
    "long": ("long_words", "long_lengths", "long_n"),
    "very_long": ("very_long_words", "very_long_length", "very_long_n"),
}
"""Settings that say how the words of a split are made."""


def _given_in(directory: object) -> list[str]:
    """The splits whose words a folder holds."""
    if not isinstance(directory, str):
        return []
    return [split for split in SPLITS if (Path(directory) / FILE_NAMES[split]).exists()]


def _refuse_settings_of_given(asked: Mapping[str, Any], given: Sequence[str], where: str) -> None:
    """Raise UserError for a setting of words that are all given: it would say nothing."""
    for name in dict.fromkeys(name for names in _OF_MADE_WORDS.values() for name in names):
        splits = [split for split, names in _OF_MADE_WORDS.items() if name in names]
        default = WordSource.model_fields[name].default
        if asked.get(f"words.{name}", default) != default and all(split in given for split in splits):
            words = f"the {' and '.join(splits)} words are given"
            raise UserError(f"{where}: words.{name}: sets how words are made, but {words}; leave it out")


def _nested(leaves: Mapping[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in leaves.items():
        *parents, field = name.split(".")
        inner = table
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[field] = value
    return table


def _points(fields: Mapping[str, Any], where: str) -> Iterable[dict[str, Any]]:
    """Every combination of the values of fields that hold a list, the last field varying fastest."""
    for name, value in fields.items():
        if isinstance(value, list) and not value:
            raise UserError(f"{where}: {name}: an empty list has no values; give at least one")
    axes = [value if isinstance(value, list) else [value] for value in fields.values()]
    for values in itertools.product(*axes):
        yield dict(zip(fields, values, strict=True))


def _combinations(fields: Mapping[str, Any]) -> int:
    return math.prod(len(value) for value in fields.values() if isinstance(value, list))


def _refuse_too_many(conditions: int, where: str) -> None:
    """Raise UserError before so many are made."""
    if conditions > MOST_CONDITIONS:
        raise UserError(f"{where}: {conditions:,} conditions; a study has at most {MOST_CONDITIONS:,}")


def refuse_unknown_fields(fields: Iterable[str], where: str) -> None:
    """Raise UserError for the first name that is no field of a study, with the nearest one that is."""
    inner = [f"words.{name}" for name in WordSource.model_fields if name != "given"]
    hidden = (PLACES - {"runs"}) | {"words", "sources"}
    known = [name for name in Condition.model_fields if name not in hidden] + inner
    for name in fields:
        if name == "words":
            raise UserError(f"{where}: words: a table of fields; name one, such as words.training_lengths")
        if name not in known:
            everything = [*known, *STUDY_FIELDS]
            inside = f"words.{name}"
            told = hint(name, everything, f"did you mean {inside!r}?" if inside in known else None)
            raise UserError(f"{where}: {name}: unknown field; {told}")


def _validated(
    model: type[Model], values: Mapping[str, Any], where: str, folders: Sequence[Path] | None = None
) -> Model:
    try:
        return model.model_validate(values, context={"folders": folders})
    except ValidationError as error:
        raise UserError(f"{where}: {explain(error)}") from None
    except UserError as error:  # of a part
        raise UserError(f"{where}: {error}") from error
