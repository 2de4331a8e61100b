"""Programs for NVIDIA's processors: rounded after every operation, as far as their text and assembler can tell."""

import glob
import os
import re
import shutil
import site
import subprocess
from pathlib import Path

import numpy as np
import pytest

from longcount import cells, engine
from longcount.cells.network import EVERY_TOKEN
from longcount.engine import Options, evaluation, ptx, training
from longcount.engine.evaluation_kernel import ARGUMENTS as EVALUATION
from longcount.engine.evaluation_kernel import evaluation_program
from longcount.engine.training_kernel import ARGUMENTS as TRAINING
from longcount.engine.training_kernel import training_program

PLACES = [os.environ["PATH"], *glob.glob(f"{site.getsitepackages()[0]}/nvidia/*/bin")]
ASSEMBLER = shutil.which("ptxas", path=os.pathsep.join(PLACES))

OPERATION = re.compile(r"^\s*(?:@\S+\s+)?([a-z][a-z0-9]*)((?:[.:]\w+)*)\.f(?:32|64)((?:\.\w+)*)\s", re.MULTILINE)

EXACT = {"mov", "ld", "st", "selp", "setp", "abs", "neg", "max", "min"}
"""What rounds nothing."""


PAPER_CELLS = ("lstm", "gru", "relu")


def program(name: str, kind: str) -> str:
    cell = cells.get(name)
    if kind == "train":
        return ptx.one_model_a_thread(training_program(cell, EVERY_TOKEN, Options(), 1), "train", TRAINING)
    return ptx.one_model_a_thread(evaluation_program(cell, EVERY_TOKEN, "mse", 1, False), "evaluate", EVALUATION)


def not_rounded_singly(text: str) -> set[str]:
    """The floating-point operations that are not one IEEE operation, rounded to the nearest."""
    found = set()
    for name, between, after in OPERATION.findall(text):
        one_operation = name in {"add", "sub", "mul", "div", "rcp", "sqrt", "cvt"} and between == ".rn"
        widening = name == "cvt" and between == ".f64"
        if not (one_operation or widening or name in EXACT) or "ftz" in between + after:
            found.add(f"{name}{between}{after}")
    return found


@pytest.mark.parametrize(
    ("name", "kind"), [*((name, "train") for name in cells.names()), *((name, "evaluate") for name in PAPER_CELLS)]
)
def test_every_operation_is_rounded_on_its_own(name, kind):
    text = program(name, kind)
    assert len(re.findall(r"\b(?:add|mul)\.rn\.f32", text)) > 20
    assert not_rounded_singly(text) == set()


@pytest.mark.parametrize(
    "line",
    ["fma.rn.f32 %r1, %r2, %r3;", "add.f32 %r1, %r2, %r3;", "mul.rn.ftz.f32 %r1, %r2, %r3;",
     "@%p1 div.full.f32 %r1, %r2, %r3;", "ex2.approx.f32 %r1, %r2;", "cvt.f32.s32 %r1, %r2;", "add.rz.f32 %r1, %r2;"],
)  # fmt: skip
def test_another_operation_would_be_seen(line):
    assert not_rounded_singly(f"\t{line}\n")


@pytest.mark.parametrize("name", PAPER_CELLS)
def test_the_assembler_takes_it(name, tmp_path: Path):
    if ASSEMBLER is None:
        pytest.skip("no ptxas: NVIDIA has no compiler for this machine, or the test dependencies are not installed")
    for kind in ("train", "evaluate"):
        (tmp_path / f"{kind}.ptx").write_text(program(name, kind))
        command = [ASSEMBLER, "-arch=sm_90", "--warning-as-error", "-o", f"{kind}.cubin", f"{kind}.ptx"]
        subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
        assert f"{kind}_models".encode() in (tmp_path / f"{kind}.cubin").read_bytes()


def test_one_lane_computes_the_same_bits(random_words, random_weights, monkeypatch):
    """A thread runs the program of one lane; on this processor that is the program of eight, model by model."""
    words, targets = random_words((3, 40, 1, 32))
    cell = cells.get("lstm")
    initial = random_weights(cell, 3)
    orders = np.array([np.random.default_rng(run).permutation(4) for run in range(3)])

    def results() -> list[np.ndarray]:
        state = engine.start(initial)
        loss = engine.train(cell, state, words, targets, orders, 0.01)
        found = [engine.evaluate(cell, weights[None], words, targets) for weights in state.parameters]
        judged = [array for one in found for array in (one.loss, one.first_failure)]
        return [state.parameters, *state.kept.values(), loss, *judged]

    many = results()
    for module in (training, evaluation):
        monkeypatch.setattr(module, "LANES", (1,))
    np.testing.assert_array_equal(np.concatenate(results(), axis=None), np.concatenate(many, axis=None))
