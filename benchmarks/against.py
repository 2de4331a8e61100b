"""This version's speed beside another version's, and what more units and more letters cost, by turns in one run.

    git archive 5fc249d | tar -x -C OTHER                  # version 0.1.0, for instance
    python benchmarks/against.py OTHER [--processes 11] [--alternations 9] [--core 0] [--cells lstm gru relu]

Each version runs in a process of its own on the same core. They take turns of 10 ms or more each, in both orders; what
is compared is the CPU time of the two sides of a turn, so that a machine that others use, or that grows hot, is the
same for both. Where a process's memory happens to lie makes it faster or slower by several percent as long as it lives,
so all is done again in new processes. A ratio is the median over processes of their median over turns, with the 95%
interval of that median over processes (order statistics, which assume nothing of how times are spread; of five or fewer
it is their range). The words are of Dyck-1, 2 to 50 tokens, uniform among those of their length; 32 networks train side
by side, each in an order of its own. Without OTHER there are only this version's own rows.
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

# Keep glibc from giving memory back to the system after one pass and asking for it again in the next: whether it does
# depends on all that a process did before, and costs an evaluation of short words up to half its time.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**30), "MALLOC_TOP_PAD_": str(2**26)}

# Uses nothing that version 0.1.0 does not have. Answers each line, a case, by a line: ns per token and network, and a
# hash.
WORKER = """
import hashlib, json, sys, time
import numpy as np
from longcount import cells, engine
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


class Pair(NamedTuple):
    """Two cases to compare."""

    title: str  # of its row
    first: Case
    second: Case
    other: bool = False  # whether the first is the other version's


class Ratio(NamedTuple):
    """What was found of a pair."""

    first: float  # ns per token and network, the median over processes
    second: float
    ratio: float  # of the second to the first, the median over processes
    low: float  # its 95% interval
    high: float
    same: bool  # whether both always ended with the same bits


class Version:
    """A version's worker process, on one core."""

    def __init__(self, folder: Path, core: int | None) -> None:
        environment = {**os.environ, **MEMORY, "PYTHONPATH": str(folder / "src")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})

    def time(self, case: Case) -> tuple[float, str]:
        """Nanoseconds per token and network of a turn, and a hash of what came out. The first one compiles before."""
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


def measured(pairs: Sequence[Pair], other: Path | None, processes: int, turns: int, core: int | None) -> list[Ratio]:
    """Time all pairs, in that many new processes of each version, that many turns in each."""
    times, same = np.empty((len(pairs), processes, 3)), np.ones(len(pairs), bool)
    for process in range(processes):
        ours = Version(HERE, core)
        theirs = None if other is None else Version(other, core)
        try:
            for row, pair in enumerate(pairs):
                first = theirs if pair.other else ours
                assert first is not None
                found, same_now = _by_turns((first, pair.first), (ours, pair.second), turns)
                times[row, process] = *np.median(found, axis=0), np.median(found[:, 1] / found[:, 0])
                same[row] &= same_now
        finally:
            for version in (ours, theirs):
                if version is not None:
                    version.end()
    results = []
    for row in range(len(pairs)):
        first, second, ratio = np.median(times[row], axis=0).tolist()
        low, high = median_interval(times[row, :, 2])
        results.append(Ratio(first, second, ratio, low, high, bool(same[row])))
    return results


def _by_turns(first: tuple[Version, Case], second: tuple[Version, Case], turns: int) -> tuple[np.ndarray, bool]:
    """Times [turns, 2] of two cases, every other turn in the other order; and whether they end with the same bits."""
    both = (first, second)
    hashes = [version.time(case)[1] for version, case in both]
    times = np.empty((turns, 2))
    for turn in range(turns):
        for place in (0, 1) if turn % 2 else (1, 0):
            version, case = both[place]
            times[turn, place] = version.time(case)[0]
    return times, hashes[0] == hashes[1]


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
    lengths = 2 + 2 * uniforms.indices(number, 25)
    words = Words.from_strings([language.draw(int(length), uniforms) for length in lengths], language.letters)
    path = folder / f"{language_name}-{number}.npz"
    np.savez(path, tokens=words.tokens, offsets=words.offsets, targets=language.targets(words))
    return str(path), language.letters


def beside_other(pairs: Sequence[Pair], found: Sequence[Ratio]) -> str:
    """The table of this version beside the other."""
    lines = [
        "| cell | units | work | other, ns per token and network | this | this / other | 95% interval | same bits |",
        "|---|---:|---|---:|---:|---:|---|---|",
    ]
    for pair, one in zip(pairs, found, strict=True):
        lines.append(
            f"| {pair.title} | {one.first:.2f} | {one.second:.2f} | {one.ratio:.3f} "
            f"| {one.low:.3f} to {one.high:.3f} | {'yes' if one.same else 'no'} |"
        )
    return "\n".join(lines)


def by_parameter(title: str, against: str, pairs: Sequence[Pair], found: Sequence[Ratio]) -> str:
    """The table of cases beside others of this version, in ns per token, network and parameter."""
    lines = [f"| {title} | ns per token and parameter | {against} | ratio | 95% interval |", "|---|---:|---:|---:|---|"]
    for pair, one in zip(pairs, found, strict=True):
        scale = pair.first.size() / pair.second.size()
        lines.append(
            f"| {pair.title} | {one.second / pair.second.size():.3f} | {one.first / pair.first.size():.3f} "
            f"| {one.ratio * scale:.3f} | {one.low * scale:.3f} to {one.high * scale:.3f} |"
        )
    return "\n".join(lines)


def tables(
    other: Path | None,
    processes: int,
    turns: int,
    core: int | None = None,
    names: Sequence[str] = CELLS,
    units: Sequence[int] = (1, *UNITS),
    letters_units: Sequence[int] = LETTERS_UNITS,
    words: int = 2_000,
) -> list[str]:
    """All tables, as Markdown.

    Args:
        other: folder of another version; None leaves its table out.
        processes: how many of each version, one after the other.
        turns: how often each pair is timed in a process.
        core: where the processes run; None leaves that to the system.
        names: of cells.
        units: of networks; the first two are compared with the other version's, all with the first by parameter.
        letters_units: of networks that read Shuffle-6's words.
        words: how many the versions read; a fifth of them what this version's own rows are of.
    """
    with tempfile.TemporaryDirectory() as folder:
        many, _ = write_words(Path(folder), "dyck1", words)
        dyck1, _ = write_words(Path(folder), "dyck1", words // 5)
        shuffle6, letters = write_words(Path(folder), "shuffle6", words // 5)
        beside = [
            Pair(f"{name} | {n} | {work}", Case(many, name, n, work), Case(many, name, n, work), other=True)
            for name in names
            for n in units[:2]
            for work in ("train", "evaluate")
        ]
        more_units = [
            Pair(f"{name}, {n} units", Case(dyck1, name, units[0]), Case(dyck1, name, n))
            for name in names
            for n in units[1:]
        ]
        more_letters = [
            Pair(f"{name}, units: {n}", Case(dyck1, name, n), Case(shuffle6, name, n, letters=letters))
            for name in names
            for n in letters_units
        ]
        groups = [[] if other is None else beside, more_units, more_letters]
        found = iter(measured([pair for group in groups for pair in group], other, processes, turns, core))
        first, second, third = ([next(found) for _ in group] for group in groups)
    made = [] if other is None else [beside_other(beside, first)]
    made.append(by_parameter("training, more units", f"of {units[0]} unit", more_units, second))
    made.append(by_parameter("training, Shuffle-6", "Dyck-1", more_letters, third))
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, nargs="?", help="folder of another version's files")
    parser.add_argument("--processes", type=int, default=11, metavar="N", help="of each version, one after the other")
    parser.add_argument("--alternations", type=int, default=9, metavar="N", help="turns of each pair in each process")
    parser.add_argument("--core", type=int, help="run on this core; default: the last that this process may use")
    parser.add_argument("--cells", nargs="+", default=CELLS, metavar="CELL")
    arguments = parser.parse_args()
    if arguments.other is not None and not (arguments.other / "src" / "longcount").is_dir():
        parser.error(f"{arguments.other}: holds no src/longcount")
    core = arguments.core
    if core is None and hasattr(os, "sched_getaffinity"):
        core = max(os.sched_getaffinity(0))
    made = tables(arguments.other, arguments.processes, arguments.alternations, core, arguments.cells)
    described = ", ".join(f"{name} {value}" for name, value in benchmark.machine().items())
    print("\n\n".join(made))
    print(f"\nMeasured by `{shlex.join(['python', *sys.argv])}` on {described}.")


if __name__ == "__main__":
    main()
