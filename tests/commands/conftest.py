"""The command line as a user meets it: a process with arguments, two streams and an exit status."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it wrote."""

    status: int
    stdout: str
    stderr: str

    def is_done(self) -> "Outcome":
        """Assert that it ended well; returns itself."""
        assert self.status == 0, self.stderr
        assert "Traceback" not in self.stderr
        return self

    def is_refused(self, *parts: str) -> str:
        """Assert exit status 2, nothing on standard output and one line of error that holds the parts; returns it."""
        assert self.status == 2, (self.status, self.stderr)
        assert self.stdout == ""
        lines = self.stderr.splitlines()
        assert len(lines) == 1, self.stderr
        assert lines[0].startswith("longcount: ")
        for part in parts:
            assert part in lines[0], lines[0]
        return lines[0]


Longcount = Callable[..., Outcome]


@pytest.fixture(scope="session")
def longcount() -> Longcount:
    """Run ``python -m longcount ARGUMENTS`` in a process of its own."""

    def run(
        *arguments: object, environment: Mapping[str, str] | None = None, before: Callable | None = None
    ) -> Outcome:
        completed = subprocess.run(
            [sys.executable, "-W", "error", "-m", "longcount", *map(str, arguments)],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            preexec_fn=before,
        )
        return Outcome(completed.returncode, completed.stdout, completed.stderr)

    return run


@pytest.fixture(scope="session")
def start_longcount() -> Callable[..., subprocess.Popen]:
    """Start ``python -m longcount ARGUMENTS`` and leave it running."""

    def start(*arguments: object) -> subprocess.Popen:
        # A shell may have told its children to ignore interrupts; this one must hear them.
        return subprocess.Popen(
            [sys.executable, "-m", "longcount", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    return start


@pytest.fixture
def word_file(tmp_path: Path) -> Callable[[bytes | str], Path]:
    """Write a file of words with the given content."""

    def write(content: bytes | str) -> Path:
        path = tmp_path / "words.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
