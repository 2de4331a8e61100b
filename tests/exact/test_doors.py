"""What verdicts are about: cells, languages, tasks and depths of every kind are refused, proved or bounded."""

import dataclasses

import numpy as np
import pytest

from longcount import cells, languages
from longcount.cells import Cell
from longcount.cells.derivation import works_unit_by_unit
from longcount.cells.relu import ReLU
from longcount.errors import UserError
from longcount.exact.certify import certify, prove
from longcount.exact.construct import construct
from longcount.exact.extraction import extract
from longcount.exact.proof import EXACT_INTEGERS
from longcount.languages import tasks
from longcount.languages.machine import Machine
from longcount.numbers.vector import Vector, relu
from longcount.training.problem import problem

from .test_machines import counters


def test_units_that_see_each_other_are_refused():
    """Equations are evaluated for all units at once, as they are for one alone: that must be what they are."""

    class Sharing(ReLU):
        def forward(self, x, y, state, own):
            (h,), gates = super().forward(x, y, state, own)
            return (h - Vector(h[0] * 0.0 if k == 0 else h[k - 1] for k in range(len(h))),), gates

    flat, asked = np.zeros(Sharing(2, 1, 4, 4).size(), np.float32), problem(languages.get("shuffle2"))
    with pytest.raises(UserError, match="only cells that work unit by unit can be certified, not relu: its units see"):
        certify(Sharing(2, 1, 4, 4), flat, asked, limit=20)
    assert prove(Sharing(2, 1, 4, 4), flat, asked).reason == "proofs are about cells that work unit by unit"
    assert certify(cells.get("relu", 2, 1, 4, 4), flat, asked, limit=20).verdict == "bounded"
    for name in cells.names():
        assert works_unit_by_unit(cells.get(name, 3)), name


def test_a_language_that_says_something_else_than_its_table_is_refused():
    class Other(Machine):
        def targets_in(self, configuration):
            return np.ones(2, np.uint8)

    fields = {field.name: getattr(languages.get("dyck1"), field.name) for field in dataclasses.fields(Machine)}
    flat, table = construct("lstm"), Machine(**fields)
    assert certify(cells.get("lstm"), flat, problem(table), limit=20).verdict == "exact"
    with pytest.raises(UserError, match="only languages that counters decide can be certified, not dyck1"):
        certify(cells.get("lstm"), flat, problem(Other(**fields)), limit=20)
    assert prove(cells.get("lstm"), flat, problem(Other(**fields))).max_depth == 0


@pytest.mark.parametrize("depth", [0, -3])
def test_a_depth_below_1_is_refused(depth):
    wrong = np.zeros(cells.get("lstm").size(), np.float32)
    for asked in (certify, prove, extract):
        with pytest.raises(UserError, match=f"depth: {depth}: should be 1 or more"):
            asked(cells.get("lstm"), wrong, depth=depth)


def test_cells_whose_state_has_other_names_are_proved_by_their_equations():
    class Named(Cell):
        """A rectifier, and beside it something that letters alone decide."""

        name, gates, state_names = "named", ("m", "k"), ("m", "k")

        def forward(self, x, y, state, own):
            return (relu(x["m"] + y["m"]), relu(x["k"])), {}

    cell = Named()
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    tensors["weight_ih_l0"][:] = [[1, -1], [0, 1]]
    tensors["weight_hh_l0"][0] = 1
    tensors["readout.weight"][1], tensors["readout.bias"][:] = 20, (10, -10)
    assert certify(cell, cells.pack(cell, tensors)).max_depth == EXACT_INTEGERS
    assert extract(cell, cells.pack(cell, tensors)).proved
    tensors["readout.bias"][1] = 10
    certificate = certify(cell, cells.pack(cell, tensors), limit=20)
    assert (certificate.verdict, certificate.upper_bound) == ("bounded", 1)


@pytest.mark.parametrize("task", tasks.TASKS)
def test_every_task_on_a_language_with_classes_is_proved_or_bounded(task):
    """A network that never says yes, or whose answers are always alike, is right about none, and a word shows it."""
    asked = problem(languages.get("balance"), tasks.TASKS[task])
    cell = cells.get("lstm", 2, 1, 2, len(asked.outputs))
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    tensors["readout.bias"][:] = -1
    certificate = certify(cell, cells.pack(cell, tensors), asked, limit=30)
    assert (certificate.verdict, certificate.task) == ("bounded", task)
    assert certificate.upper_bound is not None


def test_a_network_that_tells_three_classes_apart_is_proved():
    """Fewer, as many or more ( than ), after every string."""
    asked = problem(languages.get("balance"), tasks.CLASSIFY)
    cell, tensors = counters(asked, [[1], [-1]], [[-40], [0], [40]], [-15, 0, -15])
    certificate = certify(cell, cells.pack(cell, tensors), asked)
    assert (certificate.verdict, certificate.max_depth) == ("exact", EXACT_INTEGERS)
    tensors["readout.bias"][1] = -100
    assert certify(cell, cells.pack(cell, tensors), asked, limit=30).upper_bound == 1
