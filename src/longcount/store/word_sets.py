"""The words of a study's conditions: given or made, then kept in the store, one folder a set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from longcount import disk
from longcount.languages.files import FILE_NAMES, read_splits
from longcount.languages.splits import SPLITS, make_splits
from longcount.languages.words import Words
from longcount.training.protocol import Condition, WordSource, canonical_sha256, varying_labels

FOLDER = "words"


def resolve(conditions: Sequence[Condition]) -> tuple[list[Condition], dict[str, Words]]:
    """Conditions whose words depend on nothing outside: seeds settled, folders of given words replaced by hashes.

    Returns:
        The conditions, and the given words by their hash.

    Raises:
        UserError: where a folder of given words is not one, or holds bad words.
    """
    given: dict[str, Words] = {}
    found: dict[str, dict[str, str]] = {}
    resolved = []
    for condition in conditions:
        source = condition.words
        changes: dict[str, object] = {"directory": None}
        if source.seed is None:
            changes["seed"] = condition.seed
        if source.directory is not None:
            if source.directory not in found:
                splits = read_splits(source.directory)
                given |= {words.sha256: words for words in splits.values()}
                found[source.directory] = {split: words.sha256 for split, words in splits.items()}
            changes["given"] = found[source.directory]
        resolved.append(condition.model_copy(update={"words": source.model_copy(update=changes)}))
    return resolved, given


def settle(conditions: Sequence[Condition]) -> list[Condition]:
    """Give every condition without a word set one: ``words`` for the first, a folder below it for every other."""
    tables = [condition.words.whole() for condition in conditions]
    keys = [canonical_sha256(condition.words.model_dump(mode="json")) for condition in conditions]
    distinct = dict(zip(keys, tables, strict=True))
    places = {key: condition.word_set for key, condition in zip(keys, conditions, strict=True) if condition.word_set}
    for key, label in zip(distinct, varying_labels(list(distinct.values())), strict=True):
        if key not in places:
            places[key] = f"{FOLDER}/{label}" if FOLDER in places.values() else FOLDER
    return [
        condition.model_copy(update={"word_set": places[key]}) for key, condition in zip(keys, conditions, strict=True)
    ]


def make(source: WordSource, given: dict[str, Words]) -> dict[str, Words]:
    """All splits of a resolved source: the given ones as they are, the others made without any given word.

    Raises:
        UserError: where such words cannot be made.
    """
    splits = {split: given[sha256] for split, sha256 in source.given.items()}
    if set(splits) == set(SPLITS):
        return splits
    assert source.seed is not None
    made = make_splits(
        source.seed,
        training_words=source.training_words,
        validation_words=source.validation_words,
        training_lengths=_range(source.training_lengths),
        long_words=source.long_words,
        long_lengths=_range(source.long_lengths),
        very_long_words=source.very_long_words,
        very_long_length=source.very_long_length,
        p=source.p,
        q=source.q,
    )
    taken = {string for words in splits.values() for string in words.strings()}
    for split in SPLITS:
        if split not in splits:
            words = made[split]
            free = [word for word, string in enumerate(words.strings()) if string not in taken or split == "zigzag"]
            splits[split] = words if len(free) == len(words) else words.select(np.array(free))
    return {split: splits[split] for split in SPLITS}


def write(folder: Path, splits: dict[str, Words], aside: Path) -> dict[str, str]:
    """Write the words of a set; returns their hashes by split."""
    for split, words in splits.items():
        disk.write_atomically(folder / FILE_NAMES[split], words.lines(), aside)
    return {split: words.sha256 for split, words in splits.items()}


def _range(text: str) -> tuple[int, int]:
    least, most = text.split("-")
    return int(least), int(most)
