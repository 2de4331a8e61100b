"""Results pinned by hash, as version 0.1.0 gave them: the paper's protocol of seed 0, and a run of every variation.

Hashes are of arrays by their name, type and shape, never of files, so that code and formats may move and bits may not.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from longcount import paper_study
from longcount.analysis.table1 import table1
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training import streams
from longcount.training.study_files import build_study

CHANGED = "a change of bits is a decision: where it is meant, tell it in CHANGELOG.md and pin the new hash here"

WORDS = {
    "training": "845ae70fa5f995a9553a5ac5ca98c7f8708edfc80463cc4ff8ac9fde6bf1e33f",
    "validation": "cdad8991ca3f757d15ba752b49d3f7879931688d3fa6817845aecdbf7d02f774",
    "long": "e0fe7cdc8cd1c982fdaeba3bdf4151a17b2d8228c8382c18cada09d3bf97ebc1",
    "very_long": "4d1599cb2ca1d8930c973811057450ce4e56d4df7bf0e50ed60c3a78a61836d6",
    "zigzag": "d5d245d1c56f8e728c5496fe8747e578c14beeb09ade090ade74701197d1550c",
}

PAPER_WEIGHTS = {
    "lstm": "da3968ef04c2fb588fec18f982aaeb253227a0cd829eee0472fb334a7b755aa9",
    "relu": "d352717205ba73e075ee5728ac3a243ffe496c526b341aafa6931a5948244f8a",
    "gru": "c2cad28dfd54091b71f3bb8623b9ae3f745959e7549a94c2d1604f81aa4c8d7d",
}

PAPER_METRICS = {
    "lstm": "debaad47ac3b9ef640f0272c8af32988b8730799188ed7cc85dbd745646bbfa4",
    "relu": "f6ba9d4e2c84482321f370ce40828091452ba51e93d573789fb25e3b77372fe6",
    "gru": "0e08ba82bca0dc7c73651ac7a4e69b0d892cc3e2fe8cc47de2a1747fd27893e8",
}

TABLE_1 = "412a233a02cd2f0404e81cadd9dee6a6b1d831008af30becb174f3cde11d89c0"

SHARED_ORDER = {
    "lstm": "2b61e21b15f13993b6e7940041a48fb1f60c6cbff758bb1adf52e674a7c176c4",
    "relu": "6d9cb6169070fc5037711db9afed49fd5f9e3edd35731de1d0e97f24b61b0174",
    "gru": "bbbd884e81f6fe288cb280857eaaaa977d7a373ea2568141dd7e1fa1dde60395",
}

VARIATIONS = {
    "lstm, 2 units": (
        {"cell": "lstm", "hidden_size": 2},
        "461f961b1afd563810db9811378607c1409c62547565129e96fb46b4995184d9",
    ),
    "relu, 2 units": (
        {"cell": "relu", "hidden_size": 2},
        "fd7beec9c026e1dc11b49cf9165d037fc0e310e2026328cab9ac1e53c0be621c",
    ),
    "gru, 2 units": (
        {"cell": "gru", "hidden_size": 2},
        "9621b19001d58b0478d0b7d8218e0047370535badd25e2cd0c6c85ce27871e71",
    ),
    "lstm, 3 units, 2 layers": (
        {"cell": "lstm", "hidden_size": 3, "layers": 2},
        "a86f51523da1cc60498a9c0f6f73244a5fdbf6abb9d1d87441326843a67942df",
    ),
    "gru, 2 layers": (
        {"cell": "gru", "layers": 2},
        "bd2a440f9609c825b2ffbed9e26505ecfccccebadb305feec8c07278bacda723",
    ),
    "relu, 2 layers": (
        {"cell": "relu", "layers": 2},
        "147654a06b6acd789eb539b99c2054a56f4aedf75af4a5079c35a680c1c59bf1",
    ),
    "lstm, bce": (
        {"cell": "lstm", "loss": "bce"},
        "45eee0333ea28e7d26a3f5c8b89add0c2ba42cac689dc51c31a885a5bff75b7b",
    ),
    "gru, bce": (
        {"cell": "gru", "loss": "bce"},
        "9bfb858ade2ad7280df05c30768a8ed73bd9902106126aff228144249afcfd08",
    ),
    "lstm, batches of 4": (
        {"cell": "lstm", "batch_size": 4},
        "06b81ecff04ae0a665ecd5c7673da726d26416c7bdcb8c544f481878cc18fdfc",
    ),
    "relu, batches of 4": (
        {"cell": "relu", "batch_size": 4},
        "7ba5bad76170f5d348478bb7a2396ba33dc5acfa589ea25dce67e3bcfb6cef8b",
    ),
    "lstm, penalties and clipping": (
        {"cell": "lstm", "l2": 0.0001, "l1": 1e-05, "weight_decay": 0.01, "clip_norm": 0.5, "clip_value": 0.25},
        "c27a9217f595d5decb5fd9b63b68676204ce638bbaf09741e0ae2b04f205adbc",
    ),
    "gru, cosine schedule": (
        {"cell": "gru", "schedule": "cosine"},
        "00a8a1842364d5ce41e0bf5b7d3db3ec5d488c6355728d9bc50d83fea41bfaf2",
    ),
    "lstm, fixed order": (
        {"cell": "lstm", "order": "fixed"},
        "adc5a697319e95f14da109eca99a1d4adab193a4dd9fcfdc5b9311f8fad8ff4b",
    ),
    "lstm, counter initialisation": (
        {"cell": "lstm", "initialisation": "counter"},
        "3fc939215c52e8984773025108feb27eb3011548829963aa7c30d0ba624ff29b",
    ),
    "gru, orthogonal initialisation": (
        {"cell": "gru", "hidden_size": 2, "initialisation": "orthogonal"},
        "55bafb1e6d954543099b0145016c6809997855e56d0783506a454db24922db30",
    ),
    "hard_lstm": (
        {"cell": "hard_lstm"},
        "909a4a48307112b4453b433ce411be269cb15f69324cb6d32d17e8b531cd0b76",
    ),
    "hard_gru": (
        {"cell": "hard_gru"},
        "7b710698823eb0cb10bd2689ced6c487d43334ecd7136de6be1d1d8447e69dce",
    ),
    "tanh": (
        {"cell": "tanh"},
        "6bd90e87428cdb408b26e449158b862cff95be7a036236514cb21dde810c0f72",
    ),
    "linear": (
        {"cell": "linear"},
        "5de736abd5b699dbdd02161ee401691eb78c2d53623e0b6ccdecfd815c7d817f",
    ),
}

RECIPES = {
    "lstm": "743d59960db2ad541ebb165be41ea4aefca518657d18986ecb9a1d6e64a285b9",
    "relu": "105a3d824e100c96381afe72f0de034d8ea8fc30696cddb189a563dda58fe3fa",
    "gru": "69143ce3022ca656af2ff4b374f599411d803b7a536b8cf85c0eeebbf6dc1990",
}

STREAMS = {
    "initial weights": "62eabf23cf8e6b77817c9cbcd8aa7cb18f11ffcd76605e944bef70916f24b014",
    "later attempts": "6eee547a4aa94e563d293b9b5ead0dc25d387997edbe245dccd04fa528352b8a",
    "orders": "1501f9055b93b1f78b290bc1fea41cc019445938a39bb6887aba2459d9ba581a",
    "shared orders": "2abbf2aecf3e7dd201f10c2edc65effb6bac3d06dc9df5121180e5a246bddfb8",
    "last validation words": "c3a894f5f37c498728ce67a22a8d50a6785dc1a76a1f1b31de0bd9712d6d4868",
}

SCALARS = ("loss", "accuracy", "fpf_mean", "fpf_min", "unfailed", "online_loss", "last_word_loss", "draws")
"""Measured columns; what identifies a row (run, epoch, split) is hashed with them."""


def sha256(arrays: Mapping[str, np.ndarray]) -> str:
    """Hash of arrays with their names, types and shapes, sorted by name."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def weights_sha256(store: Store, condition: str) -> str:
    """Hash of the tensors, by their torch.nn names, of every run after every epoch: float32 [R, E + 1, *shape]."""
    chosen = store.condition(condition)
    runs, epochs = np.divmod(np.arange(chosen.runs * (chosen.epochs + 1)), chosen.epochs + 1)
    tensors = store.tensors(condition, runs, epochs)
    shape = (chosen.runs, chosen.epochs + 1)
    return sha256({name: tensor.reshape(*shape, *tensor.shape[1:]) for name, tensor in tensors.items()})


def metrics_sha256(store: Store, condition: str) -> str:
    """Hash of the measured columns in float64, rows by run, epoch and split; an absent value is NaN."""
    metrics = store.metrics([condition]).astype({"split": str}).sort_values(["run", "epoch", "split"])
    columns = {name: metrics[name].to_numpy(np.float64, na_value=np.nan) for name in ("run", "epoch", *SCALARS)}
    return sha256({**columns, "split": metrics["split"].to_numpy("S16")})


def last_weights_sha256(store: Store, condition: str) -> str:
    """Hash of run 0's tensors after the last epoch."""
    return sha256(store.tensors(condition, 0, store.condition(condition).epochs))


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The paper's protocol: 10 LSTM, 30 ReLU and 10 GRU runs of seed 0 on the default words."""
    return run_study(paper_study(), tmp_path_factory.mktemp("pinned") / "paper", Threads())


@pytest.fixture(scope="module")
def words(paper: Store) -> Path:
    """The folder of the default words, so that other studies need not draw them again."""
    return paper.directory / paper.study.conditions[0].word_set


@pytest.fixture(scope="module")
def variations(words: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Hash of run 0 after one epoch, by the variation's name."""
    grids = [{**settings, "runs": 1, "epochs": 1} for settings, _ in VARIATIONS.values()]
    study = build_study({"words": {"directory": str(words)}, "grid": grids})
    store = run_study(study, tmp_path_factory.mktemp("pinned") / "variations", Threads())
    folders = [condition.folder for condition in store.study.conditions]
    return {name: last_weights_sha256(store, folder) for name, folder in zip(VARIATIONS, folders, strict=True)}


@pytest.fixture(scope="module")
def recipes(words: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Run 0 of every exact recipe."""
    study = build_study({"words": {"directory": str(words)}, "recipe": "exact", "cell": list(RECIPES), "runs": 1})
    return run_study(study, tmp_path_factory.mktemp("pinned") / "recipes", Threads())


@pytest.fixture(scope="module")
def shared_order(words: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two runs of the paper's cells, all runs reading the words in one order."""
    settings = {"cell": list(SHARED_ORDER), "order": "shared", "runs": 2}
    study = build_study({"words": {"directory": str(words)}, **settings})
    return run_study(study, tmp_path_factory.mktemp("pinned") / "shared", Threads())


@pytest.mark.parametrize("split", WORDS)
def test_words(paper, split):
    assert paper.words(split).sha256 == WORDS[split], CHANGED


@pytest.mark.parametrize("cell", PAPER_WEIGHTS)
def test_weights_of_the_papers_runs(paper, cell):
    assert weights_sha256(paper, cell) == PAPER_WEIGHTS[cell], CHANGED


@pytest.mark.parametrize("cell", PAPER_METRICS)
def test_metrics_of_the_papers_runs(paper, cell):
    assert metrics_sha256(paper, cell) == PAPER_METRICS[cell], CHANGED


def test_table_1(paper):
    table = table1(paper.metrics(), {split: paper.words(split) for split in paper.splits()})
    numbers = ("mean", "min", "max", "std", "runs", "unfailed")
    lines = [
        " ".join([row["condition"], row["measure"], *(f"{row[name]:.9g}" for name in numbers)])
        for row in table.to_dict("records")
    ]
    text = "\n".join(sorted(lines))
    assert hashlib.sha256(text.encode()).hexdigest() == TABLE_1, f"{CHANGED}\n{text}"


@pytest.mark.parametrize("cell", SHARED_ORDER)
def test_weights_of_runs_that_share_an_order(shared_order, cell):
    assert weights_sha256(shared_order, cell) == SHARED_ORDER[cell], CHANGED


@pytest.mark.parametrize("name", VARIATIONS)
def test_weights_after_an_epoch_of_a_variation(variations, name):
    assert variations[name] == VARIATIONS[name][1], CHANGED


@pytest.mark.parametrize("cell", RECIPES)
def test_weights_that_the_exact_recipes_end_with(recipes, cell):
    assert last_weights_sha256(recipes, cell) == RECIPES[cell], CHANGED


@pytest.mark.parametrize("name", STREAMS)
def test_streams(name):
    drawn = {
        "initial weights": lambda cell, run: streams.initial_weights(0, cell, run, 24),
        "later attempts": lambda cell, run: streams.initial_weights(0, cell, run, 24, attempt=1),
        "orders": lambda cell, run: streams.order(0, cell, run, 2, 10_000),
        "shared orders": lambda cell, run: streams.shared_order(0, cell, 1 + run, 10_000),
        "last validation words": lambda cell, run: np.array(streams.last_validation_word(0, cell, run, 3, 5_000)),
    }[name]
    arrays = {f"{cell} {run}": drawn(cell, run) for cell in ("lstm", "relu", "gru") for run in range(3)}
    assert sha256(arrays) == STREAMS[name], CHANGED


def test_a_hash_sees_one_bit_and_a_name():
    arrays = {"one": np.zeros(3, np.float32), "other": np.ones(3, np.float32)}
    changed = np.nextafter(arrays["one"], np.float32(1))
    hashes = {sha256(arrays), sha256({**arrays, "one": changed}), sha256({"one": arrays["one"], "b": arrays["other"]})}
    assert len(hashes) == 3
    assert sha256(dict(reversed(arrays.items()))) in hashes
