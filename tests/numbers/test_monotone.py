"""What the proofs take from the elementary functions: sampled here, measured over all inputs by
`python -m longcount.numbers.monotone`."""

import numpy as np
import pytest

from longcount.numbers.monotone import FUNCTIONS, at, measure, ordinal


def test_ordinal_counts_float32_numbers_in_their_order():
    numbers = np.array([-np.inf, -1.0, -1e-45, 0.0, 1e-45, 1.0, np.inf], np.float32)
    assert (np.diff(ordinal(numbers)) > 0).all()
    assert ordinal(np.nextafter(np.float32(1), np.float32(2))) == ordinal(np.float32(1)) + 1
    assert np.array_equal(at(ordinal(numbers)), numbers)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_never_fall_by_more_than_measured(name):
    function, (least, most), facts = FUNCTIONS[name]
    first, last = int(ordinal(np.float32(least))), int(ordinal(np.float32(most)))
    coarse = at(np.arange(first, last + 1, 4099))
    windows = np.random.default_rng(5).integers(first, last - 4096, 200)
    for x in (coarse, *(at(start + np.arange(4096)) for start in windows)):
        value = function(x)
        highest = np.maximum.accumulate(value)
        assert (ordinal(highest) - ordinal(value)).max() <= facts.falls
        assert value.min() >= facts.least
        assert value.max() <= facts.greatest


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "exp"])
def test_the_functions_do_fall(name):
    """The room that intervals leave is needed: somewhere a larger number has the smaller value."""
    function, _, _ = FUNCTIONS[name]
    place = {"sigmoid": 0.0622, "tanh": -0.125, "exp": -0.0311628524}[name]
    value = function(at(int(ordinal(np.float32(place))) + np.arange(200_000)))
    assert (np.diff(value) < 0).any()


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_thresholds_are_where_they_are_said_to_be(name):
    function, (_, limit), facts = FUNCTIONS[name]

    def around(threshold: float | None) -> tuple[np.ndarray, np.ndarray]:
        assert threshold is not None
        place = int(ordinal(np.float32(threshold)))
        assert at(place) == np.float32(threshold) == threshold
        return function(at(place - np.arange(1, 100_000))), function(at(place + np.arange(100_000)))

    below, above = around(facts.one_from)
    assert below[0] < 1
    assert (above == 1).all()
    below, above = around(facts.half_from)
    assert (below < 0.5).all()
    assert (above >= 0.5).all()
    if facts.minus_one_to is not None:
        below, above = around(facts.minus_one_to)
        assert (below == -1).all()
        assert above[0] == -1
        assert above[1] > -1
    ends = function(np.array([limit, 2 * limit, 1e30, np.inf], np.float32))
    assert (ends == 1).all()


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_measuring_a_stretch_finds_its_threshold(name):
    function, _, facts = FUNCTIONS[name]
    found = measure(function, facts.one_from - 0.01, facts.one_from + 0.01)
    assert found.one_from == facts.one_from
    assert found.falls <= facts.falls
