"""One program, every machine: what the engine computes here, an emulated 64-bit Arm processor computes bit for bit.

Every call of a kernel is recorded with its arguments before and after. The same programs are then compiled for AArch64,
linked with a driver in C that knows nothing but how to call functions, and run by QEMU on the recorded arguments.
"""

import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longcount import cells, engine
from longcount.cells import Cell
from longcount.cells.network import Question
from longcount.engine import Options, compiler, evaluation_kernel, targets, training_kernel
from longcount.languages.words import Words, offsets_of

COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64-static"
PACKAGES = "gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static"
MISSING = [name for name in (COMPILER, EMULATOR) if shutil.which(name) is None]

TOKENS, LAST, LETTERS = Question(), Question(answers="word"), Question("softmax", threshold=0.2)
LENGTHS = (1, 5, 33, 12)
EPOCHS = 2

PAPER_CELLS = ("lstm", "gru", "relu")

PROBLEMS: dict[str, tuple[Cell, Question, str]] = {
    **{name: (cells.get(name), TOKENS, "mse") for name in cells.names()},
    **{f"{name}, 2 units": (type(cells.get(name))(2), TOKENS, "bce") for name in PAPER_CELLS},
    "recognise": (type(cells.get("lstm"))(1, 1, 4, 1), LAST, "bce"),
    "predict": (type(cells.get("gru"))(1, 1, 3, 4), LETTERS, "ce"),
}

FUSED = "lstm, with operations fused"

DRIVER = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef void (*kernel)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                       int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
%(declarations)s
static void *const kernels[] = {%(names)s};

static int64_t number(void) {
    int64_t value;
    if (fread(&value, sizeof value, 1, stdin) != 1) exit(3);
    return value;
}

/* Calls, one after another: the kernel's number and how many arguments; of each the bytes of an array, which follow,
   or -1 and an integer. The arrays are written as the kernel leaves them. */
int main(void) {
    for (int64_t left = number(); left; left--) {
        int64_t chosen = number(), count = number(), sizes[16], arguments[16] = {0};
        for (int k = 0; k < count; k++) {
            sizes[k] = number();
            if (sizes[k] < 0) {
                arguments[k] = number();
                continue;
            }
            void *array = aligned_alloc(64, (sizes[k] + 127) / 64 * 64);
            if (fread(array, 1, sizes[k], stdin) != (size_t)sizes[k]) return 4;
            arguments[k] = (int64_t)array;
        }
        int64_t *a = arguments;
        ((kernel)kernels[chosen])(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7],
                                  a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15]);
        for (int k = 0; k < count; k++)
            if (sizes[k] >= 0) fwrite((void *)arguments[k], 1, sizes[k], stdout);
    }
    return 0;
}
"""


@dataclass
class Call:
    """One call of a kernel: its program and arguments, arrays as bytes, before and after."""

    text: str
    name: str
    before: list[int | bytes]
    after: list[int | bytes]


def frozen(values: list[Any]) -> list[int | bytes]:
    return [value.tobytes() if isinstance(value, np.ndarray) else int(value) for value in values]


@pytest.fixture(scope="module")
def recorded() -> Iterator[list[Call]]:
    """The calls of kernels from now on."""
    calls: list[Call] = []

    def compiled(text: str, name: str, arguments: Mapping[str, str], **more: Any) -> Callable[..., None]:
        function = compiler.compiled(text, name, arguments, **more)

        def call(*values: Any, **named: Any) -> None:
            given = [*values, *named.values()]
            before = frozen(given)
            function(*values, **named)
            calls.append(Call(text, name, before, frozen(given)))

        return call

    kernels = (training_kernel.training_kernel, evaluation_kernel.evaluation_kernel)
    with pytest.MonkeyPatch.context() as patch:
        for module, kernel in zip((training_kernel, evaluation_kernel), kernels, strict=True):
            patch.setattr(module, "compiled", compiled)
            kernel.cache_clear()
        yield calls
    for kernel in kernels:
        kernel.cache_clear()


def work(cell: Cell, question: Question, loss: str) -> None:
    """Train three runs, each in its own order of a few words, and evaluate them."""
    random = np.random.default_rng(0)
    offsets = offsets_of(LENGTHS)
    words = Words(random.integers(0, cell.letters, offsets[-1], dtype=np.uint8), offsets, "abcd"[: cell.letters])
    wanted = random.integers(0, 2, (len(words.tokens), cell.outputs), dtype=np.uint8)
    if question.link == "softmax":
        wanted = np.concatenate([wanted, np.eye(cell.outputs, dtype=np.uint8)[wanted.sum(axis=1) % cell.outputs]], 1)
    initial = random.uniform(-1, 1, (3, cell.size())).astype(np.float32)
    for run in initial:
        tensors = cells.unpack(cell, run)
        cell.start(tensors)
        run[:] = cells.pack(cell, tensors)
    orders = np.array([np.concatenate([random.permutation(len(words)) for _ in range(EPOCHS)]) for _ in initial])
    state = engine.start(initial)
    engine.train(cell, state, words, wanted, orders, 0.01, Options(loss), question=question)
    assert np.isfinite(state.parameters).all()
    assert (state.parameters != initial).mean() > 0.25
    for times in (1, 3) if cell.name in PAPER_CELLS else (3,):  # lanes hold words, and lanes hold models
        engine.evaluate(cell, np.tile(state.parameters, (times, 1)), words, wanted, loss, question)


def run_emulated(calls: list[Call], folder: Path) -> list[list[bytes]]:
    """The arrays of every call, as an emulated processor leaves them."""
    numbers = {text: number for number, text in enumerate(dict.fromkeys(call.text for call in calls))}
    texts = [text.replace(f'@"{call.name}"', f'@"kernel_{numbers[text]}"', 1) for text, call in
             {call.text: call for call in calls}.items()]  # fmt: skip
    with ThreadPoolExecutor(2) as threads:
        codes = list(threads.map(lambda text: targets.emit(text, targets.AARCH64), texts))
    names = [f"kernel_{number}" for number in range(len(texts))]
    for name, code in zip(names, codes, strict=True):
        (folder / f"{name}.o").write_bytes(code)
    declarations = "\n".join(f"void {name}(void);" for name in names)
    (folder / "driver.c").write_text(DRIVER % {"declarations": declarations, "names": ", ".join(names)})
    sources = ["driver.c", *(f"{name}.o" for name in names)]
    subprocess.run([COMPILER, "-O1", "-static", "-o", "driver", *sources], cwd=folder, check=True, timeout=60)

    job = [struct.pack("<q", len(calls))]
    for call in calls:
        job.append(struct.pack("<qq", numbers[call.text], len(call.before)))
        for value in call.before:
            packed = struct.pack("<qq", -1, value) if isinstance(value, int) else struct.pack("<q", len(value)) + value
            job.append(packed)
    done = subprocess.run([EMULATOR, "./driver"], cwd=folder, input=b"".join(job), stdout=subprocess.PIPE,
                          check=True, timeout=120)  # fmt: skip
    left, results = done.stdout, []
    for call in calls:
        arrays = []
        for value in call.before:
            if isinstance(value, bytes):
                arrays.append(left[: len(value)])
                left = left[len(value) :]
        results.append(arrays)
    assert not left
    return results


@pytest.fixture(scope="module")
def calls(recorded) -> dict[str, list[Call]]:
    """The calls of kernels, by problem."""
    found = {}
    for name, problem in PROBLEMS.items():
        first = len(recorded)
        work(*problem)
        found[name] = recorded[first:]
    return found


@pytest.fixture(scope="module")
def emulated(calls, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[bytes]]]:
    """The arrays that every call leaves on the emulated processor, by problem; and those of the LSTM's with operations
    fused."""
    if MISSING:
        pytest.skip(f"no {' and no '.join(MISSING)}: apt-get install {PACKAGES}")
    every = {**calls, FUSED: [replace(call, text=fused(call.text)) for call in calls["lstm"]]}
    results = iter(run_emulated([call for some in every.values() for call in some], tmp_path_factory.mktemp("aarch64")))
    return {name: [next(results) for _ in some] for name, some in every.items()}


def fused(text: str) -> str:
    """The program with leave to round a product and a sum once instead of twice."""
    return re.sub(r"\b(fadd|fsub|fmul)\b", r"\1 contract", text)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_aarch64_computes_the_same_bits(problem, calls, emulated):
    assert {call.name for call in calls[problem]} == {"train", "evaluate"}
    for call, arrays in zip(calls[problem], emulated[problem], strict=True):
        assert [value for value in call.after if isinstance(value, bytes)] == arrays
        assert call.after != call.before


def test_fused_operations_would_be_seen(calls, emulated):
    for call, arrays in zip(calls["lstm"], emulated[FUSED], strict=True):
        assert [value for value in call.after if isinstance(value, bytes)] != arrays
