"""A store that version 0.1.0 made is read by this version, and resumed by that one alone.

The study file and the manifest are that version's own text, byte by byte, made by `longcount train lstm --runs 2
--epochs 2 --data WORDS`. The weights are trained again: they have to be the bytes whose hash 0.1.0 wrote down. The
metrics are cut to the columns that it knew.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import longcount
from longcount import Store, Words

WORDS = {
    "train": ["()", "(())", "()()"],
    "validation": ["(())()", "((()))"],
    "long": ["((()))()", "(((())))"],
    "very_long": ["((((()))))()"],
    "zigzag": ["()()()()(())"],
}

STUDY = """\
sha256 = "9ed1f6cccd84693b0972c24132dbf07be96caec79b44ce951b0377ca57890f6d"
schema = 1
longcount = "0.1.0"
name = "train"
selection = "average"
block_runs = 16

[[conditions]]
cell = "lstm"
runs = 2
epochs = 2
learning_rate = 0.01
order = "shuffled"
loss = "mse"
engine = "lanes"
hidden_size = 1
layers = 1
initialisation = "pytorch"
schedule = "constant"
decay = 0.9
batch_size = 1
weight_decay = 0.0
l2 = 0.0
l1 = 0.0
dropout = 0.0
device = "cpu"
seed = 0
evaluated = "checkpoints"
earlier_runs = []
folder = "lstm"
word_set = "words"

[conditions.words]
seed = 0
training_words = 10000
validation_words = 5000
long_words = 5000
very_long_words = 100
training_lengths = "2-50"
long_lengths = "52-100"
very_long_length = 1000
p = 0.5
q = 0.25

[conditions.words.given]
training = "221a5c00f03a69cb6753b47b817b0e2ed0e0bf486f0a7b646704078843ad315e"
validation = "4c6eefce40da774bf327c7eb15708e759d298f9813221d4c2ad8eea573323f6f"
long = "27334e68adcf01e0d3d4061b62785a5ebfda9827b86155a8b89a448c0cf12fe4"
very_long = "4c2db45ba697ec2954a60228efff1c1c9a8f79dd1d0a91ba3c468d7efc1d937b"
zigzag = "822d8b380282f27fc72f710469e834f461ec7c9040fcfd2f19d9737fa3f2e04a"

[origin]
kind = "trained"

[origin.detail]

[word_sets.words]
training = "221a5c00f03a69cb6753b47b817b0e2ed0e0bf486f0a7b646704078843ad315e"
validation = "4c6eefce40da774bf327c7eb15708e759d298f9813221d4c2ad8eea573323f6f"
long = "27334e68adcf01e0d3d4061b62785a5ebfda9827b86155a8b89a448c0cf12fe4"
very_long = "4c2db45ba697ec2954a60228efff1c1c9a8f79dd1d0a91ba3c468d7efc1d937b"
zigzag = "822d8b380282f27fc72f710469e834f461ec7c9040fcfd2f19d9737fa3f2e04a"
"""

MANIFEST = """\
{
 "schema": 1,
 "longcount": "0.1.0",
 "cell": "lstm",
 "condition": "lstm",
 "first_run": 0,
 "runs": 2,
 "epochs": 2,
 "made_from": "1afd12b550629781629fc40f54697f498340f4bdfa10d47b4f132d68577ab467",
 "sha256": {
  "weights.safetensors": "722ee621a5d150236fe2d82a7aae2929517eadc7f485c8e1429d0f9de99f5369",
  "metrics.parquet": "ece7a79a46f59de95ca41941d8c5fe4c032ff109759d4f12f3f260961599d179"
 }
}
"""

COLUMNS = ["run", "epoch", "split", "loss", "accuracy", "fpf_mean", "fpf_min", "unfailed", "online_loss",
           "last_word_loss", "draws", "first_failures"]  # fmt: skip

BLOCK = Path("runs", "lstm", "000000-000001")


def write_words(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, strings in WORDS.items():
        (folder / f"{name}.txt").write_text("".join(f"{string}\n" for string in strings))


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same study, trained by this version."""
    folder = tmp_path_factory.mktemp("earlier")
    write_words(folder / "given")
    longcount.train("lstm", folder / "new", runs=2, epochs=2, words={"directory": str(folder / "given")})
    return folder / "new"


@pytest.fixture(scope="module")
def old(new: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store as version 0.1.0 left it."""
    store = tmp_path_factory.mktemp("earlier") / "old"
    write_words(store / "words")
    (store / "study.toml").write_text(STUDY)
    (store / BLOCK).mkdir(parents=True)
    (store / BLOCK / "weights.safetensors").write_bytes((new / BLOCK / "weights.safetensors").read_bytes())
    metrics = store / BLOCK / "metrics.parquet"
    pq.write_table(pq.read_table(new / BLOCK / "metrics.parquet").select(COLUMNS), metrics)
    manifest = json.loads(MANIFEST)
    manifest["sha256"]["metrics.parquet"] = hashlib.sha256(metrics.read_bytes()).hexdigest()
    (store / BLOCK / "manifest.json").write_text(json.dumps(manifest, indent=1))
    return store


def test_the_weights_are_the_bytes_that_it_wrote(old):
    content = (old / BLOCK / "weights.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest() == json.loads(MANIFEST)["sha256"]["weights.safetensors"]


def test_it_is_read_like_one_of_today(old, new):
    one, other = Store.open(old), Store.open(new)
    assert one.version == "0.1.0" != other.version == longcount.__version__
    assert one.study == other.study
    assert one.words("long").strings() == WORDS["long"]
    assert all(one.verify(block) for block in one.blocks())
    np.testing.assert_array_equal(one.weights("lstm", run=1, epoch=2), other.weights("lstm", run=1, epoch=2))
    columns = [name for name in COLUMNS if name != "first_failures"]
    assert one.metrics()[columns].equals(other.metrics()[columns])
    words = Words.from_strings(["()", "((()))"])
    assert longcount.evaluate(old, words).equals(longcount.evaluate(new, words))


def test_every_command_reads_it_and_none_resumes_it(old, content, longcount_here):
    before = content(old)
    for command in (
        ["study", "status", old, "--verify"],
        ["evaluate", old, "--data", old / "words" / "long.txt"],
        ["trace", old, "--run", 0, "--word", "(())"],
        ["certify", old],
        ["report", old, "--jobs", 1],
        ["study", "export", old, "--out", old / "log" / "metrics.csv"],
    ):
        outcome = longcount_here(*command)
        assert outcome.status == 0, (command, outcome.stderr)
    resumed = longcount_here("train", "lstm", "--runs", 2, "--epochs", 2, "--data", old / "words", "--out", old)
    resumed.is_refused("created by longcount 0.1.0", "only that version can resume it")
    grown = longcount_here("study", "add", old, "--set", "runs=3")
    grown.is_refused("created by longcount 0.1.0")
    assert {name: bytes for name, bytes in content(old).items() if name in before} == before
