"""``longcount data``: words made, checked and refused."""

import pytest

FILES = {"train.txt", "validation.txt", "long.txt", "very_long.txt", "zigzag.txt"}


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_make_writes_the_five_splits_and_depends_on_the_seed_alone(longcount, tmp_path):
    for name, options in (("first", []), ("again", ["--seed", "0"]), ("other", ["--seed", "1"])):
        longcount("data", "make", tmp_path / name, *options).is_done()
    assert set(contents(tmp_path / "first")) == FILES
    assert contents(tmp_path / "first") == contents(tmp_path / "again")
    assert contents(tmp_path / "first")["train.txt"] != contents(tmp_path / "other")["train.txt"]
    assert contents(tmp_path / "first")["train.txt"].count(b"\n") == 10_000


def test_make_does_not_overwrite_other_words(longcount, tmp_path):
    (tmp_path / "train.txt").write_text("()\n")
    longcount("data", "make", tmp_path).is_refused(str(tmp_path / "train.txt"), "other words")
    assert contents(tmp_path) == {"train.txt": b"()\n"}


def test_check_prints_counts_duplicates_and_overlaps(longcount, tmp_path):
    (tmp_path / "train.txt").write_text("()\n(())\n()\n")
    (tmp_path / "long.txt").write_text("()()\n(())\n")
    shown = longcount("data", "check", tmp_path).is_done().stdout
    row = next(line for line in shown.splitlines() if "training" in line and "│" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "training", "3", "3", "8", "2", "2.7", "4", "2", "0.8", "1",
    ]  # fmt: skip
    assert "training and long share 1 words" in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"()\n\n(())\n", ":2: empty line"),
        (b"()\n(()\n", ":2: the word is cut short or unbalanced"),
        (b"()\n())(\n", ":2: ')' at column 3 closes nothing"),
        (b"()\n(())\n(a)\n", ":3: 'a' at column 2"),
        (b"()\n[]\n", ":2: '[' at column 1"),
        (b"( )\n", ":1: ' ' at column 2"),
        ("()\n(é)\n", ":2: 'é'"),
        (b"(),10\n(()),1110\n(),11\n", ":3: label '1'"),
        (b"(),10\n(()),111\n", ":2: 3 labels for a word of 4 tokens"),
        (b"()\n(\x00)\n", ":2: a zero byte"),
        (b"\x7fELF\x02\x01\xff\xfe", "binary"),
        (b"()\n" * 3 + b"\xff\xd8\xff\xe0", ":4: byte 0xff"),
    ],
)
def test_check_refuses_bad_words_by_file_and_line(longcount_here, word_file, content, said):
    path = word_file(content)
    longcount_here("data", "check", path.parent).is_refused(str(path), said)


def test_check_of_what_is_no_directory_of_words(longcount, word_file, tmp_path):
    longcount("data", "check", tmp_path / "nowhere").is_refused("nowhere", "no such directory")
    longcount("data", "check", word_file("()\n")).is_refused("is not a directory")
    (tmp_path / "empty").mkdir()
    longcount("data", "check", tmp_path / "empty").is_refused("holds no word file", "train.txt")


def test_make_below_a_file(longcount, word_file):
    longcount("data", "make", word_file("()\n") / "words").is_refused("words.txt")
