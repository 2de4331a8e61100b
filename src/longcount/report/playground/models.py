"""What the playground can train: a cell, a language and a number of units, with the programs for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from longcount import cells, engine
from longcount.cells import Cell
from longcount.engine import evaluation_kernel, trace_kernel
from longcount.engine.training_kernel import layout_of, tape_values
from longcount.errors import UserError
from longcount.languages.words import Words
from longcount.report.explorer import read_by, trace_program
from longcount.report.playground.changes import changes_between, trials
from longcount.report.playground.courses import LANES, course, training_program
from longcount.report.probes import example, family, probes
from longcount.report.programs import Programs, deflated
from longcount.report.table1 import cell_title
from longcount.training import recipes, streams
from longcount.training.engines import initial_weights, orders_of
from longcount.training.problem import Problem
from longcount.training.protocol import Condition
from longcount.training.recipes.parts import gate_rows, positions

CHECKED = 500
"""Updates after which the page's weights are compared with the engine's."""


def model(programs: Programs, variants: Sequence[Condition], splits: Mapping[str, Words]) -> dict[str, Any]:
    """A network as the page trains it.

    Args:
        programs: of the page.
        variants: conditions that differ in loss and clipping alone.
        splits: the training and validation words.

    Raises:
        UserError: its cell starts in a way that a page cannot follow.
    """
    condition = variants[0]
    cell, problem = condition.built_in_cell(), condition.problem()
    trained = [
        {
            "loss": one.loss,
            "clip": one.clip_norm,
            "program": training_program(programs, cell, problem, one.options()),
        }
        for one in variants
    ]
    evaluated = evaluation_kernel.evaluation_program(cell, problem.question, problem.loss, LANES, False)
    names = trace_kernel.traced(cell)
    return {
        "cell": condition.cell,
        "reference": condition.sources["cell"].reference if "cell" in condition.sources else None,
        "title": cell_title(condition.cell),
        "language": read_by(problem.language),
        "hidden_size": cell.hidden_size,
        "size": cell.size(),
        "tensors": list(cell.shapes().items()),
        "affine": list(cell.gates),
        "row": layout_of(cell, problem.question).row,
        "letter_bits": layout_of(cell, problem.question).letter_bits,
        "tape": tape_values(cell),
        "stream": streams.cell_key(condition.stream),
        "rate": condition.learning_rate,
        "variants": trained,
        "outputs": list(problem.outputs),
        "threshold": problem.question.threshold,
        **names._asdict(),
        **_counting(cell, names),
        "starts": _starts(cell),
        "probes": probes(problem.language),
        "family": family(problem.language),
        "example": example(problem.language, splits["validation"]),
        "course": _course(programs, cell, problem, condition),
        "programs": {
            "evaluate": programs.add("evaluate", evaluation_kernel.ARGUMENTS, evaluated),
            "trace": trace_program(programs, cell, problem.question),
        },
        "check": _check(condition, splits["training"]),
    }


def _counting(cell: Cell, names: trace_kernel.Traced) -> dict[str, Any]:
    """Which of the traced numbers count and keep, and which parameters the slope of the gates multiplies."""
    parts = [name for name in names.states if name.split("_")[0] == cell.counter]
    kept = [k for k, name in enumerate(names.gates) if cell.keeps and name.split("_")[0] == cell.keeps]
    saturating = [gate for gate in cell.gates if gate in (*cell.sigmoids, *cell.tanhs)]
    has_own = not cell.keeps and cell.recurrent and cell.counts in cell.gates
    own = positions(cell, "weight_hh_l0", (cell.counts,)).ravel().tolist() if has_own else []
    return {
        "counters": [names.states.index(name) for name in parts],
        "keeps": {"gates": kept, "weights": own[:: cell.hidden_size + 1]},
        "sloped": gate_rows(cell, saturating).tolist() if saturating and cell.recurrent else [],
    }


def _starts(cell: Cell) -> dict[str, Any]:
    """Initialisations by name, as changes of PyTorch's draws; those that the cell or the page cannot have are left
    out, all but PyTorch's own."""
    draws = trials(cell.size())
    drawn = draws * np.float32(1.0 / np.sqrt(cell.hidden_size))
    found = {}
    for name in ("pytorch", "identity", "signs", "counter"):
        try:
            found[name] = changes_between(drawn, cells.initialise(cell, draws, name), f"the start of {cell.name}")
        except UserError:
            if name == "pytorch":
                raise
    return found


def _course(programs: Programs, cell: Cell, problem: Problem, condition: Condition) -> dict[str, Any] | None:
    """The exact recipe, for those networks that have one."""
    if not condition.is_one_unit or condition.sources or condition.language != "dyck1":
        return None
    recipe = recipes.EXACT.get(cell.name)
    return recipe and course(programs, recipe, cell, problem)


def _check(condition: Condition, words: Words) -> str:
    """The SHA-256 of float32 [LANES, P], little-endian: the first runs' weights after a few updates on this
    processor."""
    runs, problem = range(LANES), condition.problem()
    state = engine.start(initial_weights(condition, runs))
    orders = orders_of(condition, runs, 1, len(words))[:, :CHECKED]
    cell, targets = condition.built_in_cell(), problem.targets(words)
    rate, options = condition.learning_rate, condition.options()
    engine.train(cell, state, words, targets, orders, rate, options, question=problem.question)
    return hashlib.sha256(state.parameters.astype("<f4").tobytes()).hexdigest()


def written_words(words: Words, problem: Problem, row: int) -> dict[str, str]:
    """Words with their targets: lengths, and a symbol for each token, its letter and above its bits those of the
    targets."""
    letter_bits = row - problem.targets(words).shape[1]
    symbols = words.tokens.astype(np.uint32)
    for k, column in enumerate(problem.targets(words).T):
        symbols |= column.astype(np.uint32) << np.uint32(letter_bits + k)
    return {
        "lengths": deflated(words.lengths.astype(np.uint16)),
        "symbols": deflated(symbols.astype(np.uint8 if row <= 8 else np.uint32)),
    }
