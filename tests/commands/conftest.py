"""The command line as a user meets it: a process with arguments, two streams and an exit status."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from longcount.commands import application
from longcount.languages.files import write_splits
from longcount.languages.splits import make_splits

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk")


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
def longcount_here() -> Longcount:
    """Run the same in this process: for the many refusals that would each wait for an interpreter to start."""

    def run(*arguments: object) -> Outcome:
        with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()) as stderr:
            status = application.main([str(argument) for argument in arguments])
        return Outcome(status, stdout.getvalue(), stderr.getvalue())

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


@pytest.fixture(scope="session")
def tiny_words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all five splits, small enough to train on in a moment."""
    folder = tmp_path_factory.mktemp("tiny_words")
    write_splits(folder, make_splits(5, training_words=60, validation_words=30, long_words=20, very_long_words=3))
    return folder


@pytest.fixture(scope="session")
def trained(longcount: Longcount, tiny_words: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 3 LSTM runs of 4 epochs; not to be changed."""
    store = tmp_path_factory.mktemp("trained") / "store"
    longcount("train", "lstm", "--out", store, "--data", tiny_words, "--runs", 3, "--epochs", 4).is_done()
    return store


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """A copy of `trained` to be spoilt."""
    return Path(shutil.copytree(trained, tmp_path / "store"))


def contents_sha256(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a store outside ``log/``, by its path."""
    files = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        str(name): hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in files.items()
        if name.parts[0] != "log"
    }


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mount a disk of that many bytes; needs root, as continuous integration has."""
    mounted: list[Path] = []

    def mount(size: int) -> Path:
        place = tmp_path / "disk"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", place], check=True)


@pytest.fixture
def word_file(tmp_path: Path) -> Callable[[bytes | str], Path]:
    """Write a file of words with the given content."""

    def write(content: bytes | str) -> Path:
        path = tmp_path / "words.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
