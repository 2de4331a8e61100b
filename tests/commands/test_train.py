"""``longcount train``: a store made, finished, refused."""

import json

import pytest

from longcount import Store

from .conftest import contents_sha256


def test_train_makes_a_store_and_prints_its_row_of_table_1(longcount_here, tiny_words, tmp_path):
    options = ("--data", tiny_words, "--runs", 3, "--epochs", 2, "--order", "shared", "--loss", "bce", "--seed", 9)
    first = longcount_here("train", "gru", "--out", tmp_path / "store", *options).is_done()
    assert "GRU" in first.stdout
    assert "of 3" in first.stdout
    store = Store.open(tmp_path / "store")
    condition = store.condition("gru")
    assert (condition.runs, condition.epochs, condition.order, condition.loss, condition.seed) == (
        3,
        2,
        "shared",
        "bce",
        9,
    )
    assert store.weights("gru", run=2, epoch=2).shape == (19,)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "store" / "runs").rglob("*")}
    again = longcount_here("train", "gru", "--out", tmp_path / "store", *options).is_done()
    assert again.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "store" / "runs").rglob("*")} == before


def test_an_option_and_a_set_that_disagree_are_refused(longcount_here, tmp_path):
    arguments = ("train", "lstm", "--out", tmp_path / "store", "--epochs", 3, "--set", "epochs=1")
    longcount_here(*arguments).is_refused("--set epochs=1", "disagree")
    assert not (tmp_path / "store").exists()


def test_the_default_is_the_papers_protocol(longcount_here, tiny_words, tmp_path):
    longcount_here("train", "relu", "--out", tmp_path, "--data", tiny_words).is_done()
    condition = Store.open(tmp_path).condition("relu")
    assert (condition.runs, condition.epochs, condition.learning_rate) == (30, 30, 0.01)
    assert (condition.order, condition.loss, condition.seed) == ("shuffled", "mse", 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--runs", "0"], "--runs"),
        (["--runs", "-3"], "--runs"),
        (["--runs", "2.5"], "--runs"),
        (["--runs", "many"], "--runs"),
        (["--runs", "100000000000"], "--runs"),
        (["--epochs", "-1"], "--epochs"),
        (["--epochs", "100000000000"], "--epochs"),
        (["--learning-rate", "0"], "--learning-rate"),
        (["--learning-rate", "-0.1"], "--learning-rate"),
        (["--learning-rate", "nan"], "learning"),
        (["--learning-rate", "inf"], "--learning-rate"),
        (["--learning-rate", "fast"], "--learning-rate"),
        (["--order", "sorted"], "--order"),
        (["--loss", "mae"], "--loss"),
        (["--jobs", "0"], "--jobs"),
        (["--jobs", "1000000"], "--jobs"),
        (["--seed", "-1"], "--seed"),
        (["--ruins", "3"], "Did you mean --runs?"),
        (["--runs"], "--runs requires a value"),
        (["--data", "nowhere"], "nowhere: no such directory"),
        (["--recipe", "exat"], "'exat'"),
        (["--recipe", "exact", "--epochs", "3"], "sets epochs"),
        (["--set", "epohs=3"], "did you mean 'epochs'?"),
        (["--set", "epochs"], "FIELD=VALUE"),
        (["--set", "hidden_size=0"], "hidden_size"),
    ],
)
def test_bad_options_are_refused_and_nothing_is_written(longcount_here, tmp_path, options, said):
    longcount_here("train", "lstm", "--out", tmp_path / "store", *options).is_refused(said)
    assert not (tmp_path / "store" / "study.toml").exists()


def test_unknown_cell(longcount_here, tmp_path):
    longcount_here("train", "lsmt", "--out", tmp_path / "store").is_refused("lsmt", "did you mean 'lstm'?")
    longcount_here("train", "transformer", "--out", tmp_path / "store").is_refused("the cells are lstm, relu, gru")


def test_out_is_needed(longcount_here):
    longcount_here("train", "lstm").is_refused("--out")


def test_a_folder_that_is_no_store(longcount_here, tiny_words, tmp_path):
    (tmp_path / "thesis.tex").write_text("by hand")
    longcount_here("train", "lstm", "--out", tmp_path, "--data", tiny_words).is_refused("thesis.tex", "not a store")
    assert [path.name for path in tmp_path.iterdir() if path.name != "log"] == ["thesis.tex"]


def test_a_file_where_the_store_should_be(longcount_here, word_file):
    longcount_here("train", "lstm", "--out", word_file("()\n")).is_refused("words.txt")


def test_a_store_of_another_study(longcount_here, tiny_words, copied):
    before = contents_sha256(copied)
    options = ("--data", tiny_words, "--runs", 3, "--epochs", 4)
    longcount_here("train", "lstm", "--out", copied, *options, "--seed", 1).is_refused(str(copied), "another study")
    assert contents_sha256(copied) == before


def test_bad_words_by_file_and_line(longcount_here, word_file, tmp_path):
    path = word_file("()\n(()\n").rename(tmp_path / "train.txt")
    longcount_here("train", "lstm", "--out", tmp_path / "store", "--data", tmp_path).is_refused(f"{path}:2:")
    assert not (tmp_path / "store" / "study.toml").exists()


def test_a_damaged_block_is_made_again(longcount_here, tiny_words, copied):
    before = contents_sha256(copied)
    weights = next(copied.glob("runs/lstm/*/weights.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    options = ("--data", tiny_words, "--runs", 3, "--epochs", 4)
    outcome = longcount_here("train", "lstm", "--out", copied, *options).is_done()
    assert "weights.safetensors: damaged" in outcome.stderr
    assert contents_sha256(copied) == before


def test_more_runs_leave_the_first_ones_as_they_are(longcount_here, tiny_words, trained, tmp_path):
    options = ("--data", tiny_words, "--runs", 5, "--epochs", 4)
    longcount_here("train", "lstm", "--out", tmp_path / "more", *options).is_done()
    few, many = Store.open(trained), Store.open(tmp_path / "more")
    for run in range(3):
        for epoch in range(5):
            assert few.weights("lstm", run, epoch).tobytes() == many.weights("lstm", run, epoch).tobytes()


def test_the_manifest_tells_what_the_block_is(trained):
    manifest = json.loads(next(trained.glob("runs/lstm/*/manifest.json")).read_text())
    assert {"runs", "schema", "longcount", "sha256"} <= set(manifest)
    assert set(manifest["sha256"]) == {"weights.safetensors", "metrics.parquet"}
