"""Every cell's equations as WebAssembly in a browser: the engine's states, bit for bit."""

import numpy as np
import pytest

from longcount import cells, engine
from longcount.cells.network import Question
from longcount.engine.trace_kernel import traced
from longcount.report.explorer import trace_program
from longcount.report.programs import Programs
from longcount.report.scripts import joined

TOKENS = np.array([0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1] * 3, np.uint8)
RUN = """
  async ([written, model, weights, tokens]) => {
    const tracer = await Tracer.create(new Programs(written), model),
      { width, values } = tracer.run(Float32Array.from(weights), Int32Array.from(tokens));
    return tokens.map((_, at) => [...values.subarray(at * width, (at + 1) * width)]);
  }
"""


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.set_content(f"<script>{joined(('engine.js',))}</script>")
    yield page
    page.close()


def check_states(page, cell, link, tokens):
    """Hold what the page computes of every state, gate and output to the engine's bits."""
    weights = np.random.default_rng(1).uniform(-2, 2, cell.size()).astype(np.float32)
    programs, names = Programs(), traced(cell)
    model = {
        "size": cell.size(),
        "programs": {"trace": trace_program(programs, cell, Question(link))},
        **names._asdict(),
        "outputs": [*range(cell.outputs)],
    }
    rows = np.array(page.evaluate(RUN, [programs.written, model, weights.tolist(), tokens.tolist()]), np.float32)
    expected = engine.trace(cell, weights, tokens, Question(link))
    theirs = {name: values.reshape(len(tokens), -1) for name, values in expected.items()}
    outputs = theirs.pop("outputs")
    named = {
        name if values.shape[1] == 1 else f"{name}_{unit}": values[:, unit]
        for name, values in theirs.items()
        for unit in range(values.shape[1])
    }
    inner = [*names.states, *names.gates]
    assert sorted(inner) == sorted(named)
    for at, name in enumerate(inner):
        assert rows[:, at].tobytes() == named[name].astype(np.float32).tobytes(), (cell, name)
    assert rows[:, len(inner) :].tobytes() == outputs.astype(np.float32).tobytes(), cell


@pytest.mark.parametrize("learned_start", [False, True])
def test_states_are_the_engines(page, learned_start):
    for name in cells.names():
        check_states(page, type(cells.get(name))(learned_start=learned_start), "sigmoid", TOKENS)


@pytest.mark.parametrize("link", ["sigmoid", "softmax"])
@pytest.mark.parametrize("name", ["lstm", "gru", "relu"])
def test_several_units_layers_letters_and_outputs(page, name, link):
    tokens = np.random.default_rng(2).integers(0, 4, 40).astype(np.uint8)
    for hidden_size, layers in ((2, 1), (1, 2), (3, 2)):
        check_states(page, cells.get(name, hidden_size, layers, 4, 3), link, tokens)
