"""Interventions: everything that could make a network count, and the study that tries them all on the same words.

An intervention changes one thing about the paper's protocol, or repairs what that protocol left. Runs of a cell start
from the same draws under all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from longcount import languages
from longcount.errors import UserError, hint
from longcount.languages import DYCK1, Language
from longcount.training import recipes
from longcount.training.merging import merge
from longcount.training.protocol import Condition, Study

RUNS = 200

CELLS = ("lstm", "gru", "relu")


def _up_and_down(language: Language) -> bool:
    """Whether there are two letters, one that counts up and one that counts down, and an output for each."""
    return (len(language.letters), len(language.outputs)) == (2, 2)


def _by_number(language: Language) -> bool:
    return language.numbers > 0


def _by_length(language: Language) -> bool:
    return not language.numbers


@dataclass(frozen=True)
class Intervention:
    """One way to make networks count."""

    name: str
    meaning: str
    """What it does, in a sentence; names in braces stand for values of `fields`."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Fields of a condition that differ from the paper's protocol."""
    cells: tuple[str, ...] = CELLS
    """In whose parts of the table it stands."""
    instead: dict[str, str] = field(default_factory=dict)
    """Cells that are trained in place of these; they start from draws of their own."""
    repaired: bool = False
    """Whether the models of the paper's protocol are repaired afterwards."""
    of: Callable[[Language], bool] = lambda language: True
    """For which languages it makes sense."""

    def folder(self, cell: str) -> str:
        """The folder of its runs of a cell: its name alone decides, not which interventions there are beside it."""
        return f"{cell}-{self.name.replace(' ', '_').replace(chr(39), '')}"

    def cells_for(self, language: Language) -> tuple[str, ...]:
        """The cells that it trains on a language: a recipe may be for two letters alone."""
        return tuple(
            cell for cell in self.cells if _up_and_down(language) or not self._needs_two_letters(cell, language)
        )

    def _needs_two_letters(self, cell: str, language: Language) -> bool:
        name = self.fields.get("recipe")
        return name is not None and any(part.two_letters for part in recipes.get(name, cell, None, language.name).parts)

    def sentence(self) -> str:
        """What it does, with its own numbers."""
        return re.sub(r"(?<=\d)-(?=\d)", "–", self.meaning.format(**self.fields))


BASELINE = Intervention(
    "the paper's protocol", "Plain training as in the paper: Adam, mean squared error, one word per update."
)

INTERVENTIONS = (
    BASELINE,
    Intervention(
        "clipped gradient norm",
        "The gradient of an update is scaled down to a norm of at most {clip_norm:g}.",
        {"clip_norm": 0.1},
    ),
    Intervention(
        "clipped gradient values",
        "Every element of the gradient is cut to at most {clip_value:g} in size.",
        {"clip_value": 0.01},
    ),
    Intervention(
        "identity start",
        "Recurrent weights start as the identity and recurrent biases at 0 (Le et al. 2015).",
        {"initialisation": "identity"},
    ),
    Intervention(
        "orthogonal start",
        "Recurrent weights start orthogonal (Saxe et al. 2014): for one unit, as 1 or −1.",
        {"initialisation": "orthogonal"},
    ),
    Intervention(
        "signs of a counter at the start",
        "Starting weights get the signs of a counter: up on “(”, down on “)”.",
        {"initialisation": "signs"},
        of=_up_and_down,
    ),
    Intervention(
        "near a counter at the start",
        "Training starts near a counter built by hand (after Weiss et al. 2018): one bracket steps up, the "
        "other down, and the memory is kept.",
        {"initialisation": "counter"},
        of=_up_and_down,
    ),
    Intervention(
        "learning-rate decay",
        "The learning rate is multiplied by {decay:g} after every epoch.",
        {"schedule": "exponential", "decay": 0.8},
    ),
    Intervention(
        "cross-entropy",
        "Binary cross-entropy takes the place of the mean squared error.",
        {"loss": "bce"},
    ),
    Intervention(
        "weight decay",
        "Every update shrinks the weights by {weight_decay:g} times the learning rate (AdamW).",
        {"weight_decay": 0.01},
    ),
    Intervention(
        "L1 penalty",
        "{l1:g} times the sum of the weights' absolute values is added to the loss.",
        {"l1": 1e-4},
    ),
    Intervention(
        "batches of 8",
        "Weights are updated after {batch_size} words in place of one.",
        {"batch_size": 8},
    ),
    Intervention(
        "training words to 100 tokens",
        "Training and validation words have {words[training_lengths]} tokens in place of 2-50; all are judged "
        "on the same Very Long words.",
        {"words": {"training_lengths": "2-100"}},
        of=_by_length,
    ),
    Intervention(
        "training words to n = 100",
        "Training and validation words have an n of {words[training_n]} in place of 1-50; all are judged on the same "
        "Very Long words.",
        {"words": {"training_n": "1-100"}},
        of=_by_number,
    ),
    Intervention(
        "hard gates",
        "Gates are straight lines that reach the ends of their range, which sigmoid and tanh only approach.",
        cells=("lstm", "gru"),
        instead={"lstm": "hard_lstm", "gru": "hard_gru"},
    ),
    Intervention(
        "quantised weights",
        "After 25 epochs recurrent weights are rounded to powers of two and kept; only the readout continues to train.",
        {"recipe": "quantised"},
    ),
    Intervention(
        "annealed slopes",
        "The slopes of the gates double every epoch from the fourth on, so that gates saturate.",
        {"recipe": "annealed"},
        cells=("lstm", "gru"),
    ),
    Intervention(
        "the exact recipe",
        "Several such ideas together, chosen for each cell, without an edit after training.",
        {"recipe": "exact"},
    ),
    Intervention(
        "repaired after training",
        "The networks of the paper's protocol, edited afterwards by the smallest change that can be proved "
        "exact, where one is found.",
        repaired=True,
    ),
)


def interventions_called(names: Sequence[str], language: Language = DYCK1) -> tuple[Intervention, ...]:
    """The interventions of these names, with the paper's protocol to compare them with; all that make sense for the
    language where no name is given.

    Raises:
        UserError: for a name that no intervention has, or of one that makes no sense for the language.

    >>> [intervention.name for intervention in interventions_called(["weight decay"])]
    ["the paper's protocol", 'weight decay']
    """
    fitting = [intervention for intervention in INTERVENTIONS if intervention.of(language)]
    known = [intervention.name for intervention in fitting]
    for name in names:
        if name not in known:
            told = hint(name, known)
            raise UserError(f"no intervention for {language.name} is called {name!r}; {told}")
    wanted = {BASELINE.name, *(names or known)}
    return tuple(intervention for intervention in fitting if intervention.name in wanted)


OF_DYCK1 = interventions_called(())
"""The interventions for Dyck-1."""


def leaderboard_study(
    runs: int = RUNS,
    seed: int = 0,
    overrides: dict[str, Any] | None = None,
    interventions: Sequence[Intervention] = OF_DYCK1,
    language: str = DYCK1.name,
    cells: Sequence[str] = CELLS,
) -> Study:
    """The study behind the leaderboard: a condition for every intervention that trains, and cell.

    Args:
        runs: of each condition.
        seed: of weights, orders and words.
        overrides: fields of every condition.
        interventions: those that are to stand in the table.
        language: that is learned.
        cells: in whose parts of the table they are to stand.
    """
    conditions = []
    for intervention in interventions:
        for cell in intervention.cells_for(languages.get(language)):
            if cell in cells and not intervention.repaired:
                settings = {"language": language, "runs": runs, "seed": seed, **intervention.fields}
                for name, value in (overrides or {}).items():
                    settings[name] = {**value, **settings.get(name, {})} if isinstance(value, dict) else value
                if "recipe" in settings:
                    settings.pop("epochs", None)
                trained = intervention.instead.get(cell, cell)
                conditions.append(Condition(cell=trained, folder=intervention.folder(cell), **settings))
    return Study(name="leaderboard", conditions=merge(conditions), block_runs=32)
