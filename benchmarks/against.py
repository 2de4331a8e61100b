"""This version's speed beside another version's, and what more units and more letters cost, by turns in one run.

    git archive 5fc249d | tar -x -C OTHER                  # version 0.1.0, for instance
    python benchmarks/against.py OTHER [--alternations 41] [--core 0] [--cells lstm gru relu]

Each version runs in a process of its own on the same core. They take turns of 10 ms or more each, in both orders; what
is compared is the CPU time of the two sides of a turn, so that a machine that others use, or that grows hot, is the
same for both. Ratios are medians over turns, with the 95% interval of the median (order statistics; it assumes nothing
of how times are spread). The words are of Dyck-1, 2 to 50 tokens, uniform among those of their length; 32 networks
train side by side, each in an order of its own. Without OTHER there are only this version's own rows.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from longcount import benchmark, cells, languages
from longcount.languages import Words
from longcount.languages.uniforms import Uniforms

HERE = Path(__file__).resolve().parents[1]
CELLS = ("lstm", "gru", "relu")
UNITS = (2, 4, 8, 16)  # against 1
LETTERS_UNITS = (1, 6)  # of Shuffle-6's six counters, one unit each, and of a single unit
NETWORKS = 32

# Uses nothing that version 0.1.0 does not have. Answers each line, a case, by a line: ns a token a network, and a hash.
WORKER = """
import hashlib, json, sys, time
import numpy as np
from longcount import cells, engine
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words

known = {}
def made(case):
    file = np.load(case["words"])
    more = () if case["letters"] == "()" else (case["letters"],)
    words = Words(file["tokens"], file["offsets"], *more)
    sizes = (1, len(more[0]), file["targets"].shape[1]) if more else ()
    cell = cells.get(case["cell"], case["units"], *sizes)
    random = np.random.default_rng(1)
    weights = random.uniform(-1, 1, (case["networks"], cell.size())).astype(np.float32) / case["units"] ** 0.5
    orders = np.array([random.permutation(len(words)) for _ in weights])
    if case["work"] == "evaluate":
        return words, lambda: engine.evaluate(cell, weights, words, file["targets"]).loss
    def train():
        state = engine.start(weights)
        engine.train(cell, state, words, file["targets"], orders, 0.01)
        return state.parameters
    return words, train

for line in sys.stdin:
    if line not in known:
        case = json.loads(line)
        known[line] = (*made(case), case["networks"])
        known[line][1]()
    words, work, networks = known[line]
    passes, began = 0, time.thread_time()
    while not passes or time.thread_time() - began < 0.01:
        found = work()
        passes += 1
    seconds = (time.thread_time() - began) / passes
    digest = hashlib.sha256(np.ascontiguousarray(found).tobytes()).hexdigest()
    print(json.dumps([seconds * 1e9 / (len(words.tokens) * networks), digest]), flush=True)
"""


@dataclass(frozen=True)
class Case:
    """What is timed."""

    words: str  # file of tokens, offsets and targets
    cell: str
    units: int = 1
    work: str = "train"  # or "evaluate"
    letters: str = "()"
    networks: int = NETWORKS

    def size(self) -> int:
        """Parameters of one network."""
        return cells.get(self.cell, self.units, 1, len(self.letters), len(self.letters)).size()


class Ratio(NamedTuple):
    """Two cases, timed by turns."""

    first: float  # ns a token a network, the median
    second: float
    ratio: float  # of the second to the first, the median over turns
    low: float  # its 95% interval
    high: float
    same: bool  # whether both ended with the same bits


class Version:
    """A version's worker process, on one core."""

    def __init__(self, folder: Path, core: int | None) -> None:
        environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})

    def time(self, case: Case) -> tuple[float, str]:
        """Nanoseconds a token a network of a turn, and a hash of what came out. The first one compiles before."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(case.__dict__) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"a worker ended with status {self.process.wait()}")
        nanoseconds, digest = json.loads(answer)
        return nanoseconds, digest

    def end(self) -> None:
        """End the process."""
        self.process.communicate()


def by_turns(first: tuple[Version, Case], second: tuple[Version, Case], turns: int) -> Ratio:
    """Time two cases by turns, every other turn in the other order."""
    pair = (first, second)
    hashes = [version.time(case)[1] for version, case in pair]
    times = np.empty((turns, 2))
    for turn in range(turns):
        for place in (0, 1) if turn % 2 else (1, 0):
            version, case = pair[place]
            times[turn, place] = version.time(case)[0]
    ratios = times[:, 1] / times[:, 0]
    first_time, second_time = np.median(times, axis=0).tolist()
    low, high = median_interval(ratios)
    return Ratio(first_time, second_time, median(ratios.tolist()), low, high, hashes[0] == hashes[1])


def median_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """An interval that holds the median with at least that confidence, between two of the values; for few values, which
    hold no such interval, all of them."""
    ordered = np.sort(np.asarray(values, float))
    n, outside, below = len(ordered), 0.0, 0
    while True:
        outside += math.comb(n, below) / 2**n  # that the median lies below the (below + 1)th value
        if 2 * outside > 1 - confidence or 2 * below + 1 >= n:
            break
        below += 1
    place = max(below - 1, 0)
    return float(ordered[place]), float(ordered[n - 1 - place])


def write_words(folder: Path, language_name: str, number: int) -> tuple[str, str]:
    """A file of words, uniform among those of their lengths, with their targets; and their letters."""
    language = languages.get(language_name)
    uniforms = Uniforms(0)
    lengths = 2 * (1 + (25 * uniforms.take(number)).astype(int))
    words = Words.from_strings([language.draw(int(length), uniforms) for length in lengths], language.letters)
    path = folder / f"{language_name}.npz"
    np.savez(path, tokens=words.tokens, offsets=words.offsets, targets=language.targets(words))
    return str(path), language.letters


def against_other(
    ours: Version, theirs: Version, words: str, names: Sequence[str], units: Sequence[int], turns: int
) -> str:
    """The table of this version beside the other."""
    lines = [
        "| cell | units | work | other, ns a token a network | this | this / other | 95% interval | same bits |",
        "|---|---:|---|---:|---:|---:|---|---|",
    ]
    for name in names:
        for size in units:
            for work in ("train", "evaluate"):
                case = Case(words, name, size, work)
                found = by_turns((theirs, case), (ours, case), turns)
                lines.append(
                    f"| {name} | {size} | {work} | {found.first:.2f} | {found.second:.2f} | {found.ratio:.3f} "
                    f"| {found.low:.3f} to {found.high:.3f} | {'yes' if found.same else 'no'} |"
                )
    return "\n".join(lines)


def by_parameter(ours: Version, title: str, pairs: Sequence[tuple[str, Case, str, Case]], turns: int) -> str:
    """The table of cases beside others, each named, in ns a token a network a parameter."""
    lines = [
        f"| {title} | ns a token a parameter | against | ns a token a parameter | ratio | 95% interval |",
        "|---|---:|---|---:|---:|---|",
    ]
    for named, case, base_named, base in pairs:
        found = by_turns((ours, base), (ours, case), turns)
        scale = base.size() / case.size()
        lines.append(
            f"| {named} | {found.second / case.size():.4f} | {base_named} | {found.first / base.size():.4f} "
            f"| {found.ratio * scale:.3f} | {found.low * scale:.3f} to {found.high * scale:.3f} |"
        )
    return "\n".join(lines)


def tables(
    other: Path | None,
    turns: int,
    core: int | None = None,
    names: Sequence[str] = CELLS,
    units: Sequence[int] = (1, *UNITS),
    letters_units: Sequence[int] = LETTERS_UNITS,
    words: int = 400,
) -> list[str]:
    """All tables, as Markdown.

    Args:
        other: folder of another version; None leaves its table out.
        turns: how often each pair is timed.
        core: where the processes run; None leaves that to the system.
        names: of cells.
        units: of networks; the first two are compared with the other version's, all with the first by parameter.
        letters_units: of networks that read Shuffle-6's words.
        words: how many.
    """
    with tempfile.TemporaryDirectory() as folder:
        dyck1, _ = write_words(Path(folder), "dyck1", words)
        shuffle6, letters = write_words(Path(folder), "shuffle6", words)
        ours = Version(HERE, core)
        theirs = None if other is None else Version(other, core)
        try:
            made = []
            if theirs is not None:
                made.append(against_other(ours, theirs, dyck1, names, units[:2], turns))
            more_units = [
                (f"{name}, {n} units", Case(dyck1, name, n), f"{units[0]} unit", Case(dyck1, name, units[0]))
                for name in names
                for n in units[1:]
            ]
            made.append(by_parameter(ours, "training, more units", more_units, turns))
            more_letters = [
                (f"{name}, {n} unit{'s' * (n > 1)}, Shuffle-6", Case(shuffle6, name, n, letters=letters), "Dyck-1",
                 Case(dyck1, name, n))
                for name in names
                for n in letters_units
            ]  # fmt: skip
            made.append(by_parameter(ours, "training, more letters", more_letters, turns))
        finally:
            for version in (ours, theirs):
                if version is not None:
                    version.end()
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, nargs="?", help="folder of another version's files")
    parser.add_argument("--alternations", type=int, default=41, metavar="N", help="turns of each pair")
    parser.add_argument("--core", type=int, help="run on this core; default: the last that this process may use")
    parser.add_argument("--cells", nargs="+", default=CELLS, metavar="CELL")
    arguments = parser.parse_args()
    if arguments.other is not None and not (arguments.other / "src" / "longcount").is_dir():
        parser.error(f"{arguments.other}: holds no src/longcount")
    core = arguments.core
    if core is None and hasattr(os, "sched_getaffinity"):
        core = max(os.sched_getaffinity(0))
    made = tables(arguments.other, arguments.alternations, core, arguments.cells)
    described = ", ".join(f"{name} {value}" for name, value in benchmark.machine().items())
    print("\n\n".join(made))
    print(f"\nMeasured by `{shlex.join(['python', *sys.argv])}` on {described}.")


if __name__ == "__main__":
    main()
