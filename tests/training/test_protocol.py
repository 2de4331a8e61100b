"""Studies: what grids mean, what is refused and how it is said, what the hash depends on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount.engine import Options
from longcount.errors import UserError
from longcount.training.merging import merge
from longcount.training.protocol import Condition, canonical_sha256
from longcount.training.study_files import build_study, read_study, vary


def test_what_is_not_said_is_the_papers_protocol():
    study = build_study({"cell": ["lstm", "gru", "relu"]})
    conditions = {condition.cell: condition for condition in study.conditions}
    assert {cell: condition.runs for cell, condition in conditions.items()} == {"lstm": 10, "gru": 10, "relu": 30}
    rates = {cell: condition.learning_rate for cell, condition in conditions.items()}
    assert rates == {"lstm": 0.01, "gru": 0.001, "relu": 0.01}
    for condition in conditions.values():
        assert (condition.epochs, condition.order, condition.loss, condition.seed) == (30, "shuffled", "mse", 0)
        assert condition.folder == condition.cell
        words = condition.words
        assert (words.training_words, words.training_lengths, words.very_long_length) == (10_000, "2-50", 1_000)
    assert study.selection == "average"


def test_lists_are_grids_and_grids_are_joined():
    study = build_study(
        {
            "runs": 7,
            "words": {"training_lengths": ["2-30", "2-50"]},
            "grid": [{"cell": ["lstm", "relu"], "learning_rate": [0.01, 0.003]}, {"cell": "gru", "runs": 9}],
        }
    )
    assert len(study.conditions) == 2 * 2 * 2 + 2
    assert {(c.cell, c.runs) for c in study.conditions} == {("lstm", 7), ("relu", 7), ("gru", 9)}
    assert len({condition.folder for condition in study.conditions}) == len(study.conditions)
    assert "gru-training_lengths=2-30" in {condition.folder for condition in study.conditions}


def test_more_than_a_million_conditions_are_refused_before_any_is_made(monkeypatch):
    study, hundred, tenth = build_study({"cell": ["lstm", "gru"]}), list(range(100)), [0.1] * 10
    grid = {"cell": "lstm", "seed": hundred, "epochs": hundred, "learning_rate": tenth, "l1": tenth}
    monkeypatch.setattr("longcount.training.study_files._validated", None)  # makes conditions
    refused = "study: 2,000,000 conditions; a study has at most 1,000,000"
    for ask in (lambda: build_study({"grid": [grid, grid]}), lambda: vary(study, grid)):
        with pytest.raises(UserError, match=refused):
            ask()
    with pytest.raises(TypeError):  # a million is not too many
        build_study(grid)


def test_large_studies_have_larger_blocks_unless_they_say():
    assert build_study({"cell": "lstm", "runs": 64}).block_runs == 16
    assert build_study({"cell": "lstm", "runs": 65}).block_runs == 32
    assert build_study({"cell": "lstm", "runs": 65, "block_runs": 5}).block_runs == 5


def test_a_file_and_options_say_the_same(tmp_path):
    file = tmp_path / "rates.toml"
    file.write_text('cell = "lstm"\nruns = 3\n[words]\ntraining_words = 50\n')
    overrides = {"runs": 5, "words.training_words": [50, 60]}
    read = read_study(file, overrides)
    assert read.name == "rates"
    direct = build_study({"name": "rates", "cell": "lstm", "runs": 5, "words": {"training_words": [50, 60]}})
    assert read == direct


def test_given_words_lie_beside_the_study_file(tmp_path):
    file = tmp_path / "given.toml"
    file.write_text('cell = "lstm"\nwords.directory = "data"\n')
    assert read_study(file).conditions[0].words.directory == str(tmp_path / "data")


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"cell": "lstmm"}, "did you mean 'lstm'"),
        ({"cell": "lstm", "epoch": 3}, "epoch: unknown field; did you mean 'epochs'?"),
        ({"cell": "lstm", "training_lengths": "2-30"}, "did you mean 'words.training_lengths'?"),
        ({"cell": "lstm", "words": {"sede": 1}}, "did you mean 'words.seed'?"),
        ({"cell": "lstm", "blok_runs": 1}, "did you mean 'block_runs'?"),
        ({"cell": "lstm", "epochs": -3}, "epochs: should be greater than or equal to 0, not -3"),
        ({"cell": "lstm", "runs": 0}, "runs: should be greater than or equal to 1, not 0"),
        ({"cell": "lstm", "runs": 10**9}, "runs: should be less than or equal to"),
        ({"cell": "lstm", "learning_rate": float("nan")}, "learning_rate: should be a finite number"),
        ({"cell": "lstm", "learning_rate": 0}, "learning_rate: should be greater than 0, not 0"),
        ({"cell": "lstm", "seed": -1}, "seed: should be greater than or equal to 0"),
        ({"cell": "lstm", "order": "random"}, "order: should be 'shuffled', 'shared' or 'fixed', not 'random'"),
        ({"cell": "lstm", "words": {"training_lengths": "50-2"}}, "training_lengths: should be a range of lengths"),
        ({"cell": "lstm", "words": {"very_long_length": 0}}, "very_long_length: should be greater than or equal to 1"),
        ({"cell": "lstm", "recipe": "exact", "loss": "mse"}, "loss: a recipe sets it; leave it out"),
        ({"cell": "lstm", "language": "shuffle2", "initialisation": "signs"}, "signs and counter are for two letters"),
        (
            {"cell": "relu", "task": "recognise", "recipe": "exact"},
            "'exact' for relu is for languages of two",
        ),
        ({"cell": "lstm", "task": "predict", "loss": "bce"}, "loss: predict is trained with ce, not 'bce'"),
        ({"cell": []}, "cell: an empty list has no values"),
        ({"cell": 3}, "cell: should be a valid string, not 3"),
        ({"cell": "lstm", "words": 3}, "words: should be a table"),
        ({"cell": "lstm", "grid": 3}, "grid: should be [[grid]] tables"),
        ({"cell": "lstm", "selection": "best"}, "selection: should be 'average' or 'last_word', not 'best'"),
        ({"cell": "lstm", "folder": "x"}, "folder: unknown field"),
        ({"cell": "lstm", "optimiser": "lion"}, "optimiser: should be 'adam', 'rmsprop' or 'sgd', not 'lion'"),
        ({"cell": "lstm", "momentum": 0.9}, 'momentum needs optimiser = "rmsprop" or "sgd"; adam has its own'),
        ({"cell": "lstm", "optimiser": "sgd", "momentum": 1}, "momentum: should be less than 1, not 1"),
        ({"cell": "lstm", "recipe": "exact", "optimiser": "sgd"}, "the recipe 'exact' sets optimiser"),
        ({"cell": "lstm", "device": "cuda"}, 'device needs engine = "torch"'),
        ({"cell": "lstm", "engine": "torch", "device": "the moon"}, "device: "),
        ({}, "cell: missing; one of lstm"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tables, said):
    with pytest.raises(UserError) as refusal:
        build_study(tables)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"cell = ", b"\xff\xfe", b"cell = lstm"])
def test_a_file_that_is_no_toml_is_named(tmp_path, content):
    file = tmp_path / "study.toml"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"study\.toml: not a TOML file"):
        read_study(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.toml: cannot be read: No such file"):
        read_study(tmp_path / "none.toml")


def test_the_hash_depends_on_every_field_and_on_nothing_else():
    base = {"cell": "lstm", "runs": 3}
    hashes = {build_study(base).sha256()}
    for change in ({"runs": 4}, {"epochs": 2}, {"learning_rate": 0.02}, {"seed": 1}, {"words": {"seed": 1}},
                   {"selection": "last_word"}, {"block_runs": 8}, {"name": "other"}, {"order": "fixed"}):  # fmt: skip
        hashes.add(build_study({**base, **change}).sha256())
    assert len(hashes) == 10
    assert build_study({"runs": 3, "cell": "lstm", "epochs": 30}).sha256() == build_study(base).sha256()


def test_studies_keep_the_hashes_of_version_0_1_0():
    study = build_study({"cell": ["lstm", "gru", "relu"]})
    assert study.sha256() == "93b9e3dd0d1e89468108321fd2189db81b1154298adb0e43f51ae1fd313db2b8"
    assert [canonical_sha256(condition.settings()) for condition in study.conditions] == [
        "5d6b2827ab450337660ae1e693808ab8b19967ef46342795002f5bd3d5872207",
        "395e8fafb753e3466722f00945b94045f8d49116c4c9edba05cbd8f5f52b4f97",
        "d49f63a298de3c566b575bf7ab22b1566821d1698e5cd204c6e5a9fc5e3bf4fc",
    ]
    other = {"cell": "lstm", "learning_rate": [0.01, 0.02], "words": {"seed": 3}, "runs": 70}
    assert build_study(other).sha256() == "5d8783a758ea8a01a665a53ee0f1921dcc1f56c990c6ea786d67b29025f50355"


def test_every_field_is_written_or_has_a_default_that_0_1_0_meant_too():
    condition = build_study({"cell": "lstm"}).conditions[0]
    for part in (condition, condition.words):
        assert part.model_dump().keys() | part.ADDED == type(part).model_fields.keys() == part.whole().keys()
        assert not part.model_dump().keys() & part.ADDED
        assert type(part).model_validate(part.model_dump(mode="json")) == part


def test_fields_that_were_added_later_name_conditions_as_any_other():
    study = build_study({"cell": "lstm", "optimiser": ["adam", "sgd"], "words": {"training_words": 9}})
    assert [condition.folder for condition in study.conditions] == ["lstm-optimiser=adam", "lstm-optimiser=sgd"]
    assert study.conditions[1].options() == Options(optimiser="sgd")
    changed = vary(study, {"momentum": 0.9, "optimiser": "rmsprop"})
    assert [condition.options() for condition in changed] == [Options(optimiser="rmsprop", momentum=0.9)]


def test_equal_conditions_become_one_with_the_greater_number_of_runs():
    study = build_study({"grid": [{"cell": "lstm", "runs": 3}, {"cell": "lstm", "runs": 8}, {"cell": "lstm"}]})
    assert [condition.runs for condition in study.conditions] == [10]


def test_additions_keep_folders_and_the_edges_of_blocks():
    existing = build_study({"cell": "lstm", "runs": 10}).conditions
    more = merge(build_study({"cell": "lstm", "runs": 25, "learning_rate": [0.01, 0.002]}).conditions, existing)
    assert more[0].folder == "lstm"
    assert (more[0].runs, more[0].earlier_runs) == (25, (10,))
    again = merge([Condition.model_validate({"cell": "lstm", "runs": 30})], more)
    assert (again[0].runs, again[0].earlier_runs) == (30, (10, 25))
    assert len(again) == 2


ARMS = build_study({"cell": ["lstm", "relu"], "learning_rate": [0.01, 0.02], "order": ["shuffled", "fixed"]}).conditions
CONDITIONS = st.lists(
    st.builds(
        lambda arm, runs: arm.model_copy(update={"runs": runs, "folder": ""}),
        st.sampled_from(ARMS),
        st.integers(1, 40),
    ),
    max_size=12,
)


@given(CONDITIONS)
def test_merged_conditions_differ_and_hold_the_most_runs(conditions):
    merged = merge(conditions)
    arms = [canonical_sha256(condition.settings()) for condition in conditions]
    found = {canonical_sha256(condition.settings()): condition for condition in merged}
    assert list(found) == list(dict.fromkeys(arms))  # each once, in the order in which they came
    assert len({condition.folder for condition in merged}) == len(merged) == len(found)
    for arm, condition in found.items():
        assert condition.runs == max(c.runs for c, other in zip(conditions, arms, strict=True) if other == arm)
    assert merge(merged) == merged


@given(CONDITIONS, CONDITIONS)
def test_adding_leaves_what_there_is_in_its_place(first, second):
    there = merge(first)
    after = merge(second, there)
    assert len(after) >= len(there)
    for old, new in zip(there, after, strict=False):
        grown = new.runs > old.runs
        assert new == old.model_copy(
            update={"runs": new.runs, "earlier_runs": (*old.earlier_runs, old.runs) if grown else old.earlier_runs}
        )
    assert merge(second, after) == after  # adding the same again changes nothing
