"""A longer training that continues what this process trained: the same bytes, fewer epochs."""

import pytest

from longcount.studies.executors import Threads
from longcount.studies.memory import Memory
from longcount.studies.run import BlockMade, run_study


def trained_tokens(heard):
    return sum(event.tokens for event in heard if isinstance(event, BlockMade))


@pytest.fixture
def remembered(small_study, tmp_path):
    """The memory of 3 epochs of 5 LSTM and 5 ReLU runs."""
    memory = Memory()
    run_study(small_study(block_runs=8), tmp_path / "short", Threads(1, memory))
    return memory


@pytest.mark.parametrize(
    ("fields", "share"),
    [
        ({"epochs": 7}, 4 / 7),
        ({"epochs": 7, "runs": 3}, 4 / 7),
        ({"epochs": 3}, 1),  # nothing shorter is known
        ({"epochs": 7, "runs": 6}, 1),  # a run more than was trained
        ({"epochs": 7, "learning_rate": 0.02}, 1),
        ({"epochs": 7, "seed": 1}, 1),
        ({"epochs": 7, "schedule": "linear"}, 1),
        ({"epochs": 7, "words": {"training_words": 41}}, 1),
    ],
)
def test_going_on_gives_the_bytes_of_training_from_the_start(remembered, small_study, tmp_path, content, fields, share):
    study = small_study(block_runs=8, **fields)
    heard, heard_of_remembered = [], []
    run_study(study, tmp_path / "fresh", Threads(1), heard.append)
    run_study(study, tmp_path / "continued", Threads(1, remembered), heard_of_remembered.append)
    assert content(tmp_path / "continued") == content(tmp_path / "fresh")
    assert trained_tokens(heard_of_remembered) == pytest.approx(share * trained_tokens(heard))


def test_what_is_remembered_can_be_used_twice(remembered, small_study, tmp_path, content):
    for name in ("first", "second"):
        run_study(small_study(block_runs=8, epochs=7), tmp_path / name, Threads(1, remembered))
    assert content(tmp_path / "first") == content(tmp_path / "second")


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_schedule_that_ends_sooner_is_no_beginning(small_study, tmp_path, content, schedule):
    memory = Memory()
    for name, epochs in (("short", 1), ("long", 3)):
        study = small_study(schedule=schedule, epochs=epochs, block_runs=8)
        run_study(study, tmp_path / name, Threads(1, memory))
    run_study(study, tmp_path / "fresh", Threads(1))
    assert content(tmp_path / "long") == content(tmp_path / "fresh")


def test_a_schedule_is_gone_on_with_where_it_begins_alike(small_study, tmp_path, content):
    memory, heard, heard_of_fresh = Memory(), [], []
    fields = {"schedule": "exponential", "decay": 0.9, "block_runs": 8}
    run_study(small_study(epochs=2, **fields), tmp_path / "short", Threads(1, memory))
    run_study(small_study(epochs=4, **fields), tmp_path / "long", Threads(1, memory), heard.append)
    run_study(small_study(epochs=4, **fields), tmp_path / "fresh", Threads(1), heard_of_fresh.append)
    assert content(tmp_path / "long") == content(tmp_path / "fresh")
    assert trained_tokens(heard) * 2 == trained_tokens(heard_of_fresh) > 0
