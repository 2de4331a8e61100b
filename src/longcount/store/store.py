"""A store: the folder that holds a study, its words, and the runs made of it.

    DIR/study.toml              the resolved study, schema, version, hashes of the words
    DIR/words/<split>.txt       the words themselves (one folder further down where there are several sets)
    DIR/sources/<hash>/*.py     the user's own parts as they were trained, where there are any
    DIR/runs/<condition>/<first>-<last>/
        weights.safetensors     torch.nn names, each float32 [runs, epochs + 1, *shape]
        metrics.parquet         see `longcount.training.metrics.schema`
        manifest.json           what the block is, and SHA-256 of the two and of itself
    DIR/log/                    lock, machine, times, half-made blocks: never compared

A block's folder appears whole or not at all; a block without a manifest, or that does not match it, is not done.
Symbols: M models, P parameters.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from longcount import __version__, cells, disk, sources
from longcount.arguments import checked
from longcount.errors import UserError, hint
from longcount.languages import DYCK1, Language
from longcount.languages.files import FILE_NAMES, read_words
from longcount.languages.splits import SPLITS
from longcount.languages.words import Words
from longcount.reading import read_toml
from longcount.store.block import (
    AGAIN,
    MANIFEST,
    METRICS,
    WEIGHTS,
    Block,
    DamagedBlock,
    blocks_of,
    read_checked,
    read_manifest,
    split_codes,
    stacked_weights,
)
from longcount.training.best_epoch import LOSS_COLUMNS, Epoch, best_epochs, refuse_no_epoch
from longcount.training.protocol import SCHEMA, Condition, Study, canonical_sha256, explain

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

STUDY_FILE = "study.toml"
ASIDE = "log/aside"
SOURCES = "sources"
RESULTS = {"log", "results", "tables", "figures", "report.html"}
"""What is made of a store."""
SHOWN = 10  # conditions that a store names when it is shown


@dataclass(frozen=True, repr=False)
class Store:
    """A store that exists; open one with `Store.open`."""

    directory: Path
    study: Study
    word_hashes: dict[str, dict[str, str]]  # word set: split: SHA-256 of the words
    version: str = __version__  # of the longcount that created it
    output: Path | None = None  # where its results are written, where not in its own folder

    @classmethod
    @checked
    def open(cls, directory: str | Path | Store) -> Store:
        """The store in a folder; a store that is open already as it is.

        Raises:
            UserError: where there is no store, one of another schema, or an inconsistent study file.
        """
        if isinstance(directory, Store):
            return directory
        path = Path(directory) / STUDY_FILE
        if not os.path.lexists(path):
            raise UserError(f"{directory}: not a store: no {STUDY_FILE}; give a folder that a study made")
        tables = read_toml(path, "the study of a store")
        if tables.get("schema") != SCHEMA:
            raise UserError(
                f"{path}: a store of schema {tables.get('schema', 'unknown')}, made by longcount "
                f"{tables.get('longcount', 'unknown')}; this is longcount {__version__}, which reads schema {SCHEMA}"
            )
        try:
            fields = {name: value for name, value in tables.items() if name in Study.model_fields}
            study = Study.model_validate(fields)
        except ValidationError as error:
            raise UserError(f"{path}: damaged: {explain(error)}") from None
        if tables.get("sha256") != _content_sha256(tables):
            raise UserError(
                f"{path}: edited or damaged: it does not match its own hash; change a study with `study add`"
            )
        for condition in study.conditions:
            sources.remember(Path(directory) / SOURCES, condition.sources.values())
        return cls(Path(directory), study, tables.get("word_sets", {}), tables.get("longcount", "unknown"))

    def __repr__(self) -> str:
        runs = sum(condition.runs for condition in self.study.conditions)
        names = [condition.folder for condition in self.study.conditions]
        shown = ", ".join(names) if len(names) <= SHOWN else f"{len(names)} conditions"
        return f"Store({str(self.directory)!r}: {self.study.name}, {runs} runs of {shown})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the folder, and the first conditions with their runs."""
        conditions = self.study.conditions
        rows = "".join(
            f"<tr><td>{escape(one.folder)}</td><td>{one.runs}</td><td>{one.epochs}</td></tr>"
            for one in conditions[:SHOWN]
        )
        more = f"<p>and {len(conditions) - SHOWN} conditions more</p>" if len(conditions) > SHOWN else ""
        title = f"Store <code>{escape(str(self.directory))}</code>, {escape(self.study.name)}, {self.study.origin.kind}"
        head = "<tr><th>condition</th><th>runs</th><th>epochs</th></tr>"
        return f"<p>{title}</p><table><thead>{head}</thead><tbody>{rows}</tbody></table>{more}"

    def save_study(self) -> None:
        """Write the study file, whole or not at all."""
        import tomli_w

        tables = {
            "schema": SCHEMA,
            "longcount": self.version,
            **self.study.model_dump(mode="json", exclude_none=True),
            "word_sets": self.word_hashes,
        }
        tables = {"sha256": _content_sha256(tables), **tables}
        disk.write_atomically(self.directory / STUDY_FILE, tomli_w.dumps(tables).encode(), self.aside)

    @property
    def aside(self) -> Path:
        """The folder of half-written files: below ``log``, which no comparison reads."""
        return self.written(ASIDE)

    # Results

    def written_to(self, folder: Path | None) -> Store:
        """The same store with its results written to another folder, as those of a store that is read-only must be.

        Raises:
            UserError: where the folder holds anything but results.
        """
        if folder is None or (folder.exists() and folder.samefile(self.directory)):
            return self
        with disk.disk_errors_told(folder):
            held = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
        if foreign := [name for name in held if name not in RESULTS]:
            raise UserError(f"{folder}: holds {foreign[0]!r}; give a new or an empty folder")
        return replace(self, output=folder)

    def written(self, place: str) -> Path:
        """Where a result is written, by its place below the store's folder."""
        return (self.output or self.directory) / place

    def result(self, place: str) -> Path:
        """Where a result is read: where it would be written if it is there, else in the store's own folder."""
        path = self.written(place)
        return path if os.path.lexists(path) else self.directory / place

    # What there is

    @checked
    def condition(self, name: str | Condition) -> Condition:
        """The condition of that folder's name, or the one condition of that cell; a condition as it is.

        Raises:
            UserError: where there is none, or several of the cell.
        """
        if isinstance(name, Condition):
            return name
        exact = [condition for condition in self.study.conditions if condition.folder == name]
        of_cell = [condition for condition in self.study.conditions if condition.cell == name]
        if exact or len(of_cell) == 1:
            return (exact or of_cell)[0]
        names = [condition.folder for condition in (of_cell or self.study.conditions)]
        if of_cell:
            raise UserError(f"{self.directory}: several conditions of {name}: choose one of {', '.join(names)}")
        told = hint(name, names, f"it holds {', '.join(names[:SHOWN])}")
        raise UserError(f"{self.directory}: no condition or cell {name!r}; {told}")

    def blocks(self, conditions: Iterable[Condition] | None = None) -> list[Block]:
        """All blocks that the study asks for, made or not, in the study's order."""
        chosen = self.study.conditions if conditions is None else conditions
        return [block for condition in chosen for block in blocks_of(condition, self.study.block_runs)]

    def manifest(self, block: Block) -> dict[str, Any] | None:
        """What a block says of itself; None where it is not done.

        Raises:
            DamagedBlock: where the manifest cannot be read.
        """
        return read_manifest(self.directory / block.folder)

    @checked
    def runs(self, condition: str | Condition) -> np.ndarray:
        """The runs of a condition that are done, int64, ascending."""
        condition = self.condition(condition)
        done = [np.arange(block.first, block.end) for block in self.blocks([condition]) if self.manifest(block)]
        return np.concatenate([np.zeros(0, np.int64), *done])

    # Reading

    def read(self, block: Block, name: str) -> bytes | None:
        """The content of one of a block's two files, checked by its hash; None where the block is not done.

        Raises:
            DamagedBlock: where it is missing or not what the manifest says.
        """
        manifest = self.manifest(block)
        if manifest is None:
            return None
        return read_checked(self.directory / block.folder / name, manifest["sha256"].get(name))

    def verify(self, block: Block) -> bool:
        """Whether a block is done; both files are read and compared with their hashes, the manifest with the study.

        Raises:
            DamagedBlock: where it is there but not whole.
        """
        manifest = self.manifest(block)
        if manifest is None:
            return False
        for name, value in block.description.items():
            if manifest.get(name) != value:
                path = self.directory / block.folder / MANIFEST
                raise DamagedBlock(f"{path}: damaged: its {name} is not {value!r}; {AGAIN}")
        return self.read(block, WEIGHTS) is not None and self.read(block, METRICS) is not None

    @checked
    def metrics_table(
        self,
        conditions: Iterable[str] | None = None,
        splits: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Metrics of all done blocks as one Arrow table; see `metrics`."""
        import pyarrow as pa

        from longcount.training.metrics import SCALARS, schema

        for asked, known, what in (
            (conditions, None, "condition"), (splits, SPLITS, "split"), (columns, schema().names, "column")
        ):  # fmt: skip
            refuse_other_names(asked, known, what)
        wanted = list(SCALARS if columns is None else columns)
        chosen = None if conditions is None else [self.condition(name) for name in conditions]
        tables, names, cell_names, lengths = [], [], [], []
        for block, table in self.metrics_of_blocks(chosen, sorted({*wanted, "split"})):
            if splits is not None:
                table = table.filter(np.isin(table["split"].to_numpy(), list(splits)))
            tables.append(table.select(wanted))
            names.append(block.condition.folder)
            cell_names.append(block.condition.cell)
            lengths.append(table.num_rows)
        empty = schema().empty_table().select(wanted)
        whole = pa.concat_tables([empty, *tables]).unify_dictionaries()
        arrays, fields = [*whole.columns], [*whole.schema]
        for title, labels in (("cell", cell_names), ("condition", names)):
            codes = {label: code for code, label in enumerate(dict.fromkeys(labels))}
            of_rows = np.repeat(np.array([codes[label] for label in labels], np.int32), lengths)
            column = pa.DictionaryArray.from_arrays(pa.array(of_rows, pa.int32()), pa.array([*codes], pa.string()))
            arrays, fields = [column, *arrays], [pa.field(title, column.type), *fields]
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields, whole.schema.metadata))

    def metrics_of_blocks(
        self, conditions: Iterable[Condition] | None, columns: Sequence[str]
    ) -> Iterator[tuple[Block, pa.Table]]:
        """The metrics of every done block, one Arrow table after the other."""
        for block in self.blocks(conditions):
            table = self._metrics_of(block, columns)
            if table is not None:
                yield block, table

    def _metrics_of(self, block: Block, columns: Sequence[str]) -> pa.Table | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        content = self.read(block, METRICS)
        if content is None:
            return None
        return pq.ParquetFile(pa.BufferReader(content)).read(columns=list(columns), use_threads=False)

    @checked
    def metrics(
        self,
        conditions: Iterable[str] | None = None,
        splits: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Metrics of all done runs: one row per (condition, run, epoch, split), in the study's order.

        Args:
            conditions: names of conditions or cells; all by default.
            splits: names of splits; all by default.
            columns: of `longcount.training.metrics.schema`; all but the lists of first failures by default.

        Returns:
            Frame with condition, cell (categories) and the columns.

        Raises:
            UserError: for an unknown condition, or a damaged block.
        """
        frame = self.metrics_table(conditions, splits, columns).to_pandas()
        return frame.astype({"condition": "category", "cell": "category"})

    @checked
    def first_failures(
        self, conditions: Iterable[str] | None = None, splits: Iterable[str] = ("very_long", "zigzag")
    ) -> pa.Table:
        """First points of failure, word by word, at the best epochs and the checkpoints.

        Returns:
            Arrow table with condition, cell, run, epoch, split, first_failures: int32 list, one per word, in the
            split's order; a word without failure counts its length.
        """

        table = self.metrics_table(conditions, splits, ("run", "epoch", "split", "first_failures"))
        return table.filter(table["first_failures"].is_valid())

    @checked
    def weights(
        self, condition: str | Condition, run: int | np.ndarray, epoch: Epoch | np.ndarray = "best"
    ) -> np.ndarray:
        """Flat weights (in the cell's order) of one model, float32 [P], or of many, [M, P].

        Args:
            condition: a condition, its folder's name, or a cell that has one condition.
            run: a run, counted from 0 within the condition, or int [M].
            epoch: ``"best"`` by validation loss (the last where no validation words are known), ``"last"``, an epoch
                from 0 (the initial weights), or int [M].

        Raises:
            UserError: for an unknown condition, a run or epoch that is not there, or a damaged block.
        """
        tensors = self.tensors(condition, run, epoch)
        return cells.pack(self.condition(condition).network(), tensors)

    @checked
    def tensors(
        self, condition: str | Condition, run: int | np.ndarray, epoch: Epoch | np.ndarray = "best"
    ) -> dict[str, np.ndarray]:
        """Weights by torch.nn name, as `weights`: float32 ``[*shape]`` for one model, ``[M, *shape]`` for many."""
        chosen = self.condition(condition)
        if np.asarray(run).dtype.kind not in "iu":
            raise UserError(f"run: should be whole numbers, not {run!r}")
        for each in np.atleast_1d(np.asarray(epoch, object)):
            refuse_no_epoch(each)
        given = self.epochs(chosen, np.atleast_1d(run), epoch) if isinstance(epoch, str) else np.atleast_1d(epoch)
        runs, epochs = np.broadcast_arrays(np.atleast_1d(run), given)
        absent = sorted({*runs[(runs < 0) | (runs >= chosen.runs)].tolist()})
        if absent:
            last = chosen.runs - 1
            raise UserError(f"{self.directory}: {chosen.folder} has no run {absent[0]}; its runs are 0 to {last}")
        if ((epochs < 0) | (epochs > chosen.epochs)).any():
            bad = int(epochs[(epochs < 0) | (epochs > chosen.epochs)][0])
            raise UserError(
                f"{self.directory}: {chosen.folder} has no epoch {bad}; its epochs are 0 to {chosen.epochs}"
            )
        gathered: dict[str, np.ndarray] = {}
        for block in self.blocks([chosen]):
            here = np.flatnonzero((runs >= block.first) & (runs < block.end))
            if not len(here):
                continue
            manifest = self.manifest(block)
            if manifest is None:
                raise UserError(f"{self.directory}: run {runs[here[0]]} of {chosen.folder} is not trained yet; {AGAIN}")
            stacked = stacked_weights(self.directory / block.folder / WEIGHTS, manifest["sha256"].get(WEIGHTS))
            for name, tensor in stacked.items():
                whole = gathered.setdefault(name, np.empty((len(runs), *tensor.shape[2:]), np.float32))
                whole[here] = tensor[runs[here] - block.first, epochs[here]]
        if np.ndim(run) == 0 and np.ndim(epoch) == 0:
            return {name: tensor[0] for name, tensor in gathered.items()}
        return gathered

    def epochs(self, condition: Condition, runs: np.ndarray, epoch: str) -> np.ndarray:
        """The ``"best"`` or ``"last"`` epochs of runs int [M], int64 [M]; the last where no validation words are known.

        Raises:
            UserError: for another word, or a damaged block.
        """
        refuse_no_epoch(epoch)
        found = np.full(len(runs), condition.epochs, np.int64)
        if epoch == "last" or condition.epochs == 0:
            return found
        column = LOSS_COLUMNS[self.study.selection]
        for block in self.blocks([condition]):
            here = np.flatnonzero((runs >= block.first) & (runs < block.end))
            table = self._metrics_of(block, ("run", "epoch", "split", column)) if len(here) else None
            if table is not None:
                losses = table.filter(np.asarray(split_codes(table) == SPLITS.index("validation")))
                if losses.num_rows:
                    by_run = losses.sort_by([("run", "ascending"), ("epoch", "ascending")])[column].to_numpy()
                    best = best_epochs(by_run.reshape(len(block.runs), -1))
                    found[here] = best[runs[here] - block.first]
        return found

    @checked
    def words(self, split: str, condition: str | Condition | None = None) -> Words:
        """The words of a split, as the condition (default: the first) was trained or judged on.

        Raises:
            UserError: where the store has no such words, or the file is not what it was.
        """
        if condition is None:
            condition = self.study.conditions[0]
        elif isinstance(condition, str):
            condition = self.condition(condition)
        expected = self.word_hashes.get(condition.word_set, {}).get(split)
        if expected is None:
            known = ", ".join(self.splits()) or "none"
            raise UserError(f"{self.directory}: no {split} words in this store; it has {known}")
        asked = condition.problem()
        path = self.directory / condition.word_set / FILE_NAMES[split]
        return read_checked_words(str(path), expected, asked.language, not asked.task.wrong_words)

    @checked
    def splits(self, condition: Condition | None = None) -> tuple[str, ...]:
        """The splits whose words the store holds for a condition (default: for any)."""
        sets = self.word_hashes.values() if condition is None else [self.word_hashes.get(condition.word_set, {})]
        return tuple(split for split in SPLITS if any(split in hashes for hashes in sets))


def _content_sha256(tables: dict[str, Any]) -> str:
    """Hash of what a study file says, as it stands: a later version with more fields can still tell an edited one."""
    return canonical_sha256({name: value for name, value in tables.items() if name not in ("sha256", "longcount")})


def refuse_other_names(names: Iterable[str] | None, known: Sequence[str] | None, what: str) -> None:
    """Raise UserError for one name where a list of them is asked for, and for a name that is not known."""
    if isinstance(names, str):
        raise UserError(f"{what}s: a list of names, not one: write [{names!r}]")
    for name in names or ():
        if known is not None and name not in known:
            raise UserError(f"no {what} is called {name!r}; {hint(str(name), known)}")


@lru_cache(maxsize=64)
def read_checked_words(path: str, sha256: str, language: Language = DYCK1, members_only: bool = True) -> Words:
    """The words of a language's file, remembered in this process.

    Raises:
        UserError: where the words are not those of the hash.
    """
    words = read_words(path, language, members_only=members_only)
    if words.sha256 != sha256:
        raise UserError(f"{path}: not the words that this study was made with")
    return words
