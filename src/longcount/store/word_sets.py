"""The words of a study's conditions: given or made, then kept in the store, one folder per set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from longcount import disk
from longcount.languages.files import FILE_NAMES, read_splits
from longcount.languages.splits import SPLITS, make_splits
from longcount.languages.words import Words
from longcount.training.merging import varying_labels
from longcount.training.problem import DYCK1, Problem
from longcount.training.protocol import Condition, canonical_sha256
from longcount.training.word_source import RANGES, WordSource

FOLDER = "words"


def resolve(conditions: Sequence[Condition]) -> tuple[list[Condition], dict[str, Words]]:
    """Conditions whose words depend on nothing outside: seeds settled, folders of given words replaced by hashes.

    Returns:
        The conditions, and the given words by their hash.

    Raises:
        UserError: where a folder of given words is not one, or holds bad words.
    """
    given: dict[str, Words] = {}
    found: dict[tuple[str, str, bool], dict[str, str]] = {}
    resolved = []
    for condition in conditions:
        source, asked = condition.words, condition.problem()
        changes: dict[str, object] = {"directory": None}
        if source.seed is None:
            changes["seed"] = condition.seed
        if source.directory is not None:
            key = (source.directory, condition.language, asked.task.wrong_words)
            if key not in found:
                splits = read_splits(source.directory, asked.language, members_only=not asked.task.wrong_words)
                given |= {words.sha256: words for words in splits.values()}
                found[key] = {split: words.sha256 for split, words in splits.items()}
            changes["given"] = found[key]
        resolved.append(condition.model_copy(update={"words": source.model_copy(update=changes)}))
    return resolved, given


def settle(conditions: Sequence[Condition]) -> list[Condition]:
    """Give every condition without a word set one: ``words`` for the first, a folder below it for every other."""
    tables = [_what_words(condition) for condition in conditions]
    keys = [canonical_sha256(table) for table in tables]
    distinct = dict(zip(keys, tables, strict=True))
    places = {key: condition.word_set for key, condition in zip(keys, conditions, strict=True) if condition.word_set}
    for key, label in zip(distinct, varying_labels(list(distinct.values())), strict=True):
        if key not in places:
            places[key] = f"{FOLDER}/{label}" if FOLDER in places.values() else FOLDER
    return [
        condition.model_copy(update={"word_set": places[key]}) for key, condition in zip(keys, conditions, strict=True)
    ]


def _what_words(condition: Condition) -> dict[str, Any]:
    """What a condition's words depend on."""
    own, task = condition.sources.get("language"), condition.problem().task
    return {
        "language": condition.language,
        "language_source": None if own is None else own.sha256[:8],
        "wrong_words": "random" if task.wrong_words and not task.near_misses else task.wrong_words,
        **condition.words.whole(),
    }


def make(source: WordSource, given: dict[str, Words], problem: Problem = DYCK1) -> dict[str, Words]:
    """All splits of a resolved source: the given ones as they are, the others made without any given word.

    Raises:
        UserError: where such words cannot be made.
    """
    splits = {split: given[sha256] for split, sha256 in source.given.items()}
    if set(splits) == set(SPLITS):
        return splits
    assert source.seed is not None
    made = make_splits(source.seed, language=problem.language, task=problem.task, **_settings(source))
    taken = {string for words in splits.values() for string in words.strings()}
    for split, words in made.items():
        if split not in splits:
            together = 4 if problem.task.wrong_words else 1
            splits[split] = words if split == "zigzag" else _beside(words, taken, together)
    return {split: splits[split] for split in SPLITS if split in splits}


def _settings(source: WordSource) -> dict[str, Any]:
    """What a source says of making words, where it is not what `make_splits` does anyway."""
    settings = source.model_dump(exclude={"seed", "directory", "given"}, exclude_defaults=True)
    return {name: _range(value) if name in RANGES else value for name, value in settings.items()}


def _beside(words: Words, taken: set[str], together: int) -> Words:
    """Made words beside given ones: those that are not taken, and of groups of that many only whole ones."""
    free = np.array([string not in taken for string in words.strings()], bool)
    whole = np.logical_and.reduceat(free, np.arange(0, len(free), together))
    kept = np.repeat(whole, together)[: len(free)]
    return words if kept.all() else words.select(np.flatnonzero(kept))


def write(folder: Path, splits: dict[str, Words], aside: Path) -> dict[str, str]:
    """Write the words of a set; returns their hashes by split."""
    for split, words in splits.items():
        disk.write_atomically(folder / FILE_NAMES[split], words.lines(), aside)
    return {split: words.sha256 for split, words in splits.items()}


def _range(text: str) -> tuple[int, int]:
    least, most = text.split("-")
    return int(least), int(most)
