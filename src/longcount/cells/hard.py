"""LSTM and GRU with hard gates: the equations of `longcount.cells.lstm` and `longcount.cells.gru`, with straight lines
in place of sigmoid and tanh, which reach 0, 1 and -1 and stay there. The outputs keep their sigmoid.
"""

from __future__ import annotations

from longcount.cells.gru import GRU
from longcount.cells.lstm import LSTM
from longcount.numbers.vector import hard_sigmoid, hard_tanh


class HardLSTM(LSTM):
    """LSTM with hard gates; c counts."""

    name = "hard_lstm"
    rarely_meant = True
    sigmoid, tanh = staticmethod(hard_sigmoid), staticmethod(hard_tanh)


class HardGRU(GRU):
    """GRU with hard gates; h counts."""

    name = "hard_gru"
    rarely_meant = True
    sigmoid, tanh = staticmethod(hard_sigmoid), staticmethod(hard_tanh)
