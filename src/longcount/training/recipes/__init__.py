"""Recipes: ways of training that reach exact counting, made of named parts.

Every recipe ends with ordinary weights of the cell, left by the last update; what training added is folded in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from longcount.cells import CELLS
from longcount.cells.peephole import PeepholeLSTM
from longcount.errors import UserError
from longcount.registry import Kind, what_it_is
from longcount.sources import Source
from longcount.training.recipes.counters import (
    CountersAndReaders,
    DropSmall,
    FallingReaders,
    OwnLetters,
    RoundSteps,
    SlowSteps,
    Sparse,
)
from longcount.training.recipes.parts import (
    CountUp,
    CrossEntropy,
    Decay,
    KeepCount,
    LeaveOut,
    OppositeSteps,
    Part,
    ReadoutAlone,
    Redraw,
    RoundAndFreeze,
    RoundGate,
    ShortWords,
    Slope,
    SlowGate,
)
from longcount.training.recipes.recipe import Recipe, train

_BIASES = ("bias_ih_l0", "bias_hh_l0")

_LETTERS_ALONE = LeaveOut(("weight_hh_l0", *_BIASES), "i")
"""What is added depends on the letter alone."""


def _exact(cell: str, epochs: int, *parts: Part) -> Recipe:
    return Recipe("exact", cell, epochs, learning_rate=0.01, parts=parts)


EXACT = {
    "lstm": _exact("lstm", 10, CrossEntropy(), Slope("ifg", start=3), Redraw(3, 1e-3)),
    "relu": _exact(
        "relu",
        13,
        LeaveOut(_BIASES),
        OppositeSteps(),
        CountUp(),
        KeepCount(),
        RoundAndFreeze(11, readout_rate=0.003),
    ),
    "gru": _exact(
        "gru",
        12,
        LeaveOut(("weight_ih_l0", "weight_hh_l0", "bias_hh_l0"), "z"),
        SlowGate(3.5, 1.3),
        Slope("n", start=3),
    ),
}
"""The recipes that train a cell to count Dyck-1 exactly, by cell."""

COUNTING = {
    "lstm": _exact(
        "lstm",
        12,
        CrossEntropy(),
        ShortWords((12, 16, 24, 32, 51)),
        _LETTERS_ALONE,
        Slope("fgo", start=5, factor=4.0, largest=1024.0),
        Decay(start=5, factor=0.5),
        RoundGate("i", 8),
        Redraw(8, 1e-4),
        Redraw(11, 1e-6),
        Decay(start=11, factor=0.01),
    ),
    "relu": _exact(
        "relu",
        13,
        LeaveOut(_BIASES),
        CountersAndReaders(kept=1.0),
        OwnLetters(3),
        FallingReaders(),
        Sparse(1e-4, until=9),
        RoundSteps(9),
        DropSmall(11, share=0.3),
        Redraw(12, 1e-6),
    ),
    "gru": _exact(
        "gru",
        13,
        LeaveOut(("weight_ih_l0", "weight_hh_l0", *_BIASES), "r"),
        LeaveOut(_BIASES, "n"),
        CountersAndReaders(kept=0.0),
        OwnLetters(3),
        SlowSteps(9),
        DropSmall(11, share=0.3),
        Redraw(12, 1e-6),
    ),
}
"""Those for all other languages."""

_RATES = {cell: CELLS[cell].paper_rate for cell in EXACT}

_PEEPHOLES = LeaveOut(tuple(f"{name}_l0" for name in PeepholeLSTM.own))


def _kin(cell: str, recipe: Recipe, *parts: Part) -> Recipe:
    """The recipe of a cell of which this is a variant; what that leaves out of gates which the variant lacks falls
    away."""
    lacking = set(CELLS[recipe.cell].gates) - set(CELLS[cell].gates)
    fitting = [part for part in recipe.parts if not (isinstance(part, LeaveOut) and part.gates in lacking)]
    return replace(recipe, cell=cell, parts=(*parts, *fitting))


EXACT["peephole_lstm"] = _kin("peephole_lstm", EXACT["lstm"], _PEEPHOLES)
EXACT["hard_lstm"] = _kin("hard_lstm", EXACT["lstm"], _LETTERS_ALONE)
EXACT["gru_without_reset"] = _kin("gru_without_reset", EXACT["gru"])
COUNTING["peephole_lstm"] = _kin("peephole_lstm", COUNTING["lstm"], _PEEPHOLES)
COUNTING["hard_lstm"] = _kin("hard_lstm", COUNTING["lstm"])
COUNTING["gru_without_reset"] = _kin("gru_without_reset", COUNTING["gru"])

RECIPES = {
    "exact": EXACT,
    # One idea of the exact recipes alone, on the paper's protocol: what the others are worth (see the leaderboard).
    "quantised": {
        cell: Recipe("quantised", cell, 30, rate, (RoundAndFreeze(26, readout_rate=rate),))
        for cell, rate in _RATES.items()
    },
    "annealed": {
        cell: Recipe("annealed", cell, 30, _RATES[cell], (Slope(gates, start=3),))
        for cell, gates in (("lstm", "ifg"), ("gru", "rzn"))
    },
    "readout": {cell: Recipe("readout", cell, 30, rate, (ReadoutAlone(),)) for cell, rate in _RATES.items()},
}
"""Every recipe by name and cell."""


def _refusal(part: Any) -> str | None:
    return None if isinstance(part, Recipe) else what_it_is(part)


def _line(part: Recipe | dict[str, Recipe]) -> str:
    recipes = [part] if isinstance(part, Recipe) else [*part.values(), *(COUNTING.values() if part is EXACT else ())]
    parts = dict.fromkeys(type(step).__name__ for recipe in recipes for step in recipe.parts)
    return f"for {', '.join(dict.fromkeys(recipe.cell for recipe in recipes))}: {', '.join(parts)}"


KIND = Kind("recipe", "recipes", RECIPES, "a longcount.training.recipes.Recipe", _refusal, line_of=_line)


def get(name: str, cell: str, source: Source | None = None, language: str = "dyck1") -> Recipe:
    """The recipe of that name, or source, for a cell that learns a language.

    Raises:
        UserError: there is none.
    """
    found = KIND.get(name, source)
    by_cell = {found.cell: found} if isinstance(found, Recipe) else found
    if by_cell is EXACT and language != "dyck1":
        by_cell = COUNTING
    if cell not in by_cell:
        raise UserError(f"the recipe {name!r} is for {', '.join(by_cell)}, not for {cell}")
    return by_cell[cell]


__all__ = [
    "COUNTING",
    "EXACT",
    "KIND",
    "RECIPES",
    "CountUp",
    "CountersAndReaders",
    "CrossEntropy",
    "Decay",
    "DropSmall",
    "FallingReaders",
    "KeepCount",
    "LeaveOut",
    "OppositeSteps",
    "OwnLetters",
    "Part",
    "ReadoutAlone",
    "Recipe",
    "Redraw",
    "RoundAndFreeze",
    "RoundGate",
    "RoundSteps",
    "ShortWords",
    "Slope",
    "SlowGate",
    "SlowSteps",
    "Sparse",
    "get",
    "train",
]
