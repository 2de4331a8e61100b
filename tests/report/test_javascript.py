"""Every cell's equations as JavaScript: the engine's states, bit for bit."""

import json

import numpy as np
import pytest

from longcount import cells, engine
from longcount.report.javascript import cells_script

TOKENS = np.array([0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1] * 3, np.uint8)
RUN = """
  const run = (name, weights, tokens) => {
    const p = Float32Array.from(weights);
    let state = cells[name].start(p), shown;
    return tokens.map((token) => { [state, shown] = cells[name].step(p, token, state); return shown; });
  };
"""


@pytest.mark.parametrize("learned_start", [False, True])
def test_states_are_the_engines(browser, learned_start):
    networks = {name: type(cells.get(name))(learned_start=learned_start) for name in cells.names()}
    page = browser.new_page()
    for name, cell in networks.items():
        weights = np.random.default_rng(1).uniform(-2, 2, cell.size()).astype(np.float32)
        program = f"() => {{ {cells_script({name: cell})} {RUN} return {{names: cells['{name}'].names, "
        program += f"values: run('{name}', {json.dumps(weights.tolist())}, {TOKENS.tolist()})}}; }}"
        found = page.evaluate(program)
        expected = engine.trace(cell, weights, TOKENS)
        assert set(found["names"]) - {"may_open", "may_close"} == set(expected) - {"outputs"}
        for at, shown in enumerate(found["names"]):
            column = {"may_open": ("outputs", 0), "may_close": ("outputs", 1)}.get(shown, (shown, 0))
            theirs = expected[column[0]].reshape(len(TOKENS), -1)[:, column[1]]
            ours = np.array([row[at] for row in found["values"]], np.float32)
            assert ours.tobytes() == theirs.astype(np.float32).tobytes(), (name, shown)
    page.close()
