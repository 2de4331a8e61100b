"""How fast the engine is: nanoseconds per token and model for each cell, kind of work and number of threads."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from longcount import cells, engine, languages
from longcount.languages.words import Words
from longcount.studies.executors import available_cores
from longcount.training import streams


@dataclass(frozen=True)
class Timing:
    """One figure: the best of several passes over the same words."""

    work: str
    """``train`` (forward, backward and update) or ``evaluate``."""
    cell: str
    order: str | None
    """``shuffled`` (each run its own order) or ``shared``; None where the order of words is no matter."""
    threads: int
    ns_per_token: float
    """Nanoseconds by token and model: wall time over tokens and over the models of all threads."""


def timings(
    words: Words,
    cell_names: tuple[str, ...] | None = None,
    threads: tuple[int, ...] | None = None,
    models: int = 64,
    passes: int = 3,
) -> Iterator[Timing]:
    """Time every cell, kind of work and order over the words, on one core and on all, as each figure is ready.

    Args:
        words: words of the training split, thousands of them.
        cell_names: default every cell.
        threads: numbers of threads, default one and as many as this process has cores.
        models: runs in the block that each thread works on; a whole number of the engine's lanes.
        passes: the best of that many counts. Kernels are compiled beforehand.
    """
    targets = languages.get("dyck1").targets(words)
    for name in cell_names or cells.names():
        cell = cells.get(name)
        initial = np.stack([streams.initial_weights(0, name, run, cell.size()) for run in range(models)])
        own = np.stack([streams.order(0, name, run, 1, len(words)) for run in range(models)])
        shared = streams.shared_order(0, name, 1, len(words))

        def train(orders: np.ndarray, cell=cell, initial=initial) -> None:
            engine.train(cell, engine.start(initial), words, targets, orders, 0.01)

        def evaluate(cell=cell, initial=initial) -> None:
            engine.evaluate(cell, initial, words, targets)

        kinds: list[tuple[str, str | None, Callable[[], None]]] = [
            ("train", "shuffled", lambda train=train, own=own: train(own)),
            ("train", "shared", lambda train=train, shared=shared: train(shared)),
            ("evaluate", None, evaluate),
        ]
        for work, order, once in kinds:
            for count in threads or sorted({1, available_cores()}):
                seconds = best_time(once, count, passes)
                yield Timing(work, name, order, count, seconds * 1e9 / (len(words.tokens) * models * count))


def best_time(work: Callable[[], None], threads: int, passes: int) -> float:
    """Least wall time in seconds, of several passes, of doing the work on each of that many threads at once."""
    with ThreadPoolExecutor(threads) as pool:
        work()
        seconds = []
        for _ in range(passes):
            start = time.perf_counter()
            for done in [pool.submit(work) for _ in range(threads)]:
                done.result()
            seconds.append(time.perf_counter() - start)
    return min(seconds)


def machine() -> dict[str, str]:
    """What a figure of speed must carry: processor, cores, system, versions and date."""
    return {
        "processor": _processor(),
        "cores": str(available_cores()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: version(package) for package in ("longcount", "numpy", "llvmlite")},
        "date": time.strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
