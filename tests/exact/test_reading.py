"""How answers are read off a network, against sums in float64."""

import numpy as np
import pytest

from longcount.cells.network import Question
from longcount.exact.reading import LEAST_THRESHOLD, SOFTMAX_ERROR, said, surely
from longcount.numbers.intervals import Interval

COUNT = 20_000


def near_threshold(outputs: int, threshold: float, off: float, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Pre-activations float32 [outputs, COUNT] in which the first answer's probability is near threshold (1 + off), and
    that probability in float64 [COUNT]."""
    numbers = np.random.default_rng(0).normal(0, scale, (outputs, COUNT))
    wanted = threshold * (1 + off)
    numbers[0] = np.log(wanted / (1 - wanted)) + np.log(np.exp(numbers[1:]).sum(axis=0))
    rounded = numbers.astype(np.float32)
    powers = np.exp(rounded.astype(np.float64) - rounded.max(axis=0))
    return rounded, powers[0] / powers.sum(axis=0)


@pytest.mark.parametrize("outputs", [2, 3, 13])
@pytest.mark.parametrize("threshold", [LEAST_THRESHOLD, 0.005, 0.5])
@pytest.mark.parametrize("scale", [0.1, 3.0, 20.0])
def test_a_softmax_errs_by_less_than_a_tenth_of_what_is_allowed(outputs, threshold, scale):
    question = Question(link="softmax", threshold=threshold)
    for off in (-SOFTMAX_ERROR / 8, SOFTMAX_ERROR / 8):
        numbers, probability = near_threshold(outputs, threshold, off, scale)
        answered = said(numbers, question)[0]
        assert answered[probability > threshold * (1 + SOFTMAX_ERROR / 10)].all()
        assert not answered[probability < threshold * (1 - SOFTMAX_ERROR / 10)].any()
        assert answered.mean() == (off > 0)  # both sides were tried


@pytest.mark.parametrize("outputs", [2, 13])
def test_what_is_near_a_threshold_is_not_sure(outputs):
    question = Question(link="softmax", threshold=0.005)
    for off, sure in ((-3 * SOFTMAX_ERROR, True), (0, False), (3 * SOFTMAX_ERROR, True)):
        numbers, _ = near_threshold(outputs, 0.005, off, 1.0)
        wanted = said(numbers, question)
        assert (surely(Interval.exactly(numbers), wanted, question).mean() > 0.5) == sure
        assert not surely(Interval.exactly(numbers), ~wanted, question).any()
