"""``longcount evaluate``: models chosen, measured, told; stores and words refused."""

import json

import pytest

import longcount as package

COLUMNS = ["condition", "cell", "run", "epoch", "words", "accuracy", "loss", "fpf_mean", "fpf_min", "learned"]


def test_json_holds_a_row_a_run(longcount_here, trained, tiny_words):
    shown = longcount_here("evaluate", trained, "--data", tiny_words / "long.txt", "--json").is_done()
    rows = json.loads(shown.stdout)
    assert [list(row) for row in rows] == [COLUMNS] * 3
    assert [(row["cell"], row["run"], row["words"]) for row in rows] == [("lstm", run, 20) for run in range(3)]
    assert all(1 <= row["epoch"] <= 4 and isinstance(row["learned"], bool) for row in rows)


@pytest.mark.parametrize(("asked", "epoch"), [("last", 4), ("0", 0), ("3", 3)])
def test_epoch(longcount_here, trained, tiny_words, asked, epoch):
    shown = longcount_here("evaluate", trained, "--data", tiny_words / "long.txt", "--epoch", asked, "--json").is_done()
    assert [row["epoch"] for row in json.loads(shown.stdout)] == [epoch] * 3


def test_python_gives_the_same_as_the_command(longcount_here, trained, tiny_words):
    shown = longcount_here("evaluate", trained, "--data", tiny_words / "zigzag.txt", "--json").is_done()
    frame = package.evaluate(trained, package.read_words(tiny_words / "zigzag.txt"))
    assert json.loads(shown.stdout) == frame.to_dict("records")


def test_the_table_shows_every_run(longcount_here, trained, tiny_words):
    shown = longcount_here("evaluate", trained, "--data", tiny_words / "long.txt").is_done()
    assert shown.stdout.count("lstm") == 3
    assert shown.stderr == ""


def test_labelled_words_are_read_like_bare_ones(longcount_here, trained, word_file):
    bare = longcount_here("evaluate", trained, "--data", word_file("()\n(())\n"), "--json").is_done().stdout
    labelled = word_file("(),10,anything\r\n(()),1110,4\r\n")
    assert longcount_here("evaluate", trained, "--data", labelled, "--json").is_done().stdout == bare


@pytest.mark.parametrize("epoch", ["5", "-1", "1.5", "first", "", "99999999999999999999"])
def test_bad_epoch(longcount_here, trained, tiny_words, epoch):
    longcount_here("evaluate", trained, "--data", tiny_words / "long.txt", f"--epoch={epoch}").is_refused("--epoch")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"(()", ":1: the word is cut short or unbalanced"),
        (b"()\n(x)\n", ":2: 'x'"),
        (b"(),11\n", ":1: label '1'"),
        (b"\x89PNG\r\n\x1a\n\x00", "binary"),
    ],
)
def test_bad_words(longcount_here, trained, word_file, content, said):
    path = word_file(content)
    longcount_here("evaluate", trained, "--data", path, "--json").is_refused(str(path), said)


def test_missing_words(longcount_here, trained, tmp_path):
    longcount_here("evaluate", trained, "--data", tmp_path / "none.txt").is_refused("none.txt")
    longcount_here("evaluate", trained, "--data", tmp_path).is_refused("is a directory")


def test_what_is_no_store(longcount_here, tiny_words, tmp_path):
    words = tiny_words / "long.txt"
    longcount_here("evaluate", tmp_path, "--data", words).is_refused(str(tmp_path), "not a store")
    longcount_here("evaluate", tmp_path / "nowhere", "--data", words).is_refused("nowhere", "not a store")
    longcount_here("evaluate", words, "--data", words).is_refused("long.txt", "not a store")


def test_a_store_of_another_version(longcount_here, copied, tiny_words):
    study = copied / "study.toml"
    study.write_text(study.read_text().replace("schema = 1", "schema = 99", 1))
    longcount_here("evaluate", copied, "--data", tiny_words / "long.txt").is_refused("study.toml", "schema 99")
    options = ("--data", tiny_words, "--runs", 3, "--epochs", 4)
    longcount_here("train", "lstm", "--out", copied, *options).is_refused("study.toml", "schema 99")


@pytest.mark.parametrize("content", [b"", b"schema = ", b"\xff\xfe", b"schema = 1\n", b"[[[["])
def test_a_damaged_study_file(longcount_here, copied, tiny_words, content):
    (copied / "study.toml").write_bytes(content)
    longcount_here("evaluate", copied, "--data", tiny_words / "long.txt").is_refused("study.toml")


@pytest.mark.parametrize("name", ["weights.safetensors", "metrics.parquet", "manifest.json"])
@pytest.mark.parametrize("spoil", ["flip", "cut", "empty"])
def test_a_damaged_block(longcount_here, copied, tiny_words, name, spoil):
    path = next(copied.glob(f"runs/lstm/*/{name}"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes({"flip": content, "cut": content[:100], "empty": b""}[spoil])
    longcount_here("evaluate", copied, "--data", tiny_words / "long.txt").is_refused("damaged")


def test_words_of_the_store_that_were_edited(longcount_here, copied, tiny_words):
    (copied / "words" / "train.txt").write_text("()\n")
    options = ("--data", tiny_words, "--runs", 3, "--epochs", 4)
    next(copied.glob("runs/lstm/*/manifest.json")).unlink()
    longcount_here("train", "lstm", "--out", copied, *options).is_refused("train.txt")
