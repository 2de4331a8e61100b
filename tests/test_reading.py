"""Reading files that may be anything: one line says what is wrong."""

import os
import threading

import pytest

from longcount.errors import UserError
from longcount.reading import read_bytes, read_toml


def test_a_file_and_a_pipe_are_read(tmp_path):
    path, pipe = tmp_path / "file", tmp_path / "pipe"
    path.write_bytes(b"content")
    assert read_bytes(path, "anything", largest=7) == b"content"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"content",))
    writer.start()
    assert read_bytes(pipe, "anything") == b"content"
    writer.join()


@pytest.mark.parametrize("place", ["missing", "folder", "device", "x" * 300, "\0", "file/inside"])
def test_what_cannot_be_read_is_refused(tmp_path, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    path = "/dev/zero" if place == "device" else tmp_path / place
    with pytest.raises(UserError, match="expected a file of words"):
        read_bytes(path, "a file of words")


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path):
    huge = tmp_path / "huge"
    with open(huge, "wb") as file:
        file.truncate(2**40)  # a file with a hole takes no room on the disk
    with pytest.raises(UserError, match="has more than 4,294,967,296 bytes"):
        read_bytes(huge, "a file of words")
    with pytest.raises(UserError, match="has more than"):  # its size is said to be 0
        read_bytes("/proc/self/maps", "a file of words", largest=10)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deep"),
        (b"runs = " + b"9" * 6000, "6000 digits"),
        (b"name = '\xff'", "can't decode"),
        (b"a = 1\na = 2", "overwrite"),
        (b"\x00", "Invalid"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path, content, said):
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"study.toml: not a TOML file: .*{said}"):
        read_toml(path, "a study file")
