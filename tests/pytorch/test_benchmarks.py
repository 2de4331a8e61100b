"""The scripts that compare this project with PyTorch: their statistics and their words."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from longcount import Words
from longcount.languages import dyck


def script(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(
        name, Path(__file__).parents[2] / "benchmarks" / f"{name}.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # where a dataclass looks its module up
    specification.loader.exec_module(module)
    return module


def test_equivalence_holds_only_where_the_interval_lies_within_the_margin():
    equivalence = script("engine_equivalence").equivalence
    generator = np.random.Generator(np.random.PCG64(0))
    fast, noise = generator.normal(900, 40, 30), generator.normal(0, 1, 30)
    assert equivalence(fast, fast + noise, 5.0).holds
    assert not equivalence(fast, fast + noise + 6, 5.0).holds
    assert not equivalence(fast, fast + noise - 6, 5.0).holds
    wide = equivalence(fast, fast + 40 * noise, 5.0)
    assert not wide.holds
    assert wide.low < wide.difference < wide.high
    found = equivalence(fast, fast + noise, 5.0)
    # The 90% interval of Student's t with 29 degrees of freedom: 1.699 standard errors on either side.
    assert found.high - found.low == pytest.approx(2 * 1.699 * noise.std(ddof=1) / np.sqrt(30), rel=1e-3)


def test_versions_are_timed_by_turns_and_told_of_in_tables():
    """This version beside itself; how fast it was is nothing to test."""
    against = script("against")
    made = against.tables(
        against.HERE, processes=2, turns=2, names=["relu"], units=(1, 2), letters_units=(1,), words=25
    )
    beside, units, letters = ([line.strip("| ").split(" | ") for line in table.splitlines()[2:]] for table in made)
    assert [(row[0], row[1], row[2], row[-1]) for row in beside] == [
        ("relu", size, work, "yes") for size in "12" for work in ("train", "evaluate")
    ]
    assert [row[0] for row in units + letters] == ["relu, 2 units", "relu, units: 1"]
    for *_, ratio, interval in [row[:-1] for row in beside] + units + letters:
        low, high = (float(number) for number in interval.split(" to "))
        assert 0 < low <= float(ratio) <= high
    assert against.Case("", "relu", 1, letters="()[]").size() == 4 + 1 + 1 + 1 + 4 + 4


def test_the_interval_of_a_median_lies_between_the_ranks_of_its_table():
    interval = script("against").median_interval
    assert interval(range(1, 42)) == (14, 28)  # e.g. Conover, Practical Nonparametric Statistics: n = 41, 95%
    assert interval(range(1, 11)) == (2, 9)
    assert interval(range(1, 6)) == (1, 5)
    assert interval([7.0]) == (7, 7)


def test_the_long_words_are_words():
    long_words = script("pytorch_agreement").long_words
    words = long_words(Words.from_strings(["(" * 500 + ")" * 500] * 120))
    for word in words.values():
        assert word.lengths.tolist() == [100_000]
        assert word.depths[-1] == 0
        assert (word.depths >= 0).all()
        assert dyck.targets(word).shape == (100_000, 2)
