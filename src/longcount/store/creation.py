"""How a store begins: a new folder with its study and words, or the same study found there."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from longcount import __version__, disk, sources
from longcount.errors import UserError
from longcount.languages.words import Words
from longcount.reading import read_bytes
from longcount.store import word_sets
from longcount.store.block import MANIFEST
from longcount.store.locking import exclusive
from longcount.store.store import SOURCES, STUDY_FILE, Store
from longcount.store.verification import damaged_words
from longcount.training.merging import merge
from longcount.training.protocol import Condition, Study

PLACES = "log/sources.json"

# What a store that was killed while it was begun may consist of.
_BEGINNINGS = {"log", word_sets.FOLDER, SOURCES}


def begin(directory: Path, study: Study) -> Store:
    """The store of a study: made in a new or empty folder, opened where it is there already. Hold the lock meanwhile.

    Raises:
        UserError: where the folder holds another study or anything else, words cannot be had, or the disk refuses.
    """
    conditions, given = word_sets.resolve(study.conditions)
    study = study.model_copy(update={"conditions": tuple(word_sets.settle(conditions))})
    if (directory / STUDY_FILE).exists():
        store = Store.open(directory)
        refuse_other_version(store)
        _refuse_other_study(store, study)
        return store
    with disk.disk_errors_told(directory):
        store = Store(directory, study, {})
        store.word_hashes.update(_write_words(store, study.conditions, given))
        keep_sources(store)
        store.save_study()
    return store


@contextmanager
def working_in(directory: Path) -> Iterator[None]:
    """Hold a store's lock. A new store that an error ends before any run is done leaves nothing behind: the same
    command, corrected, finds an empty place."""
    ancestors = [directory, *directory.absolute().parents]
    new = [path for path in ancestors if not path.exists()]
    before = set() if directory in new else {path.name for path in _entries(directory)}
    with exclusive(directory):
        try:
            yield
        except Exception:  # an interrupt leaves what can be resumed
            if not any(directory.glob(f"runs/*/*/{MANIFEST}")):
                for path in _entries(directory):
                    if path.name not in before:
                        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
                with contextlib.suppress(OSError):  # a folder that something else was put into
                    for path in new:
                        path.rmdir()
            raise


def _entries(directory: Path) -> list[Path]:
    with disk.disk_errors_told(directory):
        return list(directory.iterdir())


def keep_sources(store: Store) -> None:
    """Write the files of the user's own parts into the store, and into its log where they were found."""
    used = {source.sha256: source for condition in store.study.conditions for source in condition.sources.values()}
    sources.write(
        store.directory / SOURCES, used.values(), lambda path, text: disk.write_atomically(path, text, store.aside)
    )
    places = {sha256: str(folder) for sha256, source in used.items() if (folder := sources.folder_of(source))}
    if places:
        known = {**_noted_places(store), **places}
        disk.write_atomically(store.directory / PLACES, json.dumps(known, indent=1).encode(), store.aside)


def edited_sources(store: Store) -> list[str]:
    """A line for every file of the user's own that is not what the store was made from any more."""
    places = _noted_places(store)
    lines = []
    used = {source: None for condition in store.study.conditions for source in condition.sources.values()}
    for source in used:
        now = sources.found_now(Path(places[source.sha256]), source) if source.sha256 in places else None
        if now is not None and now.sha256 != source.sha256:
            made = [c.folder for c in store.study.conditions if source in c.sources.values()]
            lines.append(
                f"{sources.differing(source, now)}: edited since {', '.join(made)} of {store.directory} were started: "
                f"they keep the version in {SOURCES}/{sources.folder_name(source)}; the edited one is another "
                "condition, which `study add` with a study file or --set adds, in a folder of its own"
            )
    return list(dict.fromkeys(lines))  # several parts of one file are one edit


def _noted_places(store: Store) -> dict[str, str]:
    """Where the files of sources were found on this machine, by hash."""
    try:
        noted = json.loads(read_bytes(store.directory / PLACES, "the places of sources", largest=2**24))
    except (UserError, ValueError, RecursionError):
        return {}  # a store from elsewhere, or a log that was cleared
    return noted if isinstance(noted, dict) else {}


def refuse_foreign_folder(directory: Path) -> None:
    """Raise UserError where a folder holds anything but a store or the start of one: it stays untouched."""
    with disk.disk_errors_told(directory):
        if not directory.exists() or (directory / STUDY_FILE).exists():
            return
        foreign = sorted(path.name for path in directory.iterdir() if path.name not in _BEGINNINGS)
    if foreign:
        raise UserError(f"{directory}: holds {foreign[0]!r} and is not a store; give a new or an empty folder")


def add(store: Store, conditions: Sequence[Condition]) -> Store:
    """The store with conditions added, or with more runs of those that it has. Nothing that is there changes.

    Raises:
        UserError: where words cannot be had, or the disk refuses.
    """
    refuse_other_version(store)
    if store.study.origin.kind != "trained":
        raise UserError(
            f"{store.directory}: its models are {store.study.origin.kind}; train others into a store of their own"
        )
    resolved, given = word_sets.resolve([condition.model_copy(update={"folder": ""}) for condition in conditions])
    merged = word_sets.settle(merge(resolved, store.study.conditions))
    for condition in store.study.conditions:
        hashes = store.word_hashes[condition.word_set]
        given |= {hashes[split]: store.words(split, condition) for split in store.splits(condition)}
    study = store.study.model_copy(update={"conditions": tuple(merged)})
    with disk.disk_errors_told(store.directory):
        hashes = _write_words(store, [c for c in merged if c.word_set not in store.word_hashes], given)
        grown = Store(store.directory, study, {**store.word_hashes, **hashes}, store.version)
        keep_sources(grown)
        grown.save_study()
    return grown


def restore_words(store: Store) -> list[str]:
    """Make words again from their seed that are missing or not what they were; what was wrong with each.

    Raises:
        UserError: where they were given, or this version makes others.
    """
    damaged = damaged_words(store)
    for folder in dict.fromkeys(folder for folder, _ in damaged):
        condition = next(one for one in store.study.conditions if one.word_set == folder)
        for split, line in ((split, line) for (place, split), line in damaged.items() if place == folder):
            if split in condition.words.given:
                raise UserError(f"{line}: these words were given, so they cannot be made again")
        given = {condition.words.given[split]: store.words(split, condition) for split in condition.words.given}
        made = word_sets.make(condition.words, given, condition.problem())
        again = {split: made[split] for place, split in damaged if place == folder}
        for split, words in again.items():
            if words.sha256 != store.word_hashes[folder][split]:
                raise UserError(f"{damaged[folder, split]}: this version makes other words from their seed")
        with disk.disk_errors_told(store.directory):
            word_sets.write(store.directory / folder, again, store.aside)
    return list(damaged.values())


def clear_half_made(store: Store) -> None:
    """Remove what killed processes left half-written."""
    with disk.disk_errors_told(store.directory):
        shutil.rmtree(store.aside, ignore_errors=True)
        store.aside.mkdir(parents=True, exist_ok=True)


def refuse_other_version(store: Store) -> None:
    """Raise UserError where the store was begun by another version: one study, one version, one set of bytes."""
    if store.version != __version__:
        raise UserError(
            f"{store.directory}: created by longcount {store.version}; this is {__version__}, which can read it; "
            "only that version can resume it"
        )


def _write_words(store: Store, conditions: Sequence[Condition], given: dict[str, Words]) -> dict[str, dict[str, str]]:
    first = {condition.word_set: condition for condition in reversed(conditions)}
    return {
        folder: word_sets.write(
            store.directory / folder, word_sets.make(condition.words, given, condition.problem()), store.aside
        )
        for folder, condition in first.items()
    }


def _refuse_other_study(store: Store, study: Study) -> None:
    _refuse_other_sources(store, study)
    difference = _first_difference(store.study.whole(), study.whole(), "")
    if difference is not None:
        raise UserError(
            f"{store.directory}: holds another study: {difference}; give another folder, or resume what is there by "
            "`study run --out` without a study file, or add to it by `study add`"
        )


def _refuse_other_sources(store: Store, study: Study) -> None:
    there = [source for condition in store.study.conditions for source in condition.sources.values()]
    for condition in study.conditions:
        for source in condition.sources.values():
            kept = [known for known in there if known.reference == source.reference]
            if kept and source not in kept:
                raise UserError(
                    f"{sources.differing(kept[0], source)}: edited since {store.directory} was made from it (source "
                    f"{sources.folder_name(kept[0])} there, {sources.folder_name(source)} now): an edit is another "
                    "condition; give another folder, or add it by `study add`"
                )


def _first_difference(found: Any, asked: Any, where: str) -> str | None:
    if isinstance(found, dict) and isinstance(asked, dict):
        fields = [*found, *(field for field in asked if field not in found)]
        pairs = [(f"{where}.{field}" if where else field, found.get(field), asked.get(field)) for field in fields]
    elif isinstance(found, list) and isinstance(asked, list):
        if len(found) != len(asked):
            return f"it has {len(found)} {where.split('.')[-1]}, not {len(asked)}"
        pairs = [
            (f"{where}.{a.get('folder', i) if isinstance(a, dict) else i}", a, b)
            for i, (a, b) in enumerate(zip(found, asked, strict=True))
        ]
    else:
        return None if found == asked else f"{where} is {found!r} there, {asked!r} here"
    return next((found for name, a, b in pairs if (found := _first_difference(a, b, name)) is not None), None)
