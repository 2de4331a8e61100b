"""Little memory, few files, no cache, closed and full streams: one line and status 2, or the work is done anyway."""

import os
import resource
import subprocess
import sys

import pytest

from longcount.__main__ import LEAST_MEMORY


def limited(what, value):
    return lambda: resource.setrlimit(what, (value, value))


@pytest.mark.parametrize("kilobytes", [100_000, 1_000_000, 2_000_000])
def test_little_memory(longcount, trained, tiny_words, kilobytes):
    little = limited(resource.RLIMIT_AS, kilobytes * 1024)
    longcount("evaluate", trained, "--data", tiny_words / "long.txt", before=little).is_refused(
        "2,097,152 kB of memory"
    )


def test_just_enough_memory(longcount, copied):
    just = limited(resource.RLIMIT_AS, LEAST_MEMORY)
    longcount("certify", copied, "--run", 0, "--limit", 100, "--jobs", 1, before=just).is_done()


def test_too_little_to_draw(longcount, trained):
    longcount("report", trained, before=limited(resource.RLIMIT_AS, 2**35)).is_refused("drawing needs", "ulimit -v")
    longcount("report", trained, before=limited(resource.RLIMIT_NOFILE, 16)).is_refused("drawing needs", "ulimit -n")


def test_few_files(longcount, tiny_words, trained):
    few = limited(resource.RLIMIT_NOFILE, 12)
    longcount("evaluate", trained, "--data", tiny_words / "long.txt", before=few).is_done()


def shell(command: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "longcount", *map(str, arguments)]
    return subprocess.run(
        ["sh", "-c", f'"$@" {command}', "sh", *program], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("streams", ["2>/dev/full", "<&- >&- 2>&-"])
def test_work_is_done_though_nobody_hears_of_it(tmp_path, tiny_words, trained, streams):
    arguments = ("train", "lstm", "--out", tmp_path / "store", "--data", tiny_words, "--runs", 3, "--epochs", 4)
    assert shell(streams, *arguments).returncode == 0
    for path in trained.rglob("*.*"):
        place = path.relative_to(trained)
        if path.is_file() and place.parts[0] not in ("log", "results"):
            assert (tmp_path / "store" / place).read_bytes() == path.read_bytes()


def test_nobody_hears_of_a_refusal(trained):
    assert shell("2>/dev/full", "study", "status", trained / "none").returncode == 2
    with open("/dev/full", "w") as full:
        command, little = [sys.executable, "-m", "longcount", "--version"], limited(resource.RLIMIT_AS, 10**9)
        assert subprocess.run(command, stderr=full, preexec_fn=little).returncode == 2


def test_a_home_that_cannot_be_written_is_only_slower(longcount, trained, tmp_path):
    nowhere = {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "", "LONGCOUNT_CACHE": "/proc/nowhere"}
    if "PYTHONPATH" in os.environ:
        nowhere["PYTHONPATH"] = os.environ["PYTHONPATH"]
    longcount("trace", trained, "--run", 0, "--word", "()", "--out", tmp_path / "a.svg", environment=nowhere).is_done()
