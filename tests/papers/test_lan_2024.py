"""Lan et al. (2024): the network that they built is theirs, and what is measured of networks can come out otherwise."""

import numpy as np
import pytest

from longcount.analysis import counting
from longcount.analysis.subjects import Networks
from longcount.languages.words import Words
from longcount.papers import lan_2024
from longcount.papers.lan_2024 import arms


@pytest.fixture(scope="module")
def given() -> Networks:
    """The network built by hand, and one whose counter is left out."""
    (built,) = lan_2024.built()
    broken = built.weights.copy()
    broken[broken == -127] = np.where(np.arange((broken == -127).sum()) == 0, 0, -127)  # b no longer takes 1 away
    return Networks(built.condition, np.stack([built.weights, broken]))


def test_the_network_built_by_hand_gives_the_shares_of_its_authors_test(given):
    words = Words.from_strings(["aaabbb"], "ab")
    shares = [outputs[:, 0, 0] for outputs in given.outputs(words)]
    np.testing.assert_allclose(shares, [[0.7, 0.3, 0]] * 3 + [[0, 1, 0]] * 2 + [[0, 0, 1]], atol=0.005)


def test_proofs_and_failing_n_tell_networks_apart(given):
    proved = lan_2024.PAPER.measure(arms.PROVED)
    assert proved.of(given, lambda split: Words.from_strings([], "ab")).tolist() == [2**24, 0]
    assert counting.first_failing_step_n(given, 40).tolist() == [np.inf, 1]


def test_only_networks_that_claim_to_be_right_are_proved():
    asked = {lan_2024.arm_of(one): lan_2024.PAPER.measure(arms.PROVED).asked(one)
             for one in lan_2024.PAPER.study(8, 0, None).conditions}  # fmt: skip
    assert [arm for arm, yes in asked.items() if yes] == [arms.RECIPE]
    assert len(asked) == 14
