"""What large studies cost: `python benchmarks/studies.py WHAT DIR`; prints JSON lines. WHAT is one of:

large DIR       a study of many runs (default 10,000 LSTM runs of 30 epochs), then everything that is asked of it
ask DIR         only what is asked of a finished study: status, aggregate, survival curves, Table 1, ten-run tables
listing DIR     a study of 100,000 runs put together from copies of one block, then listed and aggregated
conditions DIR  a study of 800 conditions of one run each, beside one condition whose 800 runs are a block each
workers DIR     one study with 1 and 2 worker threads and processes, and the constants of the model of scaling
model           the model of scaling as a Markdown table, from constants given on the command line

The model: a study of B blocks on C cores takes the longest of three times. Computing: the blocks come in ceil(B / C)
rounds of a block's seconds on one core, so that a study can never be faster than its slowest block. The scheduler: B
tasks. The shared folder: B blocks' bytes at its bandwidth and B blocks' operations on names (open, stat, rename, sync:
26 of them, counted with strace) at its rate.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from longcount.studies.executors import available_cores
from longcount.studies.progress import duration
from longcount.studies.run import machine


def say(what: str, **found: Any) -> None:
    """One line of results."""
    print(json.dumps({"what": what, **found}), flush=True)


def measured(what: str, command: list[str], quiet: bool = True) -> None:
    """Run a program of its own; tell its time and the most memory it held."""
    started = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL if quiet else None)
    peak = 0
    while process.poll() is None:
        # Not ru_maxrss: a new process begins with its parent's.
        with contextlib.suppress(OSError, StopIteration, ValueError):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            peak = max(peak, next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")))
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: failed with status {process.returncode}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say(what, seconds=round(seconds, 2), core_seconds=round(spent, 1), peak_megabytes=round(peak / 1024))


def command(*arguments: object) -> list[str]:
    """A longcount command."""
    return [sys.executable, "-m", "longcount", *map(str, arguments)]


def part(name: str, directory: Path) -> list[str]:
    """This program, asked for one of the questions below."""
    return [sys.executable, __file__, "question", str(directory), name]


def large(directory: Path, runs: int, epochs: int, block_runs: int, training_words: int) -> None:
    """Train a large study, then ask of it. Fewer words make it cheaper and change nothing else on disk."""
    settings = {"runs": runs, "epochs": epochs, "block_runs": block_runs}
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "study.toml"
    lines = [f"{name} = {value}" for name, value in {"cell": '"lstm"', **settings}.items()]
    others = max(1, training_words // 2)
    words = {"training_words": training_words, "validation_words": others, "long_words": others}
    lines += ["[words]", *(f"{name} = {value}" for name, value in words.items())]
    file.write_text("\n".join(lines) + "\n")
    say("study", **settings, **words, load_before=os.getloadavg()[0])
    measured("train", command("study", "run", file, "--out", directory / "store"))
    ask(directory / "store")


def ask(store: Path) -> None:
    """What is asked of a study, each in a process of its own."""
    measured("status", command("study", "status", store, "--json"))
    measured("status, every block verified", command("study", "status", store, "--verify", "--json"))
    measured("export", command("study", "export", store, "--out", store.parent / "export.parquet"))
    for name in QUESTIONS:
        measured(name, part(name, store), quiet=False)


def size(store: Path) -> None:
    """Bytes on disk."""
    from longcount.store.store import Store
    from longcount.studies.status import status

    frame = status(Store.open(store))
    total, runs = sum(frame["bytes"].tolist()), sum(frame["runs_done"].tolist())
    say("size", runs=runs, megabytes=round(total / 1e6, 1), bytes_a_run=round(total / runs))


def aggregate(store: Path) -> None:
    """Mean and spread of every measure by condition, split and epoch."""
    from longcount.analysis.aggregate import aggregate
    from longcount.store.store import Store

    frame = aggregate(Store.open(store))
    say("aggregated", rows=len(frame))


def table_1(store: Path) -> None:
    """Table 1 with intervals, shares of runs that learned, and what ten-run tables of it would look like."""
    from longcount.analysis.models import metrics_of
    from longcount.analysis.sampling import sampling_distribution
    from longcount.analysis.spread import summarise, wilson_interval
    from longcount.analysis.table1 import MEASURES, selected_models
    from longcount.papers.el_naggar_2022 import TABLE_1
    from longcount.store.store import Store

    models = selected_models(metrics_of(Store.open(store)))
    for cell, rows in models.groupby("cell"):
        learned = sum(rows["learned"].tolist())
        low, high = wilson_interval(learned, len(rows))
        say("learned", cell=cell, runs=len(rows), share=learned / len(rows), low=low, high=high)
        for measure in MEASURES:
            summary = summarise(rows[measure])
            say("table 1", cell=cell, measure=measure, **{k: round(v, 4) for k, v in vars(summary).items()})
    for row in sampling_distribution(models, TABLE_1).to_dict("records"):
        say("ten-run tables", **row)


def survival_curves(store: Path) -> None:
    """Kaplan-Meier curves of the very long words at the best epochs, drawn."""
    import numpy as np
    import pandas as pd
    import pyarrow.parquet as pq

    from longcount.analysis.failures import survival_curve
    from longcount.analysis.models import chosen_models
    from longcount.analysis.selection import where
    from longcount.store.first_failures import FIRST_FAILURES
    from longcount.store.store import Store

    best = chosen_models(Store.open(store))[["condition", "run", "epoch"]].astype({"run": np.int32, "epoch": np.int32})
    columns = ["condition", "run", "epoch", "split", "fpf", "length"]
    parts = []
    file = pq.ParquetFile(store / FIRST_FAILURES)  # all checkpoints of all runs: a group of rows at a time
    for group in range(file.num_row_groups):
        frame = where(file.read_row_group(group, columns).to_pandas(), split="very_long")
        frame = frame.drop(columns="split").astype({"condition": str})
        parts.append(frame.merge(best, on=["condition", "run", "epoch"]).astype({"condition": "category"}))
    failures = pd.concat(parts, ignore_index=True)
    del parts
    rows = []
    for name, chosen in failures.groupby("condition", observed=True):
        title = f"{name}, {len(set(chosen['run'])):,} runs"
        rows += [{"condition": title, **row} for row in survival_curve(chosen).to_dict("records")]
    position = {"field": "position", "type": "quantitative", "title": "token"}
    share = {"type": "quantitative", "title": "share of words without a failure", "scale": {"domain": [0, 1]}}
    colour = {"field": "condition", "type": "nominal", "title": None}
    band = {"x": position, "y": {"field": "low", **share}, "y2": {"field": "high"}, "color": colour}
    line = {"x": position, "y": {"field": "survival", **share}, "color": colour}
    layers = [{"mark": {"type": "area", "opacity": 0.3}, "encoding": band}, {"mark": "line", "encoding": line}]
    _draw(store.parent / "survival.svg", {"data": {"values": rows}, "width": 480, "height": 260, "layer": layers})
    say("survival", words=len(failures))


def ten_run_figure(store: Path) -> None:
    """Histograms of the statistics of ten-run tables, the paper's values marked."""
    import numpy as np

    from longcount.analysis.models import metrics_of
    from longcount.analysis.sampling import STATISTICS, draw_tables
    from longcount.analysis.selection import KEPT_RUNS
    from longcount.analysis.table1 import selected_models
    from longcount.cells import CELLS
    from longcount.papers.el_naggar_2022 import CELL_TITLES, TABLE_1
    from longcount.store.store import Store

    titles = {"very_long_fpf": "FPF, tokens", "long_accuracy": "long, % of words"}
    models = selected_models(metrics_of(Store.open(store)))
    panels = []
    for cell, of_cell in models.groupby("cell"):
        for measure, title in titles.items():
            loss, values = of_cell["validation_loss"].to_numpy(), of_cell[measure].to_numpy()
            tables = draw_tables(loss, values, CELLS[str(cell)].paper_runs)
            row = []
            for place, statistic in enumerate(STATISTICS):
                counts, edges = np.histogram(tables[:, place], 40)
                bars = [
                    {"from": float(edges[i]), "to": float(edges[i + 1]), "share": int(count) / len(tables)}
                    for i, count in enumerate(counts)
                ]
                name = f"{CELL_TITLES[str(cell)]}: {statistic} of {KEPT_RUNS} models, {title}"
                row.append(_histogram(bars, name, getattr(TABLE_1[str(cell)][measure], statistic)))
            panels.append({"hconcat": row})
    _draw(store.parent / "ten-run-tables.svg", {"vconcat": panels})


def _histogram(bars: list[dict[str, float]], title: str, paper: float | None) -> dict[str, Any]:
    axis = {"type": "quantitative", "title": title, "scale": {"zero": False}}
    share = {"field": "share", "type": "quantitative", "title": None, "axis": None}
    encoding = {"x": {"field": "from", **axis}, "x2": {"field": "to"}, "y": share, "y2": {"datum": 0}}
    layers: list[dict[str, Any]] = [
        {"data": {"values": bars}, "mark": {"type": "rect", "color": "#8fb4d9"}, "encoding": encoding}
    ]
    if paper is not None:
        rule = {"type": "rule", "color": "#d33a3a", "strokeWidth": 2}
        layers.append({"data": {"values": [{"x": paper}]}, "mark": rule, "encoding": {"x": {"field": "x", **axis}}})
    return {"width": 190, "height": 70, "layer": layers}


def _draw(path: Path, specification: dict[str, Any]) -> None:
    from longcount.report.image_files import drawn

    schema = "https://vega.github.io/schema/vega-lite/v5.json"
    path.write_bytes(drawn({"$schema": schema, **specification})["svg"])


QUESTIONS: dict[str, Callable[[Path], None]] = {
    "size": size,
    "aggregate": aggregate,
    "table 1 and ten-run tables": table_1,
    "survival curves": survival_curves,
    "figure of ten-run tables": ten_run_figure,
}


def listing(directory: Path, runs: int, block_runs: int) -> None:
    """A store of many runs from copies of one block: it costs nothing to train and is as large as the real one."""
    from longcount.store.block import MANIFEST, hashed
    from longcount.store.store import Store
    from longcount.studies.run import run_study
    from longcount.training.study_files import build_study

    one = run_study(build_study({"cell": "lstm", "runs": block_runs, "block_runs": block_runs}), directory / "one")
    study = build_study({"cell": "lstm", "runs": runs, "block_runs": block_runs})
    condition = one.study.conditions[0].model_copy(update={"runs": runs})
    store = Store(directory / "store", study.model_copy(update={"conditions": (condition,)}), one.word_hashes)
    store.directory.mkdir()
    shutil.copytree(one.directory / "words", store.directory / "words")
    store.save_study()
    source = one.directory / one.blocks()[0].folder
    manifest = json.loads((source / MANIFEST).read_text())
    for block in store.blocks():
        place = store.directory / block.folder
        place.mkdir(parents=True)
        for name in ("weights.safetensors", "metrics.parquet"):
            shutil.copyfile(source / name, place / name)
        (place / MANIFEST).write_text(json.dumps(hashed({**manifest, "first_run": block.first})))
    say("put together", runs=runs, blocks=len(store.blocks()))
    measured("status", command("study", "status", store.directory, "--json"))
    measured("status, every block verified", command("study", "status", store.directory, "--verify", "--json"))
    measured("aggregate", part("aggregate", store.directory), quiet=False)
    measured("export", command("study", "export", store.directory, "--out", directory / "export.parquet"))


def conditions(directory: Path, number: int) -> None:
    """Many conditions of one run should cost what as many blocks of one condition do."""
    few = "epochs = 2\n[words]\ntraining_words = 100\nvalidation_words = 50\nlong_words = 50\n"
    rates = [round(0.001 + 0.00001 * place, 6) for place in range(number)]
    studies = {
        "one-run conditions": f"runs = 1\nlearning_rate = {rates}\n",
        "one-run blocks of one condition": f"runs = {number}\nblock_runs = 1\n",
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name, settings in studies.items():
        place = directory / name.replace(" ", "-")
        file = place.with_suffix(".toml")
        file.write_text(f'cell = "lstm"\n{settings}{few}')
        measured(f"{number} {name}", command("study", "run", file, "--out", place))


def workers(directory: Path, runs: int, epochs: int) -> None:
    """The same study with 1 and 2 threads and jobs, and the constants of the model of scaling."""
    file = directory / "study.toml"
    directory.mkdir(parents=True, exist_ok=True)
    file.write_text(f'cell = "lstm"\nruns = {runs}\nepochs = {epochs}\n')
    for number in (1, 2):
        for kind, options in {"threads": (), "jobs": ("--executor", "slurm", "--cluster", "local")}.items():
            store = directory / f"{kind}{number}"
            measured(f"{number} {kind}", command("study", "run", file, "--out", store, "--jobs", number, *options))
    _cost_of_publishing(directory / "threads1")
    _cost_of_dask_tasks()


def _cost_of_publishing(directory: Path) -> None:
    import tempfile

    from longcount import disk
    from longcount.store.block import METRICS, WEIGHTS
    from longcount.store.store import Store

    store = Store.open(directory)
    block = store.blocks()[0]
    contents = {name: store.read(block, name) or b"" for name in (WEIGHTS, METRICS)}
    with tempfile.TemporaryDirectory(dir=directory.parent) as folder:
        started = time.perf_counter()
        for number in range(100):
            disk.write_new(Path(folder) / f"{number}.weights", contents[WEIGHTS])
            disk.write_new(Path(folder) / f"{number}.metrics", contents[METRICS])
            disk.write_new(Path(folder) / f"{number}.manifest", b"x" * 500)
            disk.sync_folder(Path(folder))
        seconds = (time.perf_counter() - started) / 100
    say("a block on disk", bytes=sum(map(len, contents.values())), seconds_to_write_and_sync=round(seconds, 5))


def _cost_of_dask_tasks(tasks: int = 2000) -> None:
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster) as client:
        client.gather(client.map(_nothing, range(50), pure=False))
        started = time.perf_counter()
        client.gather(client.map(_nothing, [{"i": i, "padding": "x" * 1500} for i in range(tasks)], pure=False))
        say("a Dask task", seconds=round((time.perf_counter() - started) / tasks, 6))


def _nothing(wanted: object) -> dict[str, str]:
    return {"folder": "runs/lstm/000000-000015", "sha256": "0" * 64}


OPERATIONS_A_BLOCK = 26


def model(asked: argparse.Namespace) -> None:
    """The Markdown table of the model of scaling."""
    print("| runs | cores | computing | scheduler | shared folder | limit |\n|---:|---:|---:|---:|---:|---|")
    for runs in (10_000, 1_000_000):
        for cores in (2, 100, 10_000):
            blocks = -(-runs // asked.block_runs)
            names = blocks * OPERATIONS_A_BLOCK / asked.names_a_second
            times = {
                "computing": -(-blocks // cores) * asked.block_seconds,
                "the scheduler": blocks * asked.task_seconds,
                "the shared folder": max(runs * asked.run_bytes / asked.bytes_a_second, names),
            }
            limit = max(times, key=times.__getitem__)
            if limit == "computing" and blocks < cores:
                limit = "the slowest block: more cores than blocks"
            columns = (f"{duration(seconds)}" for seconds in times.values())
            print(f"| {runs:,} | {cores:,} | {' | '.join(columns)} | {limit} |")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["large", "ask", "listing", "conditions", "workers", "model", "question"])
    parser.add_argument("directory", type=Path, nargs="?", default=Path())
    parser.add_argument("question", nargs="?", choices=list(QUESTIONS))
    parser.add_argument("--runs", type=int)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--training-words", type=int, default=10_000)
    parser.add_argument("--block-runs", type=int, default=32)
    parser.add_argument("--block-seconds", type=float, default=100.0, help="of one core")
    parser.add_argument("--task-seconds", type=float, default=0.001, help="of the scheduler")
    parser.add_argument("--run-bytes", type=float, default=4650.0)
    parser.add_argument("--names-a-second", type=float, default=1000.0, help="operations of the shared folder")
    parser.add_argument("--bytes-a-second", type=float, default=100e6, help="of the shared folder")
    asked = parser.parse_args()
    if asked.what == "model":
        model(asked)
        return
    if asked.what == "question":
        QUESTIONS[asked.question](asked.directory)
        return
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    at = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    say("machine", at=at, **machine(), cores=available_cores(), load=os.getloadavg()[0], memory_gigabytes=round(memory))
    if asked.what == "large":
        large(asked.directory, asked.runs or 10_000, asked.epochs, asked.block_runs, asked.training_words)
    elif asked.what == "ask":
        ask(asked.directory)
    elif asked.what == "listing":
        listing(asked.directory, asked.runs or 100_000, asked.block_runs)
    elif asked.what == "conditions":
        conditions(asked.directory, asked.runs or 800)
    else:
        workers(asked.directory, asked.runs or 64, asked.epochs)


if __name__ == "__main__":
    main()
