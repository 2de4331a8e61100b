"""Files that take another's place: the old one or the new one, whole, and nothing left beside them."""

import errno
import os

import pytest

from longcount.disk import disk_errors_told, replacing, write_atomically
from longcount.errors import UserError


@pytest.mark.parametrize("synced", [True, False])
@pytest.mark.parametrize("apart", [True, False], ids=["half-written aside", "half-written beside"])
def test_a_file_takes_the_place_of_another(tmp_path, synced, apart):
    path, aside = tmp_path / "new" / "file", tmp_path / "log" / "aside" if apart else None
    for content in (b"old", b"new", b""):
        write_atomically(path, content, aside, synced)
        assert path.read_bytes() == content
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with replacing(path) as half:
            half.write_bytes(b"half")
            assert path.read_bytes() == b"old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(FileNotFoundError), replacing(path):
        pass  # nothing was written
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_rename_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def refused(source, target):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(target))

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(UserError, match=r"file: the disk is read-only"), disk_errors_told(tmp_path):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_errors_of_the_system_stay_what_they_are(tmp_path):
    with pytest.raises(IsADirectoryError), disk_errors_told(tmp_path):
        tmp_path.read_bytes()
