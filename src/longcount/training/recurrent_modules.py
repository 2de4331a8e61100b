"""Recurrent layers that `torch.nn` lacks, in plain PyTorch: the cells' equations once more, written independently.

A layer's tensors have the names and shapes of its cell's, and it is used as `torch.nn.RNN(batch_first=True)` is. The
equations and their sources stand with the cells, in `longcount.cells`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import nn
from torch.nn.functional import hardtanh, linear, logsigmoid, softplus

State = tuple[torch.Tensor, ...]
Own = dict[str, torch.Tensor]


class Recurrent(nn.Module, ABC):
    """Layers of a cell, with the names and shapes of torch.nn's; a subclass says its equations."""

    cell: ClassVar[str]
    """The cell's name."""
    gates: ClassVar[int] = 1
    """How many rows of the weights each unit has."""
    parts: ClassVar[int] = 1
    """How many numbers a unit's state has, h the first."""
    recurrent: ClassVar[bool] = True
    """Whether gates depend on h; if not, there are no weight_hh and bias_hh, and y is 0."""
    own: ClassVar[tuple[str, ...]] = ()
    """Parameters [H] of the cell's own."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, batch_first: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if not batch_first:
            raise ValueError("words are the first dimension here: batch_first=True")
        self.hidden_size, self.num_layers, self.dropout = hidden_size, num_layers, nn.Dropout(dropout)
        rows, bound = self.gates * hidden_size, hidden_size**-0.5
        for layer in range(num_layers):
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, hidden_size if layer else input_size)}
            if self.recurrent:
                shapes["weight_hh"] = (rows, hidden_size)
            shapes["bias_ih"] = (rows,)
            if self.recurrent:
                shapes["bias_hh"] = (rows,)
            shapes |= dict.fromkeys(self.own, (hidden_size,))
            for name, shape in shapes.items():
                drawn = torch.empty(shape).uniform_(-bound, bound)
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(drawn))
            with torch.no_grad():
                self.start({name: getattr(self, f"{name}_l{layer}") for name in shapes})

    def start(self, parameters: Own) -> None:
        """Change a layer's parameters in place; all have been drawn."""

    @abstractmethod
    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """The next state.

        Args:
            x: W_ih input + b_ih, [..., gates H].
            y: W_hh h + b_hh, the same shape.
            state: each part [..., H].
            own: the cell's own parameters, [H] each.
        """

    def forward(
        self, inputs: torch.Tensor, start: torch.Tensor | State | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The last layer's h [..., T, H] for inputs [..., T, I], and the last of them.

        Args:
            inputs: words.
            start: the state before the first token, [layers, ..., H] for each of its parts; default: zeros.
        """
        parts = (start,) if isinstance(start, torch.Tensor) else start
        states = inputs
        for layer in range(self.num_layers):
            below = self.dropout(states) if layer else states
            driven = linear(below, getattr(self, f"weight_ih_l{layer}"), getattr(self, f"bias_ih_l{layer}"))
            own = {name: getattr(self, f"{name}_l{layer}") for name in self.own}
            zeros = (torch.zeros_like(driven[..., 0, : self.hidden_size]),) * self.parts
            state = zeros if parts is None else tuple(part[layer] for part in parts)
            y = torch.zeros_like(driven[..., 0, :])
            steps = []
            for token in range(inputs.shape[-2]):
                if self.recurrent:
                    y = linear(state[0], getattr(self, f"weight_hh_l{layer}"), getattr(self, f"bias_hh_l{layer}"))
                state = self.step(driven[..., token, :], y, state, own)
                steps.append(state[0])
            states = torch.stack(steps, dim=-2)
        return states, states[..., -1, :]


class LinearRNN(Recurrent):
    """``h' = W_ih x + b_ih + W_hh h + b_hh``."""

    cell = "linear"

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        return (x + y,)


def hard_sigmoid(x: torch.Tensor) -> torch.Tensor:
    """x / 6 + 1/2 between 0 and 1. The gradient of PyTorch's own is 1/6 rounded to float32, in float64 too."""
    return (x / 6.0 + 0.5).clamp(0.0, 1.0)


class HardLSTM(Recurrent):
    """`torch.nn.LSTM` with hard sigmoid and hardtanh in place of sigmoid and tanh."""

    cell, gates, parts = "hard_lstm", 4, 2

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        i, f, g, o = (x + y).chunk(4, dim=-1)
        c = hard_sigmoid(f) * state[1] + hard_sigmoid(i) * hardtanh(g)
        return hard_sigmoid(o) * hardtanh(c), c


class HardGRU(Recurrent):
    """`torch.nn.GRU` with hard sigmoid and hardtanh in place of sigmoid and tanh."""

    cell, gates = "hard_gru", 3

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        (x_r, x_z, x_n), (y_r, y_z, y_n) = x.chunk(3, dim=-1), y.chunk(3, dim=-1)
        z = hard_sigmoid(x_z + y_z)
        n = hardtanh(x_n + hard_sigmoid(x_r + y_r) * y_n)
        return ((state[0] - n) * z + n,)


class PeepholeLSTM(Recurrent):
    """`torch.nn.LSTM` whose gates read the cell state."""

    cell, gates, parts = "peephole_lstm", 4, 2
    own = ("weight_ci", "weight_cf", "weight_co")

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        i, f, g, o = (x + y).chunk(4, dim=-1)
        before = state[1]
        kept = torch.sigmoid(f + own["weight_cf"] * before) * before
        c = kept + torch.sigmoid(i + own["weight_ci"] * before) * torch.tanh(g)
        return torch.sigmoid(o + own["weight_co"] * c) * torch.tanh(c), c


class CoupledLSTM(Recurrent):
    """`torch.nn.LSTM` with the input gate 1 - f."""

    cell, gates, parts = "coupled_lstm", 3, 2

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        f, g, o = (x + y).chunk(3, dim=-1)
        f = torch.sigmoid(f)
        c = f * state[1] + (1 - f) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class GRUWithoutReset(Recurrent):
    """`torch.nn.GRU` with a reset gate of 1."""

    cell, gates = "gru_without_reset", 2

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        z, n = (x + y).chunk(2, dim=-1)
        return (torch.lerp(torch.tanh(n), state[0], torch.sigmoid(z)),)


class MinGRU(Recurrent):
    """minGRU with a linear candidate."""

    cell, gates, recurrent = "mingru", 2, False

    def candidate(self, x: torch.Tensor) -> torch.Tensor:
        """What is written."""
        return x

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        z, n = x.chunk(2, dim=-1)
        return (torch.lerp(state[0], self.candidate(n), torch.sigmoid(z)),)


class LogMinGRU(MinGRU):
    """minGRU with the positive candidate of its form in logarithms."""

    cell = "mingru_log"

    def candidate(self, x: torch.Tensor) -> torch.Tensor:
        """What is written."""
        return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))


class MinLSTM(Recurrent):
    """minLSTM with a linear candidate."""

    cell, gates, recurrent = "minlstm", 3, False

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        f, i, n = x.chunk(3, dim=-1)
        f, i = torch.sigmoid(f), torch.sigmoid(i)
        return ((f * state[0] + i * n) / (f + i),)


class SRU(Recurrent):
    """Simple recurrent unit."""

    cell, gates, parts, recurrent = "sru", 4, 2, False
    own = ("weight_cf", "weight_cr")

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        u, f, r, s = x.chunk(4, dim=-1)
        f = torch.sigmoid(f + own["weight_cf"] * state[1])
        r = torch.sigmoid(r + own["weight_cr"] * state[1])
        c = f * state[1] + (1 - f) * u
        return r * c + (1 - r) * s, c


class QRNNfo(Recurrent):
    """Quasi-recurrent network with forget and output gates."""

    cell, gates, parts, recurrent = "qrnn_fo", 3, 2, False

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        z, f, o = x.chunk(3, dim=-1)
        c = torch.lerp(state[1], torch.tanh(z), torch.sigmoid(f))
        return torch.sigmoid(o) * c, c


class QRNNifo(Recurrent):
    """Quasi-recurrent network with input, forget and output gates."""

    cell, gates, parts, recurrent = "qrnn_ifo", 4, 2, False

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        z, f, o, i = x.chunk(4, dim=-1)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(z)
        return torch.sigmoid(o) * c, c


class SLSTM(Recurrent):
    """sLSTM with a sigmoid forget gate, one head per unit."""

    cell, gates, parts = "slstm", 4, 4

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        i, f, z, o = (x + y).chunk(4, dim=-1)
        _, c, n, m = state
        kept = logsigmoid(f) + m
        m = torch.maximum(kept, i)
        f, i = torch.exp(kept - m), torch.exp(i - m)
        c, n = f * c + i * torch.tanh(z), f * n + i
        return torch.sigmoid(o) * c / n, c, n, m


class MLSTM(Recurrent):
    """mLSTM with keys and values of one dimension."""

    cell, gates, parts, recurrent = "mlstm", 6, 4, False

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        i, f, o, q, k, v = x.chunk(6, dim=-1)
        _, c, n, m = state
        kept = logsigmoid(f) + m
        m = torch.maximum(kept, i)
        f, i = torch.exp(kept - m), torch.exp(i - m)
        c, n = f * c + i * (v * k), f * n + i * k
        return torch.sigmoid(o) * (c * q) / torch.maximum((n * q).abs(), torch.exp(-m)), c, n, m


class RGLRU(Recurrent):
    """Real-gated linear recurrent unit; the root's gradient is not clipped."""

    cell, gates, recurrent, own = "rglru", 3, False, ("Lambda",)

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        r, i, v = x.chunk(3, dim=-1)
        log_a = -8 * torch.sigmoid(r) * softplus(own["Lambda"])
        return (torch.exp(log_a) * state[0] + torch.sqrt(1 - torch.exp(2 * log_a)) * torch.sigmoid(i) * v,)

    def start(self, parameters: Own) -> None:
        """See `Recurrent.start`: exp(-softplus(Lambda)) between 0.9 and 0.999, its square uniform."""
        factor = torch.empty(self.hidden_size).uniform_(0.9**2, 0.999**2).sqrt()
        parameters["Lambda"].copy_(torch.log(1 / factor - 1))


class S6(Recurrent):
    """Diagonal selective state space, one state per unit."""

    cell, gates, parts, recurrent, own = "s6", 4, 2, False, ("A_log", "D")

    def eigenvalue(self, a: torch.Tensor) -> torch.Tensor:
        """The factor on the state."""
        return a

    def step(self, x: torch.Tensor, y: torch.Tensor, state: State, own: Own) -> State:
        """See `Recurrent.step`."""
        delta, b, c, v = x.chunk(4, dim=-1)
        delta = softplus(delta)
        s = self.eigenvalue(torch.exp(-delta * torch.exp(own["A_log"]))) * state[1] + delta * b * v
        return c * s + own["D"] * v, s

    def start(self, parameters: Own) -> None:
        """See `Recurrent.start`: A = -1, -2, ... by unit, D = 1, step sizes between 0.001 and 0.1."""
        parameters["A_log"].copy_(torch.log(torch.arange(1.0, self.hidden_size + 1)))
        parameters["D"].fill_(1.0)
        step = 10 ** torch.empty(self.hidden_size).uniform_(-3.0, -1.0)
        parameters["bias_ih"][: self.hidden_size] = torch.log(torch.expm1(step))


class NegativeS6(S6):
    """Diagonal selective state space whose eigenvalues may be negative."""

    cell = "s6_negative"

    def eigenvalue(self, a: torch.Tensor) -> torch.Tensor:
        """The factor on the state."""
        return 2 * a - 1


LACKING: dict[str, type[Recurrent]] = {
    kind.cell: kind
    for kind in (
        *(
            LinearRNN,
            HardLSTM,
            HardGRU,
            PeepholeLSTM,
            CoupledLSTM,
            GRUWithoutReset,
            MinGRU,
            LogMinGRU,
            MinLSTM,
            SRU,
            QRNNfo,
            QRNNifo,
        ),
        *(SLSTM, MLSTM, RGLRU, S6, NegativeS6),
    )
}
"""The layers of cells that torch.nn lacks, by the cell's name."""
