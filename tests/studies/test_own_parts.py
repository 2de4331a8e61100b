"""A cell, an initialisation and a language of the user's own: on every executor, in every command, and edited."""

import json
from pathlib import Path

import numpy as np
import pytest

from longcount import engine
from longcount.commands import application
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.on_dask import Dask
from longcount.studies.on_slurm import Slurm
from longcount.studies.run import run_study
from longcount.training.study_files import read_study

STUDY = """
cell = "my_cells:MGU"
initialisation = "my_starts:halves"
runs = 4
epochs = 2
block_runs = 2
{asked}
[words]
training_words = 40
validation_words = 20
long_words = 10
very_long_words = 3
training_lengths = "3-16"
long_lengths = "18-24"
very_long_length = 60
"""


@pytest.fixture
def study_file(own_parts) -> Path:
    """A study of own parts alone, beside the files that they are in."""
    folder = own_parts()
    (folder / "own.toml").write_text(STUDY.format(asked='language = "my_languages:TWICE"'))
    return folder / "own.toml"


def done(*arguments: object) -> None:
    assert application.main([str(argument) for argument in arguments]) == 0


def test_the_same_bytes_by_every_way(study_file, tmp_path, content, dask_cluster):
    study = read_study(study_file)
    here = run_study(study, tmp_path / "here", Threads(2))
    expected = content(here.directory)
    run_study(study, tmp_path / "dask", Dask(tmp_path / "dask", dask_cluster.address))
    assert content(tmp_path / "dask") == expected
    run_study(study, tmp_path / "jobs", Slurm(tmp_path / "jobs", jobs=2, cluster="local"))
    assert content(tmp_path / "jobs") == expected
    done("study", "run", study_file, "--out", tmp_path / "command")
    assert content(tmp_path / "command") == expected
    words = [line.replace(" = ", "=").replace('"', "") for line in STUDY.partition("[words]\n")[2].splitlines()]
    fields = ["initialisation=my_starts:halves", "block_runs=2", *(f"words.{field}" for field in words)]
    settings = [part for field in fields for part in ("--set", field)]
    asked = ("--language", "my_languages:TWICE", "--runs", 4, "--epochs", 2)
    done("train", "my_cells:MGU", "--out", tmp_path / "train", *asked, *settings)
    runs = {name: bytes_ for name, bytes_ in expected.items() if name.startswith(("runs/", "words/"))}
    assert {name: bytes_ for name, bytes_ in content(tmp_path / "train").items() if name in runs} == runs
    assert Store.open(tmp_path / "train").study.conditions[0].language == "twice"


@pytest.mark.usefixtures("without_images")
def test_every_command_works_on_the_results(own_parts, tmp_path, monkeypatch, capsys):
    folder = own_parts()
    (folder / "own.toml").write_text(STUDY.format(asked=""))
    store = tmp_path / "store"
    done("study", "run", folder / "own.toml", "--out", store)
    monkeypatch.chdir(tmp_path)  # away from the files: the store has its own copy
    for path in folder.glob("*.py"):
        path.unlink()
    capsys.readouterr()
    done("evaluate", store, "--data", store / "words/long.txt", "--json")
    assert [row["cell"] for row in json.loads(capsys.readouterr().out)] == ["mgu"] * 4
    done("trace", store, "--run", 1, "--word", "(())")
    assert capsys.readouterr().out.startswith("word,token,letter,depth,f,n,kept,h,")
    done("certify", store, "--json")
    assert {row["verdict"] for row in json.loads(capsys.readouterr().out)} == {"bounded"}
    done("report", store)
    assert "mgu" in (store / "report.html").read_text(encoding="utf-8").lower()
    done("export", store, "--run", 0, "--out", tmp_path / "model.safetensors")


def test_every_command_works_on_a_language_of_ones_own(study_file, tmp_path, capsys):
    store = tmp_path / "store"
    done("study", "run", study_file, "--out", store)
    (study_file.parent / "my_languages.py").unlink()
    capsys.readouterr()
    done("evaluate", store, "--data", store / "words/long.txt", "--json")
    assert len(json.loads(capsys.readouterr().out)) == 4
    done("trace", store, "--run", 1, "--word", "xyy")
    assert capsys.readouterr().out.startswith("word,token,letter,depth,f,n,kept,h,output_x,output_y,")
    done("certify", store, "--limit", 20, "--json")
    assert {row["language"] for row in json.loads(capsys.readouterr().out)} == {"twice"}
    assert application.main(["repair", str(store), "--out", str(tmp_path / "repaired")]) == 2
    assert "beyond one unit that starts at 0 on Dyck-1" in capsys.readouterr().err
    done("report", store, "--jobs", 1)
    assert "twice" in (store / "report.html").read_text(encoding="utf-8")


def test_a_measure_of_ones_own_is_a_column(undisturbed, own_parts, capsys):
    own_parts()
    words = ("--data", undisturbed.directory / "words/long.txt")
    done("evaluate", undisturbed.directory, *words, "--measure", "my_measures:late", "--measure", "unfailed", "--json")
    rows = json.loads(capsys.readouterr().out)
    assert [*rows[0]][-2:] == ["late", "unfailed"]
    evaluation = evaluate_words(undisturbed, rows)
    assert [row["late"] for row in rows] == (evaluation > 8).sum(axis=1).tolist()
    arguments = ["evaluate", undisturbed.directory, *words, "--measure", "my_measures:single"]
    assert application.main([str(argument) for argument in arguments]) == 2
    assert "my_measures:single: returned float64[], not a number for each model" in capsys.readouterr().err


def evaluate_words(store: Store, rows: list[dict]) -> np.ndarray:
    """First points of failure, int64 [rows, words], of the models of rows on the long words."""
    words, found = store.words("long"), []
    for row in rows:
        condition = store.condition(row["condition"])
        weights = store.weights(row["condition"], row["run"], row["epoch"])[None]
        targets = condition.problem().targets(words)
        found.append(engine.evaluate(condition.built_in_cell(), weights, words, targets).first_failure[0])
    return np.array(found)


def test_a_paper_of_ones_own_is_reproduced(own_parts, tmp_path, capsys):
    own_parts()
    done("reproduce", "my_papers:TINY", "--out", tmp_path / "tiny", "--seed", 3)
    assert "an_bn, next letters" in capsys.readouterr().out
    condition = Store.open(tmp_path / "tiny").study.conditions[0]
    assert (condition.runs, condition.seed, condition.language) == (2, 3, "an_bn")
    assert (tmp_path / "tiny" / "report.html").exists()
    assert application.main(["reproduce", "my_papers:WORDS", "--out", str(tmp_path / "other")]) == 2
    assert "a paper is a longcount.papers.Paper" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("my_cells.py", "(n - h) * f + h", "(n - h) * f * 0.5 + h"),
        ("my_starts.py", "0.5", "0.25"),
        ("my_languages.py", "(+2,)", "(+1,)"),
    ],
)
def test_an_edited_file_is_another_condition_and_says_so(study_file, tmp_path, capsys, name, before, after):
    store = tmp_path / "store"
    done("study", "run", study_file, "--out", store)
    edited = study_file.parent / name
    edited.write_text(edited.read_text().replace(before, after))
    capsys.readouterr()
    assert application.main(["study", "run", str(study_file), "--out", str(store)]) == 2
    assert name in capsys.readouterr().err
    done("study", "run", "--out", store)
    assert f"{name}: edited since" in capsys.readouterr().err
    done("study", "add", store, study_file)
    old, new = Store.open(store).study.conditions
    assert old.folder == "mgu"
    assert old.sources != new.sources
    weights = [Store.open(store).weights(condition.folder, 0, 2) for condition in (old, new)]
    assert (weights[0] != weights[1]).any()
