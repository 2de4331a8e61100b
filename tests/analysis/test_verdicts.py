"""Stores certified, repaired and constructed, by function and by command."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from longcount import cells, experiments
from longcount.analysis import certificates
from longcount.analysis.certificates import certify_store, read_certificates
from longcount.analysis.models import evaluate
from longcount.analysis.programs import different_programs, extract_store, read_programs
from longcount.analysis.repairs import before_repair, repair_store
from longcount.commands.application import main
from longcount.errors import UserError
from longcount.exact.certify import certify
from longcount.exact.construct import construct
from longcount.languages.splits import make_splits
from longcount.store.block import hashed
from longcount.store.model_stores import keep_models
from longcount.store.store import Store


def nearly(name: str) -> np.ndarray:
    """An exact counter whose gates are not quite saturated: it learned, one might say, and can be sharpened."""
    flat = construct(name)
    if name == "lstm":
        return np.where(np.abs(flat) == 40, flat / 8, flat).astype(np.float32)
    return (flat * np.float32(1.001)).astype(np.float32)


@pytest.fixture
def store(tmp_path):
    """Two LSTMs, one exact; two ReLUs, one of which never learned; with words."""
    models = {
        "lstm": np.stack([construct("lstm"), nearly("lstm")]),
        "relu": np.stack([nearly("relu"), np.full(cells.get("relu").size(), 0.5, np.float32)]),
    }
    splits = make_splits(
        1, training_words=50, validation_words=50, long_words=20, very_long_words=2, very_long_length=200
    )
    return keep_models(tmp_path / "models", models, "imported", {"file": "none"}, splits)


def test_verdicts_are_kept_with_the_results(store):
    frame = certify_store(store.directory, jobs=1, limit=300)
    assert frame["verdict"].tolist() == ["exact", "bounded", "bounded", "bounded"]
    assert frame["epoch"].tolist() == [0] * 4
    kept = read_certificates(Store.open(store.directory))
    assert kept is not None
    columns = [name for name in frame if name != "seconds"]
    pd.testing.assert_frame_equal(
        kept.reindex(columns=columns), frame.reindex(columns=columns), check_dtype=False, check_column_type=False
    )
    path = store.directory / "results/certificates.parquet"
    written = path.read_bytes()
    certify_store(store.directory, jobs=1, limit=300)
    assert path.read_bytes() == written


def embedded(hidden_size: int, layers: int) -> tuple[cells.Cell, np.ndarray]:
    """A network of more units or layers whose first unit is the exact counter and whose readout reads nothing."""
    cell = cells.get("lstm", hidden_size, layers)
    small, tensors = cells.unpack(cells.get("lstm"), construct("lstm")), cells.unpack(cell, np.zeros(cell.size()))
    for name in ("weight_ih_l0", "bias_ih_l0"):
        tensors[name].reshape(4, hidden_size, -1)[:, 0] = small[name].reshape(4, 1, -1)[:, 0]
    return cell, cells.pack(cell, tensors).astype(np.float32)


@pytest.mark.parametrize(("hidden_size", "layers"), [(2, 1), (1, 2)])
def test_an_exact_counter_inside_a_larger_network_proves_nothing(tmp_path, hidden_size, layers):
    """Neither of the network as it is nor of one that could be repaired."""
    cell, flat = embedded(hidden_size, layers)
    directory = tmp_path / "larger"
    keep_models(directory, {cell: flat[None]}, "imported", {"file": "none"})
    if layers == 1:
        repaired, done = repair_store(directory, f"{directory}-repaired", bounded=0, jobs=1)
        assert done["repaired"].tolist() == [False]
        assert certify_store(repaired, limit=20)["verdict"].tolist() == ["bounded"]
    else:
        with pytest.raises(UserError, match="proofs are about one layer"):
            repair_store(directory, f"{directory}-repaired")
        assert not (tmp_path / "larger-repaired").exists()
    verdict = certify_store(directory, limit=20).iloc[0]
    assert (verdict["verdict"], verdict["upper_bound"]) == ("bounded", 1)
    assert f"hidden size {hidden_size}" in verdict["network"]
    assert (verdict["language"], verdict["task"], verdict["arithmetic"]) == ("dyck1", "next_letters", "float32")


def test_programs_of_a_store(store, capsys):
    """Of the one that is exact proved; of the others read as far as they are programs."""
    assert main(["extract", str(store.directory), "--json", "--jobs", "1"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["proved"] for row in rows] == [True, False, False, False]
    assert {"cell", "run", "language", "units", "rules", "proved", "text"} <= set(rows[0])
    assert (rows[0]["proved"], rows[0]["max_depth"], rows[0]["units"]) == (True, 2**24, [0])
    assert rows[0]["rules"][0] == {"condition": "always", "letter": "(", "actions": ["+1"]}
    assert (rows[1]["proved"], rows[1]["max_depth"]) == (False, None)
    assert main(["extract", str(store.directory), "--cell", "lstm", "--run", "0"]) == 0
    assert "1 of 1 programs proved; 1 different" in capsys.readouterr().out
    kept = read_programs(Store.open(store.directory))
    assert kept is not None
    assert kept["form"].tolist() == [row["form"] for row in rows]
    different = different_programs(kept).to_dict("records")
    assert different[0]["models"][0] == ("lstm", 0, 0)
    assert sum(row["networks"] for row in different) == 4
    assert sum(row["proved"] for row in different) == 1


def test_programs_are_read_of_one_layer(tmp_path):
    cell, flat = embedded(1, 2)
    keep_models(tmp_path / "deep", {cell: flat[None]}, "imported", {"file": "none"})
    with pytest.raises(UserError, match="programs are read of networks of one layer, not 2"):
        extract_store(tmp_path / "deep")


def test_verdicts_about_other_weights_are_not_shown(store):
    """Nor those that are left in the results where weights were edited and the manifest fits again."""
    certify_store(store.directory, cell="lstm", limit=20)
    extract_store(store.directory, cell="lstm")
    (path,) = store.directory.glob("runs/lstm/*/weights.safetensors")
    tensors = load_file(path)
    tensors["readout.weight"][0] *= -1  # of the run that is exact
    save_file(tensors, path)
    manifest = json.loads((path.parent / "manifest.json").read_text())
    manifest["sha256"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (path.parent / "manifest.json").write_text(json.dumps(hashed(manifest)))
    edited = Store.open(store.directory)
    kept = read_certificates(edited)
    assert kept is not None
    assert (kept["run"].tolist(), kept["verdict"].tolist()) == ([1], ["bounded"])
    programs = read_programs(edited)
    assert programs is not None
    assert programs["run"].tolist() == [1]
    assert certify_store(edited, cell="lstm", run=0, limit=20)["verdict"].tolist() == ["bounded"]
    again = read_certificates(edited)
    assert again is not None
    assert again["run"].tolist() == [0, 1]


def test_damaged_certificates_are_told_of(store, capsys):
    certify_store(store.directory, limit=20)
    (store.directory / "results" / "certificates.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"certificates.parquet: edited or damaged .*; delete it"):
        certify_store(store.directory, limit=20)
    assert main(["certify", str(store.directory)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_cores_are_those_that_the_process_may_use(store, monkeypatch):
    """A job that was given one core of many must not start a process for each of them."""
    monkeypatch.setattr("os.cpu_count", lambda: pytest.fail("asked for the machine's cores"))
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0})
    certify_store(store.directory, limit=20)
    evaluate(store.directory, store.words("validation"), epoch=0)


def test_one_run_again_replaces_its_row_alone(store):
    certify_store(store.directory, jobs=1, limit=300)
    certify_store(store.directory, cell="lstm", run=1, limit=20)
    kept = read_certificates(store)
    assert kept is not None
    assert kept["limit"].tolist() == [300, 20, 300, 300]
    with pytest.raises(UserError, match="several conditions have a run 1"):
        certify_store(store.directory, run=1)
    with pytest.raises(UserError, match="no finished run 7"):
        certify_store(store.directory, cell="relu", run=7)


def test_processes_find_the_same(store):
    alone = certify_store(store.directory, jobs=1, limit=100)
    many = keep_models(
        store.directory.parent / "many", {"relu": np.repeat(nearly("relu")[None], 17, axis=0)}, "imported", {}
    )
    frame = certify_store(many.directory, jobs=2, limit=100)
    first = alone.loc[2].drop(["run", "seconds", "learned"])
    for _, row in frame.iterrows():
        assert row.drop(["run", "seconds", "learned"]).equals(first)


def test_repair_keeps_runs_and_words_and_says_what_it_changed(store, tmp_path):
    repaired, frame = repair_store(store.directory, tmp_path / "repaired", jobs=1)
    assert frame["repaired"].tolist() == [True, True, True, False]
    assert frame["method"].tolist()[:3] == ["none", "sharpen", "project"]
    assert pd.isna(frame["method"].iloc[3])
    assert "never learned" in frame["reason"].iloc[3]
    assert frame["change"].iloc[0] == 0 < frame["change"].iloc[1]
    changed = json.loads(frame["changes"].iloc[2])
    assert changed["weight_hh_l0[0,0]"] == [pytest.approx(1.001), 1.0]
    assert repaired.study.origin.kind == "repaired"
    assert np.array_equal(repaired.weights("relu", 1, 0), store.weights("relu", 1, 0)), "not repaired: as it was"
    assert certify_store(repaired.directory, jobs=1, limit=20)["verdict"].tolist() == ["exact"] * 3 + ["bounded"]
    metrics = repaired.metrics(splits=["very_long"])
    assert metrics["accuracy"].tolist()[:3] == [100.0] * 3
    with pytest.raises(UserError):
        repair_store(store.directory, tmp_path / "repaired")


def test_repair_keeps_what_the_models_were_before(store, tmp_path):
    verdicts = certify_store(store.directory, jobs=1)
    written = {path: path.read_bytes() for path in store.directory.rglob("*") if path.is_file()}
    repaired, _ = repair_store(store.directory, tmp_path / "repaired", jobs=1, bounded=9)
    assert {path: path.read_bytes() for path in store.directory.rglob("*") if path.is_file()} == written
    before = before_repair(repaired)
    assert before is not None
    assert before["bounded"].tolist() == [9] * 4
    for name in ("verdict", "lower_bound", "witness", "reason"):
        assert before[name].tolist() == verdicts[name].tolist(), name
    metrics = store.metrics(splits=["very_long"])
    assert before["very_long_fpf"].tolist() == metrics["fpf_mean"].tolist()
    assert before["kept"].tolist() == [True, True, True, False], "of two ReLUs the better third: one"
    assert before_repair(store) is None


def test_the_proofs_of_a_repair_are_its_verdicts(store, tmp_path):
    repaired, frame = repair_store(store.directory, tmp_path / "repaired", jobs=1)
    kept = read_certificates(repaired)
    assert kept is not None
    assert kept["verdict"].tolist() == ["exact"] * 3 + ["bounded"]
    assert kept["max_depth"].tolist()[:3] == frame["max_depth"].tolist()[:3]
    again = certify_store(repaired.directory, jobs=1).drop(columns="seconds")
    for name in ("condition", "cell", "run", "epoch", "learned", "verdict", "max_depth", "lower_bound", "witness"):
        assert kept[name].astype(object).equals(again[name].astype(object)), name


def test_verdicts_that_are_kept_are_not_made_again(store, tmp_path, monkeypatch):
    certify_store(store.directory, cell="relu", jobs=1, limit=300)
    asked = []
    monkeypatch.setattr(certificates, "certify", lambda cell, flat, *_: asked.append(cell.name) or certify(cell, flat))
    repaired, _ = repair_store(store.directory, tmp_path / "repaired", jobs=1)
    assert asked == ["lstm"], "the other LSTM is proved by the repair"
    before = before_repair(repaired)
    assert before is not None
    assert before["limit"].tolist()[2:] == [300, 300]


def test_no_more_models_are_judged_before_repair_than_asked(store, tmp_path):
    repaired, _ = repair_store(store.directory, tmp_path / "repaired", jobs=1, bounded=1)
    before, after = before_repair(repaired), read_certificates(repaired)
    assert before is not None
    assert after is not None
    assert before["verdict"].fillna("").tolist() == ["exact", "", "bounded", ""]
    assert after["verdict"].tolist() == ["exact"] * 3, "of the one that is as it was nothing is known"


def test_constructed_stores_hold_one_exact_model(tmp_path):
    store = experiments.construct("gru", tmp_path / "gru")
    assert store.study.origin.kind == "constructed"
    assert np.array_equal(store.weights("gru", 0, 0), construct("gru"))
    with pytest.raises(UserError, match="no exact counter is known for tanh"):
        experiments.construct("tanh", tmp_path / "tanh")


def test_commands_from_construction_to_repair(tmp_path, capsys):
    assert main(["construct", "lstm", "--out", str(tmp_path / "lstm")]) == 0
    assert "longcount certify" in capsys.readouterr().err
    assert main(["certify", str(tmp_path / "lstm"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    expected = {
        "cell": "lstm", "run": 0, "epoch": 0, "verdict": "exact", "max_depth": 2**24, "upper_bound": None,
        "witness": None, "capped": False,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert main(["certify", str(tmp_path / "lstm"), "--depth", "1000"]) == 0
    assert "1 of 1 proved exact" in capsys.readouterr().out
    assert main(["repair", str(tmp_path / "lstm"), "--out", str(tmp_path / "again"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["method"], row["repaired"], row["change"]) == ("none", True, 0.0)
    assert (row["verdict_before"], row["verdict_after"], row["long_accuracy_before"]) == ("exact", "exact", None)
    assert main(["repair", str(tmp_path / "lstm"), "--out", str(tmp_path / "third")]) == 0
    assert "0 of 1 (exact already: 1)" in capsys.readouterr().out


def test_commands_refuse_in_one_line(tmp_path, capsys):
    for arguments, part in (
        (["certify", str(tmp_path)], "not a store"),
        (["construct", "lstn", "--out", str(tmp_path / "x")], "did you mean 'lstm'"),
        (["certify", str(tmp_path), "--depth", "0"], "depth"),
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert part in error
        assert len(error.splitlines()) == 1
