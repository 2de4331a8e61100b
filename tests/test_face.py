"""The public face: functions and commands take the same, and nothing that a type checker could not see."""

import inspect
import subprocess
import sys
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pytest
from cyclopts import Parameter
from cyclopts.validators import Number

import longcount
from longcount.arguments import Between
from longcount.commands import certify, construct, evaluate, leaderboard, repair, reproduce, study, train
from longcount.commands.options import whole_number
from longcount.commands.settings import Fields
from longcount.commands.workers import Workers
from longcount.store.store import Store
from longcount.training.protocol import PLACES, Condition
from longcount.training.settings import Settings, WordSettings
from longcount.training.word_source import WordSource

OF_COMMANDS = {"form", "json", "fields", "set_", "log_json", "workers"}
OF_FUNCTIONS = {"progress", "tell", "settings"}
PAIRS = [
    (certify.certify, longcount.certify, {}),
    (construct.construct, longcount.construct, {}),
    (evaluate.evaluate, longcount.evaluate, {"data": "words"}),
    (leaderboard.leaderboard, longcount.leaderboard, {"cell": "cells"}),
    (repair.repair, longcount.repair, {}),
    (reproduce.reproduce, longcount.reproduce, {}),
    (study.compare, longcount.compare, {}),
    (train.train, longcount.train, {}),
]


def test_every_name_is_there() -> None:
    for name in longcount.__all__:
        assert getattr(longcount, name) is not None
    assert set(longcount.__all__) <= set(dir(longcount))


@pytest.mark.parametrize("name", sorted(set(longcount.__all__) - {"__version__"}))
def test_every_name_is_documented(name: str) -> None:
    part = getattr(longcount, name)
    said = inspect.getdoc(part) or ""
    assert said
    if inspect.isfunction(part) and inspect.signature(part).parameters:
        for parameter in inspect.signature(inspect.unwrap(part), follow_wrapped=False).parameters:
            assert parameter in said or parameter in Settings.__annotations__, f"{name}: {parameter}"


@pytest.mark.parametrize(("command", "function", "called"), PAIRS, ids=lambda one: getattr(one, "__name__", ""))
def test_commands_and_functions_have_the_same_names_and_defaults(command, function, called) -> None:
    options = dict(inspect.signature(command).parameters)
    options |= inspect.signature(Workers).parameters if "workers" in options else {}
    hidden = Settings.__annotations__ if function is longcount.train else {}
    takes = {name: one for name, one in inspect.signature(function).parameters.items() if name not in hidden}
    named = {called.get(name, name): option for name, option in options.items() if name not in OF_COMMANDS}
    keywords = {name for name, option in named.items() if option.kind is option.KEYWORD_ONLY}
    own = {name for name, one in takes.items() if one.kind is one.KEYWORD_ONLY} - OF_FUNCTIONS
    assert own <= set(named), own - set(named)
    assert keywords <= set(takes), keywords - set(takes)
    for name in keywords:
        if name == "out" and function in (longcount.train, longcount.reproduce):
            continue  # a function is told where to write
        ours, theirs = named[name].default, takes[name].default
        if not ((ours in (None, ()) and theirs in (None, ())) or name == "measures"):
            assert str(ours) == str(theirs) or theirs is inspect.Parameter.empty, name


def plain(annotation: Any) -> Any:
    """A type without what a command adds to it."""
    if get_origin(annotation) in (Union, UnionType, Literal):
        return frozenset(map(str, get_args(annotation)))
    return annotation


def test_settings_are_the_fields_of_a_condition_with_their_types() -> None:
    hidden = {"cell", "sources"} | (PLACES - {"runs"})
    fields = {name: field.annotation for name, field in Condition.model_fields.items() if name not in hidden}
    hints = get_type_hints(Settings)
    assert list(hints) == list(fields)
    assert {name: plain(hints[name]) for name in hints if name != "words"} == {
        name: plain(annotation) for name, annotation in fields.items() if name != "words"
    }
    of_words = {name: field.annotation for name, field in WordSource.model_fields.items() if name != "given"}
    assert get_type_hints(WordSettings) == of_words


def test_options_of_train_are_the_same_fields_with_their_descriptions() -> None:
    options = get_type_hints(Fields)
    assert {name: plain(option) for name, option in options.items() if name != "words"} == {
        name: plain(hint) for name, hint in get_type_hints(Settings).items() if name != "words"
    }
    for name, option in get_type_hints(Fields, include_extras=True).items():
        if name != "words":
            assert Condition.model_fields[name].description in option.__metadata__[0].help


def test_every_field_says_what_it_means() -> None:
    settled = {"words", "sources"} | (PLACES - {"runs"})
    for model in (Condition, WordSource):
        for name, field in model.model_fields.items():
            assert name in settled or (field.description or "").endswith("."), name


def test_the_signature_of_train_says_every_field_and_its_default() -> None:
    said = inspect.signature(longcount.train).parameters
    for name in Settings.__annotations__:
        field = Condition.model_fields[name]
        expected = None if field.is_required() or name == "words" else field.default
        assert said[name].default == expected, name


MISSPELT = """
import longcount

store = longcount.train("lstm", "store", learning_rate=0.003, words={"training_words": 200})
longcount.train("lstm", "store", learning_rat=0.003)
longcount.train("lstm", "store", words={"training_word": 200})
longcount.train("lstm", "store", order="shufled")
longcount.evaluate(store, epoch="bset")
longcount.repair(store, "repaired", method="sharpn")
longcount.certify(store, dept=3)
longcount.compare("a", "b").columns
longcount.run_study("study.toml", "store", change={"runs": 3})
"""


def test_a_type_checker_sees_misspelt_arguments_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MISSPELT)
    (tmp_path / "pyrightconfig.json").write_text(
        f'{{"venvPath": "{Path(sys.prefix).parent}", "venv": "{Path(sys.prefix).name}",'
        f' "extraPaths": ["{Path(longcount.__file__).parent.parent}"]}}'
    )
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--project", tmp_path, "--outputjson"], capture_output=True, text=True
    )
    import json

    errors = [one for one in json.loads(done.stdout)["generalDiagnostics"] if one["severity"] == "error"]
    lines = {error["range"]["start"]["line"] + 1 for error in errors}
    wrong = {at for at, line in enumerate(MISSPELT.splitlines(), 1) if any(word in line for word in (
        "learning_rat=", "training_word\"", "shufled", "bset", "sharpn", "dept=", "change="))}  # fmt: skip
    assert lines == wrong, done.stdout


def test_functions_take_a_store_or_its_folder(undisturbed: Store) -> None:
    for store in (undisturbed, undisturbed.directory, str(undisturbed.directory)):
        frame = longcount.evaluate(store)
        assert frame["words"].tolist() == [3] * 10
    words = undisturbed.words("very_long", "lstm")
    columns = ["run", "accuracy", "loss", "fpf_mean"]
    given = longcount.evaluate(undisturbed, words, cell="lstm").loc[:, columns]
    assert longcount.evaluate(undisturbed, cell="lstm").loc[:, columns].equals(given)
    same = longcount.compare(undisturbed, f"{undisturbed.directory}:relu", ["validation_loss"])
    assert same["difference"].tolist() == [0.0]


def test_a_store_without_words_says_that_it_needs_some(tmp_path: Path) -> None:
    with pytest.raises(longcount.UserError, match="lstm has no very long words of its own; give words"):
        longcount.evaluate(longcount.construct("lstm", tmp_path / "exact"))


def test_weights_of_the_best_epoch(undisturbed: Store) -> None:
    validation = undisturbed.metrics(["lstm"], ["validation"]).query("epoch > 0")
    for run in range(5):
        rows = validation[validation["run"] == run]
        best = int(np.asarray(rows["epoch"])[np.argmin(np.asarray(rows["loss"]))])
        expected = undisturbed.weights("lstm", run, best)
        assert (undisturbed.weights("lstm", run, "best") == expected).all()
        assert (longcount.tensors_of(undisturbed, run, "lstm")[1]["readout.bias"] == expected[-2:]).all()
    last = undisturbed.weights("lstm", 4, undisturbed.condition("lstm").epochs)
    assert (undisturbed.weights("lstm", 4, "last") == last).all()
    with pytest.raises(longcount.UserError, match="'bset' is not an epoch"):
        undisturbed.weights("lstm", 0, "bset")  # pyright: ignore[reportArgumentType]


def test_a_store_is_shown_in_a_line_and_in_a_notebook_in_a_few(undisturbed: Store) -> None:
    assert repr(undisturbed) == f"Store({str(undisturbed.directory)!r}: study, 10 runs of lstm, relu)"
    html = undisturbed._repr_html_()
    assert html.count("<tr>") == 3
    assert "<td>lstm</td><td>5</td><td>3</td>" in html


def test_progress_is_shown_where_a_person_looks_on(small_study, tmp_path, capsys, monkeypatch) -> None:
    study = small_study(cell="relu", runs=1, epochs=1)
    longcount.run_study(study, tmp_path / "quiet")
    assert capsys.readouterr().err == ""
    heard = []
    longcount.run_study(study, tmp_path / "heard", progress=heard.append)
    assert {"Started", "BlockMade", "Finished"} <= {type(event).__name__ for event in heard}
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    longcount.run_study(study, tmp_path / "notebook")
    assert "1 blocks in " in capsys.readouterr().err
    longcount.run_study(study, tmp_path / "silenced", progress=False)
    assert capsys.readouterr().err == ""


def test_a_study_is_a_file_or_tables(small_study, tmp_path) -> None:
    tables = {"cell": "relu", "runs": 1, "epochs": 1, "words": {"training_words": 20, "validation_words": 10,
              "long_words": 5, "very_long_words": 2}}  # fmt: skip
    store = longcount.run_study(tables, tmp_path / "tables", changes={"runs": 2})
    assert store.study.conditions[0].runs == 2
    assert longcount.run_study(None, tmp_path / "tables").study == store.study
    with pytest.raises(longcount.UserError, match="changes: apply to a study file"):
        longcount.run_study(store.study, tmp_path / "tables", changes={"runs": 2})
    with pytest.raises(longcount.UserError, match=r"study: learning_rat: .*did you mean 'learning_rate'"):
        longcount.run_study({"cell": "relu", "learning_rat": 1}, tmp_path / "none")


@pytest.mark.parametrize(("command", "function", "called"), PAIRS, ids=lambda one: getattr(one, "__name__", ""))
def test_commands_and_functions_have_the_same_bounds(command, function, called) -> None:
    takes = get_type_hints(inspect.unwrap(function), include_extras=True, localns={"pd": pd})
    for name, option in inspect.signature(command).parameters.items():
        for bounds in whole_numbers(option.annotation):
            wanted = {rule for rule in parts(takes[called.get(name, name)]) if isinstance(rule, Between)}
            assert {(rule.least, rule.most) for rule in wanted} == {bounds}, name


def parts(annotation: Any) -> list[Any]:
    """All that an annotation consists of."""
    inner = [*get_args(annotation), *getattr(annotation, "__metadata__", ())]
    return [annotation, *(part for one in inner for part in parts(one))]


def whole_numbers(annotation: Any) -> set[tuple[Any, Any]]:
    """The bounds of an option that takes a whole number."""
    return {
        (validator.gte, validator.lte)
        for part in parts(annotation)
        if isinstance(part, Parameter)
        for validator in (part.validator if isinstance(part.validator, tuple) else (part.validator,))
        if isinstance(validator, Number) and part.converter is whole_number
    }


@pytest.mark.parametrize(
    ("function", "given", "wrong", "said"),
    [
        (longcount.certify, ("s",), {"depth": 0}, "depth: 0: should be a whole number from 1 to 16777216"),
        (longcount.certify, ("s",), {"limit": True}, "limit: True: should be a whole number from 1 to 1000000"),
        (longcount.repair, ("s", "t"), {"bounded": -1}, "bounded: -1: should be a whole number from 0 to 10000000"),
        (longcount.repair, ("s", "t"), {"method": "sharpn"}, "method: should be auto, sharpen, project, rescale, not"),
        (longcount.repair, ("s", "t"), {"factor": "2"}, "factor: should be a number, not '2'"),
        (longcount.construct, (3, "t"), {}, "construct: cell: should be a text, not 3"),
        (longcount.compare, ("s", "t", "learned"), {}, r"measures: should be a list, .* write \['learned'\]"),
        (longcount.make_splits, (0,), {"long_lengths": [2, 5]}, "long_lengths: should be a pair of numbers, not"),
        (longcount.train, ("lstm", "t"), {"jobs": 0}, "train: jobs: 0: should be a whole number from 1 to 4096"),
        (longcount.run_study, ({}, "t"), {"executor": "dask"}, "executor: should be a Executor, not 'dask'"),
    ],
)
def test_functions_refuse_arguments_in_the_words_of_commands(function, given, wrong: dict[str, Any], said) -> None:
    with pytest.raises(longcount.UserError, match=said):
        function(*given, **wrong)
