"""Word files: what is read, what is refused, and where it says so."""

import os
import re
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount import languages
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.files import (
    FILE_NAMES,
    SplitSummary,
    check_directory,
    read_splits,
    read_words,
    write_splits,
    write_words,
)
from longcount.languages.splits import make_splits
from longcount.languages.words import Words

balanced = st.recursive(
    st.just("()"), lambda word: st.one_of(word.map("({})".format), st.tuples(word, word).map("".join)), max_leaves=20
)


def labels(word: str) -> str:
    return "".join(str(label) for label in dyck.targets(Words.from_strings([word]))[:, 1])


@given(
    words=st.lists(balanced, min_size=1, max_size=8),
    newline=st.sampled_from(["\n", "\r\n"]),
    end=st.sampled_from(["", "\n", "\n\n", "\n\n\n"]),
    rests=st.lists(
        st.sampled_from(["", ",labels", ",labels,[]", ",labels,['(())', '()'],é,7"]), min_size=8, max_size=8
    ),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_every_accepted_form(tmp_path_factory, words, newline, end, rests, mark):
    path = tmp_path_factory.mktemp("words") / "words.txt"
    lines = [word + rest.replace("labels", labels(word)) for word, rest in zip(words, rests, strict=False)]
    path.write_bytes(mark + (newline.join(lines) + end.replace("\n", newline)).encode())
    assert read_words(path).strings() == words


@given(st.lists(balanced, min_size=1, max_size=8))
def test_round_trip(tmp_path_factory, strings):
    path = tmp_path_factory.mktemp("words") / "words.txt"
    words = Words.from_strings(strings)
    write_words(path, words)
    assert read_words(path) == words
    assert path.read_text() == "\n".join(strings) + "\n"
    assert os.listdir(path.parent) == [path.name]


BAD_FILES = {
    "empty": (b"", ": is empty; expected one word per line"),
    "only newlines": (b"\n\r\n", ": is empty"),
    "unbalanced": (b"()\n(()))\n", ":2: ')' at column 5 closes nothing"),
    "truncated": (b"()\n()\n((()", ":3: the word is cut short or unbalanced: after column 4, its last, 2 '(' are"),
    "foreign letter": (b"()\n(x)\n", ":2: 'x' at column 2 is not a letter of a word; expected '(' or ')'"),
    "foreign letter below": (b"(!)\n", ":1: '!' at column 2"),
    "foreign letter beyond ASCII": ("()\n(é)\n".encode(), ":2: 'é' at column 2"),
    "blank": (b"() \n", ":1: ' ' at column 3"),
    "tabs": (b"()\t10\n", ":1: '\\t' at column 3"),
    "labels of letters": (b"(),1x,[]\n", ":1: label 'x' at column 5 should be '0'"),
    "wrong label": (b"()\n(()),1010\n", ":2: label '0' at column 7 should be '1'"),
    "first of wrong labels": (b"(())\n()\n()(),1010\n(),11\n", ":4: label '1' at column 5 should be '0'"),
    "too few labels": (b"()\n(()),111\n", ":2: 3 labels for a word of 4 tokens"),
    "too many labels": (b"(),100\n", ":1: 3 labels for a word of 2 tokens"),
    "no labels after the comma": (b"(),\n", ":1: 0 labels for a word of 2 tokens"),
    "no labels between the commas": (b"(),,[]\n", ":1: 0 labels for a word of 2 tokens"),
    "labels of nothing": (b"()\n,10\n", ":2: no word before the comma"),
    "empty line": (b"()\n\n(())\n", ":2: empty line; expected a word"),
    "empty line with CRLF": (b"()\r\n\r\n(())\r\n", ":2: empty line"),
    "first line empty": (b"\n()\n", ":1: empty line"),
    "zero byte": (b"()\n(\0)\n", ":2: a zero byte: a binary file?"),
    "not UTF-8": (b"()\n()\n(\xff)\n", ":3: byte 0xff is not UTF-8"),
    "binary": (bytes(range(256)) * 4, ":1: a zero byte"),
    "old line ends": (b"()\r(())\r", ":1: '\\r' at column 3"),
    "the first bad line": (b"()\n(()\n(x)\n\n", ":2: the word is cut short"),
    "of a line the letter": (b"(()x,11\n", ":1: 'x' at column 4"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_files_get_one_clear_line(tmp_path, kind):
    content, message = BAD_FILES[kind]
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match="^" + re.escape(f"{path}{message}")) as error:
        read_words(path)
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.txt: cannot be read: No such file"):
        read_words(tmp_path / "nowhere.txt")
    with pytest.raises(UserError, match="is a directory; expected a file of words"):
        read_words(tmp_path)
    with pytest.raises(UserError, match="cannot be read: File name too long"):
        read_words(tmp_path / ("x" * 5000))


def test_files_that_cannot_be_written(tmp_path):
    words = Words.from_strings(["()"])
    (tmp_path / "file").write_text("kept")
    (tmp_path / "directory").mkdir()
    for path in (tmp_path / "nowhere" / "a.txt", tmp_path / "file" / "a.txt", tmp_path / "directory"):
        with pytest.raises(UserError, match=re.escape(f"{path}: cannot be written: ")):
            write_words(path, words)
    with pytest.raises(UserError, match="word 2 is empty"):
        write_words(tmp_path / "a.txt", Words.from_strings(["()", ""]))
    with pytest.raises(UserError, match="there are no words"):
        write_words(tmp_path / "a.txt", Words.from_strings([]))
    assert sorted(os.listdir(tmp_path)) == ["directory", "file"]
    assert (tmp_path / "file").read_text() == "kept"


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    splits = make_splits(0, training_words=30, validation_words=10, long_words=5, very_long_words=1)
    with pytest.raises(UserError, match=r"train\.txt: cannot be written: No space left on device"):
        write_splits(tmp_path, splits)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def splits():
    return make_splits(0, training_words=30, validation_words=10, long_words=5, very_long_words=1)


def test_splits_come_back(tmp_path, splits):
    paths = write_splits(tmp_path / "new" / "data", splits)
    assert [path.name for path in paths] == ["train.txt", "validation.txt", "long.txt", "very_long.txt", "zigzag.txt"]
    assert list(read_splits(tmp_path / "new" / "data").items()) == list(splits.items())
    (tmp_path / "new" / "data" / "long.txt").unlink()
    assert list(read_splits(tmp_path / "new" / "data")) == ["training", "validation", "very_long", "zigzag"]


def test_files_of_other_words_are_kept(tmp_path, splits):
    other = tmp_path / FILE_NAMES["long"]
    other.write_text("()\n")
    with pytest.raises(UserError, match=r"long\.txt: already exists and holds other words"):
        write_splits(tmp_path, splits)
    assert os.listdir(tmp_path) == ["long.txt"]
    assert other.read_text() == "()\n"
    other.unlink()
    write_splits(tmp_path, splits)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_splits(tmp_path, splits)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written


def test_check_directory_counts(tmp_path):
    (tmp_path / "train.txt").write_text("()\n(())\n()\n(()())\n")
    (tmp_path / "long.txt").write_text("(()()),111110,[]\n()()\n")
    (tmp_path / "another.txt").write_text("((()))\n")
    (tmp_path / "README.md").write_text("not words")
    check = check_directory(tmp_path)
    assert check.rows == [
        SplitSummary("training", 4, 4, 14, 2, 3.5, 6, 2, (1 + 4 + 1 + 7) / 14, 1),
        SplitSummary("long", 2, 2, 10, 4, 5.0, 6, 2, (7 + 2) / 10, 0),
        SplitSummary("another.txt", 1, 1, 6, 6, 6.0, 6, 3, 1.5, 0),
    ]
    assert check.overlaps == {
        ("training", "long"): 1,
        ("training", "another.txt"): 0,
        ("long", "another.txt"): 0,
    }


def test_check_directory_refuses_bad_words_by_file_and_line(tmp_path):
    (tmp_path / "train.txt").write_text("()\n")
    (tmp_path / "long.txt").write_text("()\n())\n")
    with pytest.raises(UserError, match=r"long\.txt:2: '\)' at column 3 closes nothing"):
        check_directory(tmp_path)


@pytest.mark.parametrize("read", [read_splits, check_directory])
def test_directories_that_hold_no_words(tmp_path, read):
    with pytest.raises(UserError, match=r"holds no word file; expected some of train\.txt, "):
        read(tmp_path)
    with pytest.raises(UserError, match="no such directory"):
        read(tmp_path / "nowhere")
    (tmp_path / "file").write_text("()\n")
    with pytest.raises(UserError, match="is not a directory"):
        read(Path(tmp_path / "file"))


BAD_FILES_OF_ABC = {
    "foreign letter": (b"abc\na(c\n", ":2: '(' at column 2 is not a letter of a word; expected 'a', 'b' or 'c'"),
    "not a word": (b"abc\naabc\n", ":2: 'c' at column 4 cannot stand there: after column 3, 'b' must follow"),
    "cut short": (b"ab\n", ":1: the word is cut short: after column 2, its last, 'c' must follow"),
    "empty line": (b"abc\n\nabc\n", ":2: empty line; expected a word in 'a', 'b' and 'c'"),
    "labels": (b"abc\nabc,111\n", ":2: ',' at column 4: words of an_bn_cn have no labels; end the line here"),
    "binary": (b"abc\nab\0\n", ":2: a zero byte: a binary file? Expected one word per line in 'a', 'b' and 'c'"),
}


@pytest.mark.parametrize("kind", BAD_FILES_OF_ABC)
def test_bad_files_of_other_letters(tmp_path, kind):
    content, message = BAD_FILES_OF_ABC[kind]
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match="^" + re.escape(f"{path}{message}")):
        read_words(path, "an_bn_cn")


@pytest.mark.parametrize("name", languages.names())
def test_files_of_every_language(tmp_path, name):
    language = languages.get(name)
    strings = list(islice((word for length in range(1, 9) for word in language.enumerate(length)), 50))
    words = Words.from_strings(strings, language.letters)
    write_words(tmp_path / "train.txt", words)
    assert (tmp_path / "train.txt").read_text() == "\n".join(strings) + "\n"
    assert read_words(tmp_path / "train.txt", name) == read_words(tmp_path / "train.txt", language) == words
    assert read_splits(tmp_path, name) == {"training": words}
    (row,) = check_directory(tmp_path, name).rows
    assert (row.words, row.tokens, row.duplicates) == (len(strings), len("".join(strings)), 0)
    assert row.deepest == language.depths(words).max()
    assert row.mean_depth == language.depths(words).mean()


def test_strings_that_are_no_members_are_read_where_asked_for(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("ab\nba\naab\n")
    assert read_words(path, "an_bn", members_only=False).strings() == ["ab", "ba", "aab"]
    with pytest.raises(UserError, match=r"words\.txt:2: 'b' at column 1"):
        read_words(path, "an_bn")
    path.write_text("abc\n")
    with pytest.raises(UserError, match="'c' at column 3 is not a letter"):
        read_words(path, "an_bn", members_only=False)


def test_labels_of_semi_dyck1(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(")(),010\n")
    assert read_words(path, "semi_dyck1").strings() == [")()"]
    path.write_text(")(),110\n")
    with pytest.raises(UserError, match="label '1' at column 5 should be '0'"):
        read_words(path, "semi_dyck1")
