"""Recipes as a page trains by them: epoch by epoch the program, the rate, the scales and what is done before."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from longcount.cells import Cell
from longcount.cells.network import Question
from longcount.engine import training_kernel
from longcount.engine.options import Options
from longcount.report.playground.changes import Change, changes_between, trials
from longcount.report.programs import Programs
from longcount.training.problem import Problem
from longcount.training.recipes.recipe import LARGEST_REDRAWS, Recipe

LANES = 4
"""Networks side by side in a vector of WebAssembly."""


def training_program(programs: Programs, cell: Cell, problem: Problem, options: Options) -> int:
    """The place in the page of the program that trains a cell, its parameters scaled."""
    return programs.add("train", training_kernel.ARGUMENTS, _training_text(cell, problem.question, options))


@functools.cache
def _training_text(cell: Cell, question: Question, options: Options) -> str:
    return training_kernel.training_program(cell, question, options, LANES, scaled=True)


def course(programs: Programs, recipe: Recipe, cell: Cell, problem: Problem) -> dict[str, Any]:
    """How a recipe trains.

    Raises:
        UserError: it does to parameters what a page cannot do.
    """
    what = f"the recipe {recipe.name!r} for {recipe.cell}"
    epochs = [_epoch(programs, recipe, cell, problem, epoch, what) for epoch in range(recipe.epochs + 1)]
    redraws = [
        {"epoch": epoch, "threshold": threshold, "most": LARGEST_REDRAWS - 1}
        for epoch in range(1, recipe.epochs + 1)
        for part in recipe.parts
        if (threshold := part.redraws(epoch)) is not None
    ]
    return {
        "begin": _begin(recipe, cell, what),
        "ties": _options(recipe, cell, problem, 1).ties,
        "epochs": epochs,
        "redraw": redraws[0] if redraws else None,
    }


def _epoch(programs: Programs, recipe: Recipe, cell: Cell, problem: Problem, epoch: int, what: str) -> dict[str, Any]:
    rate = recipe.learning_rate
    for part in recipe.parts:
        rate = part.rate(rate, max(epoch, 1))
    options = _options(recipe, cell, problem, max(epoch, 1))
    return {
        "program": training_program(programs, cell, problem, options),
        "rate": rate,
        "scales": _scales(recipe, cell, epoch),
        "before": _before(recipe, cell, epoch, what) if epoch else [],
    }


def _options(recipe: Recipe, cell: Cell, problem: Problem, epoch: int) -> Options:
    options = Options(problem.loss)
    for part in recipe.parts:
        options = part.options(cell, options, epoch)
    return options


def _scales(recipe: Recipe, cell: Cell, epoch: int) -> list[tuple[int, float]]:
    """[position, factor] of the parameters whose factor is not 1, as float32."""
    scales = np.ones(cell.size())
    for part in recipe.parts:
        part.scale(cell, scales, epoch)
    return [(k, float(np.float32(factor))) for k, factor in enumerate(scales.tolist()) if factor != 1]


def _begin(recipe: Recipe, cell: Cell, what: str) -> list[Change]:
    before = trials(cell.size())
    after = before.copy()
    for part in recipe.parts:
        part.begin(cell, after)
    return changes_between(before, after, what)


def _before(recipe: Recipe, cell: Cell, epoch: int, what: str) -> list[Change]:
    before = trials(cell.size())
    after = before.copy()
    for part in recipe.parts:
        part.before(cell, after, epoch)
    return changes_between(before, after, what)
