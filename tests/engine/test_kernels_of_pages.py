"""What pages compute with: the trace kernel against its twin, Philox against NumPy's, and modules of WebAssembly."""

import numpy as np
import pytest
from numpy.random import Philox, SeedSequence

from longcount import cells, engine
from longcount.cells.network import Question
from longcount.engine import philox_kernel, trace_kernel, webassembly

NETWORKS = {
    "1 unit": (1, 1, 2, 2, False, Question()),
    "2 units, 2 layers, 5 letters, learned start, softmax": (2, 2, 5, 3, True, Question("softmax")),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("name", ["lstm", "gru", "relu", "s6"])
def test_a_trace_is_its_twins(name, network):
    hidden_size, layers, letters, outputs, learned_start, question = network
    cell = type(cells.get(name))(hidden_size, layers, letters, outputs, learned_start)
    generator = np.random.default_rng(3)
    weights = generator.uniform(-1, 1, cell.size()).astype(np.float32)
    tokens = generator.integers(0, letters, 40).astype(np.int32)
    names = trace_kernel.traced(cell)
    numbers = np.full((40, len(names.states) + len(names.gates) + outputs, 1), np.nan, np.float32)
    trace_kernel.trace_kernel(cell, question, 1)(weights[:, None].copy(), tokens, 40, numbers)
    expected = {}
    for part, values in engine.trace(cell, weights, tokens.astype(np.uint8), question).items():
        units = values.reshape(40, -1).T
        expected |= {part if len(units) == 1 else f"{part}_{unit}": row for unit, row in enumerate(units)}
    of_outputs = [name for name in expected if name.startswith("outputs")]
    assert sorted(names.states + names.gates + of_outputs) == sorted(expected)
    for k, its in enumerate([*names.states, *names.gates, *of_outputs]):
        assert numbers[:, k, 0].tobytes() == expected[its].astype(np.float32).tobytes(), its


@pytest.mark.parametrize("seed", [0, 1, 2**40 + 7])
def test_random_bits_are_numpys(seed):
    generator = Philox(SeedSequence(seed, spawn_key=(1, 2**32 - 1, 3)))
    key = np.ascontiguousarray(generator.state["state"]["key"]).view(np.int64)
    words = np.zeros((100, 4), np.int64)
    philox_kernel.philox_kernel()(key, 100, words)
    np.testing.assert_array_equal(words.ravel().view(np.uint64), generator.random_raw(400))


def test_a_module_exports_its_function_and_holds_nothing_for_linkers():
    text = philox_kernel.philox_program()
    found = webassembly.sections(webassembly.module(text, "philox"))
    kinds = [section.kind for section in found]
    assert webassembly.CUSTOM not in kinds
    assert kinds == sorted(kinds)
    (exported,) = [section.content for section in found if section.kind == webassembly.EXPORT]
    assert exported == b"\1\6philox\0\0"


def test_a_program_that_calls_others_is_refused():
    text = """
    declare float @expf(float)
    define void @power(float* %x) {
      %a = load float, float* %x
      %b = call float @expf(float %a)
      store float %b, float* %x
      ret void
    }
    """.replace("float*", "ptr")
    with pytest.raises(ValueError, match="calls expf"):
        webassembly.module(text, "power")


def test_what_is_no_module_is_refused():
    with pytest.raises(ValueError, match="not a module"):
        webassembly.sections(b"\x7fELF\1\1\1\0")
