"""What decides at which n LSTMs fail that are trained as by `longcount reproduce lan-2024` from 10,000 words.

    python benchmarks/anbn_settings.py [SETTING ...] [--runs 32] [--torch-runs 4]

Prints a Markdown table: the first failing n of networks with one setting changed. Those with dropout are trained by
PyTorch, 20,000 updates of each in about a minute.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.special import ndtri
from torch import nn

from longcount import experiments
from longcount.analysis import counting
from longcount.analysis.subjects import Networks
from longcount.cells import Cell
from longcount.papers import lan_2024
from longcount.training.protocol import PLACES


def uniform(cell: Cell, tensors: dict[str, np.ndarray]) -> None:
    """Every parameter uniform in (0, 1), from PyTorch's draws, which are uniform in plus or minus 1 / sqrt(H)."""
    for name, tensor in tensors.items():
        tensors[name] = (tensor * np.sqrt(cell.hidden_size) + 1) / 2


def normal(cell: Cell, tensors: dict[str, np.ndarray]) -> None:
    """Every parameter from N(0, 1)."""
    uniform(cell, tensors)
    for name, tensor in tensors.items():
        tensors[name] = ndtri(np.clip(tensor.astype(np.float64), 1e-12, 1 - 1e-12))


class Dropout(nn.LSTM):
    """Drops a fifth of the hidden states before the readout."""

    def __init__(self, hidden_size: int, letters: int, outputs: int) -> None:
        super().__init__(letters, hidden_size, batch_first=True)
        self.readout = nn.Linear(hidden_size, outputs)
        self.kept = nn.Dropout(0.2)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Distributions [words, tokens, outputs]."""
        return torch.softmax(self.readout(self.dropped(super().forward(letters)[0])), dim=-1)

    def dropped(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """What the readout reads."""
        return self.kept(hidden_states)


class Released(Dropout):
    """As the released code has it (networks.py): `.data` of a tensor is cut off from what it was computed from."""

    def dropped(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """What the readout reads."""
        return self.kept(hidden_states).data


SETTINGS: dict[str, Mapping[str, Any]] = {
    "batches of 16": {},
    "batches of 1": {"batch_size": 1},
    "batches of 64": {"batch_size": 64},
    "weights from N(0, 1)": {"initialisation": f"{__file__}:normal"},
    "weights uniform in (0, 1)": {"initialisation": f"{__file__}:uniform"},
    "a learned start": {"start": "learned"},
    "dropout 0.2": {"engine": "torch", "module": f"{__file__}:Dropout"},
    "dropout 0.2, as released": {"engine": "torch", "module": f"{__file__}:Released"},
}


def first_failing_n(setting: Mapping[str, Any], runs: int) -> np.ndarray:
    """Of that many networks, float64 [runs]; infinite where there is none up to 1,000."""
    conditions = lan_2024.study(4, 0).conditions
    condition = next(one for one in conditions if lan_2024.arm_of(one) == lan_2024.SIZES[10_000])
    fields = condition.model_dump(mode="json", exclude_defaults=True, exclude={*PLACES, "cell"})
    fields |= {**setting, "runs": runs}
    words = condition.words.training_words
    fields["epochs"] = round(lan_2024.UPDATES * fields["batch_size"] / words)
    with tempfile.TemporaryDirectory() as folder:
        store = experiments.train(condition.cell, folder, progress=False, **fields)
        (trained,) = store.study.conditions
        weights = store.weights(trained.folder, np.arange(runs), np.full(runs, trained.epochs))
        return counting.first_failing_step_n(Networks(trained, weights), lan_2024.LARGEST_N)


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", metavar="SETTING", help=f"default: all; {', '.join(SETTINGS)}")
    parser.add_argument("--runs", type=int, default=32)
    parser.add_argument("--torch-runs", type=int, default=4)
    asked = parser.parse_args()
    print("| setting | networks | first failing n: median (minimum / maximum) | core-seconds a network |")
    print("|:--|--:|--:|--:|")
    for name in asked.settings or SETTINGS:
        runs = asked.torch_runs if "engine" in SETTINGS[name] else asked.runs
        before = time.process_time()
        found = np.sort(first_failing_n(SETTINGS[name], runs))
        each, median = (time.process_time() - before) / runs, found[(runs - 1) // 2]
        print(f"| {name} | {runs} | {median:g} ({found[0]:g} / {found[-1]:g}) | {each:.2g} |", flush=True)


if __name__ == "__main__":
    main()
