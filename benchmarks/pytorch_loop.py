"""What a PyTorch user would write instead of this project: the paper's online training, one word per update."""

import time

import numpy as np
import torch
from torch import nn

from longcount import languages
from longcount.languages import Words

CELLS = {
    "lstm": lambda: nn.LSTM(2, 1),
    "relu": lambda: nn.RNN(2, 1, nonlinearity="relu"),
    "gru": lambda: nn.GRU(2, 1),
}


class Counter(nn.Module):
    """A recurrent layer of one cell, a linear readout and a sigmoid."""

    def __init__(self, cell: str) -> None:
        super().__init__()
        self.recurrent = CELLS[cell]()
        self.readout = nn.Linear(1, 2)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        """Outputs [T, 2] for one-hot letters [T, 2]."""
        states, _ = self.recurrent(letters)
        return torch.sigmoid(self.readout(states))


def nanoseconds_per_token(cell: str, words: Words, rate: float = 0.01) -> float:
    """Time of one pass over the words, updates included, by token and model, on one core.

    One-hot letters and targets are made before the clock starts, which flatters the loop.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, loss_of = Counter(cell), nn.MSELoss()
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    letters = torch.eye(2)[torch.from_numpy(words.tokens.astype(np.int64))]
    targets = torch.from_numpy(languages.get("dyck1").targets(words).astype(np.float32))
    sizes = words.lengths.tolist()
    pairs = list(zip(letters.split(sizes), targets.split(sizes), strict=True))
    start = time.perf_counter()
    for word, target in pairs:
        optimiser.zero_grad()
        loss_of(model(word), target).backward()
        optimiser.step()
    elapsed = time.perf_counter() - start
    torch.set_num_threads(threads)
    return elapsed * 1e9 / len(words.tokens)
