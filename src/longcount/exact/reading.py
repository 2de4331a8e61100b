"""What is right after each prefix of a language, and which states of a network are sure to be read so."""

from __future__ import annotations

import numpy as np

from longcount.cells.network import Question
from longcount.errors import UserError
from longcount.exact.boxes import THRESHOLD
from longcount.exact.many_states import Network
from longcount.exact.nodes import Graph
from longcount.languages import tasks
from longcount.languages.machine import Configuration, Machine
from longcount.numbers import elementary
from longcount.numbers.intervals import Interval
from longcount.training.problem import Problem

SOFTMAX_ERROR = 1e-4
"""By so much of itself a probability may differ from what exact arithmetic makes of the readout; it does by less than
a tenth of that (`tests/exact/test_reading.py`)."""


LEAST_THRESHOLD = 1e-6
"""Of probabilities that are told from the threshold; the engine's exp never falls to 0."""


def whole(problem: Problem) -> bool:
    """Whether strings outside the language are read, too."""
    return problem.task == tasks.RECOGNISE


def answers(problem: Problem, machine: Machine, place: Configuration | None) -> list[bool]:
    """What is right for each output of a task, in a configuration or outside the language (None).

    Raises:
        UserError: for a task that is not one of the package's own.
    """
    if problem.task == tasks.RECOGNISE:
        return [place is not None and machine.may_end(place)]
    if place is None:
        raise ValueError(f"the task {problem.task.name} asks nothing outside the language")
    if problem.task == tasks.NEXT_LETTERS:
        return [bool(asked) for asked in machine.targets_in(place)]
    if problem.task == tasks.PREDICT:
        allowed = dict(machine.following(place))
        return [*(letter in allowed for letter in machine.letters), machine.may_end(place)]
    if problem.task == tasks.CLASSIFY:
        return [bool(asked) for asked in machine.class_in(place)]
    raise UserError(f"only the tasks {', '.join(tasks.TASKS)} can be certified, not {problem.task.name}")


class Reading:
    """What is right at each place of a graph.

    Args:
        problem: language, task and threshold.
        places: of the language's machine.
    """

    def __init__(self, problem: Problem, places: Graph):
        self.question: Question = problem.question
        self.wanted = np.array([answers(problem, places.machine, place) for place in places.places]).T
        """bool [outputs, P]."""

    def surely_right(self, network: Network, coordinates: tuple[Interval, ...], place: np.ndarray) -> np.ndarray:
        """bool [S]: whether every state of each box is read right at its place, int64 [S]."""
        sure = surely(network.outputs(network.view.state(coordinates)[0]), self.wanted[:, place], self.question)
        return sure & np.logical_and.reduce([number.in_range().all(axis=0) for number in coordinates])

    def right(self, network: Network, h: np.ndarray, place: np.ndarray) -> np.ndarray:
        """bool [S]: whether states of float32 numbers are read right, from the last layer's h."""
        return (said(network.outputs(h), self.question) == self.wanted[:, place]).all(axis=0)


def surely(outputs: Interval, wanted: np.ndarray, question: Question) -> np.ndarray:
    """bool [S]: whether all answers are surely as wanted, bool [outputs, S]; from the readout's pre-activations."""
    threshold = np.float32(question.threshold)
    if question.link == "softmax":
        if threshold < LEAST_THRESHOLD:
            return np.zeros(wanted.shape[1], bool)
        least, most = _probabilities(outputs)
        yes, no = least > threshold * (1 + SOFTMAX_ERROR), most < threshold * (1 - SOFTMAX_ERROR)
    elif question.threshold == 0.5:
        yes, no = outputs.lower >= THRESHOLD, outputs.upper < THRESHOLD
    else:
        shown = outputs.sigmoid()
        yes, no = shown.lower >= threshold, shown.upper < threshold
    return np.asarray(np.where(wanted, yes, no).all(axis=0))


def _probabilities(outputs: Interval) -> tuple[np.ndarray, np.ndarray]:
    """The least and greatest softmax, float64: it rises with its own pre-activation and falls with all others."""
    lower, upper = outputs.ends.astype(np.float64)
    bounds = []
    for mine, others in ((lower, upper), (upper, lower)):
        powers = np.exp(np.clip(others[None] - mine[:, None], -700, 700))  # [of which, other, S]
        powers[np.arange(len(mine)), np.arange(len(mine))] = 1.0
        bounds.append(1 / powers.sum(axis=1))
    return bounds[0], bounds[1]


def said(outputs: np.ndarray, question: Question) -> np.ndarray:
    """bool [outputs, S]: what a network answers, from the readout's pre-activations, as the engine computes it."""
    threshold = np.float32(question.threshold)
    if question.link == "sigmoid":
        return elementary.sigmoid(outputs) >= threshold
    greatest = outputs[0]
    for row in outputs[1:]:
        greatest = elementary.maximum(greatest, row)
    powers = elementary.exp(outputs - greatest)
    total = powers[0]
    for row in powers[1:]:
        total = total + row
    return powers / total > threshold
