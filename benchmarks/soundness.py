"""Try to find networks that are called exact and are not: exact networks changed at random, proved and attacked.

    python benchmarks/soundness.py STORE... [--networks 1000] [--seed 0] [--within 100] [--climbing 8] [--programs]

Of every condition of each store, networks of the last epoch of all runs are taken in turn and changed: a few weights
moved, scaled, exchanged, set to 0, to the edge of saturation or by one step of float32, or all scaled. Each is given
to the proof. All are attacked by words: all short ones, far ones, random walks, ramps.
Those that are called exact are attacked by the search for words that are read wrong, too, and some of them by the word
that takes a counter up to the count to which they are proved. How many of the others the words break shows what the
attacks are worth.

With `--programs` each changed network is set beside the program that the network was before the change. Both are
followed along random walks: whether they answer alike, and wherever the program looks at a register, whether the unit
stands where the register does.

Prints a Markdown table. A network that is called exact and broken would disprove the theorem: the program says which,
and exits with 1. It also changes the weights of a store that was certified and checks that no verdict is kept.
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

from attacks import farthest, judged_everywhere, short_and_far, walks
from longcount import cells, engine
from longcount.analysis.certificates import certify_store, read_certificates
from longcount.cells import Cell
from longcount.exact.certify import LEAST_EXACT_DEPTH, prove
from longcount.exact.extraction import fitted, observed
from longcount.exact.many_states import Network
from longcount.exact.program import Program
from longcount.exact.proof import EXACT_INTEGERS
from longcount.exact.reading import said
from longcount.exact.search import search
from longcount.exact.together import UNKNOWN, proved_equal
from longcount.languages.words import Words
from longcount.store.block import hashed
from longcount.store.store import Store
from longcount.training.problem import Problem

BLOCK = 32
WALKS, LETTERS = 48, 100
"""Of the walks along which networks and programs are followed."""


def changed(flat: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A network with a few weights changed, float32 [P]."""
    other = flat.copy()
    at = random.choice(len(flat), size=int(random.integers(1, max(3, len(flat) // 4))), replace=False)
    match int(random.integers(7)):
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
        case 5:
            other[at] = np.nextafter(other[at], np.float32(random.choice([-np.inf, np.inf], size=len(at))))
        case _:
            # near the edges of saturation, where a step of float32 decides
            other[at] = np.sign(other[at]) * random.choice([9.0109138, 16.6355324, 17.4], size=len(at))
            other[at] = np.nextafter(other[at].astype(np.float32), np.float32(random.choice([-np.inf, np.inf])))
    return other.astype(np.float32)


def broken(cell: Cell, weights: np.ndarray, problem: Problem, words: Words) -> np.ndarray:
    """Which networks, float32 [M, P], read a word wrong: bool [M]."""
    targets, question = judged_everywhere(problem, words)
    found = np.zeros(len(weights), bool)
    for first in range(0, len(weights), BLOCK):
        part = slice(first, first + BLOCK)
        read = engine.evaluate(cell, weights[part], words, targets, problem.loss, question)
        found[part] = ~read.correct.all(axis=1)
    return found


def differs(program: Program, cell: Cell, flat: np.ndarray, problem: Problem, walked: Words) -> bool:
    """Whether a program and a network part on a word: answers, or a register and its unit where a rule looks at it."""
    network, classes = Network(cell, flat), program.fineness.classes
    at, steps = cell.state_names.index(cell.counter), np.array(program.steps, np.float32)[:, None]

    def alike(parts: tuple[np.ndarray, ...], registers: np.ndarray) -> np.ndarray:
        of_units, found = classes(parts[at] / steps), classes(registers)
        return np.where(found == of_units, found, UNKNOWN)

    starts = walked.offsets[:-1][np.argsort(-walked.lengths)]
    lengths = -np.sort(-walked.lengths)
    parts = tuple(np.repeat(part, len(starts), axis=1) for part in network.start)
    registers = np.repeat(np.array(program.start, np.float32)[:, None], len(starts), axis=1)
    last = np.full(len(starts), len(program.letters))
    for position in range(lengths[0]):
        active = int((lengths > position).sum())
        letter = walked.tokens[starts[:active] + position].astype(np.int64)
        parts, registers = tuple(part[:, :active] for part in parts), registers[:, :active]
        keep, add = program.actions(letter, last[:active], alike(parts, registers))
        registers, last = registers * keep + add, letter
        parts, _ = network.advance(letter, parts)
        if np.isnan(registers).any() or not np.isfinite(parts[at]).all():
            return True
        answers = program.said(letter, alike(parts, registers))
        if (answers != said(network.outputs(parts[0]), problem.question)).any():
            return True
    return False


class Attacked:
    """Networks of one condition, changed, judged and attacked."""

    def __init__(self, directory: Path, name: str, asked: argparse.Namespace):
        store = Store.open(directory)
        condition = store.condition(name)
        self.of, self.asked = f"{directory}, {name}, seed {asked.seed}", asked
        self.cell, self.problem = condition.built_in_cell(), condition.problem()
        runs = np.arange(condition.runs)
        tensors = store.tensors(name, runs, np.full(len(runs), condition.epochs))
        self.whole = cells.pack(self.cell, tensors)
        self.random = np.random.default_rng([asked.seed, len(self.whole[0])])
        self.weights = np.stack([changed(self.whole[k % len(runs)], self.random) for k in range(asked.networks)])
        proofs = [prove(self.cell, flat, self.problem) for flat in self.weights]
        depths = np.array([proof.max_depth for proof in proofs])
        self.exact = depths >= LEAST_EXACT_DEPTH
        words = short_and_far(self.problem, self.random)
        self.fails = broken(self.cell, self.weights, self.problem, words)
        for k in np.flatnonzero(self.exact & ~self.fails):
            self.fails[k] = search(Network(self.cell, self.weights[k]), self.problem, asked.within).word is not None
        some = self.random.permutation(np.flatnonzero(self.exact & ~self.fails))[: asked.climbing]
        for depth in np.unique(depths[some]):
            alike = some[depths[some] == depth]
            self.fails[alike] = broken(self.cell, self.weights[alike], self.problem, farthest(self.problem, int(depth)))

    def row(self) -> list[object]:
        """Of the table of networks."""
        language, task = self.problem.language.name, self.problem.task.name
        counts = [len(self.weights), self.exact.sum(), self.fails.sum(), (self.exact & self.fails).sum()]
        return [f"{language}, {task}", self.cell.name, self.cell.hidden_size, *counts]

    def programs(self) -> list[object]:
        """What follows the row where the programs of the unchanged networks are set beside the changed ones."""
        programs = {run: self.program_of(run) for run in range(min(len(self.whole), len(self.weights)))}
        walked = walks(self.problem, WALKS, LETTERS, self.random)
        equal, parted = np.zeros((2, len(self.weights)), bool)
        for k, flat in enumerate(self.weights):
            program = programs[k % len(self.whole)]
            if program is None:
                continue
            proof = proved_equal(self.cell, flat, program, self.problem, EXACT_INTEGERS, LEAST_EXACT_DEPTH)
            equal[k] = proof.max_depth >= LEAST_EXACT_DEPTH
            parted[k] = self.fails[k] or differs(program, self.cell, flat, self.problem, walked)
        self.exact, self.fails = self.exact | equal, self.fails | (parted & equal)
        return [equal.sum(), parted.sum(), (equal & parted).sum()]

    def program_of(self, run: int) -> Program | None:
        """What a network was before the change."""
        return fitted(observed(Network(self.cell, self.whole[run]), self.problem), self.problem)[0]


def kept_verdicts(directory: Path) -> bool:
    """Whether a store whose weights were edited keeps its verdicts: by hand, and with a manifest that fits again."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "edited"
        shutil.copytree(directory, copy)
        run = int(Store.open(copy).runs(Store.open(copy).study.conditions[0])[0])
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
        left = read_certificates(Store.open(copy))
        after = certify_store(copy, run=run, epoch="last", limit=20, jobs=1).iloc[0]
        print(f"edited store: {before['verdict']}, with a manifest that fits again {after['verdict']}; edited by hand:")
        print(f"status {by_hand.returncode}: {by_hand.stderr.strip()}")
        return by_hand.returncode != 2 or left is not None or bool(after["verdict"] == "exact")


def main() -> None:
    """Change, prove, attack, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+", type=Path)
    parser.add_argument("--networks", type=int, default=1_000, help="of each condition")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--within", type=int, default=100, help="tokens within which the search looks")
    parser.add_argument("--climbing", type=int, default=8, help="exact ones that read a word up to their proved count")
    parser.add_argument("--programs", action="store_true", help="set programs beside the changed networks, too")
    asked = parser.parse_args()
    false = []
    columns = ["language, task", "cell", "units", "networks", "called exact", "broken", "called exact and broken"]
    columns += ["called equal", "broken or different", "called equal and that"] if asked.programs else []
    print(f"| {' | '.join(columns)} |\n|:--|:--|{'--:|' * (len(columns) - 2)}")
    for directory in asked.stores:
        for condition in Store.open(directory).study.conditions:
            attacked = Attacked(directory, condition.folder, asked)
            row = attacked.row() + (attacked.programs() if asked.programs else [])
            print(f"| {' | '.join(map(str, row))} |", flush=True)
            wrong = np.flatnonzero(attacked.exact & attacked.fails)
            false += [f"FALSE: {attacked.of}, network {k}" for k in wrong]
    print(*false, sep="\n", end="\n" if false else "")
    if kept_verdicts(asked.stores[0]) or false:
        sys.exit(1)


if __name__ == "__main__":
    main()
