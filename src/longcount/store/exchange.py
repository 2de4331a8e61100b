"""Models out of a store and into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from longcount import cells, languages
from longcount.arguments import Run, Seed, checked
from longcount.cells.recognition import Recognised, described, recognise
from longcount.errors import UserError
from longcount.languages import tasks
from longcount.languages.files import read_splits
from longcount.languages.splits import SPLITS
from longcount.store import word_sets
from longcount.store.model_stores import keep_models
from longcount.store.store import Store
from longcount.store.tensor_files import read_tensors, write_tensors
from longcount.training.best_epoch import Epoch
from longcount.training.problem import Problem, problem
from longcount.training.protocol import Condition, explain
from longcount.training.pytorch import need_torch
from longcount.training.word_source import WordSource

if TYPE_CHECKING:
    from longcount.training.torch_modules import Counter


@checked
def tensors_of(
    store: str | Path | Store, run: Run, cell: str | None = None, epoch: Epoch = "best"
) -> tuple[Condition, dict[str, np.ndarray]]:
    """One model of a store: its condition, and its tensors by name, float32 ``[*shape]``.

    Args:
        store: a store or its folder.
        run: number of the run within its cell, from 0.
        cell: a cell or condition; needed where the store holds several.
        epoch: ``"best"`` by validation loss, ``"last"``, or a number.

    Raises:
        UserError: where there is no such store, cell, run or epoch.
    """
    store = Store.open(store)
    names = [condition.folder for condition in store.study.conditions]
    if cell is None and len(names) > 1:
        raise UserError(f"{store.directory}: holds several conditions; choose one with --cell: {', '.join(names)}")
    condition = store.condition(names[0] if cell is None else cell)
    return condition, store.tensors(condition, run, epoch)


@checked
def export_run(
    store: str | Path | Store, run: Run, out: str | Path, cell: str | None = None, epoch: Epoch = "best"
) -> None:
    """Write one model of a store (see `tensors_of`) as a file that PyTorch and safetensors read.

    Args:
        store: a store or its folder.
        run: number of the run within its cell, from 0.
        out: the file: ``.safetensors``, or ``.pt`` for a PyTorch state dict.
        cell: a cell or condition; needed where the store holds several.
        epoch: ``"best"`` by validation loss, ``"last"``, or a number.

    Raises:
        UserError: where there is no such model, for another suffix, or where the disk refuses.
    """
    condition, tensors = tensors_of(store, run, cell, epoch)
    write_tensors(out, tensors, condition.cell)


@checked
def to_torch(store: str | Path | Store, run: Run, cell: str | None = None, epoch: Epoch = "best") -> Counter:
    """One model of a store as a plain `torch.nn.Module`, a `Counter`.

    Args:
        store: a store or its folder.
        run: number of the run within its cell, from 0.
        cell: a cell or condition; needed where the store holds several.
        epoch: ``"best"`` by validation loss, ``"last"``, or a number.

    Raises:
        UserError: where there is no such model, it is a module of its own, or PyTorch is not installed.
    """
    need_torch()
    from longcount.training.torch_modules import counter

    condition, tensors = tensors_of(store, run, cell, epoch)
    if condition.module is not None:
        raise UserError(
            f"{condition.folder}: a PyTorch module of your own ({condition.module}); "
            "export it and load the file into that module"
        )
    return counter(condition.built_in_cell(), tensors, link=condition.problem().question.link)


@checked
def import_models(
    paths: Sequence[str | Path],
    out: str | Path,
    *,
    cell: str | None = None,
    renamed: Mapping[str, str] | None = None,
    data: str | Path | None = None,
    seed: Seed = 0,
    language: str = "dyck1",
    task: str = "next_letters",
    threshold: float | None = None,
) -> list[Recognised]:
    """Put models from files into a new store, measured on words as trained ones are.

    Args:
        paths: files of one model each; run k of a cell is the k-th file that holds that cell.
        out: the store's folder, new or empty.
        cell: the models' cell; default: as the files say or their shapes tell.
        renamed: names of tensors, or prefixes that end in a dot, to ours.
        data: a folder of word files; the splits that it lacks are made.
        seed: of the words that are made.
        language: what the models read, built in or ``module:Name``; its letters are their inputs in their order.
        task: what is asked of them, built in or ``module:Name``.
        threshold: above which an output says yes, between 0 and 1; default: the task's.

    Returns:
        What was found in each file.

    Raises:
        UserError: for a file that is no such model or of other letters or outputs, bad words, or a folder that holds
            something already.
    """
    spoken, asked = languages.KIND.find(language), tasks.KIND.find(task)
    purpose = problem(spoken.part, asked.part)
    found = []
    for path in paths:
        tensors, said = read_tensors(path)
        found.append(recognise(tensors, cell or said, renamed, str(path)))
        _refuse_other_sizes(found[-1].cell, purpose, path)
    models = {
        kind: np.stack([cells.pack(kind, model.tensors) for model in found if model.cell == kind])
        for kind in dict.fromkeys(model.cell for model in found)
    }
    members_only = not purpose.task.wrong_words
    given = {} if data is None else read_splits(data, purpose.language, members_only=members_only)
    if seed and not set(SPLITS[:4]) - set(given):
        raise UserError(f"seed: {seed}: of words that are made, and all are given; leave it out")
    source = WordSource(seed=seed, given={split: words.sha256 for split, words in given.items()})
    splits = word_sets.make(source, {words.sha256: words for words in given.values()}, purpose)
    detail = {"files": ", ".join(Path(path).name for path in paths)}
    own = {field: part.source for field, part in (("language", spoken), ("task", asked)) if part.source is not None}
    fields = {"language": spoken.name, "task": asked.name, "threshold": threshold, "sources": own}
    try:
        keep_models(out, models, "imported", detail, splits, fields)
    except ValidationError as error:
        raise UserError(f"{', '.join(map(str, paths))}: {explain(error)}") from None
    return found


def _refuse_other_sizes(cell: cells.Cell, purpose: Problem, path: str | Path) -> None:
    wanted = purpose.letters, len(purpose.outputs)
    if (cell.letters, cell.outputs) != wanted:
        name = f"{purpose.task.name} on {purpose.language.name}"
        raise UserError(
            f"{path}: {described(cell)}; {name} has {wanted[0]} and {wanted[1]}: say what the model is for with "
            "--language and --task"
        )
