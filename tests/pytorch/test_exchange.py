"""Models out of a store and into one, as a user does it: `longcount export` and `longcount import`."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from longcount import Store, cells, engine, languages, make_splits, train
from longcount.commands.application import main
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.files import write_splits
from longcount.store.exchange import export_run, import_models, to_torch
from longcount.training.torch_modules import counter, from_torch

SMALL: dict[str, Any] = {
    "words.training_words": 60,
    "words.validation_words": 20,
    "words.long_words": 10,
    "words.very_long_words": 2,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Three small LSTMs."""
    return train("lstm", tmp_path_factory.mktemp("lstm") / "store", runs=3, epochs=2, **SMALL)


@pytest.fixture
def refused(capsys):
    """Run a command line that is refused; returns its one line."""

    def run(*arguments: object) -> str:
        assert main([str(argument) for argument in arguments]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("longcount: ")
        assert told.err.count("\n") == 1
        return told.err

    return run


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
@pytest.mark.parametrize("epoch", ["best", "last", "0", "1"])
def test_an_exported_model_loads_strictly_and_bit_for_bit(store, tmp_path, suffix, epoch):
    file = tmp_path / f"model.{suffix}"
    arguments = ["export", store.directory, "--run", 2, "--epoch", epoch, "--out", file]
    assert main([str(argument) for argument in arguments]) == 0
    state = safetensors.torch.load_file(file) if suffix == "safetensors" else torch.load(file, weights_only=True)
    module = counter(cells.get("lstm"))
    module.load_state_dict(state, strict=True)
    metrics = store.metrics(splits=["validation"])
    losses = metrics[(metrics["run"] == 2) & (metrics["epoch"] > 0)].set_index("epoch")["loss"]
    expected = {"best": losses.idxmin(), "last": 2}.get(epoch) or int(epoch)
    flat = from_torch(module)[1]
    np.testing.assert_array_equal(flat.view(np.int32), store.weights("lstm", 2, int(expected)).view(np.int32))
    np.testing.assert_array_equal(from_torch(to_torch(store, 2, epoch=int(expected)))[1], flat)


def test_out_and_in_again_is_the_same_model(store, tmp_path, data):
    for suffix in ("safetensors", "pt"):
        export_run(store, 1, tmp_path / f"model.{suffix}")
        found = import_models([tmp_path / f"model.{suffix}"], tmp_path / suffix, data=data)
        assert found[0].alike == ()
        back = Store.open(tmp_path / suffix)
        assert back.study.origin.kind == "imported"
        best = from_torch(to_torch(store, 1))[1]
        np.testing.assert_array_equal(back.weights("lstm", 0, 0).view(np.int32), best.view(np.int32))


def test_imported_models_are_judged_like_trained_ones(tmp_path, data, splits, trained, saved, capsys):
    """Files of several cells and habits in one store; evaluate gives what the engine gives."""
    files = []
    for name, prefix in (("lstm", "module.lstm."), ("gru", "gru."), ("lstm", "encoder.rnn."), ("relu", "")):
        tensors = cells.unpack(cells.get(name), trained(name)[len(files)])
        state = {
            ours.replace("readout", "fc2") if "readout" in ours else prefix + ours: torch.tensor(tensor)
            for ours, tensor in tensors.items()
        }
        files.append(saved(state, f"{len(files)}.pt"))
    out = tmp_path / "store"
    assert main(["import", *map(str, files), "--out", str(out), "--data", str(data)]) == 0
    told = capsys.readouterr().err
    sizes = "of hidden size 1, 2 letters, 2 outputs"
    found = [("2 models: lstm", 24), ("1 model: gru", 19), ("1 model: relu", 9)]
    assert told.splitlines()[:3] == [f"{models} {sizes}, {size} parameters" for models, size in found]
    assert "3.pt: taken for relu; its tensors would fit tanh or linear as well (--cell says which)" in told
    assert main(["evaluate", str(out), "--data", str(data / "long.txt"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["cell"], row["run"], row["epoch"]) for row in rows] == [
        ("lstm", 0, 0), ("lstm", 1, 0), ("gru", 0, 0), ("relu", 0, 0)
    ]  # fmt: skip
    words = splits["long"]
    for row, place in zip(rows, (0, 2, 1, 3), strict=True):
        weights = trained(row["cell"])[place][None]
        found = engine.evaluate(cells.get(row["cell"]), weights, words, dyck.targets(words))
        assert row["fpf_mean"] == found.first_failure.mean()
        assert row["loss"] == pytest.approx(found.loss.mean(), rel=1e-12)
        assert row["learned"] is not None


def test_every_analysis_works_on_an_imported_model(tmp_path, data, trained, saved, capsys):
    tensors = cells.unpack(cells.get("lstm"), trained("lstm")[0])
    out, repaired = tmp_path / "store", tmp_path / "repaired"
    import_models([saved(counter(cells.get("lstm"), tensors).state_dict())], out, data=data)
    assert main(["trace", str(out), "--run", "0", "--word", "(())"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert main(["certify", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["verdict"] in ("exact", "bounded")
    assert main(["repair", str(out), "--out", str(repaired)]) == 0
    assert main(["export", str(repaired), "--run", "0", "--out", str(tmp_path / "repaired.safetensors")]) == 0
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").exists()


def test_sizes_above_one_come_in_and_go_out(tmp_path, data, splits, saved, capsys):
    networks = [cells.get("gru", 2, 2), cells.get("lstm", 3), cells.get("lstm")]
    modules = [counter(cell) for cell in networks]
    files = [saved(module.state_dict(), f"{number}.pt") for number, module in enumerate(modules)]
    found = import_models(files, tmp_path / "store", data=data)
    assert [model.cell for model in found] == networks
    store = Store.open(tmp_path / "store")
    assert main(["evaluate", str(store.directory), "--data", str(data / "long.txt"), "--json"]) == 0
    rows = {row["condition"]: row for row in json.loads(capsys.readouterr().out)}
    words = splits["long"]
    for condition in store.study.conditions:
        cell = cells.get(condition.cell, condition.hidden_size, condition.layers)
        module = modules[networks.index(cell)]
        flat = from_torch(module)[1]
        np.testing.assert_array_equal(from_torch(to_torch(store, 0, condition.folder))[1], flat)
        expected = engine.evaluate(cell, flat[None], words, dyck.targets(words))
        assert rows[condition.folder]["loss"] == pytest.approx(expected.loss.mean(), rel=1e-12)


def test_sizes_beyond_the_fast_engine_are_refused(tmp_path, data, saved, refused):
    file = saved(counter(cells.get("gru", 40)).state_dict())
    assert "more than 16 hidden units" in refused("import", file, "--out", tmp_path / "store", "--data", data)


def test_a_mapping_and_a_cell_on_the_command_line(tmp_path, data, saved, capsys):
    state = nn.RNN(2, 1).state_dict() | {"head.kernel": torch.ones(2, 1), "head.b": torch.zeros(2)}
    maps = ["--map", "head.kernel=readout.weight", "--map", "head.b=readout.bias"]
    out = tmp_path / "store"
    arguments = ["import", str(saved(state)), "--out", str(out), "--cell", "tanh", "--data", str(data), *maps]
    assert main(arguments) == 0
    told = "1 model: tanh of hidden size 1, 2 letters, 2 outputs, 9 parameters\n"
    assert capsys.readouterr().err.startswith(told)
    assert Store.open(out).study.conditions[0].cell == "tanh"


@pytest.mark.parametrize(("task", "outputs"), [("next_letters", 4), ("recognise", 1), ("predict", 4)])
def test_models_of_any_language_and_task_come_in_and_go_out(task, outputs, tmp_path, saved, capsys):
    language = languages.get("an_bn_cn")
    folder, out = tmp_path / "words", tmp_path / "store"
    words = make_splits(
        0,
        language=language,
        task=task,
        training_words=20,
        validation_words=10,
        training_n=(1, 6),
        long_n=(7, 9),
        very_long_n=(20, 21),
    )
    write_splits(folder, words)
    cell = replace(cells.get("gru", 2, 1, 3, outputs), learned_start=True)
    module = counter(cell)
    file = str(saved(module.state_dict()))
    arguments = ["import", file, "--out", str(out), "--data", str(folder), "--language", "an_bn_cn", "--task", task]
    assert main([*arguments, "--threshold", "0.3"]) == 0
    letters_and_outputs = f"3 letters, {outputs} output{'s' * (outputs > 1)}"
    told = f"1 model: gru of hidden size 2, {letters_and_outputs}, its start learned, {cell.size()} parameters\n"
    assert told in capsys.readouterr().err
    store = Store.open(out)
    condition = store.study.conditions[0]
    asked = condition.problem()
    assert (asked.language, asked.task.name, condition.built_in_cell()) == (language, task, cell)
    assert asked.question.threshold == 0.3

    flat = from_torch(module)[1]
    np.testing.assert_array_equal(store.weights("gru", 0, 0).view(np.int32), flat.view(np.int32))
    back = to_torch(store, 0)
    np.testing.assert_array_equal(from_torch(back)[1].view(np.int32), flat.view(np.int32))
    for suffix in ("safetensors", "pt"):
        export_run(store, 0, tmp_path / f"model.{suffix}")
        again = import_models(
            [tmp_path / f"model.{suffix}"], tmp_path / suffix, data=folder, language="an_bn_cn", task=task
        )
        np.testing.assert_array_equal(cells.pack(cell, again[0].tensors).view(np.int32), flat.view(np.int32))

    long = words["long"]
    expected = engine.evaluate(cell, flat[None], long, asked.targets(long), asked.loss, asked.question)
    found = store.metrics(splits=["long"])
    assert found["loss"].tolist() == pytest.approx([expected.loss.mean()], rel=1e-12)
    assert found["fpf_mean"].tolist() == [expected.first_failure.mean()]
    outputs_of_word = back(torch.eye(3)[torch.tensor(long[0].astype(np.int64))]).detach().numpy()
    traced = engine.trace(cell, flat, long[0], asked.question)["outputs"]
    np.testing.assert_allclose(outputs_of_word, traced, atol=1e-6)


def test_models_for_something_else_are_refused(tmp_path, data, saved, refused):
    file = saved(counter(cells.get("lstm", 1, 1, 3, 4)).state_dict())
    out = tmp_path / "store"
    line = refused("import", file, "--out", out, "--data", data)
    assert "model.pt: lstm of hidden size 1, 3 letters, 4 outputs; next_letters on dyck1 has 2 and 2: say what" in line
    assert "recognise on an_bn_cn has 3 and 1" in refused(
        "import", file, "--out", out, "--language", "an_bn_cn", "--task", "recognise"
    )
    assert "no language is called 'an_bn_cm'" in refused("import", file, "--out", out, "--language", "an_bn_cm")
    assert not out.exists()


def test_rounding_is_told(tmp_path, data, saved, capsys):
    state = {name: tensor.double() + 1e-12 for name, tensor in counter(cells.get("gru")).state_dict().items()}
    assert main(["import", str(saved(state)), "--out", str(tmp_path / "store"), "--data", str(data)]) == 0
    assert "rounded to float32" in capsys.readouterr().err


def test_refused_imports_leave_nothing(tmp_path, data, saved, refused, capsys):
    out = tmp_path / "store"
    good = saved(counter(cells.get("lstm")).state_dict(), "good.pt")
    bad = saved({"lstm.weight_hh_l0": torch.full((4, 1), torch.nan)}, "bad.pt")
    assert "no file given" in refused("import", "--out", out)
    assert "No such file" in refused("import", tmp_path / "missing.pt", "--out", out)
    assert "bad.pt: lacks weight_ih_l0" in refused("import", good, bad, "--out", out, "--data", data)
    assert "threshold: should be less than 1, not 1.5" in refused("import", good, "--out", out, "--threshold", 1.5)
    assert "THEIRS=OURS" in refused("import", good, "--out", out, "--map", "lstm")
    assert "did you mean 'lstm'" in refused("import", good, "--out", out, "--cell", "lsmt")
    assert "missing" in refused("import", good, "--out", out, "--data", tmp_path / "missing")
    assert not out.exists()
    assert main(["import", str(good), "--out", str(out), "--data", str(data)]) == 0
    capsys.readouterr()
    before = sorted(out.rglob("*"))
    assert "holds" in refused("import", good, "--out", out, "--data", data)
    assert sorted(out.rglob("*")) == before


def test_refused_exports(store, tmp_path, refused):
    out = tmp_path / "model.pt"
    directory = store.directory
    assert "no run 3; its runs are 0 to 2" in refused("export", directory, "--run", 3, "--out", out)
    assert "no epoch 9; its epochs are 0 to 2" in refused("export", directory, "--run", 0, "--epoch", 9, "--out", out)
    assert "no condition or cell 'gru'" in refused("export", directory, "--run", 0, "--cell", "gru", "--out", out)
    assert "suffix" in refused("export", directory, "--run", 0, "--out", tmp_path / "model.onnx")
    assert "--run" in refused("export", directory, "--run", -1, "--out", out)
    assert "not a store" in refused("export", tmp_path, "--run", 0, "--out", out)
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_several_cells_asks_which(tmp_path, data, saved, refused):
    files = [saved(counter(cells.get(name)).state_dict(), f"{name}.pt") for name in ("lstm", "gru")]
    import_models(files, tmp_path / "store", data=data)
    line = refused("export", tmp_path / "store", "--run", 0, "--out", tmp_path / "model.pt")
    assert "holds several conditions; choose one with --cell: lstm, gru" in line
    with pytest.raises(UserError, match="several conditions"):
        to_torch(tmp_path / "store", 0)
    assert from_torch(to_torch(tmp_path / "store", 0, "gru"))[0] == cells.get("gru")
