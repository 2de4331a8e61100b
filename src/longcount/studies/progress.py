"""Progress of a running study, for people or programs: a live display, plain lines or JSON lines."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from longcount.studies.run import (
    BlockMade,
    Damaged,
    Edited,
    EpochDone,
    Event,
    Finished,
    Listener,
    Retried,
    Started,
    Waiting,
    WordsMade,
)

if TYPE_CHECKING:
    from rich.progress import Progress as Display
    from rich.progress import TaskID

SECONDS_BETWEEN_LINES = 5.0  # of plain progress
ROWS = 8  # blocks in the making that the live display shows at once


class Tally:
    """The sum of the events so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.start = clock()
        self.blocks = self.blocks_done = self.tokens = self.tokens_done = 0
        self.by_worker: dict[str, list[float]] = {}  # worker: blocks, tokens, seconds
        self.epochs: dict[str, tuple[int, int, int]] = {}  # block in the making: epoch, epochs, tokens so far

    def hear(self, event: Event) -> None:
        """Count an event in."""
        match event:
            case Started():
                self.start = self.clock()
                self.blocks, self.blocks_done, self.tokens = event.blocks, event.blocks_found, event.tokens
                self.tokens_done, self.by_worker, self.epochs = 0, {}, {}  # a second study begins anew
            case EpochDone():
                self.tokens_done += event.tokens
                before = self.epochs.get(event.folder, (0, 0, 0))[2]
                self.epochs[event.folder] = (event.epoch, event.epochs, before + event.tokens)
            case BlockMade():
                self.blocks_done = event.blocks_done
                self.tokens_done += event.tokens - self.epochs.pop(event.folder, (0, 0, 0))[2]
                blocks, tokens, seconds = self.by_worker.get(event.worker, (0, 0, 0))
                self.by_worker[event.worker] = [blocks + 1, tokens + event.tokens, seconds + event.seconds]
            case Retried():
                self.tokens_done -= self.epochs.pop(event.folder, (0, 0, 0))[2]

    @property
    def rate(self) -> float:
        """Tokens trained a second since the start."""
        return self.tokens_done / max(self.clock() - self.start, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the rate so far; None before the first epoch."""
        return (self.tokens - self.tokens_done) / self.rate if self.tokens_done else None

    def line(self) -> str:
        """Where it stands, in one line."""
        left = self.seconds_left
        return (
            f"{self.blocks_done} of {self.blocks} blocks, {100 * self.tokens_done / max(self.tokens, 1):.0f}% of the "
            f"training, {self.rate / 1e6:.1f} million tokens/s, {'?' if left is None else duration(left)} left"
        )


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(2.34), duration(75), duration(7384)
    ('2.3 s', '1 min 15 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


Progress = bool | Listener | None
"""What is shown of the work: nothing (False), how far it is (True), that only where a person looks on (None), or what
a function of one's own makes of the events."""


@contextmanager
def told(progress: Progress = None) -> Iterator[Listener | None]:
    """A listener for `longcount.studies.run.run_study`, or None, as the public functions' ``progress`` asks for.

    None shows progress where a person looks on: where standard error is a terminal, or in a notebook.
    """
    if progress is None:
        progress = sys.stderr.isatty() or "ipykernel" in sys.modules
    if progress is True:
        with shown() as listener:
            yield listener
    else:
        yield progress or None


@contextmanager
def shown(log_json: bool = False, stream: TextIO | None = None) -> Iterator[Listener]:
    """A listener for `longcount.studies.run.run_study` that shows its events.

    Args:
        log_json: one JSON object a line and event.
        stream: where to write, standard error by default; a live display where it is a terminal, else plain lines.
    """
    out = stream or sys.stderr

    def write(line: str) -> None:
        with contextlib.suppress(OSError):  # where nobody can hear it, the work continues
            print(line, file=out, flush=True)

    if log_json:
        yield lambda event: write(json.dumps(as_json(event)))
    elif out.isatty():
        with _live_display(out) as listener:
            yield listener
    else:
        yield PlainLines(write)


def as_json(event: Event) -> dict[str, Any]:
    """An event as plain data, with its kind and when it was heard (seconds since 1970)."""
    return {"event": type(event).__name__, "at": round(time.time(), 3), **asdict(event)}


class PlainLines:
    """Progress as lines of text, one every few seconds."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic):
        self.write, self.clock = write, clock
        self.tally = Tally(clock)
        self.last = clock()

    def __call__(self, event: Event) -> None:
        self.tally.hear(event)
        spoken = sentence(event, self.tally)
        if spoken:
            self.write(spoken)
            self.last = self.clock()
        elif self.clock() - self.last >= SECONDS_BETWEEN_LINES:
            self.write(self.tally.line())
            self.last = self.clock()


def sentence(event: Event, tally: Tally) -> str | None:
    """The line for an event that deserves one."""
    match event:
        case Started(blocks=blocks, blocks_found=found) if found < blocks:
            before = f", {found} there already" if found else ""
            return f"{event.directory}: {event.runs} runs in {blocks} blocks{before}; {event.executor}"
        case Damaged():
            return f"{event.reason}: trained again now"
        case WordsMade():
            return f"{event.reason}: made again now"
        case Retried():
            return f"{event.folder}: worker lost ({event.reason}), try {event.attempt}"
        case Waiting() | Edited():
            return event.reason
        case Finished(blocks_made=0):
            return "everything is there already"
        case Finished():
            rate = event.tokens / max(event.seconds, 1e-9) / 1e6
            lines = [f"{event.blocks_made} blocks in {duration(event.seconds)}, {rate:.1f} million tokens/s"]
            if len(tally.by_worker) > 1:
                lines += [
                    f"  {worker}: {blocks:.0f} blocks, {tokens / max(seconds, 1e-9) / 1e6:.1f} million tokens/s"
                    for worker, (blocks, tokens, seconds) in sorted(tally.by_worker.items())
                ]
            return "\n".join(lines)
    return None


@contextmanager
def _live_display(stream: TextIO) -> Iterator[Listener]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(file=stream)
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[note]}"), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as display:
        yield _Live(display)


class _Live:
    """The live display: one bar for the study, one for each of the first blocks in the making."""

    def __init__(self, display: Display):
        self.display = display
        self.tally = Tally()
        self.study: TaskID = display.add_task("study", total=None, note="")
        self.rows: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        self.tally.hear(event)
        match event:
            case EpochDone() if event.folder in self.rows or len(self.rows) < ROWS:
                if event.folder not in self.rows:
                    name = event.folder.removeprefix("runs/")
                    self.rows[event.folder] = self.display.add_task(name, total=event.epochs, note="")
                note = "evaluating" if event.epoch == event.epochs else f"epoch {event.epoch} of {event.epochs}"
                self.display.update(self.rows[event.folder], completed=event.epoch, note=note)
            case BlockMade() | Retried() if event.folder in self.rows:
                self.display.remove_task(self.rows.pop(event.folder))
        left = self.tally.seconds_left
        note = f"{self.tally.blocks_done} of {self.tally.blocks} blocks, {self.tally.rate / 1e6:.1f} million tokens/s"
        note += "" if left is None else f", {duration(left)} left"
        self.display.update(self.study, total=self.tally.tokens, completed=self.tally.tokens_done, note=note)
        spoken = sentence(event, self.tally)
        if spoken:
            self.display.console.print(spoken, markup=False, highlight=False)
