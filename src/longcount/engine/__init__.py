"""How cells run fast: many runs in SIMD lanes, compiled from the cells' own equations.

state = start(initial)                                    # [runs, P]
online_loss = train(cell, state, words, targets, orders, 0.01)
evaluation = evaluate(cell, state.parameters, words, targets)
"""

from longcount.engine.evaluation import Evaluation, evaluate
from longcount.engine.options import Options
from longcount.engine.training import TrainingState, folded, gradients, start, tie, train
from longcount.engine.twin import trace

__all__ = [
    "Evaluation",
    "Options",
    "TrainingState",
    "evaluate",
    "folded",
    "gradients",
    "start",
    "tie",
    "trace",
    "train",
]
