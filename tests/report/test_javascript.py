"""Every cell's equations as JavaScript: the engine's states, bit for bit."""

import json

import numpy as np
import pytest

from longcount import cells, engine
from longcount.cells.network import Question
from longcount.report.javascript import cells_script

TOKENS = np.array([0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1] * 3, np.uint8)
RUN = """
  const run = (name, weights, tokens) => {
    const p = Float32Array.from(weights);
    let state = cells[name].start(p), gates, outputs;
    return tokens.map((token) => {
      [state, gates, outputs] = cells[name].step(p, token, state);
      return {state, gates, outputs};
    });
  };
"""


def check_states(page, cell, link, tokens):
    """Hold what the page computes of every state, gate and output to the engine's bits."""
    weights = np.random.default_rng(1).uniform(-2, 2, cell.size()).astype(np.float32)
    program = f"() => {{ {cells_script({'it': (cell, link)})} {RUN} const {{states, gates}} = cells.it; "
    program += f"return {{states, gates, rows: run('it', {json.dumps(weights.tolist())}, {tokens.tolist()})}}; }}"
    found = page.evaluate(program)
    expected = engine.trace(cell, weights, tokens, Question(link))
    theirs = {name: values.reshape(len(tokens), -1) for name, values in expected.items()}
    outputs = theirs.pop("outputs")
    named = {
        name if values.shape[1] == 1 else f"{name}_{unit}": values[:, unit]
        for name, values in theirs.items()
        for unit in range(values.shape[1])
    }
    assert sorted([*found["states"], *found["gates"]]) == sorted(named)
    for kind, names in (("state", found["states"]), ("gates", found["gates"])):
        ours = np.array([row[kind] for row in found["rows"]], np.float32).reshape(len(tokens), -1)
        for at, name in enumerate(names):
            assert ours[:, at].tobytes() == named[name].astype(np.float32).tobytes(), (cell, name)
    ours = np.array([row["outputs"] for row in found["rows"]], np.float32)
    assert ours.tobytes() == outputs.astype(np.float32).tobytes(), cell


@pytest.mark.parametrize("learned_start", [False, True])
def test_states_are_the_engines(browser, learned_start):
    page = browser.new_page()
    for name in cells.names():
        check_states(page, type(cells.get(name))(learned_start=learned_start), "sigmoid", TOKENS)
    page.close()


@pytest.mark.parametrize("link", ["sigmoid", "softmax"])
@pytest.mark.parametrize("name", ["lstm", "gru", "relu"])
def test_several_units_layers_letters_and_outputs(browser, name, link):
    page = browser.new_page()
    tokens = np.random.default_rng(2).integers(0, 4, 40).astype(np.uint8)
    for hidden_size, layers in ((2, 1), (1, 2), (3, 2)):
        check_states(page, cells.get(name, hidden_size, layers, 4, 3), link, tokens)
    page.close()
