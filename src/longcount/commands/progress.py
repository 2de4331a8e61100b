"""How a running study is shown on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from longcount.commands.output import say
from longcount.studies.run import BlockMade, Damaged, EpochDone, Event, Finished, Listener, Retried, Started

SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def shown_progress() -> Iterator[Listener]:
    """A listener for `longcount.studies.run.run_study`; what it shows is put away at the end."""
    if not sys.stderr.isatty():
        yield PlainLines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        yield Bar(progress)


class Pace:
    """Tokens trained so far, of how many, how fast; blocks done, of how many."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.tokens = 0
        self.all_tokens = 0
        self.blocks_done = 0
        self.blocks = 0

    def hear(self, event: Event) -> None:
        """Take an event into account."""
        if isinstance(event, Started):
            self.started = time.monotonic()
            self.all_tokens, self.blocks, self.blocks_done = event.tokens, event.blocks, event.blocks_found
        elif isinstance(event, EpochDone):
            self.tokens += event.tokens
        elif isinstance(event, BlockMade):
            self.blocks_done, self.blocks = event.blocks_done, event.blocks

    @property
    def rate(self) -> float:
        """Tokens a second, over all models."""
        return self.tokens / max(time.monotonic() - self.started, 1e-9)

    @property
    def speed(self) -> str:
        """The rate for people."""
        return f"{self.rate / 1e6:,.0f} million tokens/s"

    @property
    def seconds_left(self) -> float:
        """At the rate so far."""
        return (self.all_tokens - self.tokens) / self.rate if self.tokens else float("inf")


def _news(event: Event) -> str | None:
    """A line for events that deserve one."""
    if isinstance(event, Started):
        found = f" ({event.blocks_found} found done)" if event.blocks_found else ""
        return f"{event.directory}: {event.runs:,} runs in {event.blocks:,} blocks{found}, {event.executor}"
    if isinstance(event, Damaged):
        return event.reason
    if isinstance(event, Retried):
        return f"{event.folder}: {event.reason}; try {event.attempt}"
    if isinstance(event, Finished) and event.blocks_made:
        return (
            f"trained {event.blocks_made:,} blocks, {event.tokens / 1e6:,.0f} million tokens, in {event.seconds:.1f} s"
        )
    return None


class PlainLines:
    """A line for what happens, and one every few seconds on how far it is."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.last = time.monotonic()

    def __call__(self, event: Event) -> None:
        pace = self.pace
        pace.hear(event)
        line = _news(event)
        if line:
            say(line)
        elif isinstance(event, EpochDone) and time.monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            say(
                f"{100 * pace.tokens / pace.all_tokens:.0f}%, {pace.blocks_done:,} of {pace.blocks:,} blocks, "
                f"{pace.speed}, {pace.seconds_left:.0f} s left"
            )


class Bar:
    """A bar in the place of the lines."""

    def __init__(self, progress) -> None:
        self.progress = progress
        self.pace = Pace()
        self.task = progress.add_task("training", total=None, speed="")

    def __call__(self, event: Event) -> None:
        pace = self.pace
        pace.hear(event)
        line = _news(event)
        if line:
            self.progress.console.print(line, markup=False, highlight=False)
        self.progress.update(
            self.task,
            description=f"training, {pace.blocks_done:,} of {pace.blocks:,} blocks",
            total=pace.all_tokens or None,
            completed=pace.tokens,
            speed=pace.speed if pace.tokens else "",
        )
