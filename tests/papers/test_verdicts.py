"""Every claim of every paper can come out either way: each rule says so of findings that are made up."""

import numpy as np
import pytest

from longcount.papers import (
    PAPERS,
    el_naggar_2023_relu,
    gers_2001,
    suzgun_2019,
    suzgun_2019_dynamic,
    weiss_2018,
)
from longcount.papers.asking import RECURRENT, STEPS
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, IN_PART
from longcount.papers.counter_languages import BINS
from longcount.papers.lan_2024 import arms as of_lan

NEVER = np.inf
CASES = {}
"""By paper, functions that make cases: values by arm and measure, and the verdicts of the paper's rules on them."""


def cases_of(*papers):
    """Say of a function that it makes the cases of these papers."""

    def keep(make):
        CASES.update(dict.fromkeys(papers, make))
        return make

    return keep


@pytest.mark.parametrize("name", [name for name, paper in PAPERS.items() if paper.rules])
def test_every_claim_of_a_paper_can_hold_and_can_fail(name, findings):
    rules, seen = PAPERS[name].rules, []
    for arms, expected in CASES[name](name):
        without_memory = arms.pop("without memory", 0.0)
        claims = [rule(findings(arms, without_memory)) for rule in rules]
        assert [claim and claim.verdict for claim in claims] == expected
        seen.append(expected)
    for rule, verdicts in zip(rules, zip(*seen, strict=True), strict=True):
        assert {HOLDS, DOES_NOT_HOLD} <= set(verdicts), rule


@cases_of("suzgun-2019")
def of_suzgun_2019(_):
    means = {arm: suzgun_2019.CURVES[arm][-1][2] for arm in suzgun_2019.MAIN}
    yield {arm: {"e1": [mean - 1] * 6 + [mean + 1] * 6} for arm, mean in means.items()}, [HOLDS] * 3
    yield {arm: {"e1": [1.0] * 11} for arm in means}, [DOES_NOT_HOLD] * 3
    yield {"another arm": {"e1": [1.0]}}, [None] * 3


@cases_of("gers-2001")
def of_gers_2001(_):
    (one, two), n = gers_2001.ARMS.values(), gers_2001.CONTIGUOUS
    yield {one: {n: [40.0, 60]}, two: {n: [20.0, 25]}}, [HOLDS, HOLDS]
    yield {one: {n: [9.0, 60]}, two: {n: [20.0, 60]}}, [IN_PART, DOES_NOT_HOLD]
    yield {one: {n: [9.0]}, two: {n: [10.0]}}, [DOES_NOT_HOLD] * 2


@cases_of("lan-2024")
def of_lan_2024(_):
    fails, proved, accuracy = of_lan.FAILS, of_lan.PROVED, of_lan.ACCURACY

    def made(hand: float, plain: float, treated: float, recipe: list[float], share: float) -> dict:
        return {
            of_lan.BY_HAND: {fails: [NEVER], proved: [hand]},
            of_lan.SIZES[500]: {fails: [plain] * 3, accuracy: [share] * 3},
            of_lan.SIZES[10_000]: {fails: [plain] * 3},
            **{arm: {fails: [treated] * 3} for arm in (of_lan.L1, of_lan.L2)},
            of_lan.EARLY[""]: {name: [treated] * 3 for name in of_lan.STOPPED.values()},
            of_lan.RECIPE: {fails: [NEVER] * 2, proved: recipe},
            "without memory": 99.8,
        }

    yield made(2.0**24, 33, 1, [0, 0], 99.9), [HOLDS] * 6
    yield made(0, 33, NEVER, [0, 2.0**20], 99.8), [DOES_NOT_HOLD] * 6


@cases_of("suzgun-2019-dynamic")
def of_suzgun_2019_dynamic(_):
    long, ramp, one = suzgun_2019_dynamic.LONG, "first_failing_ramp", suzgun_2019_dynamic.ONE_UNIT

    def made(good: list[float], dyck2: list[float], fails: float) -> dict:
        arms = {arm: {long: good, ramp: [fails] * 2} for arm in (one, "LSTM, Dyck-1", "LSTM, Shuffle-2")}
        return {**arms, "GRU, Dyck-2": {long: dyck2}}

    yield made([99.0, 95], [3.0, 1], NEVER), [HOLDS] * 4
    yield made([99.0, 10], [3.0, 60], 40), [DOES_NOT_HOLD] * 4


@cases_of("weiss-2018")
def of_weiss_2018(_):
    rejected, accepted = weiss_2018.REJECTED, weiss_2018.ACCEPTED

    def made(lstm: float, gru: float, near: float) -> dict:
        return {
            "LSTM, aⁿbⁿ": {rejected: [lstm] * 3, accepted: [near] * 3},
            "GRU, aⁿbⁿ": {rejected: [gru] * 3, accepted: [1.0] * 3},
        }

    yield made(NEVER, 50, 440), [HOLDS] * 4
    yield made(120, 110, 1), [DOES_NOT_HOLD] * 4


def conditions(recurrent: float, fails: float, **others: float) -> dict[str, list[float]]:
    made = {RECURRENT: recurrent, STEPS: 0.0, "first_failing_ramp": fails, **others}
    return {name: [value] * 2 for name, value in made.items()}


@cases_of("el-naggar-2023-linear")
def of_el_naggar_2023_linear(_):
    def made(recurrent: float, fails: float, short: float) -> dict:
        return {"two classes": conditions(recurrent, fails, validation_accuracy=short, very_long_accuracy=60.0)}

    yield made(0.01, 9, 90), [HOLDS] * 3
    yield made(0, 9, 60), [DOES_NOT_HOLD] * 3


@cases_of("el-naggar-2023-relu")
def of_el_naggar_2023_relu(_):
    one, two = el_naggar_2023_relu.PLAIN[0], el_naggar_2023_relu.BY_RECIPE[0]

    def made(trained: float, fails: float, loss: float) -> dict:
        exact = conditions(0, NEVER, validation_loss=1e-9)
        return {one: conditions(trained, fails, validation_loss=loss), two: exact}

    yield made(0.01, 9, 1e-12), [HOLDS] * 3
    yield made(0.01, NEVER, 1e-3), [HOLDS, DOES_NOT_HOLD, DOES_NOT_HOLD]
    yield made(0, NEVER, 1e-3), [DOES_NOT_HOLD, HOLDS, None]


@cases_of("bhattamishra-2020", "sarrof-2024")
def of_counter_languages(name):
    arm = "LSTM, Dyck-1" if name == "bhattamishra-2020" else "S6, Dyck-1"
    own = len(PAPERS[name].rules) - 1

    def made(first: float, third: float, fails: float) -> dict:
        values = dict(zip(BINS, ([first] * 2, [100.0] * 2, [third, 100]), strict=True))
        return {arm: {**values, "worst_case": [NEVER, fails]}}

    yield made(100, -90, NEVER), [HOLDS] * (own + 1)
    yield made(90, 100, NEVER), [DOES_NOT_HOLD] * own + [None]
    yield made(100, -90, 70), [HOLDS] * own + [DOES_NOT_HOLD]
