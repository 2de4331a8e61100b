"""Stores of models that were not trained here: imported, constructed or repaired. They have epoch 0 alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from longcount import cells, disk, sources
from longcount.errors import UserError
from longcount.languages.words import Words
from longcount.store import creation, word_sets
from longcount.store.first_failures import write_first_failures
from longcount.store.publish import publish
from longcount.store.store import STUDY_FILE, Store
from longcount.training.merging import merge
from longcount.training.metrics import measure
from longcount.training.protocol import Condition, Origin, Study, canonical_sha256
from longcount.training.trained import Trained
from longcount.training.word_source import WordSource

BLOCK_MODELS = 1000


def keep_models(
    directory: str | Path,
    models: Mapping[str, np.ndarray] | Mapping[cells.Cell, np.ndarray],
    kind: Literal["imported", "constructed", "repaired"],
    detail: Mapping[str, str],
    splits: Mapping[str, Words] | None = None,
    asked: Mapping[str, Any] | None = None,
) -> Store:
    """Put models into a new store, measured on words where there are any.

    Args:
        directory: the store's folder, new or empty.
        models: flat weights by cell, float32 [R, P]; run r of a cell is row r. A name stands for the cell with one
            hidden unit.
        kind: where they come from.
        detail: how, as words: the file, the method, its factor ...
        splits: words by split; the validation words decide whether a model counts as learned.
        asked: fields of a condition that say what the models are for, such as language and task; default: Dyck-1's
            next letters.

    Returns:
        The store.

    Raises:
        UserError: where the folder holds something already, or the disk refuses.
    """
    directory = Path(directory)
    splits = dict(splits or {})
    given = {split: words.sha256 for split, words in splits.items()}
    words = WordSource(seed=0, given=given)
    conditions = []
    for key, weights in models.items():
        cell = cells.get(key) if isinstance(key, str) else key
        start = "learned" if cell.learned_start else "zero"
        sizes = {"hidden_size": cell.hidden_size, "layers": cell.layers, "start": start}
        settings = {**(asked or {}), "cell": cell.name, **sizes, "runs": len(weights), "epochs": 0, "words": words}
        source = sources.source_of(type(cell))
        settings["sources"] = {**settings.get("sources", {}), **({} if source is None else {"cell": source})}
        conditions.append(Condition.model_validate(settings))
    settled = [condition.model_copy(update={"word_set": word_sets.FOLDER}) for condition in merge(conditions)]
    weights_of = dict(zip([condition.folder for condition in settled], models.values(), strict=True))
    origin = Origin(kind=kind, detail=dict(detail))
    study = Study(name=kind, conditions=tuple(settled), block_runs=BLOCK_MODELS, origin=origin)
    creation.refuse_foreign_folder(directory)
    with creation.working_in(directory), disk.disk_errors_told(directory):
        if (directory / STUDY_FILE).exists():
            raise UserError(f"{directory}: already holds a store; give a new or an empty folder")
        store = Store(directory, study, {})
        creation.clear_half_made(store)
        if splits:
            store.word_hashes[word_sets.FOLDER] = word_sets.write(directory / word_sets.FOLDER, splits, store.aside)
        creation.keep_sources(store)
        store.save_study()
        for block in store.blocks():
            condition = block.condition
            (directory / "runs" / condition.folder).mkdir(parents=True, exist_ok=True)
            weights = np.asarray(weights_of[condition.folder], np.float32)[block.first : block.end, None]
            number = len(block.runs)
            untrained = Trained(weights, np.empty((number, 0)), np.ones(number, np.int64))
            table, _ = measure(condition, block.runs, untrained, splits)
            made_from = canonical_sha256([origin.model_dump(mode="json"), disk.sha256(weights.tobytes())])
            publish(store, block, weights, table, made_from)
        write_first_failures(store)
    return store
