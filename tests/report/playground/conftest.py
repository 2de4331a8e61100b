"""A playground of few words and few networks, one of them of the user's own."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from longcount.languages.splits import make_splits
from longcount.languages.words import Words
from longcount.report.playground.page import conditions, playground, playground_data
from longcount.training.protocol import Condition

TRAINING = 1000
"""Words."""

GRIDS = (
    {"cell": ["lstm", "relu", "gru"]},
    {"cell": "lstm", "loss": "bce", "clip_norm": 1.0},
    {"cell": "lstm", "language": "shuffle2", "hidden_size": 2},
    {"cell": "own:Leaky"},
)

OWN_CELL = """
from longcount.cells import Cell
from longcount.numbers.vector import sigmoid, tanh

class Leaky(Cell):
    name = "leaky"
    gates = ("f", "h")
    state_names = ("h",)
    counts, keeps, sigmoids, tanhs = "h", "f", ("f",), ("h",)

    def forward(self, x, y, state, own):
        f = sigmoid(x["f"] + y["f"])
        return (f * state[0] + tanh(x["h"] + y["h"]),), {"f": f}
"""


class Few(NamedTuple):
    """A page and what it is made of."""

    networks: list[Condition]  # of each of the page's networks, how it is trained when nothing is chosen
    splits: dict[str, dict[str, Words]]
    data: dict[str, Any]
    html: Path


@pytest.fixture(scope="session")
def few(tmp_path_factory) -> Few:
    folder = tmp_path_factory.mktemp("few")
    (folder / "own.py").write_text(OWN_CELL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shown = conditions(GRIDS)
    make = partial(make_splits, 0, training_words=TRAINING, validation_words=100)
    splits = {one.language: make(language=one.language) for one in shown}
    data = playground_data(shown, splits)
    networks = [
        next(one for one in shown if (one.cell, one.language) == (model["cell"], model["language"]["name"]))
        for model in data["models"]
    ]
    html = folder / "playground.html"
    html.write_text(playground(data))
    return Few(networks, splits, data, html)
