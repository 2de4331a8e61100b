"""Try to find networks that are called exact and are not: exact networks changed at random, proved and attacked.

    python benchmarks/soundness.py STORE... [--networks 1000] [--seed 0] [--within 400]

Of each store, networks of the last epoch of all runs are taken in turn and changed: a few weights moved, scaled,
exchanged, set to 0 or to the edge of saturation, or all scaled. Each is given to the proof. What is called exact is
attacked: by the search for words that are read wrong, by far words, by words drawn at random and by short ones. What is
not called exact is attacked in the same way, so that the attacks show what they are worth: how many of the changed
networks they break.

Prints a Markdown table. A network that is called exact and broken would disprove a theorem: the program says which, and
exits with 1. It also changes one weight of a store that was certified and checks that the verdict is not reused.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from far_words import far_words
from longcount import cells, engine
from longcount.analysis.certificates import certify_store
from longcount.cells import Cell
from longcount.exact.certify import LEAST_EXACT_DEPTH, prove
from longcount.exact.many_states import Network
from longcount.exact.search import search
from longcount.languages import tasks
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words
from longcount.store.block import hashed
from longcount.store.store import Store
from longcount.training.problem import Problem

BLOCK = 32


def changed(flat: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A network with a few weights changed, float32 [P]."""
    other = flat.copy()
    at = random.choice(len(flat), size=int(random.integers(1, max(3, len(flat) // 4))), replace=False)
    match int(random.integers(6)):
        case 0:
            other[at] += random.normal(size=len(at)) * np.abs(flat).mean() * random.choice([0.003, 0.1, 1.0])
        case 1:
            other[at] *= random.choice([-1.0, 0.003, 0.1, 0.5, 0.9, 1.01], size=len(at))
        case 2:
            other[at] = 0
        case 3:
            other[at] = other[np.roll(at, 1)]
        case 4:
            other *= np.float32(random.choice([0.003, 0.01, 0.03, 0.1, 0.3]))
        case _:
            # near the edges of saturation, where a step of float32 decides
            other[at] = np.sign(other[at]) * random.choice([9.0109138, 16.6355324, 17.4], size=len(at))
            other[at] = np.nextafter(other[at].astype(np.float32), np.float32(random.choice([-np.inf, np.inf])))
    return other.astype(np.float32)


def attacking_words(problem: Problem) -> Words:
    """Far words, random ones of the language, and all words of a few letters."""
    language = problem.language
    drawn, _ = language.walk(np.repeat([10, 30, 100, 300, 1_000], [40, 40, 30, 20, 10]), Uniforms(11))
    short, length = [], 1
    while len(short) < 3_000 and length <= 14:
        short += list(language.enumerate(length)) if language.count(length) < 3_000 else []
        length += 1
    return Words.concatenate([far_words(language), drawn, Words.from_strings(short, language.letters)])


def broken(cell: Cell, weights: np.ndarray, problem: Problem, words: Words, within: int) -> np.ndarray:
    """Which networks, float32 [M, P], read a word wrong: bool [M]."""
    targets, found = problem.targets(words), np.zeros(len(weights), bool)
    for first in range(0, len(weights), BLOCK):
        part = weights[first : first + BLOCK]
        judged = engine.evaluate(cell, part, words, targets, problem.loss, problem.question)
        found[first : first + BLOCK] = ~judged.correct.all(axis=1)
    for model in np.flatnonzero(~found):
        found[model] = search(Network(cell, weights[model]), problem, within).word is not None
    return found


def reused(store: Store) -> bool:
    """Whether a store whose weights were edited keeps its verdicts: by hand, and with a manifest that fits again."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "edited"
        shutil.copytree(store.directory, copy)
        run = int(store.runs(store.study.conditions[0])[0])
        before = certify_store(copy, run=run, epoch="last", limit=20, jobs=1).iloc[0]
        for path in sorted(copy.glob("runs/*/*/weights.safetensors")):
            tensors = load_file(path)
            save_file({**tensors, "readout.weight": -tensors["readout.weight"]}, path)
        asked = ["certify", str(copy), "--run", str(run), "--epoch", "last", "--limit", "20"]
        by_hand = subprocess.run(
            [sys.executable, "-m", "longcount", *asked], capture_output=True, text=True, check=False
        )
        for path in sorted(copy.glob("runs/*/*/manifest.json")):
            manifest = json.loads(path.read_text())
            content = (path.parent / "weights.safetensors").read_bytes()
            manifest["sha256"]["weights.safetensors"] = hashlib.sha256(content).hexdigest()
            path.write_text(json.dumps(hashed(manifest)))
        after = certify_store(copy, run=run, epoch="last", limit=20, jobs=1).iloc[0]
        print(f"edited store: {before['verdict']}, with a manifest that fits again {after['verdict']}; edited by hand:")
        print(f"status {by_hand.returncode}: {by_hand.stderr.strip()}")
        return by_hand.returncode != 2 or bool(after["verdict"] == "exact")


def main() -> None:
    """Change, prove, attack, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+", type=Path)
    parser.add_argument("--networks", type=int, default=1_000, help="of each store")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--within", type=int, default=400, help="tokens within which the search looks")
    asked = parser.parse_args()
    false = 0
    print("| language | cell | units | networks | called exact | broken | called exact and broken |")
    print("|:--|:--|--:|--:|--:|--:|--:|")
    for directory in asked.stores:
        store = Store.open(directory)
        condition = store.study.conditions[0]
        cell, problem = condition.built_in_cell(), condition.problem()
        assert problem.task is tasks.NEXT_LETTERS, "words of the language are what it attacks with"
        runs = np.arange(condition.runs)
        whole = cells.pack(cell, store.tensors(condition.folder, runs, np.full(len(runs), condition.epochs)))
        random = np.random.default_rng([asked.seed, len(whole[0])])
        weights = np.stack([changed(whole[k % len(whole)], random) for k in range(asked.networks)])
        exact = np.array([prove(cell, flat, problem).max_depth >= LEAST_EXACT_DEPTH for flat in weights])
        fails = broken(cell, weights, problem, attacking_words(problem), asked.within)
        wrong = np.flatnonzero(exact & fails)
        false += len(wrong)
        print(
            f"| {condition.language} | {condition.cell} | {condition.hidden_size} | {len(weights)} | {exact.sum()} "
            f"| {fails.sum()} | {len(wrong)} |",
            flush=True,
        )
        for model in wrong:
            print(f"FALSE: {directory}, network {model} of seed {asked.seed}", flush=True)
    if false or reused(Store.open(asked.stores[0])):
        sys.exit(1)


if __name__ == "__main__":
    main()
