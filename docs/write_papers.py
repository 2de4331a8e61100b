"""The pages of papers: what stands between their marks is written from what a run of the paper's command found.

    python docs/write_papers.py              write every page again
    python docs/write_papers.py NAME ...     run `longcount reproduce NAME` first, timed, with nothing compiled before;
                                             --runs N: with so many runs

`papers/found/` keeps of each run how it went and what was measured: the store's `results/paper.parquet`, which carries
its own hash. Tables, verdicts, departures and sources are made from these and from the code, so `refuse_stale`, which
every build of the documentation calls, finds a page that says something else, and a study that is not the one that was
run. The first paper, which takes seconds, is run again whenever its page is made or checked.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from textwrap import fill
from typing import Any

import pandas as pd

from longcount import benchmark
from longcount.papers import PAPERS
from longcount.papers.claims import VERDICTS
from longcount.papers.findings import Findings
from longcount.papers.paper import Paper
from longcount.report.formats import markdown_text
from longcount.report.image_files import IN_COLUMN
from longcount.report.paper_tables import claims_of, paper_tables
from longcount.store.frames import read_frame
from longcount.studies.progress import duration
from longcount.training.protocol import canonical_sha256

PAGES = Path(__file__).parent / "papers"
FOUND = PAGES / "found"
OVERVIEW = "overview"
TABLES = ("table1", "table2", "failure_modes")
"""Those of the first paper that its page shows."""


def names() -> list[str]:
    """The papers of which a run is kept."""
    return [name for name in PAPERS if (FOUND / f"{name}.json").exists()]


def study_sha256(paper: Paper, runs: int) -> str:
    """Hash of the study that the paper's command trains with so many runs."""
    return canonical_sha256(paper.study(runs, 0, None).model_dump(mode="json"))


def page(name: str) -> str:
    """The text of a page as it should be.

    Raises:
        ValueError: where a mark does not stand there twice.
    """
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    for part, content in parts(name).items():
        mark = f"<!-- {part} -->"
        before, _, after = text.split(mark)
        text = f"{before}{mark}\n\n{content}\n\n{mark}{after}"
    return text


@cache
def parts(name: str) -> dict[str, str]:
    """What stands between the marks of a page, by mark."""
    if name == OVERVIEW:
        return {"verdicts": verdicts()}
    return run_anew(name) if PAPERS[name].arm_of is None else kept(name)


def findings(name: str) -> Findings:
    """What the kept run measured."""
    return Findings(read_frame(FOUND / f"{name}.parquet", f"python docs/write_papers.py {name}"))


def how(name: str) -> dict[str, Any]:
    """How it was run."""
    return json.loads((FOUND / f"{name}.json").read_text(encoding="utf-8"))


def stale(pages: Iterable[str]) -> list[str]:
    """The pages that are not what the code and the kept runs make of them, and why."""
    again = "run `python docs/write_papers.py"
    lines = []
    for name in pages:
        if name != OVERVIEW and how(name)["study"] != study_sha256(PAPERS[name], how(name)["runs"]):
            lines.append(f"papers/{name}.md: the paper's study is not the one that was run; {again} {name}`")
        elif page(name) != (PAGES / f"{name}.md").read_text(encoding="utf-8"):
            lines.append(f"papers/{name}.md: not what the kept run and the code say; {again}`")
    return lines


def refuse_stale(_: object) -> None:
    """Called by Sphinx before it builds: a page that is stale ends the build."""
    if lines := stale([*names(), OVERVIEW]):
        raise ValueError("\n".join(lines))


def kept(name: str) -> dict[str, str]:
    """The parts of a paper whose findings are kept."""
    paper, found = PAPERS[name], findings(name)
    table = paper_tables(paper, found)[0]
    return {
        "results": f"{time_taken(name)}\n\n{markdown_text(table.shown)}\n\n{fill(table.caption, 120)}",
        "claims": "\n\n".join(
            f"## {title}\n\n{_list(lines)}"
            for title, lines in {
                "What the paper says, and what holds": map(_claim, map(vars, claims_of(paper, found))),
                "What departs from the paper": [
                    f"*{one.paper}*: here, {one.here}; {one.why}." for one in paper.departures
                ],
                "Where the published numbers are from": sources(paper),
            }.items()
        ),
    }


def run_anew(name: str) -> dict[str, str]:
    """The parts of a paper whose command takes seconds, from its files."""
    with tempfile.TemporaryDirectory() as folder:
        reproduce(name, how(name)["runs"], Path(folder))
        texts = {table: (Path(folder) / "tables" / f"{table}.md").read_text(encoding="utf-8") for table in TABLES}
        claims = pd.read_csv(Path(folder) / "tables" / "claims.csv")
    return {
        "time": time_taken(name),
        **{table: text.partition("\n\n")[0] for table, text in texts.items()},
        "claims": _list(map(_claim, claims.assign(section="§ " + claims["section"].astype(str)).to_dict("records"))),
    }


def verdicts() -> str:
    """A table of all papers: networks, time, and how many statements hold."""
    lines = [
        "| paper | networks | on two cores | statements | hold | in part | do not |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in names():
        run, claims = how(name), parts(name)["claims"]
        counts = [claims.count(f"- **{verdict}** (") for verdict in VERDICTS]
        two_cores = duration(run["core_seconds"] / 2)
        row = [f"[`{name}`]({name}.md)", f"{run['networks']:,}", two_cores, str(sum(counts)), *map(str, counts)]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def time_taken(name: str) -> str:
    """How long a paper's kept run took, and where."""
    run = how(name)
    networks = f"{run['networks']:,} networks"
    if run["runs"] != PAPERS[name].runs:
        networks += f" (`--runs {run['runs']}`)"
    machine = ", ".join(f"{part} {version}" for part, version in run["versions"].items())
    cores = run["cores"]
    return fill(
        f"{networks}: {run['core_seconds']:,.0f} core-seconds for compiling, training, measuring and "
        f"drawing, which is {duration(run['core_seconds'] / cores)} where {cores} cores have nothing else to do; here "
        f"{duration(run['seconds'])}, while they had (load average {run['load']:.1f}). {run['processor']}, {cores} "
        f"cores, {run['system']}; {machine}; {run['date']}.",
        120,
    )


def _claim(claim: Any) -> str:
    runs = f"{claim['section']}, {int(claim['runs']):,} runs"
    return f"**{claim['verdict']}** ({runs}): {claim['statement']} Here: {claim['measured']}."


def sources(paper: Paper) -> list[str]:
    """Each source, with the networks and the measures of the numbers that are from it."""
    arms: dict[tuple[str, str], dict[str, None]] = {}
    for one in [*paper.published, *paper.curves, *paper.spreads]:
        arms.setdefault((one.source, paper.measure(one.measure).title), {})[one.arm] = None
    titles: dict[tuple[str, str], list[str]] = {}
    for (source, title), of_source in arms.items():
        titles.setdefault((source, "; ".join(of_source)), []).append(title)
    return [f"{source}: {', '.join(of_arms)} of {names}." for (source, names), of_arms in titles.items()]


def _list(lines: Iterable[str]) -> str:
    item = partial(fill, width=120, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(map(item, lines))


def reproduce(name: str, runs: int, store: Path, **environment: str) -> None:
    """Run a paper's command."""
    command = [sys.executable, "-m", "longcount", "reproduce", name, "--runs", str(runs), "--out", str(store)]
    subprocess.run(command, check=True, env=os.environ | environment, stdout=subprocess.DEVNULL)


def run(name: str, runs: int) -> None:
    """Run a paper's command as on a new machine, and keep what it found and how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        before, load, started = _core_seconds(), os.getloadavg()[0], time.monotonic()
        reproduce(name, runs, store, LONGCOUNT_CACHE=f"{folder}/compiled")
        keep(name, runs, store, time.monotonic() - started, _core_seconds() - before, load)


def keep(name: str, runs: int, store: Path, seconds: float, core_seconds: float, load: float) -> None:
    """Keep what a run of a paper's command found, and how long it took."""
    paper, machine = PAPERS[name], benchmark.machine()
    if paper.arm_of is not None:
        shutil.copyfile(store / "results" / "paper.parquet", FOUND / f"{name}.parquet")
    for figure in store.glob("figures/*.svg"):
        kind, _, measure = figure.stem.partition("_")
        if kind in ("curves", "spread") and not measure.endswith(IN_COLUMN):
            shutil.copyfile(figure, PAGES.parent / "figures" / f"{name}-{measure}.svg")
    content = {
        "runs": runs,
        "study": study_sha256(paper, runs),
        "networks": sum(condition.runs for condition in paper.study(runs, 0, None).conditions),
        "seconds": round(seconds, 1),
        "core_seconds": round(core_seconds, 1),
        "load": round(load, 1),
        "cores": int(machine.pop("cores")),
        **{part: machine.pop(part) for part in ("processor", "system", "date")},
        "versions": machine,
    }
    (FOUND / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _core_seconds() -> float:
    """Of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run what was asked for, and write all pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="papers to run first")
    parser.add_argument("--runs", type=int, help="default: each paper's")
    asked = parser.parse_args()
    for name in asked.names:
        run(name, asked.runs or PAPERS[name].runs)
    for name in [*names(), OVERVIEW]:
        (PAGES / f"{name}.md").write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    main()
