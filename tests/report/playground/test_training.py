"""The playground's scripts, run by Deno: every way of training gives the engine's bits."""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from longcount.engine.options import Options
from longcount.training.engines import evaluate_models, train_runs

ASSETS = files("longcount.report").joinpath("assets")
DENO = Path(sys.executable).with_name("deno")
TRAINING = 1000
"""Words."""
RUNS = 6
"""Networks: more than the lanes of a block."""

JOBS = {
    "lstm": (0, {}),
    "relu": (1, {}),
    "gru": (2, {}),
    "several units and letters": (3, {}),
    "own cell": (4, {}),
    "cross-entropy, gradient clipped": (0, {"loss": "bce", "clip_norm": 1.0}),
    "near a counter at the start": (2, {"initialisation": "counter"}),
    "another seed and rate": (1, {"seed": 2**40 + 7, "learning_rate": 0.003}),
    "exact lstm": (0, {"recipe": "exact", "epochs": 10}),
    "exact relu": (1, {"recipe": "exact", "epochs": 13}),
    "exact gru": (2, {"recipe": "exact", "epochs": 12}),
}
"""Which of the page's networks, and how it is trained."""

TOLD = {"seed": "seed", "initialisation": "initialisation", "learning_rate": "rate"}


@pytest.fixture(scope="module")
def page(few, tmp_path_factory):
    """The networks that a page of few words can train; the words of each; and what its scripts made of every job."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "data.json").write_text(json.dumps(few.data))
    (folder / "jobs.json").write_text(json.dumps([job(*one) for one in JOBS.values()]))
    script = Path(__file__).with_name("train.js")
    command = [DENO, "run", "--allow-read", script, folder / "data.json", ASSETS, folder / "jobs.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return few.networks, few.splits, json.loads(done.stdout)


def job(index: int, settings: dict) -> dict:
    """As the page's script takes it: recipes have time for all restarts."""
    course = "recipe" in settings
    return {
        "index": index,
        "updates": TRAINING * (80 if course else 4),
        "runs": [*range(RUNS)],
        "loss": settings.get("loss", "mse"),
        "clip": settings.get("clip_norm"),
        "course": course,
        **{TOLD[name]: value for name, value in settings.items() if name in TOLD},
    }


@pytest.mark.parametrize("name", JOBS)
def test_weights_are_the_engines(page, name):
    networks_of, splits, told = page
    place, settings = JOBS[name]
    condition = networks_of[place].model_copy(update={"epochs": 4, **settings})
    words = splits[condition.language]
    expected = train_runs(condition, range(RUNS), words)
    networks = told["found"][list(JOBS).index(name)]
    weights = np.array([network["weights"] for network in networks], np.uint32).view(np.float32)
    assert weights.tobytes() == expected.weights[:, -1].tobytes()
    assert [1 + network["attempt"] for network in networks] == expected.draws.tolist()

    validation = words["validation"]
    judged = evaluate_models(condition, expected.weights[:, -1], validation, condition.problem().targets(validation))
    assert [network["failures"] for network in networks] == judged.first_failure.tolist()
    assert [network["right"] for network in networks] == judged.correct.mean(axis=1).tolist()


def test_a_recipe_restarts_runs_in_the_page(page):
    found = page[2]["found"][list(JOBS).index("exact lstm")]
    assert {network["attempt"] for network in found} > {0, 1}


def test_adams_corrections_are_the_engines(page):
    roots = np.array(page[2]["roots"], np.uint32).view(np.float32)
    expected = Options().rates(np.full(len(roots) + 100, 0.01), 0, np.dtype(np.float32))[:, 2]
    assert roots.tobytes() == expected[: len(roots)].tobytes()
    assert set(expected[len(roots) :].tolist()) == {1.0}
