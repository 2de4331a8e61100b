"""Interventions: everything that could make a network count, and the study that tries them all on the same words.

An intervention changes one thing about the paper's protocol, or repairs what that protocol left. Runs of a cell start
from the same draws under all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from longcount.errors import UserError, hint
from longcount.training.merging import merge
from longcount.training.protocol import Condition, Study

RUNS = 200


@dataclass(frozen=True)
class Intervention:
    """One way to make networks count."""

    name: str
    meaning: str
    """What it does, in a sentence; names in braces stand for values of `fields`."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Fields of a condition that differ from the paper's protocol."""
    cells: tuple[str, ...] = ("lstm", "gru", "relu")
    """In whose parts of the table it stands."""
    instead: dict[str, str] = field(default_factory=dict)
    """Cells that are trained in place of these; they start from draws of their own."""
    repaired: bool = False
    """Whether the models of the paper's protocol are repaired afterwards."""

    def folder(self, cell: str) -> str:
        """The folder of its runs of a cell: its name alone decides, not which interventions there are beside it."""
        return f"{cell}-{self.name.replace(' ', '_').replace(chr(39), '')}"

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
    ),
    Intervention(
        "near a counter at the start",
        "Training starts near a counter built by hand (after Weiss et al. 2018): one bracket steps up, the "
        "other down, and the memory is kept.",
        {"initialisation": "counter"},
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


def interventions_called(names: Sequence[str]) -> tuple[Intervention, ...]:
    """The interventions of these names, with the paper's protocol to compare them with; all where no name is given.

    Raises:
        UserError: for a name that no intervention has.

    >>> [intervention.name for intervention in interventions_called(["weight decay"])]
    ["the paper's protocol", 'weight decay']
    """
    known = [intervention.name for intervention in INTERVENTIONS]
    for name in names:
        if name not in known:
            raise UserError(f"no intervention is called {name!r}; {hint(name, known)}")
    wanted = {BASELINE.name, *(names or known)}
    return tuple(intervention for intervention in INTERVENTIONS if intervention.name in wanted)


def leaderboard_study(
    runs: int = RUNS,
    seed: int = 0,
    overrides: dict[str, Any] | None = None,
    interventions: Sequence[Intervention] = INTERVENTIONS,
) -> Study:
    """The study behind the leaderboard: a condition for every intervention that trains, and cell.

    Args:
        runs: of each condition.
        seed: of weights, orders and words.
        overrides: fields of every condition.
        interventions: those that are to stand in the table.
    """
    conditions = []
    for intervention in interventions:
        for cell in intervention.cells:
            if not intervention.repaired:
                settings = {"runs": runs, "seed": seed, **intervention.fields}
                for name, value in (overrides or {}).items():
                    settings[name] = {**value, **settings.get(name, {})} if isinstance(value, dict) else value
                if "recipe" in settings:
                    settings.pop("epochs", None)
                trained = intervention.instead.get(cell, cell)
                conditions.append(Condition(cell=trained, folder=intervention.folder(cell), **settings))
    return Study(name="leaderboard", conditions=merge(conditions), block_runs=32)
