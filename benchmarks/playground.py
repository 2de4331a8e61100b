"""Time the playground in Chromium beside the engine: the paper's 50 networks, 30 epochs each.

    python benchmarks/playground.py

Wall-clock time, which other work on the machine lengthens (its load is told first), and processor time, which that
changes less. The engine trains the same runs on one core in the same process, in turn with the page.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from longcount.cells import CELLS
from longcount.languages.splits import make_splits
from longcount.report.playground.page import conditions, write_playground
from longcount.training.engines import train_runs

EPOCHS = 30
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
TICKS = 100  # a second, in /proc


def processor_time(parent: int) -> float:
    """Seconds that the descendants of a process have computed for (Linux)."""
    stats = [path.read_text().rpartition(")")[2].split() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    pids = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    parents = dict(zip(pids, (int(stat[1]) for stat in stats), strict=False))

    def descends(pid: int) -> bool:
        while pid in parents and pid != parent:
            pid = parents[pid]
        return pid == parent

    return sum((int(stat[11]) + int(stat[12])) / TICKS for pid, stat in zip(pids, stats, strict=False) if descends(pid))


def main() -> None:
    """Print a line for each cell, and the sum."""
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    splits = make_splits(0)
    tokens = len(splits["training"].tokens) * EPOCHS
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        html = Path(folder) / "playground.html"
        write_playground(html)
        print(f"page: {html.stat().st_size / 1e6:.2f} MB")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(html.as_uri())
        page.evaluate("playground.ready")
        print(f"ready after {page.evaluate('performance.now()') / 1000:.2f} s")
        page.select_option("#pace", "full")
        total = 0.0
        for cell in ("lstm", "relu", "gru"):
            runs = CELLS[cell].paper_runs
            page.select_option("#cell", cell)
            page.fill("#networks", str(runs))
            page.keyboard.press("Tab")
            page.wait_for_function(f"playground.state.settings.cell === '{cell}'")
            page.wait_for_function(f"playground.state.networks.length === {runs}")
            page.evaluate("beginning")
            before, started = processor_time(os.getpid()), time.perf_counter()
            page.click("#start")
            page.wait_for_function(f"playground.state.updates === {EPOCHS * 10_000}", polling=200, timeout=600_000)
            wall, computed = time.perf_counter() - started, processor_time(os.getpid()) - before
            total += wall
            (condition,) = conditions([{"cell": cell}])
            clock = time.process_time()
            train_runs(condition, range(runs), splits)
            native = time.process_time() - clock
            per = 1e9 / (tokens * runs)
            print(f"{cell}: {runs} networks in {wall:.1f} s; ns of processor time per token and model: "
                  f"page {computed * per:.1f}, engine {native * per:.1f}")  # fmt: skip
        print(f"the paper's 50 networks in the page: {total:.1f} s")
        browser.close()


if __name__ == "__main__":
    main()
