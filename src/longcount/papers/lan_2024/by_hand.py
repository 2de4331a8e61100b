"""The network that Lan et al. (2024) built by hand for aⁿbⁿ, transcribed from golden_an_bn_net.py of their code
(github.com/0xnurl/mdl-lstm, commit ecf5e0c0).

    c' = c + g, i and f being open, where g is 0 but for the third unit: 1 after a and -1 after b
    h' = o tanh(c'), where o opens the first unit after #, the second after a and the third after b

c begins at 0, and # sets it to (1, 1, 0); here that is the state before the first letter. So h is tanh(1) in the second
unit after a, tanh(n - m) in the third after aⁿbᵐ, and 0 where the word is over; the readout gives each case the
logarithms of its probabilities.
"""

from __future__ import annotations

import numpy as np

from longcount.cells import Cell, pack

LARGE = 127
"""Of their weights: gates of 2 · 127 - 127 are open, those of -127 are closed, tanh(127) is 1."""
NEVER = 1 / (2**14 - 1)
"""The share of what may not come: its logarithm is a number."""


def network(cell: Cell, p: float) -> np.ndarray:
    """The weights, float32 [P], of an LSTM of 3 units over a and b with outputs a, b and the end, its start learned,
    where p is the probability that the a are over."""
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    rows = {gate: slice(3 * number, 3 * number + 3) for number, gate in enumerate(cell.gates)}
    tensors["bias_ih_l0"][rows["i"]] = tensors["bias_ih_l0"][rows["f"]] = LARGE
    tensors["bias_ih_l0"][rows["o"]] = -LARGE
    tensors["weight_ih_l0"][rows["g"]] = LARGE * np.array([[0, 0], [0, 0], [1, -1]])
    tensors["weight_ih_l0"][rows["o"]] = LARGE * np.array([[0, 0], [2, 0], [0, 2]])
    shares = np.array([[1 - p, 0, p], [1 - p, p, 0], [0, 1, 0], [0, 0, 1]])  # after #, a, b, and the last b
    logarithms = np.log(shares + NEVER)
    tensors["readout.bias"][:] = logarithms[3]
    tensors["readout.weight"][:] = (logarithms[:3] - logarithms[3]).T / np.tanh(1)
    tensors["c_0_l0"][:] = [1, 1, 0]
    tensors["h_0_l0"][:] = [np.tanh(1), 0, 0]
    return pack(cell, tensors)
