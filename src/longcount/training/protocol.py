"""Studies: conditions (one cell with all training settings and a number of runs), typed and validated.

Fields that are not given have the values of the paper's protocol. Fields in `PARTS` name a built-in part, or one of
the user's own as ``module:Name``, of a Python file beside the study's file or in the current folder. A complete
condition has the part's own name there, and in `Condition.sources` its source and the hash of its files.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from longcount import cells, languages, sources
from longcount.engine.options import Options
from longcount.errors import UserError
from longcount.languages import tasks
from longcount.languages.splits import SPLITS
from longcount.registry import Kind
from longcount.sources import Source
from longcount.training import recipes
from longcount.training.problem import Problem, problem

SCHEMA = 1  # of stores and of the resolved study; a store of another schema is refused

CHECKPOINTS = (1, 5, 10, 15, 20, 25)  # epochs of the paper's Table 2 and Figures 1 and 3


class _Frozen(BaseModel):
    """A part of a study. What is written and hashed of it leaves out fields of `ADDED` at their defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ADDED: ClassVar[frozenset[str]] = frozenset()
    """Fields that the schema's first version did not have: studies that do not use them keep their hashes and files."""

    def whole(self, exclude: set[str] | None = None) -> dict[str, Any]:
        """Every field as a JSON value, those of `ADDED` at their defaults too: for comparing and naming."""
        return self.model_dump(mode="json", exclude=exclude, context={"whole": True})

    @model_serializer(mode="wrap")
    def _without_added_defaults(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        content = handler(self)
        if not (info.context or {}).get("whole"):
            for name in self.ADDED & content.keys():
                if getattr(self, name) == type(self).model_fields[name].default:
                    del content[name]
        return content


Model = TypeVar("Model", bound=_Frozen)


RANGES = ("training_lengths", "long_lengths", "training_n", "long_n", "very_long_n")
"""Fields of a `WordSource` that are ranges, such as '2-50'."""


def _range(text: str, info: ValidationInfo) -> str:
    match = re.fullmatch(r"(\d+)-(\d+)", text)
    least = 1
    if match is None or not least <= int(match[1]) <= int(match[2]):
        what = (
            "n, such as '1-50', from at least 1"
            if str(info.field_name).endswith("_n")
            else ("lengths such as '2-50', from at least 1 token")
        )
        raise ValueError(f"should be a range of {what}, least first")
    return text


class WordSource(_Frozen):
    """Where a condition's words come from: made from a seed, or given as word files and completed where some lack."""

    seed: int | None = Field(default=None, ge=0, lt=2**63)  # None: the condition's own seed
    directory: str | None = None  # of given word files; a resolved study holds their hashes instead
    given: dict[str, str] = {}  # split: sha256 of the given words
    training_words: int = Field(default=10_000, ge=1, le=10_000_000)
    validation_words: int = Field(default=5_000, ge=1, le=10_000_000)
    long_words: int = Field(default=5_000, ge=1, le=10_000_000)
    very_long_words: int = Field(default=100, ge=1, le=1_000_000)
    training_lengths: str = "2-50"  # of training and validation words, in tokens
    long_lengths: str = "52-100"
    very_long_length: int = Field(default=1_000, ge=1, le=10_000)
    p: float = Field(default=0.5, ge=0, le=1)  # of the grammar's S -> ( S )
    q: float = Field(default=0.25, ge=0, lt=0.5)  # of S -> S S
    sampler: str | None = None  # such as uniform, walk or n_uniform; None: the language's own (see longcount.languages)
    training_n: str = "1-50"  # of training and validation words of languages whose words are given by n
    long_n: str = "51-100"
    very_long_n: str = "101-200"
    geometric_p: float = Field(default=0.3, gt=0, lt=1)  # of the sampler geometric

    ADDED: ClassVar[frozenset[str]] = frozenset({"sampler", "training_n", "long_n", "very_long_n", "geometric_p"})

    _ranges = field_validator(*RANGES)(_range)

    @field_validator("given")
    @classmethod
    def _known_splits(cls, given: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(given) - set(SPLITS))
        if unknown:
            raise ValueError(f"should name splits ({', '.join(SPLITS)}), not {unknown[0]!r}")
        return given


PARTS = {kind.name: kind for kind in (cells.KIND, languages.KIND, tasks.KIND, cells.INITIALISATIONS, recipes.KIND)}
"""Fields that name a part, built in or of the user's own."""

PLACES = {"runs", "earlier_runs", "folder", "word_set"}
"""Fields that say how many runs there are and where, not how they are trained."""


class Condition(_Frozen):
    """One cell with all training settings and a number of runs; an arm of a study."""

    cell: str
    language: str = "dyck1"
    task: str = "next_letters"
    threshold: float | None = Field(default=None, gt=0, lt=1)  # between yes and no; None: the task's
    runs: int = Field(ge=1, le=10_000_000)
    epochs: int = Field(default=30, ge=0, le=100_000)
    learning_rate: float = Field(gt=0, le=10, allow_inf_nan=False)
    optimiser: Literal["adam", "rmsprop", "sgd"] = "adam"  # as torch.optim has them
    momentum: float = Field(default=0.0, ge=0, lt=1)  # of rmsprop and sgd
    order: Literal["shuffled", "shared", "fixed"] = "shuffled"
    loss: Literal["mse", "bce", "ce"] = "mse"  # where the task has others, the first of them
    engine: Literal["lanes", "torch"] = "lanes"  # the fast engine, or PyTorch
    module: str | None = None  # "module:Name" of what makes the torch.nn.Module to train; torch engine only
    recipe: str | None = None  # it says all about training but runs, order, seed and words
    hidden_size: int = Field(default=1, ge=1, le=1_024)
    layers: int = Field(default=1, ge=1, le=16)
    start: Literal["zero", "learned"] = "zero"  # the state before the first token: 0, or trained with the weights
    initialisation: str = "pytorch"
    schedule: Literal["constant", "exponential", "linear", "cosine"] = "constant"  # of the learning rate
    decay: float = Field(default=0.9, gt=0, le=1)  # exponential schedule: factor from epoch to epoch
    batch_size: int = Field(default=1, ge=1, le=1_000_000)  # words per update
    clip_norm: float | None = Field(default=None, gt=0, allow_inf_nan=False)  # largest norm of the gradient
    clip_value: float | None = Field(default=None, gt=0, allow_inf_nan=False)  # largest element of the gradient
    weight_decay: float = Field(default=0.0, ge=0, le=10)  # decoupled, as AdamW
    l2: float = Field(default=0.0, ge=0, le=10)  # added to the gradient times the parameter
    l1: float = Field(default=0.0, ge=0, le=10)  # added to the gradient times the parameter's sign
    dropout: float = Field(default=0.0, ge=0, lt=1)  # between layers; torch engine only
    device: str = Field(default="cpu", pattern=r"^\w+(:\d+)?$")  # such as "cuda" or "cuda:1"; torch engine only
    seed: int = Field(default=0, ge=0, lt=2**63)
    evaluated: Literal["checkpoints", "every_epoch"] = "checkpoints"
    words: WordSource = WordSource()
    sources: dict[str, Source] = {}  # of the fields that name the user's own parts; settled from what they say
    earlier_runs: tuple[int, ...] = ()  # how many runs there were before each addition, so that blocks keep their edges
    folder: str = ""  # of its runs, under runs/; settled when the study is put together
    word_set: str = ""  # folder of its words; settled when the words are made

    ADDED: ClassVar[frozenset[str]] = frozenset(
        {"language", "task", "threshold", "optimiser", "momentum", "start", "sources"}
    )

    @model_validator(mode="before")
    @classmethod
    def _parts_and_their_defaults(cls, values: Any, info: ValidationInfo) -> Any:
        """Parts are looked for only where a study is put together: reading a condition runs no user code."""
        if isinstance(values, Mapping) and isinstance(values.get("cell"), str):
            folders = (info.context or {}).get("folders")
            if folders is not None:
                values = _with_parts(values, folders)
            cell = values["cell"]
            built_in = cells.CELLS.get(cell, cells.Cell)
            defaults: dict[str, Any] = {"runs": built_in.paper_runs, "learning_rate": built_in.paper_rate}
            if values.get("task") in tasks.TASKS:
                defaults["loss"] = tasks.TASKS[values["task"]].losses[0]
            recipe = _recipe_of(values, folders is not None)
            if recipe is not None:
                defaults |= {"epochs": recipe.epochs, "learning_rate": recipe.learning_rate}
            values = {**defaults, **values}
        return values

    @model_validator(mode="after")
    def _engines_and_recipes_can_do_it(self, info: ValidationInfo) -> "Condition":
        for field, kind in PARTS.items():
            name = getattr(self, field)
            if field not in self.sources and name is not None and not (field == "cell" and self.module):
                _known(kind, name)
        if not re.fullmatch(r"\w+", self.cell):
            raise ValueError("cell: should be a short name of letters and digits for the module")
        may_load = (info.context or {}).get("folders") is not None
        if self.recipe is not None and (may_load or "recipe" not in self.sources):
            _refuse_what_a_recipe_settles(self)
        if may_load or not {"language", "task"} & self.sources.keys():
            _refuse_other_losses(self)
        if self.optimiser == "adam" and self.momentum:
            raise ValueError('momentum needs optimiser = "rmsprop" or "sgd"; adam has its own')
        if self.module is not None and self.start != "zero":
            raise ValueError("start is of cells; a module of PyTorch begins as it says itself")
        if self.engine == "lanes":
            for field in ("module", "dropout", "device"):
                if getattr(self, field) != Condition.model_fields[field].default:
                    raise ValueError(f'{field} needs engine = "torch"')
        if self.engine == "lanes" and (self.hidden_size > 16 or self.layers > 4):
            raise ValueError('more than 16 hidden units or 4 layers need engine = "torch"')
        return self

    def built_in_cell(self) -> cells.Cell:
        """The cell with its sizes, built in or of the user's own; not for a module of PyTorch."""
        asked, kind = self.problem(), cells.KIND.get(self.cell, self.sources.get("cell"))
        return kind(self.hidden_size, self.layers, asked.letters, len(asked.outputs), self.start == "learned")

    @property
    def is_one_unit(self) -> bool:
        """Whether its networks are one unit of a cell that starts at 0, as the paper's are."""
        return self.module is None and self.hidden_size * self.layers == 1 and self.start == "zero"

    def problem(self) -> Problem:
        """The problem that its networks are trained on."""
        return _problem(
            self.language, self.sources.get("language"), self.task, self.sources.get("task"), self.threshold
        )

    def settled_recipe(self) -> recipes.Recipe:
        """The recipe that it names; UserError where there is none for its cell."""
        return recipes.get(str(self.recipe), self.cell, self.sources.get("recipe"), self.language)

    @property
    def stream(self) -> str:
        """The name of its random streams, besides seed and run (see `longcount.training.streams`): the cell, with
        the language where it is not Dyck-1."""
        return self.cell if self.language == "dyck1" else f"{self.cell} on {self.language}"

    def network(self) -> Any:
        """The network that is trained: a `longcount.cells.Cell` for the fast engine, a `TorchCell` for PyTorch."""
        if self.engine == "lanes":
            return self.built_in_cell()
        from longcount.training.torch_cells import torch_cell, user_cell

        asked = self.problem()
        link = asked.question.link
        if self.module is None:
            return torch_cell(self.built_in_cell(), self.dropout, link)
        sizes = {"letters": asked.letters, "outputs": len(asked.outputs), "link": link}
        settings = {"hidden_size": self.hidden_size, "layers": self.layers, "dropout": self.dropout, **sizes}
        return user_cell(self.module, settings, self.cell, self.sources.get("module"))

    def options(self) -> Options:
        """How the fast engine makes an update."""
        return Options(
            loss=self.loss,
            batch_size=self.batch_size,
            clip_norm=self.clip_norm,
            clip_value=self.clip_value,
            weight_decay=self.weight_decay,
            l2=self.l2,
            l1=self.l1,
            optimiser=self.optimiser,
            momentum=self.momentum,
        )

    def learning_rates(self, epoch: int, number_of_words: int) -> np.ndarray:
        """The learning rate of every update of an epoch (from 1), float64 [updates].

        Linear and cosine schedules fall from the learning rate at the first update of all to 0 after the last;
        exponential multiplies by `decay` after every epoch.
        """
        updates = -(-number_of_words // self.batch_size)
        if self.schedule == "constant":
            return np.full(updates, self.learning_rate)
        if self.schedule == "exponential":
            return np.full(updates, self.learning_rate * self.decay ** (epoch - 1))
        done = (np.arange(updates) + (epoch - 1) * updates) / (self.epochs * updates)
        falling = 1.0 - done if self.schedule == "linear" else 0.5 * (1.0 + np.cos(np.pi * done))
        return self.learning_rate * falling

    def settings(self) -> dict[str, Any]:
        """Everything but how many runs there are and where they lie, as it is hashed: no two conditions of a study
        share it."""
        return self.model_dump(mode="json", exclude=PLACES)


@lru_cache
def _problem(
    language: str, language_source: Source | None, task: str, task_source: Source | None, threshold: float | None
) -> Problem:
    return problem(languages.KIND.get(language, language_source), tasks.KIND.get(task, task_source), threshold)


def _refuse_other_losses(condition: Condition) -> None:
    task = condition.problem().task
    if condition.loss not in task.losses:
        raise ValueError(f"loss: {task.name} is trained with {' or '.join(task.losses)}, not {condition.loss!r}")


def _known(kind: Kind, name: str) -> None:
    try:
        kind.refuse_unknown(name)
    except UserError as error:
        raise ValueError(str(error)) from None


def _with_parts(values: Mapping[str, Any], folders: Sequence[Path]) -> dict[str, Any]:
    """Fields of a condition with the user's own parts found: their names in the fields, where they come from beside."""
    settled = dict(values)
    found = {
        field: Source(**source) if isinstance(source, Mapping) else source
        for field, source in values.get("sources", {}).items()
    }
    for field, kind in PARTS.items():
        text = values.get(field)
        if isinstance(text, str) and field not in found and not (field == "cell" and values.get("module")):
            settled[field], _, source = kind.find(text, folders)
            found |= {} if source is None else {field: source}
    if isinstance(settled.get("module"), str) and "module" not in found:
        found["module"] = sources.locate(settled["module"], folders)
        settled["module"] = found["module"].reference
    return {**settled, "sources": found}


def _recipe_of(values: Mapping[str, Any], may_load: bool) -> recipes.Recipe | None:
    """The recipe that fields of a condition name, where there is one and it is built in or may be loaded."""
    name, source = values.get("recipe"), values.get("sources", {}).get("recipe")
    if not isinstance(name, str) or (name not in recipes.RECIPES if source is None else not may_load):
        return None
    return recipes.get(name, values["cell"], source, values.get("language", "dyck1"))


_FREE_BESIDE_A_RECIPE = {
    *("cell", "language", "task", "threshold", "hidden_size", "runs", "recipe", "order", "seed", "evaluated", "words"),
    "sources",
} | PLACES


def _refuse_what_a_recipe_settles(condition: Condition) -> None:
    recipe, asked = condition.settled_recipe(), condition.problem()
    settled = {"epochs": recipe.epochs, "learning_rate": recipe.learning_rate, "loss": asked.task.losses[0]}
    if any(part.two_letters for part in recipe.parts) and (asked.letters, len(asked.outputs)) != (2, 2):
        raise ValueError(
            f"the recipe {recipe.name!r} for {recipe.cell} is for languages of two letters and the task next_letters, "
            f"not for {asked.language.name}, {asked.task.name}"
        )
    if any(part.loss_of_zero for part in recipe.parts) and asked.question.link == "softmax":
        raise ValueError(
            f"the recipe {recipe.name!r} for {recipe.cell} restarts runs whose loss is not near 0, as that of "
            f"{asked.task.name} never is; it is for the other tasks"
        )
    for name, field in Condition.model_fields.items():
        if name not in _FREE_BESIDE_A_RECIPE and getattr(condition, name) != settled.get(name, field.default):
            raise ValueError(f"the recipe {recipe.name!r} settles {name}; leave it out")


class Origin(_Frozen):
    """Where a store's models come from, and for all but trained ones how."""

    kind: Literal["trained", "imported", "constructed", "repaired"] = "trained"
    detail: dict[str, str] = {}


class Study(_Frozen):
    """A list of conditions, and how their runs are kept and judged."""

    name: str = "study"
    conditions: tuple[Condition, ...] = Field(min_length=1)
    selection: Literal["average", "last_word"] = "average"  # which validation loss chooses the best epoch
    block_runs: int = Field(default=16, ge=1, le=10_000)  # runs that are trained together, and that a kill can lose
    origin: Origin = Origin()

    def sha256(self) -> str:
        """Hash of the study's canonical form, the schema's number in it."""
        return canonical_sha256({"schema": SCHEMA, **self.model_dump(mode="json")})


def canonical_sha256(value: object) -> str:
    """Hash of a JSON value, the same for equal values whatever the order of their keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def settings_by_name(condition: Condition) -> dict[str, Any]:
    """A condition's settings under dotted names, such as ``words.training_lengths``."""
    return dotted(condition.whole(exclude=PLACES))


def dotted(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted names; ``words.given`` is a value, not a table of fields."""
    leaves: dict[str, Any] = {}
    for field, value in table.items():
        name = f"{prefix}{field}"
        if isinstance(value, Mapping) and name == "words":
            leaves |= dotted(value, f"{name}.")
        else:
            leaves[name] = value
    return leaves


def explain(error: ValidationError) -> str:
    """What is wrong with the first bad value, in one line: the field, what it should be, what it is."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    value = repr(first["input"])
    whole = not field  # of several fields together: no single value to show
    found = "" if whole or first["type"] == "missing" or len(value) > 60 else f", not {value}"
    return f"{field}: {message}{found}" if field else f"{message}{found}"
