"""Damage to blocks, words and results is noticed; words that were made are made again."""

import shutil

import pandas as pd
import pytest

from longcount.analysis.certificates import CERTIFICATES, certify_store, read_certificates
from longcount.commands.application import main
from longcount.errors import UserError
from longcount.store.frames import keep_frame, read_frame
from longcount.store.seal import is_sealed
from longcount.store.store import Store
from longcount.store.verification import damages
from longcount.studies.run import run_study


@pytest.fixture
def store(undisturbed, tmp_path):
    return Store.open(shutil.copytree(undisturbed.directory, tmp_path / "store"))


def turn_a_bit(path, place):
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 0x10
    path.write_bytes(bytes(content))


def test_an_undisturbed_store_has_no_damage(store):
    assert not list(damages(store))


@pytest.mark.parametrize(
    "file",
    [
        "runs/lstm/000000-000001/weights.safetensors",
        "runs/lstm/000000-000001/metrics.parquet",
        "words/long.txt",
        "results/first_failures.parquet",
    ],
)
@pytest.mark.parametrize("place", [0.0, 0.3, 0.9, 1.0])
def test_a_bit_that_is_turned_is_noticed(store, file, place):
    turn_a_bit(store.directory / file, place)
    (line,) = damages(store)
    assert line.startswith(f"{store.directory / file}:")
    assert not file.startswith("results") or not is_sealed(store.directory / file)


@pytest.mark.parametrize("file", ["runs/relu/000002-000003/metrics.parquet", "words/long.txt"])
def test_a_file_that_is_gone_is_noticed(store, file):
    (store.directory / file).unlink()
    assert file in "".join(damages(store))


def test_verify_says_what_is_damaged(store, capsys):
    status = ["study", "status", str(store.directory)]
    assert (main([*status, "--verify"]), capsys.readouterr().err) == (0, "")
    turn_a_bit(store.directory / "words/long.txt", 0.5)
    (store.directory / "log/blocks.jsonl").write_bytes(b'\xff\n{"worker": 1}\n[]\n')
    assert (main(status), capsys.readouterr().err) == (0, "")
    assert main([*status, "--verify"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "words/long.txt" in said


def test_words_are_made_again_from_their_seed(store, undisturbed, content):
    (store.directory / "words/long.txt").unlink()
    turn_a_bit(store.directory / "words/train.txt", 0.5)
    events = []
    run_study(None, store.directory, listen=events.append)
    assert [event.reason for event in events if type(event).__name__ == "WordsMade"]
    assert content(store.directory) == content(undisturbed.directory)


def test_words_that_were_given_are_not_made_again(small_study, tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    (given / "train.txt").write_text("()\n(())\n()()\n")
    words = {"directory": str(given), "training_words": 10_000}
    store = run_study(small_study(cell="lstm", runs=1, epochs=1, words=words), tmp_path / "store")
    (store.directory / "words/train.txt").write_text("()\n")
    with pytest.raises(UserError, match=r"train\.txt: not the words .* given, so they cannot be made again"):
        run_study(None, store.directory)
    (store.directory / "words/train.txt").write_text("()\n(())\n()()\n")
    (store.directory / "words/long.txt").unlink()
    run_study(None, store.directory)
    assert not list(damages(store))


def test_edited_results_are_refused(store):
    certify_store(store.directory, cell="lstm", run=0)
    path = store.directory / CERTIFICATES
    frame = read_certificates(store)
    assert frame is not None
    frame.to_parquet(path)  # by other software: no hash
    with pytest.raises(UserError, match="edited or damaged"):
        read_frame(path, "longcount certify", version="0.2.0")
    pd.testing.assert_frame_equal(read_frame(path, "longcount certify", version="0.1.0"), frame)
    keep_frame(store, CERTIFICATES, frame)
    assert is_sealed(path)
    path.write_bytes(path.read_bytes().replace(b"bounded", b"Bounded"))
    with pytest.raises(UserError, match="does not match its own hash"):
        certify_store(store.directory, cell="lstm", run=0)
