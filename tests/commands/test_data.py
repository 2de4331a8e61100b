"""``longcount data``: words made, checked and refused."""

import json
import re
from typing import get_args

import pytest

from longcount import languages
from longcount.commands.data import Sampler
from longcount.languages.splits import SAMPLERS, make_splits

FILES = {"train.txt", "validation.txt", "long.txt", "very_long.txt", "zigzag.txt"}


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_make_writes_the_five_splits_and_depends_on_the_seed_alone(longcount_here, tmp_path):
    for name, options in (("first", []), ("again", ["--seed", "0"]), ("other", ["--seed", "1"])):
        longcount_here("data", "make", tmp_path / name, *options).is_done()
    assert set(contents(tmp_path / "first")) == FILES
    assert contents(tmp_path / "first") == contents(tmp_path / "again")
    assert contents(tmp_path / "first")["train.txt"] != contents(tmp_path / "other")["train.txt"]
    assert contents(tmp_path / "first")["train.txt"].count(b"\n") == 10_000


def test_make_does_not_overwrite_other_words(longcount_here, tmp_path):
    (tmp_path / "train.txt").write_text("()\n")
    longcount_here("data", "make", tmp_path).is_refused(str(tmp_path / "train.txt"), "other words")
    assert contents(tmp_path) == {"train.txt": b"()\n"}


def test_check_prints_counts_duplicates_and_overlaps(longcount_here, tmp_path):
    (tmp_path / "train.txt").write_text("()\n(())\n()\n")
    (tmp_path / "long.txt").write_text("()()\n(())\n")
    shown = longcount_here("data", "check", tmp_path).is_done().stdout
    rows = [line.split() for line in shown.splitlines() if line.startswith("training  ")]
    assert rows == [["training", "3", "3", "8", "2", "2.7", "4", "2", "0.8"], ["training", "1"]]
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


def test_check_of_what_is_no_directory_of_words(longcount_here, word_file, tmp_path):
    longcount_here("data", "check", tmp_path / "nowhere").is_refused("nowhere", "no such directory")
    longcount_here("data", "check", word_file("()\n")).is_refused("is not a directory")
    (tmp_path / "empty").mkdir()
    longcount_here("data", "check", tmp_path / "empty").is_refused("holds no word file", "train.txt")


def test_make_below_a_file(longcount_here, word_file):
    longcount_here("data", "make", word_file("()\n") / "words").is_refused("words.txt")


def test_make_words_of_any_language_and_sampler(longcount_here, tmp_path):
    said = longcount_here(
        "data", "make", tmp_path / "words", "--language", "an_bm_cnm", "--sampler", "geometric", "--geometric-p", "0.5",
        "--training-words", "8", "--validation-words", "4", "--training-n", "1-3", "--long-n", "4-5", "--very-long-n",
        "6", "--task", "predict", "--seed", "3",
    ).is_done()  # fmt: skip
    assert said.stdout == ""
    made = make_splits(
        3, language="an_bm_cnm", task="predict", sampler="geometric", geometric_p=0.5, training_words=8,
        validation_words=4, training_n=(1, 3), long_n=(4, 5), very_long_n=(6, 6),
    )  # fmt: skip
    assert list(made) == ["training", "validation", "long", "very_long"]
    assert set(contents(tmp_path / "words")) == FILES - {"zigzag.txt"}
    assert contents(tmp_path / "words")["train.txt"] == made["training"].lines()
    assert contents(tmp_path / "words")["very_long.txt"] == b"aaaaaabbbbbbcccccccccccc\n"


def test_right_and_wrong_words_are_made_and_checked(longcount_here, tmp_path):
    few = ["--training-words", 8, "--validation-words", 4, "--long-words", 4, "--very-long-words", 2]
    settings = ["--training-lengths", "2-20", "--long-lengths", "22-30", "--very-long-length", 40]
    asked = ["--language", "shuffle3", "--task", "recognise"]
    longcount_here("data", "make", tmp_path, *asked, *few, *settings, "--sampler", "grammar", "--p", 0.4).is_done()
    shown = longcount_here("data", "check", tmp_path, *asked).is_done().stdout
    rows = [line.split()[:3] for line in shown.splitlines() if re.match(r"\w+ +\d+ +\d", line)]
    assert rows == [
        ["training", "8", "4"], ["validation", "4", "2"], ["long", "4", "2"], ["very_long", "2", "1"],
    ]  # fmt: skip
    longcount_here("data", "check", tmp_path, *asked[:2]).is_refused("train.txt:2: ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--training-lengths", "2-x"],
            "Invalid value for --training-lengths: '2-x' is not a window; give its ends",
        ),
        (["--long-n", "-5"], "'-5' is not a window"),
        (["--training-n", "1-50"], "training_n = (1, 50) is not used by the sampler grammar of dyck1"),
        (["--sampler", "pcfg"], 'Invalid value "pcfg" for --sampler'),
        (["--language", "shuffle7"], "shuffle7: there are letters for shuffle1 to shuffle6 only"),
        (["--language", "dyck"], "no language is called 'dyck': did you mean 'dyck2'?"),
        (["--task", "recognize"], "no task is called 'recognize': did you mean 'recognise'?"),
        (["--language", "majority", "--sampler", "n_uniform"], "words of majority are not given by a number n"),
        (["--training-words", "0"], "--training-words"),
        (["--p", "2"], "--p"),
    ],
)
def test_make_refuses(longcount_here, tmp_path, options, said):
    longcount_here("data", "make", tmp_path / "words", *options).is_refused(said)
    assert not (tmp_path / "words").exists()


def test_every_sampler_can_be_asked_for():
    assert get_args(Sampler) == SAMPLERS


def targets_of(longcount_here, path, *options):
    return json.loads(longcount_here("data", "targets", path, *options, "--json").is_done().stdout)


def test_targets_of_words_and_of_strings_that_are_none(longcount_here, word_file):
    path = word_file("aabb\naba\na\n")
    assert targets_of(longcount_here, path, "--language", "an_bn") == [
        {"word": "aabb", "member": True, "first_bad": None, "targets": [[1, 1, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]]},
        {"word": "aba", "member": False, "first_bad": 2, "targets": [[1, 1, 0], [0, 0, 1], [0, 0, 0]]},
        {"word": "a", "member": False, "first_bad": 1, "targets": [[1, 1, 0]]},
    ]
    recognised = targets_of(longcount_here, path, "--language", "an_bn", "--task", "recognise")
    assert [row["targets"] for row in recognised] == [[None, None, None, [1]], [None, None, [0]], [[0]]]
    predicted = targets_of(longcount_here, path, "--language", "an_bn", "--task", "predict")
    assert predicted[0]["targets"] == [[1, 1, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]]
    (row,) = targets_of(longcount_here, word_file("())\n"))
    assert row == {"word": "())", "member": False, "first_bad": 2, "targets": [[1, 1], [1, 0], [0, 0]]}


def test_targets_as_a_person_reads_them(longcount_here, word_file):
    path = word_file("aabb\naba\n")
    rows = longcount_here("data", "targets", path, "--language", "an_bn", "--format", "markdown").is_done().stdout
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in rows.splitlines()[2:4]]
    assert rows == [
        ["aabb", "yes", "", "110 110 010 001"],
        ["aba", "no", "'a' at column 3 cannot stand there: after column 2, the end must follow", "110 001 000"],
    ]
    shown = longcount_here("data", "targets", path, "--language", "an_bn").is_done().stdout
    assert "a b end" in shown
    assert max(map(len, shown.replace(str(path), "FILE").splitlines())) <= 80
    shown = longcount_here("data", "targets", word_file("()\n"), "--task", "recognise").is_done().stdout
    assert "- 1" in shown


def test_targets_refuses_what_is_no_string_over_the_letters(longcount_here, word_file):
    path = word_file("aabb\nabc\n")
    longcount_here("data", "targets", path, "--language", "an_bn").is_refused(
        f"{path}:2: 'c' at column 3 is not a letter"
    )


OWN = '''
from longcount.languages import Machine

def mirrored():
    """As many b as a, and a after that."""
    return Machine(
        name="mirrored", letters="ab", description="a^n b^n",
        rules=(("a", "a", "*", "a", (1,)), ("a", "b", "+", "b", (-1,)), ("b", "b", "+", "b", (-1,))),
        ends=(("b", "0"),), index=(("a", "n"), ("b", "n")),
    )

same = mirrored()
broken = lambda: Machine(name="broken", letters="ab", description="", rules=(), ends=())

def scaled(k):
    return same
'''


@pytest.mark.parametrize("name", ["mirrored", "same"])
def test_a_language_of_ones_own(longcount_here, tmp_path, monkeypatch, name):
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    numbers = ["--training-n", "1-3", "--long-n", "4-4", "--very-long-n", "5-5", "--training-words", "9"]
    longcount_here("data", "make", "words", "--language", f"own:{name}", *numbers).is_done()
    assert (tmp_path / "words" / "long.txt").read_text() == "aaaabbbb\n"
    rows = targets_of(longcount_here, "words/long.txt", "--language", f"own.py:{name}")
    assert [row["member"] for row in rows] == [True]


def test_mistakes_in_a_language_of_ones_own(longcount_here, tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(f"{OWN}# another file than that of other tests")
    monkeypatch.chdir(tmp_path)

    def refused(*options):
        return longcount_here("data", "make", "words", *options).is_refused()

    broken = "longcount: own.py:13: ValueError: broken: a machine needs at least one rule and one end"
    assert refused("--language", "own:broken") == broken
    assert refused("--language", "own:scaled").startswith(
        "longcount: own.py:15: scaled is of the type function; a language is a longcount.languages.Language, such as a "
    )
    assert refused("--task", "own:same").startswith("longcount: own.py:12: same is of the type Machine; a task is a ")


def test_languages_and_tasks_are_listed(longcount_here):
    listed = json.loads(longcount_here("list", "languages", "--json").is_done().stdout)
    assert [row["name"] for row in listed] == list(languages.names())
    assert listed[2] == {"name": "an_bn", "line": "aⁿbⁿ", "origin": "built in"}
    listed = json.loads(longcount_here("list", "tasks", "--json").is_done().stdout)
    assert [row["name"] for row in listed] == ["next_letters", "recognise", "predict", "classify"]
