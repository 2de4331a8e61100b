"""Bounds and verdicts against every Dyck-1 word of up to 24 tokens."""

from functools import cache

import numpy as np
import pytest

from longcount import cells, engine
from longcount.exact.boxes import Model
from longcount.exact.certify import certify
from longcount.exact.construct import construct
from longcount.exact.lower import Fineness, no_failure_before
from longcount.exact.witness import failing_word
from longcount.languages import dyck
from longcount.languages.words import Words

LENGTH = 24


@cache
def every_word() -> Words:
    """All Dyck-1 words of 24 tokens; every shorter one is the beginning of some of them."""
    tokens, depth = np.zeros((1, 0), np.uint8), np.zeros(1, int)
    for position in range(LENGTH):
        grown, depths = [], []
        for token, step in ((0, 1), (1, -1)):
            after = depth + step
            possible = (after >= 0) & (after <= LENGTH - position - 1)
            grown.append(np.column_stack([tokens[possible], np.full(possible.sum(), token, np.uint8)]))
            depths.append(after[possible])
        tokens, depth = np.concatenate(grown), np.concatenate(depths)
    return Words(tokens.ravel(), np.arange(len(tokens) + 1) * LENGTH)


@cache
def targets_of_every_word() -> np.ndarray:
    return dyck.targets(every_word())


def test_there_are_as_many_words_as_the_twelfth_catalan_number():
    words = every_word()
    assert len(words) == 208_012
    dyck.check(words)


@cache
def models(name: str) -> np.ndarray:
    """Random networks, and exact ones with every weight a little off, which fail late or not at all; of cells that no
    exact network is constructed of, trained ones."""
    cell, random = cells.get(name), np.random.default_rng(11)
    flats = [random.uniform(-scale, scale, cell.size()) for scale in (1, 1, 1, 3, 3, 10)]
    if (soft := name.removeprefix("hard_")) in ("lstm", "relu", "gru"):
        exact = construct(soft)
        flats += [exact * random.uniform(1 - off, 1 + off, cell.size()) for off in (0, 1e-7, 1e-3, 0.02, 0.2, 0.6)]
        flats += [exact * shrunk for shrunk in (0.5, 0.25, 0.2, 0.1)]
    else:
        words = every_word().select(random.permutation(len(every_word()))[:1000])
        state = engine.start(cells.initialise(cell, random.uniform(-1, 1, (6, cell.size())).astype(np.float32)))
        for _ in range(8):
            engine.train(cell, state, words, dyck.targets(words), random.permutation(len(words)), 0.02)
        flats += list(state.parameters)
    return np.array(flats, np.float32)


@cache
def first_failures(name: str) -> list[int]:
    """Where each of them fails first on some word, or LENGTH."""
    found = engine.evaluate(cells.get(name), models(name), every_word(), targets_of_every_word())
    return found.first_failure.min(axis=1).tolist()


@pytest.mark.parametrize("name", cells.names())
def test_bounds_and_verdicts_agree_with_all_words(name):
    cell, failures = cells.get(name), first_failures(name)
    assert min(failures) < LENGTH
    for flat, first in zip(models(name), failures, strict=True):
        certificate = certify(cell, flat, limit=40)
        assert min(certificate.lower_bound, LENGTH) <= first
        if certificate.upper_bound is not None and certificate.upper_bound < LENGTH // 2:
            assert first <= certificate.upper_bound
        model = Model(cell, flat)
        for fineness in (Fineness(1, 0, 1), Fineness(2, 64, 4), Fineness(3, 1024, 16)):
            assert no_failure_before(model, LENGTH, fineness) <= first


@pytest.mark.parametrize("name", cells.names())
def test_the_search_misses_little(name):
    """On small networks the search finds the very first failure, or one little later."""
    cell = cells.get(name)
    for flat, first in zip(models(name), first_failures(name), strict=True):
        word = failing_word(Model(cell, flat), LENGTH // 2)
        if first < LENGTH // 2:
            assert word is not None
            assert first <= len(word) - 1 <= first + 4
