"""A user's own module in a cell's place: trained, stored and judged like a cell, or refused in one clear line."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from longcount import cells, engine, languages
from longcount.engine import Options
from longcount.errors import UserError
from longcount.languages import Words, dyck, tasks
from longcount.training import torch_engine
from longcount.training.problem import problem
from longcount.training.torch_cells import seed_of, torch_cell, user_cell

MODULE = """
import torch
from torch import nn

class Good(nn.Module):
    def __init__(self, hidden_size=2, dropout=0.0):
        super().__init__()
        self.layer = nn.GRU(2, hidden_size, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.register_buffer("scale", torch.ones(()), persistent=False)
        self.out = nn.Linear(hidden_size, 2)

    def forward(self, letters):
        return torch.sigmoid(self.scale * self.out(self.drop(self.layer(letters)[0])))

class Sized(nn.Module):
    def __init__(self, letters, outputs, link="sigmoid"):
        super().__init__()
        self.link = link
        self.layer = nn.GRU(letters, 3, batch_first=True)
        self.out = nn.Linear(3, outputs)

    def forward(self, letters):
        before = self.out(self.layer(letters)[0])
        return before.sigmoid() if self.link == "sigmoid" else before.softmax(-1)

class BatchSecond(Good):
    def __init__(self):
        super().__init__()
        self.layer = nn.GRU(2, 2)

class ReadsAhead(Good):
    def forward(self, letters):
        return super().forward(letters.flip(1)).flip(1)

class NoSigmoid(Good):
    def forward(self, letters):
        return 5 + self.out(self.layer(letters)[0])

class OneOutput(Good):
    def forward(self, letters):
        return super().forward(letters)[..., :1]

class Buffered(Good):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)

class Breaks(Good):
    def forward(self, letters):
        return letters @ letters

def double(): return Good().double()
def nothing(): return nn.Identity()
def number(): return 3
def failing(): raise RuntimeError("no such luck")
constant = 7
"""


@pytest.fixture
def my_cells(tmp_path, monkeypatch):
    """A module my_cells in the current folder."""
    (tmp_path / "my_cells.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("import no_such_thing")
    (tmp_path / "wrong.py").write_text("1 +")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_users_module_trains_like_a_cell(my_cells, splits):
    cell = user_cell("my_cells:Good", {"hidden_size": 3, "layers": 2})
    assert cell.name == "good"
    assert cell.shapes()["layer.weight_hh_l0"] == (9, 3)
    assert not cell.random
    assert user_cell("my_cells:Good", {"dropout": 0.5}).random
    words = splits["training"]
    initial = np.stack([cell.initial_weights(0, run) for run in range(9)])
    assert len(np.unique(initial, axis=0)) == 9
    state = engine.start(initial)
    order = np.arange(15)
    first = torch_engine.train(cell, state, words, dyck.targets(words), order, 0.02)
    torch_engine.train(cell, state, words, dyck.targets(words), order, 0.02)
    last = torch_engine.train(cell, state, words, dyck.targets(words), order, 0.02)
    assert (last < first).all()


def test_a_users_initial_weights_are_the_runs_own(my_cells):
    cell = user_cell("my_cells:Good")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    weights = cell.initial_weights(0, 7)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(weights, user_cell("my_cells:Good").initial_weights(0, 7))
    for other in (cell.initial_weights(1, 7), user_cell("my_cells:Good", name="other").initial_weights(0, 7)):
        assert (other != weights).any()


def test_a_seed_is_below_2_63_and_its_purposes_alone():
    assert 0 <= seed_of("dropout", 0, 1) < 2**63
    assert len({seed_of("dropout", 0, 1), seed_of("dropout", 1, 0), seed_of("initial weights", 0, 1)}) == 3


def test_built_in_cells_keep_their_order_of_parameters():
    for name in cells.names():
        cell = cells.get(name, 2, 2)
        assert list(torch_cell(cell).shapes().items()) == list(cell.shapes().items())
        assert torch_cell(cell).size() == cell.size()


REFUSALS = {
    "my_cells": "'my_cells': should be module:Name or path/to/file.py:Name, such as my_cells:Peephole",
    "my_cells:": "should be module:Name",
    "../my_cells:Good": "../my_cells:Good: no such file: ",
    "my_sells:Good": "my_sells:Good: no my_sells.py in ",
    "broken:Good": "broken.py:1: ModuleNotFoundError: No module named 'no_such_thing'",
    "wrong:Good": "wrong.py:1: SyntaxError: invalid syntax",
    "my_cells:Goof": "my_cells.py: there is no Goof; did you mean 'Good'?",
    "my_cells:constant": "my_cells.py:57: constant is of the type int; a module is a subclass of torch.nn.Module, or",
    "my_cells:failing": "my_cells.py:56: RuntimeError: no such luck",
    "my_cells:number": "returned a int; it should return a torch.nn.Module",
    "my_cells:nothing": "the module has no parameters to train",
    "my_cells:double": "layer.weight_ih_l0 is torch.float64; parameters should be torch.float32",
    "my_cells:Buffered": "norm.num_batches_tracked is not a parameter of its own",
    "my_cells:Breaks": "for letters [3, 4, 2] the module raised RuntimeError: ",
    "my_cells:OneOutput": "for letters [3, 4, 2] the module returns [3, 4, 1], not [3, 4, 2]",
    "my_cells:NoSigmoid": "outputs should lie in (0, 1); end the module in torch.sigmoid",
    "my_cells:BatchSecond": "a word's outputs depend on other words; words are the first dimension",
    "my_cells:ReadsAhead": "outputs depend on later tokens; a network that counts reads left to right",
}


@pytest.mark.parametrize(("factory", "line"), REFUSALS.items())
def test_what_is_no_such_module_is_refused(my_cells, factory, line):
    with pytest.raises(UserError, match=re.escape(line)) as refused:
        user_cell(factory)
    assert "\n" not in str(refused.value).partition("raised")[0]


@pytest.mark.parametrize("task", ["next_letters", "recognise", "predict"])
def test_a_users_module_is_given_the_sizes_of_the_task(my_cells, task):
    asked = problem(languages.get("an_bn_cn"), tasks.get(task))
    settings = {"letters": 3, "outputs": len(asked.outputs), "link": asked.question.link}
    cell = user_cell("my_cells:Sized", settings)
    assert cell.shapes()["layer.weight_ih_l0"] == (9, 3)
    assert cell.shapes()["out.bias"] == (len(asked.outputs),)
    words = Words.from_strings(["aabbcc", "abc", "aaabbbccc"], "abc")
    targets, orders, options = asked.targets(words), np.tile(np.arange(3), 5), Options(asked.loss)
    before = np.stack([cell.initial_weights(0, run) for run in range(2)])
    state = engine.start(before)
    torch_engine.train(cell, state, words, targets, orders, 0.02, options, question=asked.question)
    first, last = (
        torch_engine.evaluate(cell, weights, words, targets, asked.loss, question=asked.question)
        for weights in (before, state.parameters)
    )
    assert (last.loss.mean(axis=1) < first.loss.mean(axis=1)).all()


OTHER_SIZES = {
    "too few letters": ("Good", {"letters": 3}, "for letters [3, 4, 3] the module raised RuntimeError: "),
    "too few outputs": ("Good", {"outputs": 3}, "for letters [3, 4, 2] the module returns [3, 4, 2], not [3, 4, 3]"),
    "no distribution": ("Good", {"link": "softmax"}, "should add up to 1; end the module in torch.softmax"),
}


@pytest.mark.parametrize(("name", "settings", "line"), OTHER_SIZES.values(), ids=list(OTHER_SIZES))
def test_a_module_of_other_sizes_is_refused(my_cells, name, settings, line):
    with pytest.raises(UserError, match=re.escape(line)):
        user_cell(f"my_cells:{name}", settings)


def python_blocks(page: Path) -> list[str]:
    """The Python code of a page of the documentation."""
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


def test_the_documented_cell_of_ones_own(tmp_path, monkeypatch):
    """docs/pytorch.md: the module as it stands there, named by the study as it stands there."""
    page = Path(__file__).parents[2] / "docs" / "pytorch.md"
    code = next(block for block in python_blocks(page) if "class Peephole" in block)
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    study = re.search(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    assert study is not None
    (tmp_path / "my_cells.py").write_text(code)
    (tmp_path / "peephole.toml").write_text(study[1])
    monkeypatch.chdir(tmp_path)
    from longcount.commands.application import main

    small = ["training_words=60", "validation_words=20", "long_words=10", "very_long_words=2"]
    fields = ["runs=2", "epochs=1", *(f"words.{field}" for field in small)]
    sets = [part for field in fields for part in ("--set", field)]
    assert main(["study", "run", "peephole.toml", "--out", "store", *sets]) == 0
    assert main(["evaluate", "store", "--data", "store/words/long.txt", "--epoch", "last", "--json"]) == 0
    assert main(["export", "store", "--run", "1", "--cell", "peephole-hidden_size=2", "--out", "peephole.pt"]) == 0
    given: dict[str, Any] = {}
    exec(code, given)
    given["Peephole"](2).load_state_dict(torch.load("peephole.pt", weights_only=True), strict=True)
