"""Stores: what is written can be read, what is damaged is noticed, what is no store is refused."""

import json
import shutil
import tomllib

import numpy as np
import pytest
import tomli_w
from safetensors import safe_open

from longcount import cells, engine
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.store.block import DamagedBlock, hashed, read_manifest
from longcount.store.store import Store
from longcount.training.metrics import SPLITS_BY_WORD
from longcount.training.protocol import CHECKPOINTS, canonical_sha256


@pytest.fixture
def store(undisturbed, tmp_path):
    """A copy that a test may harm."""
    return Store.open(shutil.copytree(undisturbed.directory, tmp_path / "store"))


def test_tensors_have_the_names_and_shapes_of_torch(undisturbed):
    block = undisturbed.blocks()[0]
    with safe_open(undisturbed.directory / block.folder / "weights.safetensors", "numpy") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no mapping)
    expected = cells.get("lstm").shapes()
    assert shapes == {name: (2, 4, *shape) for name, shape in expected.items()}


def test_weights_are_read_one_by_one_and_many_at_once(undisturbed):
    runs, epochs = np.array([4, 0, 3, 4]), np.array([0, 3, 1, 3])
    many = undisturbed.weights("relu", runs, epochs)
    assert many.dtype == np.float32
    assert many.shape == (4, cells.get("relu").size())
    for row, run, epoch in zip(many, runs, epochs, strict=True):
        np.testing.assert_array_equal(undisturbed.weights("relu", int(run), int(epoch)), row)
    tensors = undisturbed.tensors("relu", 4, 0)
    np.testing.assert_array_equal(cells.pack(cells.get("relu"), tensors), many[0])


def test_metrics_are_those_of_the_stored_weights(undisturbed):
    metrics = undisturbed.metrics()
    assert not metrics[["loss", "accuracy", "fpf_mean", "fpf_min", "unfailed"]].isna().any().any()
    for _, row in metrics.iterrows():
        words = undisturbed.words(row["split"])
        weights = undisturbed.weights(row["cell"], row["run"], row["epoch"])
        evaluation = engine.evaluate(cells.get(row["cell"]), weights[None], words, dyck.targets(words))
        assert row["loss"] == evaluation.loss[0].mean()
        assert row["accuracy"] == 100 * evaluation.correct[0].mean()
        assert row["fpf_mean"] == evaluation.first_failure[0].mean()
        assert row["fpf_min"] == evaluation.first_failure[0].min()
        assert row["unfailed"] == evaluation.correct[0].sum()


def test_validation_is_measured_after_every_epoch_and_all_splits_at_those_that_tables_need(undisturbed):
    metrics = undisturbed.metrics(["lstm"])
    for run, rows in metrics.groupby("run"):
        validation = rows[rows["split"] == "validation"].set_index("epoch")
        assert validation.index.tolist() == [0, 1, 2, 3]
        readings = [validation["loss"].loc[1:].idxmin(), validation["last_word_loss"].loc[1:].idxmin()]
        needed = {epoch for epoch in CHECKPOINTS if epoch <= 3} | {3} | set(readings)
        for split in ("training", "long", "very_long", "zigzag"):
            assert set(rows[rows["split"] == split]["epoch"]) == needed, (run, split)


def test_first_failures_are_kept_word_by_word(undisturbed):
    table = undisturbed.first_failures()
    assert set(table["split"].to_pylist()) == set(SPLITS_BY_WORD)
    metrics = undisturbed.metrics().set_index(["cell", "run", "epoch", "split"])
    for row in table.to_pylist():
        whole = metrics.loc[(row["cell"], row["run"], row["epoch"], row["split"])]
        assert np.mean(row["first_failures"]) == whole["fpf_mean"]
        assert min(row["first_failures"]) == whole["fpf_min"]


def test_metrics_without_columns_say_what_each_row_is_of(undisturbed):
    frame = undisturbed.metrics(columns=[])
    assert list(frame) == ["condition", "cell"]
    assert len(frame) == len(undisturbed.metrics())


def test_words_come_back_as_they_were(undisturbed):
    words = undisturbed.words("training")
    assert len(words) == 40
    assert undisturbed.words("training", "relu") == words
    assert undisturbed.splits() == ("training", "validation", "long", "very_long", "zigzag")


@pytest.mark.parametrize("name", ["weights.safetensors", "metrics.parquet", "manifest.json"])
def test_a_flipped_bit_is_noticed(store, name):
    block = store.blocks()[1]
    path = store.directory / block.folder / name
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0x80
    path.write_bytes(bytes(damaged))
    with pytest.raises(DamagedBlock, match=f"{name}: damaged"):
        store.verify(block)
    if name == "metrics.parquet":
        with pytest.raises(UserError, match=r"metrics\.parquet: damaged"):
            store.metrics()
    if name == "weights.safetensors":
        with pytest.raises(UserError, match=r"weights\.safetensors: damaged"):
            store.weights("lstm", block.first, 0)


@pytest.mark.parametrize(
    ("name", "value"), [("cell", "gru"), ("condition", "relu"), ("first_run", 1), ("runs", 3), ("epochs", None)]
)
def test_a_manifest_of_something_else_is_noticed(store, name, value):
    block = store.blocks()[0]
    path = store.directory / block.folder / "manifest.json"
    path.write_text(json.dumps(hashed({**json.loads(path.read_text()), name: value})))
    with pytest.raises(DamagedBlock, match=rf"manifest\.json: damaged: its {name} is not "):
        store.verify(block)


def test_every_flipped_bit_of_a_manifest_is_noticed(store):
    folder = store.directory / store.blocks()[0].folder
    path = folder / "manifest.json"
    whole = path.read_bytes()
    for place in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(DamagedBlock, match=r"manifest\.json: damaged"):
            read_manifest(folder)


def test_a_missing_file_is_noticed(store):
    block = store.blocks()[0]
    (store.directory / block.folder / "metrics.parquet").unlink()
    with pytest.raises(DamagedBlock, match=r"metrics\.parquet: missing"):
        store.verify(block)


def test_a_block_without_manifest_is_not_done(store):
    block = store.blocks()[0]
    (store.directory / block.folder / "manifest.json").unlink()
    assert not store.verify(block)
    assert block.first not in store.runs("lstm")
    assert 0 not in store.metrics(["lstm"])["run"].unique()
    with pytest.raises(UserError, match="run 0 of lstm is not trained yet"):
        store.weights("lstm", 0, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("schema = 1", "schema = 99"), "a store of schema 99"),
        (lambda text: text.replace("schema = 1\n", ""), "a store of schema unknown"),
        (lambda text: text.replace("epochs = 3", "epochs = 4"), "edited or damaged"),
        (lambda text: text.replace("epochs = 3", "epochs = -3"), "damaged: conditions.0.epochs"),
        (lambda text: text.replace('training = "', 'training = "0'), "edited or damaged"),
        (lambda text: text.replace("[origin]", "surprise = 1\n[origin]"), "damaged: conditions"),
        (lambda text: text[: len(text) // 2] + "[", "not a TOML file"),
    ],
)
def test_a_study_file_that_does_not_hold_together_is_refused(store, change, said):
    path = store.directory / "study.toml"
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=said) as refusal:
        Store.open(store.directory)
    assert "study.toml" in str(refusal.value)


def test_the_file_of_an_earlier_version_with_fewer_fields_is_read(store):
    path = store.directory / "study.toml"
    tables = tomllib.loads(path.read_text())
    for condition in tables["conditions"]:
        del condition["loss"]  # as if the field had come later
    del tables["sha256"], tables["longcount"]
    path.write_text(tomli_w.dumps({"sha256": canonical_sha256(tables), "longcount": store.version, **tables}))
    assert Store.open(store.directory).study == store.study


def test_a_folder_that_is_no_store_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match=r"not a store: no study\.toml"):
            Store.open(folder)


def test_other_words_are_not_taken_for_the_studys(store):
    path = store.directory / "words" / "long.txt"
    path.write_text(path.read_text().replace("()", "(())", 1))
    with pytest.raises(UserError, match=r"long\.txt: not the words that this study was made with"):
        store.words("long")


@pytest.mark.parametrize(
    ("condition", "run", "epoch", "said"),
    [
        ("lstn", 0, 0, "did you mean 'lstm'"),
        ("lstm", 5, 0, "no run 5; its runs are 0 to 4"),
        ("lstm", -1, 0, "no run -1"),
        ("lstm", 0, 4, "no epoch 4; its epochs are 0 to 3"),
    ],
)
def test_what_is_not_there_is_said(undisturbed, condition, run, epoch, said):
    with pytest.raises(UserError, match=said):
        undisturbed.weights(condition, run, epoch)


def test_manifests_say_what_a_block_is(undisturbed):
    manifest = json.loads((undisturbed.directory / "runs/relu/000004-000004/manifest.json").read_text())
    assert (manifest["cell"], manifest["first_run"], manifest["runs"], manifest["epochs"]) == ("relu", 4, 1, 3)
    assert set(manifest["sha256"]) == {"weights.safetensors", "metrics.parquet"}
