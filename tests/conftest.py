"""Settings and parts of the user's own that every test shares."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, and no failure because the machine was busy.
settings.register_profile("longcount", derandomize=True, deadline=None)
settings.load_profile("longcount")

OWN_PARTS = {
    "my_cells.py": '''
from longcount.cells import Cell
from my_numbers import gate, tanh

class MGU(Cell):
    """Minimal gated unit."""

    name = "mgu"
    gates = ("f", "n")
    state_names = ("h",)
    counts, keeps = "n", ("f",)
    separate_recurrent_bias = ("n",)

    def forward(self, x, y, state, own):
        (h,) = state
        f = gate(x["f"] + y["f"])
        n = tanh(x["n"] + f * y["n"])
        return ((n - h) * f + h,), {"f": f, "n": n}
''',
    "my_numbers.py": """
from longcount.numbers.vector import sigmoid, tanh

def gate(x):
    from my_more.steep import times

    return times(sigmoid(x))
""",
    "my_more/__init__.py": "",
    "my_more/steep.py": "from .factor import FACTOR\n\ndef times(x):\n    return x * FACTOR\n",
    "my_more/factor.py": "FACTOR = 1.0\n",
    "my_starts.py": '''
def halves(cell, tensors):
    """Recurrent weights one half."""
    tensors["weight_hh_l0"][:] = 0.5
''',
    "my_recipes.py": """
from longcount.training.recipes import CrossEntropy, Recipe, Slope

STEEP = Recipe("steep", "mgu", epochs=2, learning_rate=0.02, parts=(CrossEntropy(), Slope("f", start=2)))
""",
}


@pytest.fixture
def own_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a cell, an initialisation and a recipe of the user's own into a new current folder, and further files."""

    def write(**texts: str) -> Path:
        folder = tmp_path / "mine"
        for name, text in (OWN_PARTS | {f"{name}.py": text for name, text in texts.items()}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        monkeypatch.chdir(folder)
        return folder

    return write
