"""The cache of compiled code: quicker, never different, and never a reason to fail."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from longcount import cells
from longcount.cache import cache_folder
from longcount.cells.network import EVERY_TOKEN
from longcount.engine import compiler, targets
from longcount.engine.evaluation_kernel import evaluation_program
from longcount.engine.lanes import Function

ARGUMENTS = {"numbers": "pointer", "count": "index"}
WIDTH = 16


def program(factor: float) -> str:
    """Multiply `count` vectors of numbers by a factor, in place."""
    function = Function("multiply", ARGUMENTS, WIDTH)
    numbers = function.memory("numbers", function.float_lanes)
    for place in function.range(0, function.index_argument("count")):
        numbers.store(place, numbers.load(place) * factor)
    return function.finish()


def multiplied(factor: float) -> float:
    numbers = np.ones(2 * WIDTH, np.float32)
    compiler.compiled(program(factor), "multiply", ARGUMENTS)(numbers, 2)
    assert (numbers == numbers[0]).all()
    return float(numbers[0])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, not yet made."""
    chosen = tmp_path / "deep" / "cache"
    monkeypatch.setenv("LONGCOUNT_CACHE", str(chosen))
    return chosen


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs compiled from now on."""
    seen: list[str] = []
    emit = targets.emit

    def counted(text: str, target: targets.Target) -> bytes:
        seen.append(text)
        return emit(text, target)

    monkeypatch.setattr(targets, "emit", counted)
    return seen


def test_a_kept_program_is_not_compiled_again(folder, compilations):
    assert multiplied(3.0) == 3.0
    (kept,) = folder.iterdir()
    content = kept.read_bytes()
    assert multiplied(3.0) == 3.0
    assert len(compilations) == 1
    assert [path.read_bytes() for path in folder.iterdir()] == [content]


def test_a_changed_program_never_meets_old_code(folder, compilations):
    assert [multiplied(factor) for factor in (3.0, 5.0, 3.0, 7.0)] == [3.0, 5.0, 3.0, 7.0]
    assert len(compilations) == len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("change", ["settings", "target"])
def test_another_target_or_setting_never_meets_old_code(folder, compilations, change, monkeypatch):
    multiplied(3.0)
    if change == "settings":
        monkeypatch.setattr(targets, "SETTINGS", targets.SETTINGS | {"speed_level": 1})
    else:
        other = targets.native()._replace(processor="generic", features="")
        monkeypatch.setattr(targets, "native", lambda: other)
    assert multiplied(3.0) == 3.0
    assert len(compilations) == 2


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "less than its hash": lambda content: content[:20],
    "only its hash": lambda content: content[:32],
    "truncated": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "a bit turned": lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
    "another file": lambda content: b"\x7fELF" * 100,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_made_again(folder, compilations, damage):
    multiplied(3.0)
    (kept,) = folder.iterdir()
    content = kept.read_bytes()
    kept.write_bytes(damage(content))
    assert multiplied(3.0) == 3.0
    assert len(compilations) == 2
    assert kept.read_bytes() == content


def test_a_folder_that_cannot_be_used_is_only_slower(folder, compilations):
    folder.parent.mkdir()
    folder.write_text("not a folder")
    assert [multiplied(3.0), multiplied(3.0)] == [3.0, 3.0]
    assert len(compilations) == 2
    assert folder.read_text() == "not a folder"


def test_a_folder_in_the_place_of_a_file_is_only_slower(folder):
    multiplied(3.0)
    (kept,) = folder.iterdir()
    kept.unlink()
    kept.mkdir()
    assert multiplied(3.0) == 3.0
    assert list(folder.iterdir()) == [kept]


def test_no_cache(monkeypatch, compilations):
    monkeypatch.setenv("LONGCOUNT_CACHE", "")
    assert cache_folder() is None
    assert [multiplied(3.0), multiplied(3.0)] == [3.0, 3.0]
    assert len(compilations) == 2


def test_threads_may_compile_the_same_program_at_once(folder):
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(multiplied, [3.0] * 24)) == {3.0}
    assert len(list(folder.iterdir())) == 1


def test_freed_programs_leave_the_others_alive():
    kept = compiler.compiled(program(2.0), "multiply", ARGUMENTS)
    for factor in (3.0, 5.0, 7.0):
        assert multiplied(factor) == factor  # its program is freed on return
    gc.collect()
    numbers = np.ones(WIDTH, np.float32)
    kept(numbers, 1)
    assert (numbers == 2.0).all()


@pytest.mark.parametrize("shape", [(3,), (5, 7), ()])
def test_aligned_arrays_begin_on_a_line_of_the_cache(shape):
    for number in range(20):  # NumPy's begin there now and then
        array = np.full(shape, number, np.float32)
        copy = compiler.aligned(array)
        assert copy.ctypes.data % 64 == 0
        assert copy.flags.c_contiguous
        assert not np.shares_memory(copy, array)
        np.testing.assert_array_equal(copy, array)
    turned = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(compiler.aligned(turned), turned)
    assert compiler.aligned(turned).flags.c_contiguous


def test_arrays_must_be_contiguous():
    with pytest.raises(ValueError, match="C-contiguous"):
        compiler.compiled(program(2.0), "multiply", ARGUMENTS)(np.ones(2 * WIDTH, np.float32)[::2], 1)


@pytest.fixture(scope="module")
def doubled() -> Callable[..., None]:
    """A program whose argument says of what type and shape it is."""
    declared = {"numbers": "float [count, lanes]", "count": "index"}
    return compiler.compiled(program(2.0), "multiply", declared, sizes={"lanes": WIDTH})


def test_arguments_go_by_place_or_by_name(doubled):
    numbers = np.ones((3, WIDTH), np.float32)
    doubled(numbers, 3)
    doubled(count=np.int32(3), numbers=numbers)
    doubled(numbers, count=3)
    assert (numbers == 8.0).all()
    for arguments, named in (((numbers,), {}), ((numbers, 3), {"count": 3}), ((numbers, 3), {"other": 3})):
        with pytest.raises(TypeError):
            doubled(*arguments, **named)


@pytest.mark.parametrize(
    ("numbers", "count", "told"),
    [
        (np.ones((2, WIDTH)), 2, r"float32 \[count = 2, lanes = 16\], not float64 \[2, 16\]"),
        (np.ones((2, WIDTH), np.int32), 2, "not int32"),
        (np.ones((2, WIDTH), ">f4"), 2, "not >f4"),
        (np.ones((2, WIDTH), np.float32), 3, "count = 3"),
        (np.ones((2, WIDTH // 2), np.float32), 2, "lanes = 16"),
        (np.ones(2 * WIDTH, np.float32), 2, r"not float32 \[32\]"),
        (np.ones((WIDTH, 2), np.float32).T, 2, "C-contiguous"),
        ([[1.0] * WIDTH] * 2, 2, "C-contiguous"),
        (1234, 2, "C-contiguous"),
    ],
    ids=["wider", "integers", "bytes swapped", "too few", "narrower", "flat", "transposed", "a list", "an address"],
)
def test_what_would_be_misread_is_refused(doubled, numbers, count, told):
    with pytest.raises(ValueError, match=f"numbers: .*{told}"):
        doubled(numbers, count)


def test_a_dimension_has_one_size_in_a_call():
    function = Function("nothing", {"one": "pointer", "other": "pointer"}, WIDTH)
    declared = {"one": "int32 [n, 2]", "other": "float [*, n]"}
    call = compiler.compiled(function.finish(), "nothing", declared, number="float64")
    for n in (3, 5):
        call(np.zeros((n, 2), np.int32), np.zeros((7, n)))
        with pytest.raises(ValueError, match=rf"other: should be float64 \[\*, n = {n}\], not float64 \[7, 4\]"):
            call(np.zeros((n, 2), np.int32), np.zeros((7, 4)))
    with pytest.raises(ValueError, match=r"one: .*2"):
        call(np.zeros((3, 1), np.int32), np.zeros((7, 3)))


def test_a_declaration_that_says_nothing_is_refused():
    with pytest.raises(ValueError, match="numbers: declared as 'float32'"):
        compiler.compiled(program(2.0), "multiply", {"numbers": "float32", "count": "index"})


# Whole processes: what a variable or a full disk does to them.

TRAIN = """
import hashlib, resource, sys
import numpy as np
from longcount import cells, engine
from longcount.engine.targets import native
from longcount.languages import dyck
from longcount.languages.words import Words
if len(sys.argv) > 1:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), -1))
digest = hashlib.sha256()
words = Words.from_strings(["()", "(())()", "((()))" * 9, "()" * 16])
targets = dyck.targets(words)
for name in ("lstm", "relu", "gru"):
    cell = cells.get(name)
    state = engine.start(np.random.default_rng(1).uniform(-1, 1, (9, cell.size())).astype(np.float32))
    loss = engine.train(cell, state, words, targets, np.tile(np.arange(4), 10), 0.01, engine.Options("bce"))
    result = engine.evaluate(cell, state.parameters, words, targets)
    for array in (state.parameters, *state.kept.values(), loss, result.loss, result.first_failure):
        digest.update(array.tobytes())
print(native().processor, digest.hexdigest())
"""


def start_training(cache: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("LONGCOUNT_CPU", "NUMBA_CPU_NAME")}
    environment |= {"LONGCOUNT_CACHE": str(cache), **variables}
    command = [sys.executable, "-c", TRAIN, *arguments]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert errors == ""
    processor, digest = output.split()
    return processor, digest


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What this processor computes, by two processes that fill one cache at once; and that cache."""
    cache = tmp_path_factory.mktemp("native") / "cache"
    both = [start_training(cache), start_training(cache)]
    results = [finish(process) for process in both]
    assert results[0] == results[1]
    assert {path.suffix for path in cache.iterdir()} == {".o"}
    return results[0][1], cache


@pytest.mark.parametrize("variable", ["LONGCOUNT_CPU", "NUMBA_CPU_NAME"])
def test_a_generic_processor_computes_the_same_bits(native, variable, tmp_path):
    assert finish(start_training(tmp_path, **{variable: "generic"})) == ("generic", native[0])


def test_kept_code_computes_the_same_bits(native):
    digest, cache = native
    before = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert finish(start_training(cache))[1] == digest
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == before


def test_a_full_disk_is_only_slower_and_stays_clean(native, tmp_path):
    """No file may grow beyond 1,000 bytes: every write of the cache fails half way."""
    assert finish(start_training(tmp_path, "1000"))[1] == native[0]
    assert list(tmp_path.iterdir()) == []


def test_no_store_stands_beside_the_loads_of_all_weights():
    """LLVM compares every such load with every store: with hundreds of weights, it took minutes."""
    cell = cells.get("lstm", 4)
    before = evaluation_program(cell, EVERY_TOKEN, "mse", 16, True).split("head:")[0]
    assert before.count("load <16 x float>") == cell.size()
    assert "store" not in before
