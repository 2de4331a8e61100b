"""Parts by name: built in, of the user's own, offered by an installed package; and what cannot be one."""

import numpy as np
import pytest

from longcount import cells
from longcount.errors import UserError
from longcount.sources import locate
from longcount.training import recipes


def test_a_part_is_found_by_its_name_or_as_module_and_name(own_parts):
    folder = own_parts()
    assert cells.KIND.find("lstm") == ("lstm", cells.CELLS["lstm"], None)
    found = cells.KIND.find("my_cells:MGU")
    assert (found.name, found.part.__name__) == ("mgu", "MGU")
    assert found.source == locate("my_cells:MGU", [folder])
    assert cells.KIND.get("mgu", found.source) is found.part
    assert cells.get("my_cells:MGU", 3).shapes()["weight_hh_l0"] == (6, 3)
    assert recipes.get("steep", "mgu", recipes.KIND.find("my_recipes:STEEP").source).epochs == 2
    assert cells.INITIALISATIONS.find("my_starts:halves").name == "halves"


NO_PART = {
    "sys:exit": "sys:exit: sys is not a Python file",
    "json:dumps": r"is of the type function; a cell is a subclass of longcount.cells.Cell",
    "my_things:number": "my_things.py:3: number is of the type int; a cell is ",
    "my_things:Other": "my_things.py:5: Other is a class; a cell is ",
    "my_things:Nameless": "my_things.py:7: Nameless lacks name; a cell is ",
    "my_things:Abstract": "my_things.py:9: Abstract lacks forward; a cell is ",
    "my_things:Word": "my_things.py:13: Word has gates = 'fn', not a tuple of names; a cell is ",
    "my_things:Long": "my_things.py:16: Long is called 'no name': a cell has a short name made of letters",
    "my_things:Taken": "my_things.py:18: Taken is called 'lstm', the name of a built-in cell; choose another name",
}


@pytest.mark.parametrize(("text", "line"), NO_PART.items())
def test_what_is_no_cell_is_refused_in_one_line(own_parts, text, line):
    own_parts(
        my_things="""
from longcount.cells import Cell
number = 3

class Other: pass

class Nameless(Cell): pass

class Abstract(Cell):
    name, state_names = "abstract", ("h",)
    gates = ("h",)

class Word(Abstract):
    gates = "fn"
    def forward(self, x, y, state, own): return state, {}
class Long(Abstract):
    name, forward = "no name", Word.forward
class Taken(Long): name = "lstm"
"""
    )
    with pytest.raises(UserError, match=line):
        cells.KIND.find(text)


def test_kinds_are_told_apart(own_parts):
    own_parts(my_wrong="def three(a, b, c): pass\nRECIPE = {}\n")
    with pytest.raises(
        UserError, match=r"my_wrong.py:1: three does not take two arguments; an initialisation is a func"
    ):
        cells.INITIALISATIONS.find("my_wrong:three")
    with pytest.raises(UserError, match=r"MGU is a class; an initialisation is"):
        cells.INITIALISATIONS.find("my_cells:MGU")
    with pytest.raises(
        UserError, match=r"my_wrong.py:2: RECIPE is of the type dict; a recipe is a longcount.training.recipes.R"
    ):
        recipes.KIND.find("my_wrong:RECIPE")


def test_unknown_names_say_what_there_is():
    with pytest.raises(
        UserError, match=r"no cell is called 'lsmt': did you mean 'lstm'\?; one of your own is module:Name"
    ):
        cells.KIND.find("lsmt")
    with pytest.raises(UserError, match="no recipe is called 'zen': the recipes are exact, quantised, annealed"):
        recipes.KIND.find("zen")


@pytest.fixture
def offered(own_parts, tmp_path, monkeypatch):
    """A package, installed, that offers a cell and one that is not there."""
    site = tmp_path / "site"
    (site / "theirs").mkdir(parents=True)
    text = (own_parts() / "my_cells.py").read_text().replace("from my_numbers", "from theirs.numbers")
    (site / "theirs" / "__init__.py").write_text("")
    (site / "theirs" / "cells.py").write_text(text)
    (site / "theirs" / "numbers.py").write_text("from longcount.numbers.vector import sigmoid as gate, tanh\n")
    offer(site, "theirs", "mgu = theirs.cells:MGU\nrotten = theirs.cells:Apple\n")
    monkeypatch.syspath_prepend(site)
    return site


def offer(site, package, lines):
    info = site / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[longcount.cells]\n{lines}")


def test_an_installed_package_offers_parts_by_name(offered):
    found = cells.KIND.find("mgu")
    assert (found.name, found.part.__module__) == ("mgu", "theirs.cells")
    assert found.source is not None
    assert found.source.reference == "theirs.cells:MGU"
    rows = {row.name: row for row in cells.KIND.listed()}
    assert rows["mgu"] == ("mgu", "Minimal gated unit.", "theirs")
    assert rows["lstm"].origin == "built in"
    assert "there is no Apple" in rows["rotten"].line
    offer(offered, "again", "mgu = again:MGU\n")
    with pytest.raises(UserError, match=r"cell 'mgu': installed packages offer .*again:MGU"):
        cells.KIND.find("mgu")


def test_an_initialisation_sees_one_run_and_has_to_leave_finite_tensors(own_parts):
    own_parts(
        my_odd="""
def seen(cell, tensors): tensors["readout.bias"][:] = [tensors["bias_ih_l0"].ndim, 3]
def nan(cell, tensors): tensors["readout.bias"][0] = float("nan")
def shape(cell, tensors): tensors["readout.bias"] = 1.0
def typo(cell, tensors): tensors["bias_hh"] = 0.0
def fails(cell, tensors): tensors["bias_hh"][:] = 0.0
"""
    )
    cell = cells.get("lstm")
    draws = np.linspace(-1, 1, 3 * cell.size(), dtype=np.float32).reshape(3, -1)

    def start(name: str) -> np.ndarray:
        return cells.initialise(cell, draws, name, cells.INITIALISATIONS.find(f"my_odd:{name}").source)

    assert start("seen")[:, -2:].tolist() == [[1, 3]] * 3
    assert (start("seen")[:, :-2] == draws[:, :-2]).all()
    wrong = {
        "nan": "my_odd.py:3: nan leaves no finite numbers of shape .2. in readout.bias",
        "shape": "my_odd.py:4: shape leaves no finite numbers of shape .2. in readout.bias",
        "typo": "my_odd.py:5: typo adds bias_hh; lstm has weight_ih_l0",
        "fails": "my_odd.py:6: KeyError: 'bias_hh'",
    }
    for name, line in wrong.items():
        with pytest.raises(UserError, match=line):
            start(name)
