"""The command line for languages and tasks beyond the first paper's."""

import json

import pytest

SMALL = ["words.training_words=80", "words.validation_words=24"]
LENGTHS = [
    *(*SMALL, "words.long_words=16", "words.very_long_words=4"),
    *("words.training_lengths=2-12", "words.long_lengths=14-20", "words.very_long_length=40"),
]
NUMBERS = [*SMALL, "words.training_n=1-8", "words.long_n=9-12", "words.very_long_n=13-14"]


@pytest.mark.parametrize(
    ("language", "task", "settings", "fields"),
    [
        ("shuffle2", "next_letters", LENGTHS, []),
        ("an_bn_cn", "predict", NUMBERS, ["first_failing_n"]),
        ("dyck2", "recognise", LENGTHS, ["accuracy_right", "accuracy_wrong", "first_wrongly_accepted"]),
        ("majority", "next_letters", LENGTHS, []),
    ],
)
def test_train_evaluate_and_trace(longcount_here, tmp_path, language, task, settings, fields):
    options = [part for setting in settings for part in ("--set", setting)]
    asked = ("--language", language, "--task", task, "--units", 2, "--runs", 2, "--epochs", 1)
    made = longcount_here("train", "gru", "--out", tmp_path / "store", *asked, *options).is_done()
    assert f"{language}, {task.replace('_', ' ')}" in made.stdout
    assert "without memory" in made.stdout
    words = tmp_path / "store" / "words" / "long.txt"
    assert "without" in longcount_here("evaluate", tmp_path / "store", "--data", words).is_done().stdout
    rows = json.loads(longcount_here("evaluate", tmp_path / "store", "--data", words, "--json").is_done().stdout)
    assert [row["run"] for row in rows] == [0, 1]
    assert [name for name in rows[0] if name not in KNOWN] == fields
    traced = longcount_here("trace", tmp_path / "store", "--run", 0, "--file", words).is_done().stdout
    assert traced.startswith("word,token,letter,depth,")
    certified = longcount_here("certify", tmp_path / "store", "--limit", 20, "--json")
    if language == "dyck2":
        certified.is_refused("only languages that counters decide can be certified, not dyck2")
    else:
        assert {row["language"] for row in json.loads(certified.is_done().stdout)} == {language}
    longcount_here("repair", tmp_path / "store", "--out", tmp_path / "repaired").is_refused()


KNOWN = ("condition", "cell", "run", "epoch", "words", "accuracy", "loss", "fpf_mean", "fpf_min", "learned")


@pytest.mark.parametrize("settings", [("language=semi_dyck1",), ("task=recognise",), ("threshold=0.3",)])
def test_a_network_is_judged_by_what_it_was_trained_for(longcount_here, tmp_path, settings):
    options = [part for one in (*LENGTHS, *settings) for part in ("--set", one)]
    longcount_here("train", "lstm", "--out", tmp_path / "store", "--runs", 1, "--epochs", 1, *options).is_done()
    (verdict,) = json.loads(longcount_here("certify", tmp_path / "store", "--limit", 20, "--json").is_done().stdout)
    assert verdict["verdict"] == "bounded"
    for setting in settings:
        name, value = setting.split("=")
        assert name == "threshold" or verdict[name] == value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--language", "shuffle22"], "shuffle22"),
        (["--language", "dyk1"], "did you mean 'dyck1'?"),
        (["--task", "recognize"], "did you mean 'recognise'?"),
        (["--task", "predict", "--loss", "mse"], "predict is trained with ce, not 'mse'"),
        (["--loss", "ce"], "next_letters is trained with mse or bce, not 'ce'"),
        (["--language", "an_bn", "--set", "words.training_lengths=2-10"], "training_lengths"),
        (["--language", "shuffle2", "--set", "words.training_n=2-10"], "training_n"),
        (["--language", "shuffle2", "--set", "words.sampler=n_uniform"], "n_uniform"),
        (["--set", "words.training_n=5-1"], "training_n: should be a range of n"),
        (["--set", "threshold=1.5"], "threshold"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(longcount_here, tmp_path, options, said):
    longcount_here("train", "lstm", "--out", tmp_path / "store", *options).is_refused(said)
