"""LSTM and GRU with hard gates: the equations of `longcount.cells.lstm` and `longcount.cells.gru`, with straight lines
in place of sigmoid and tanh (`longcount.cells.squash`). The outputs keep their sigmoid.
"""

from __future__ import annotations

from longcount.cells.gru import GRU
from longcount.cells.lstm import LSTM
from longcount.cells.squash import HARD


class HardLSTM(LSTM):
    """LSTM with hard gates; c counts."""

    name = "hard_lstm"
    squash = HARD


class HardGRU(GRU):
    """GRU with hard gates; h counts."""

    name = "hard_gru"
    squash = HARD
