"""No option is accepted and ignored, nothing is said twice differently, and what is refused leaves nothing."""

import pytest

from longcount.errors import UserError
from longcount.store.store import Store
from longcount.studies.run import run_study
from longcount.training.study_files import build_study

FEW = {"words.training_words": 30, "words.validation_words": 10, "words.long_words": 5, "words.very_long_words": 2}


@pytest.fixture
def study(tmp_path):
    file = tmp_path / "study.toml"

    def write(*lines):
        file.write_text("\n".join(["cell = 'lstm'", *lines]))
        return file

    return write


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "cell=gru"), "cell=gru and the cell, lstm, disagree"),
        (("--epochs", 3, "--set", "epochs=1"), "epochs=1 and its option, 3, disagree"),
        (("--seed", 3, "--set", "seed=0,1"), "seed=[0, 1] and its option, 3, disagree"),
        (("--data", "a", "--set", "words.directory=b"), "words.directory=b and its option, a, disagree"),
        (("--set", "jobs=2"), "jobs: unknown field"),
        (("--set", "words=x"), "words: a table of fields; name one, such as words.training_lengths"),
        (("--set", "runs=true"), "runs: should be a value, not true"),
        (("--set", "decay=0.5"), 'decay needs schedule = "exponential"'),
        (("--set", "momentum=0.5"), "momentum needs optimiser"),
        (("--set", "engine=torch", "--set", "dropout=0.5"), "dropout needs several layers"),
        (("--set", "engine=torch", "--set", "device=foo"), "device: Expected one of cpu, cuda"),
        (("--recipe", "exact", "--loss", "mse"), "a recipe sets it"),
        (("--recipe", "exact", "--epochs", "31"), "sets epochs"),
        (("gru",), "'gru': one argument too many; `longcount train --help` says what it takes"),
        (("--set", "words.training_lengths=[2,50]"), "a list means each of its values"),
    ],
)
def test_train_refuses(longcount_here, tmp_path, arguments, said):
    longcount_here("train", "lstm", *arguments, "--out", tmp_path / "new" / "store").is_refused(said)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cluster", "slurm"), "--cluster: belongs to --executor slurm"),
        (("--cores", 1), "--cores: belongs to --executor slurm"),
        (("--submit", "a=b"), "--submit: belongs to --executor slurm"),
        (("--address", ""), "--address: belongs to --executor dask"),
        (("--executor", "slurm", "--scheduler-file", "x"), "--scheduler-file: belongs to --executor dask"),
        (("--executor", "dask", "--jobs", 2), "--jobs: belongs to --executor threads or slurm"),
        (("--executor", "slurm", "--cores", 2, "--jobs", 9), "--executor slurm: Could not detect"),
    ],
)
def test_options_of_executors_are_refused(longcount_here, tmp_path, study, arguments, said):
    for command in (("study", "run", study()), ("reproduce",)):
        longcount_here(*command, "--out", tmp_path / "store", *arguments).is_refused(said)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["grid = []"], "grid: should be"),
        (["words = 'x'"], "words: should be a table"),
        (["words.training_lengths = [2, 50]"], "words.training_lengths: should be a range"),
        ([f"{name} = {list(range(1, 200))}" for name in ("seed", "epochs", "batch_size")], "7,880,599 conditions"),
    ],
)
def test_a_study_file_is_refused(longcount_here, tmp_path, study, lines, said):
    longcount_here("study", "run", study(*lines), "--out", tmp_path / "store").is_refused(said)


def test_settings_of_words_that_are_given_are_refused(longcount_here, tiny_words, tmp_path):
    given = ("train", "lstm", "--data", tiny_words, "--out", tmp_path / "store")
    for setting in ("words.training_words=5", "words.training_lengths=2-30"):
        longcount_here(*given, "--set", setting).is_refused(setting.partition("=")[0], "are given", "leave it out")
    assert not (tmp_path / "store").exists()
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "train.txt").write_bytes((tiny_words / "train.txt").read_bytes())
    some = {"words.directory": str(tmp_path / "some"), "cell": "lstm", "runs": 1, "epochs": 1}
    with pytest.raises(UserError, match=r"words\.training_words: .* the training words are given"):
        run_study(build_study(some | {"words.training_words": 5}), tmp_path / "store")
    few = {name: value for name, value in FEW.items() if name != "words.training_words"}
    store = run_study(build_study(some | few), tmp_path / "store")  # the other words are made
    assert len(store.words("validation")) == 10


def test_a_folder_with_a_study_file_of_the_users_own_is_left_as_it_was(longcount_here, tmp_path, study):
    study()
    longcount_here("construct", "lstm", "--out", tmp_path).is_refused("already holds a store")
    longcount_here("train", "lstm", "--out", tmp_path).is_refused("a store of schema unknown")
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


def test_a_study_that_fails_before_its_first_block_leaves_nothing(tmp_path, monkeypatch):
    def fails(*_, **__):
        raise UserError("no such device here")

    study = build_study({"cell": "lstm", "runs": 1, "epochs": 1, **FEW})
    (tmp_path / "mine.txt").touch()
    monkeypatch.setattr("longcount.studies.blocks.train_runs", fails)
    with pytest.raises(UserError, match="no such device"):
        run_study(study, tmp_path / "deep" / "store")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    monkeypatch.undo()
    run_study(study, tmp_path / "store")
    monkeypatch.setattr("longcount.studies.blocks.train_runs", fails)
    with pytest.raises(UserError, match="no such device"):
        run_study(build_study({"cell": "lstm", "runs": 1, "epochs": 1, "order": "shared", **FEW}), tmp_path / "other")
    with pytest.raises(UserError, match="another study"):
        run_study(build_study({"cell": "lstm", "runs": 1, "epochs": 2, **FEW}), tmp_path / "store")
    assert Store.open(tmp_path / "store").runs("lstm").tolist() == [0]


@pytest.mark.parametrize("epoch", ["bst", 1.5, True, -1, None])
def test_what_is_no_epoch_is_refused_in_the_same_words(trained, tmp_path, longcount_here, epoch):
    import longcount

    words = longcount.make_splits(0, training_words=9, validation_words=3, long_words=2, very_long_words=1)["long"]
    for ask in (
        lambda: longcount.evaluate(trained, words, epoch=epoch),
        lambda: longcount.tensors_of(trained, 0, epoch=epoch),
    ):
        with pytest.raises(UserError, match="is not an epoch; give best, last or a whole number of at least 0"):
            ask()
    if epoch is not None:
        longcount_here("export", trained, "--run", 0, f"--epoch={epoch}", "--out", tmp_path / "x.pt").is_refused(
            "is not an epoch; give best, last or a whole number of at least 0"
        )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"splits": "validation"}, r"write \['validation'\]"),
        ({"splits": ["valid"]}, "no split is called 'valid'; did you mean 'validation'"),
        ({"conditions": "lstm"}, r"write \['lstm'\]"),
        ({"columns": ["los"]}, "no column is called 'los'; did you mean 'loss'"),
    ],
)
def test_metrics_are_asked_for_by_lists_of_known_names(trained, asked, said):
    with pytest.raises(UserError, match=said):
        Store.open(trained).metrics(**asked)


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True, 10**6])
def test_jobs_are_a_number_of_threads(trained, jobs):
    import longcount

    words = longcount.make_splits(0, training_words=9, validation_words=3, long_words=2, very_long_words=1)["long"]
    with pytest.raises(UserError, match="should be a whole number from 1 to 4096"):
        longcount.evaluate(trained, words, jobs=jobs)
