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
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import (
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from longcount import cells, languages, sources
from longcount.engine.options import Options
from longcount.errors import UserError
from longcount.languages import tasks
from longcount.registry import Kind
from longcount.sources import Source
from longcount.training import recipes
from longcount.training.frozen import Frozen
from longcount.training.problem import Problem, problem
from longcount.training.word_source import WordSource

SCHEMA = 1  # of stores and of the resolved study; a store of another schema is refused

CHECKPOINTS = (1, 5, 10, 15, 20, 25)  # epochs of the paper's Table 2 and Figures 1 and 3


PARTS = {kind.name: kind for kind in (cells.KIND, languages.KIND, tasks.KIND, cells.INITIALISATIONS, recipes.KIND)}
"""Fields that name a part, built in or of the user's own."""

PLACES = {"runs", "earlier_runs", "folder", "word_set"}
"""Fields that say how many runs there are and where, not how they are trained."""


class Condition(Frozen):
    """One cell with all training settings and a number of runs; an arm of a study."""

    cell: str = Field(description="Name of a cell (`longcount list cells`), or module:Name of your own.")
    language: str = Field(
        default="dyck1", description="What is counted: a name (`longcount list languages`), or module:Name of your own."
    )
    task: str = Field(
        default="next_letters",
        description="What is asked: next_letters, recognise, predict or classify, or module:Name of your own.",
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="An output above it says yes; left out: the task's own (0.5; predict 0.005).",
    )
    runs: int = Field(ge=1, le=10_000_000, description="How many networks; left out: the paper's 10, 30 for relu.")
    epochs: int = Field(default=30, ge=0, le=100_000, description="Passes over the training words.")
    learning_rate: float = Field(
        gt=0, le=10, allow_inf_nan=False, description="Of the optimiser; left out: the paper's 0.01, 0.001 for gru."
    )
    optimiser: Literal["adam", "rmsprop", "sgd"] = Field(
        default="adam", description="As torch.optim has it: constants and order of operations."
    )
    momentum: float = Field(default=0.0, ge=0, lt=1, description="Of rmsprop and sgd.")
    order: Literal["shuffled", "shared", "fixed"] = Field(
        default="shuffled",
        description="Of the training words in an epoch: drawn by each run, drawn once for all runs, or as in the file.",
    )
    loss: Literal["mse", "bce", "ce"] = Field(
        default="mse",
        description="Mean squared error, binary cross-entropy, or cross-entropy of a distribution; left out: the "
        "task's first (mse; predict ce).",
    )
    engine: Literal["lanes", "torch"] = Field(default="lanes", description="What trains: the fast engine, or PyTorch.")
    module: str | None = Field(
        default=None, description="module:Name of what makes the torch.nn.Module to train; needs engine torch."
    )
    recipe: str | None = Field(
        default=None,
        description="A way of training that reaches exact counting (`longcount list recipes`), or module:Name of your "
        "own; it sets epochs, rate and loss.",
    )
    hidden_size: int = Field(
        default=1, ge=1, le=1_024, description="Hidden units of each layer; the fast engine has up to 16."
    )
    layers: int = Field(default=1, ge=1, le=16, description="Layers, one upon the other; the fast engine has up to 4.")
    start: Literal["zero", "learned"] = Field(
        default="zero", description="The state before the first token: 0, or trained with the weights."
    )
    initialisation: str = Field(
        default="pytorch",
        description="How weights start (`longcount list initialisations`), or module:Name of your own.",
    )
    schedule: Literal["constant", "exponential", "linear", "cosine"] = Field(
        default="constant", description="Of the learning rate over the whole training."
    )
    decay: float = Field(default=0.9, gt=0, le=1, description="Schedule exponential: factor from epoch to epoch.")
    batch_size: int = Field(default=1, ge=1, le=1_000_000, description="Words per update.")
    clip_norm: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Largest norm of the gradient; left out: not clipped."
    )
    clip_value: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Largest element of the gradient; left out: not clipped."
    )
    weight_decay: float = Field(
        default=0.0, ge=0, le=10, description="Decoupled, as in torch.optim.AdamW, for all optimisers."
    )
    l2: float = Field(default=0.0, ge=0, le=10, description="Added to the gradient, times the parameter.")
    l1: float = Field(default=0.0, ge=0, le=10, description="Added to the gradient, times the sign of the parameter.")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Between layers; needs engine torch.")
    device: str = Field(
        default="cpu",
        pattern=r"^\w+(:\d+)?$",
        description="Where PyTorch computes, such as cuda or cuda:1; needs engine torch.",
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="Decides every random choice: equal seeds, equal bytes.")
    evaluated: Literal["checkpoints", "every_epoch"] = Field(
        default="checkpoints",
        description="When training, long and very long words are measured: at the paper's checkpoints, the best epoch "
        "and the last, or after every epoch. Validation words always are after every epoch.",
    )
    words: WordSource = WordSource()
    sources: dict[str, Source] = Field(default={})  # of the fields that name parts of the user's own
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
            _refuse_what_a_recipe_sets(self)
        if may_load or not {"language", "task"} & self.sources.keys():
            _refuse_other_losses(self)
        if self.optimiser == "adam" and self.momentum:
            raise ValueError('momentum needs optimiser = "rmsprop" or "sgd"; adam has its own')
        if may_load:
            _refuse_what_says_nothing(self)
        if self.module is not None and self.start != "zero":
            raise ValueError("start applies to cells; a PyTorch module sets its own initial state")
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


def _refuse_what_says_nothing(condition: Condition) -> None:
    """Raise ValueError for a setting that another one leaves without effect. Only where a study is put together:
    stores of earlier versions may hold such a setting."""
    for name, holds, needed in (
        ("decay", condition.schedule == "exponential", 'schedule = "exponential"'),
        ("dropout", condition.layers > 1, "several layers: it acts between them"),
        ("initialisation", condition.module is None, "a cell: a module of PyTorch has its own"),
    ):
        if not holds and getattr(condition, name) != Condition.model_fields[name].default:
            raise ValueError(f"{name} needs {needed}")


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


def _refuse_what_a_recipe_sets(condition: Condition) -> None:
    recipe, asked = condition.settled_recipe(), condition.problem()
    settled = {"epochs": recipe.epochs, "learning_rate": recipe.learning_rate, "loss": asked.task.losses[0]}
    if any(part.two_letters for part in recipe.parts) and (asked.letters, len(asked.outputs)) != (2, 2):
        raise ValueError(
            f"the recipe {recipe.name!r} for {recipe.cell} is for languages of two letters and the task next_letters, "
            f"not for {asked.language.name}, {asked.task.name}"
        )
    for name, field in Condition.model_fields.items():
        if name not in _FREE_BESIDE_A_RECIPE and getattr(condition, name) != settled.get(name, field.default):
            raise ValueError(f"the recipe {recipe.name!r} sets {name}; leave it out")


class Origin(Frozen):
    """Where a store's models come from, and for all but trained ones how."""

    kind: Literal["trained", "imported", "constructed", "repaired"] = "trained"
    detail: dict[str, str] = Field(default={})


class Study(Frozen):
    """A list of conditions, and how their runs are kept and judged."""

    name: str = Field(default="study", description="Its name in tables; left out: that of its file.")
    conditions: tuple[Condition, ...] = Field(min_length=1)
    selection: Literal["average", "last_word"] = Field(
        default="average",
        description="Which validation loss chooses the best epoch: the average over words, or that of the last word, "
        "as in the code released with the paper.",
    )
    block_runs: int = Field(
        default=16,
        ge=1,
        le=10_000,
        description="Runs that are trained together, and that a kill can lose; left out: 16, and 32 where a condition "
        "has more than 64 runs.",
    )
    origin: Origin = Origin()

    @property
    def ended(self) -> frozenset[str]:
        """The folders of conditions whose runs are judged after their last epoch: what a recipe makes of a run is there
        then."""
        return frozenset(condition.folder for condition in self.conditions if condition.recipe is not None)

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
