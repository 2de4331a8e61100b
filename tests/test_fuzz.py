"""A few of the inputs of `benchmarks/fuzz.py`, and that it finds what goes wrong."""

import importlib
from pathlib import Path

import pytest

from longcount.analysis import comparison
from longcount.languages import files
from longcount.languages.words import Words
from longcount.store import block as blocks


@pytest.fixture(scope="module")
def fuzz():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
        return importlib.import_module("fuzz")


@pytest.fixture(scope="module")
def scene(fuzz, tmp_path_factory):
    return fuzz.Scene(tmp_path_factory.mktemp("fuzz"))


def test_bad_inputs_break_nothing(fuzz, scene):
    told = []
    assert fuzz.fuzz(scene, range(60), 0, told.append) == []
    rows = [line.strip("| ").split(" | ") for line in told[1:]]
    assert sum(int(ended) for row in rows for ended in row[2:]) == 60
    assert sum(int(row[3]) for row in rows) > 30  # most are refused


def judged(fuzz, scene, line, damage=None, **asked):
    """What is wrong with how a valid line ends after damage to a file."""
    place = None if damage is None else Path(damage)
    printed = scene.printed_by(line)
    if place is not None:
        content = bytearray((scene.here / place).read_bytes())
        content[-1] ^= 0x40  # the exponent of the last weight of the last run
        (scene.here / place).write_bytes(content)
    before = scene.state()
    bad = fuzz.Input("file", fuzz.words_of(line), "", None, line.split(), unchanged=printed, damaged=place, **asked)
    try:
        outcome = fuzz.in_process(line.split())
        return fuzz.wrong(scene, bad, outcome, fuzz.changed(before, scene.state()))
    finally:
        scene.mend([*fuzz.changed(before, scene.state()), *([] if place is None else [damage])])


def test_what_goes_wrong_is_found(fuzz, scene, monkeypatch):
    monkeypatch.chdir(scene.here)
    weights = "trained/runs/lstm/000000-000001/weights.safetensors"
    assert judged(fuzz, scene, "list cells") is None
    assert judged(fuzz, scene, "list cells", must_fail=True) == "accepted"
    assert judged(fuzz, scene, "evaluate trained --epoch last --json", weights) is None

    def unchecked(path, _):
        return path.read_bytes()

    with monkeypatch.context() as patch:  # hashes that nobody looks at
        patch.setattr(blocks, "read_checked", unchecked)
        patch.setattr("fuzz_scene.forget", lambda: blocks.stacked_weights.cache_clear())
        found = judged(fuzz, scene, "evaluate trained --epoch last --json", weights)
        assert found == "damage changed the answer in silence"
    with monkeypatch.context() as patch:  # a defect
        patch.setattr(files, "_check_text", lambda *_: 1 / 0)
        assert judged(fuzz, scene, "data check words") == "status ZeroDivisionError"
    with monkeypatch.context() as patch:  # a command that writes where it should only read
        real = comparison.summarise
        patch.setattr(comparison, "summarise", lambda values: Path(weights).unlink(missing_ok=True) or real(values))
        assert "changed trained/runs" in str(judged(fuzz, scene, "study compare trained trained"))


def test_a_function_may_raise_what_its_docstring_names(fuzz):
    assert fuzz.documented(Words.from_strings) == {"UserError", "DamagedBlock", "ValueError"}
    assert "ValueError" not in fuzz.documented(files.read_words)
