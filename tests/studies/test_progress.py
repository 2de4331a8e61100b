"""Progress: what adds up, what is said in plain lines, in JSON and on a terminal."""

import io
import json

from longcount.studies.executors import Threads
from longcount.studies.progress import PlainLines, Tally, shown
from longcount.studies.run import BlockMade, Damaged, EpochDone, Finished, Retried, Started, Waiting, run_study

STARTED = Started("store", "threads", blocks=5, blocks_found=1, runs=10, tokens=4000)


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_tokens_are_counted_once_and_lost_ones_taken_back():
    clock = Clock()
    tally = Tally(clock)
    tally.hear(STARTED)
    assert tally.seconds_left is None
    clock.now = 10.0
    tally.hear(EpochDone("a", 1, 2, 400))
    tally.hear(EpochDone("b", 2, 2, 800))
    assert (tally.tokens_done, tally.rate, tally.seconds_left) == (1200, 120.0, 2800 / 120)
    tally.hear(BlockMade("a", "worker 1", 2, 5, 4.0, 800))  # its second epoch was never reported
    assert tally.tokens_done == 1600
    tally.hear(Retried("b", "killed", 2))
    assert tally.tokens_done == 800
    assert tally.by_worker == {"worker 1": [1, 800, 4.0]}
    assert tally.line().startswith("2 of 5 blocks, 20% of the training")


def test_plain_lines_come_every_few_seconds_and_at_what_matters():
    clock, lines = Clock(), []
    tell = PlainLines(lines.append, clock)
    tell(STARTED)
    for second in range(1, 13):
        clock.now = float(second)
        tell(EpochDone("a", second, 20, 10))
    tell(Damaged("runs/lstm/000000-000001", "runs/lstm/000000-000001/metrics.parquet: damaged"))
    tell(Retried("a", "killed", 2))
    tell(Waiting("no worker is connected"))
    tell(Finished(4, 12.0, 4000))
    assert lines[0] == "store: 10 runs in 5 blocks, 1 there already; threads"
    assert [line for line in lines if "of the training" in line] == [lines[1], lines[2]]
    assert lines[3:6] == [
        "runs/lstm/000000-000001/metrics.parquet: damaged: trained again now",
        "a: worker lost (killed), try 2",
        "no worker is connected",
    ]
    assert lines[6].startswith("4 blocks in 12.0 s")


def test_json_lines_can_be_read_and_account_for_every_token(tmp_path, small_study):
    stream = io.StringIO()
    with shown(log_json=True, stream=stream) as listen:
        run_study(small_study(), tmp_path / "store", Threads(2), listen)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["Started", "Finished"]
    epochs = sum(event["tokens"] for event in events if event["event"] == "EpochDone")
    blocks = sum(event["tokens"] for event in events if event["event"] == "BlockMade")
    assert epochs == blocks == events[0]["tokens"] == events[-1]["tokens"]
    assert all(event["at"] > 1.6e9 for event in events)


class Terminal(io.StringIO):
    """Takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_bars(tmp_path, small_study, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    with shown(stream=stream) as listen:
        run_study(small_study(), tmp_path / "store", Threads(2), listen)
    assert "6 of 6 blocks" in stream.getvalue()
    assert "6 blocks in" in stream.getvalue()
