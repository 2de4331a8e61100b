"""Valid files, command lines and calls, which `fuzz.py` makes bad ones from, and how they are run."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import longcount
from longcount import sources
from longcount.analysis.results import analyse
from longcount.commands import application
from longcount.languages.words import Words
from longcount.store import block as blocks
from longcount.store import store as stores

SECONDS = 30  # of the processor: an input that asks for more work is stopped, as by Ctrl-C
MEMORY = 2**33  # bytes for this process: a file without end must not take more

FEW = "--words.training-words 20 --words.validation-words 10 --words.long-words 5 --words.very-long-words 2"
LINES = f"""
data make new --training-words 20 --validation-words 10 --long-words 5 --very-long-words 2 --seed 3
data make new --language an_bn --task recognise --training-words 20 --training-n 1-9 --long-n 10-12 --very-long-n 13-14
data check words
data targets words/long.txt --language dyck1 --json
train lstm --out new --data words --runs 2 --epochs 1 --set order=shared
train my_parts.py:Leaky --out new --runs 1 --epochs 1 {FEW}
train gru --out new --language my_parts:TWICE --runs 1 --epochs 1 {FEW} --words.training-lengths 3-12
evaluate trained --data words/long.txt --cell lstm --json
evaluate trained --epoch last --measure my_parts:late --jobs 1
evaluate imported
evaluate own --json
report trained --jobs 1
trace trained --cell lstm --run 0 --zigzag 5
trace trained --cell relu --run 1 --file words/long.txt --out new.csv
study run study.toml --out new --set runs=1
study run --out unfinished --jobs 1
study run study.toml --out new --executor dask --scheduler-file scheduler.json
study run study.toml --out new --executor slurm --cores 1
study add trained --set runs=4
study add trained study.toml
study status trained --verify --json
study status own
study export trained --out new.csv
study export trained --out new.parquet --means
study compare trained unfinished --json
study compare trained:lstm own:lstm --measure validation_loss
study factors trained --out new.csv
study resample trained --draws 5
certify trained --cell lstm --run 0 --depth 100 --limit 200 --jobs 1
certify constructed --json --jobs 1
extract trained --cell lstm --run 0 --depth 100 --jobs 1
extract constructed --json --jobs 1
repair trained --out new --bounded 0 --jobs 1
construct lstm --out new
leaderboard --out new --runs 1 --bounded 0 --only none --jobs 1
playground --out new.html --cell my_parts:Leaky --units 2
export trained --cell lstm --run 0 --out new.safetensors
export own --cell leaky --run 0 --epoch 1 --out new.pt
import model.safetensors model.pt --out new --data words --cell lstm
list cells --json
bench ltsm --json
reproduce lan-2025 --out new --data words --runs 1
help train
--install-completion --shell bash --output new.sh
""".strip().splitlines()
SLOW = ("report", "reproduce", "leaderboard", "bench", "playground")
"""Commands whose valid lines take seconds: they get a tenth of the inputs of another."""


PARTS = '''
from longcount.cells import Cell
from longcount.languages import Machine
from longcount.numbers.vector import tanh

class Leaky(Cell):
    """A leaky unit."""

    name = "leaky"
    gates = ("n",)
    state_names = ("h",)

    def forward(self, x, y, state, own):
        (h,) = state
        return (h * 0.5 + tanh(x["n"] + y["n"]),), {}

def late(found):
    """Words that fail, if at all, after token 8."""
    return (found.first_failure > 8).sum(axis=1)

TWICE = Machine(
    name="twice",
    letters="xy",
    description="two y for every x that came before",
    rules=(("read", "x", "*", "read", (+2,)), ("read", "y", "+", "read", (-1,))),
    ends=(("read", "0"),),
)
'''
WORDS = {"training_words": 20, "validation_words": 10, "long_words": 5, "very_long_words": 2, "very_long_length": 60}
STUDY = {"cell": ["lstm", "relu"], "runs": 3, "epochs": 2, "block_runs": 2, "words": WORDS}


@dataclass
class Outcome:
    """How an input ended."""

    status: int | str
    stdout: str = ""
    stderr: str = ""


class Scene:
    """A folder of valid files, where inputs are run, and a copy to mend it from."""

    def __init__(self, folder: Path) -> None:
        self.here, self.pristine = folder / "here", folder / "pristine"
        self.pristine.mkdir(parents=True)
        with contextlib.chdir(self.pristine):
            self._make()
        shutil.copytree(self.pristine, self.here)
        self.printed: dict[str, str | None] = {}
        self.options: dict[str, list[str]] = {}

    def _make(self) -> None:
        import tomli_w

        Path("my_parts.py").write_text(PARTS)
        Path("study.toml").write_text(tomli_w.dumps(STUDY))
        Path("scheduler.json").write_text(json.dumps({"type": "Scheduler", "address": "tcp://127.0.0.1:9", "id": "x"}))
        words = "--training-words 20 --validation-words 10 --long-words 5 --very-long-words 2 --very-long-length 60"
        for line in (
            f"data make words {words}",
            "study run study.toml --out trained",
            "certify trained --run 0 --cell lstm --limit 200 --jobs 1",
            "study run study.toml --out unfinished",
            f"train my_parts:Leaky --out own --runs 1 --epochs 1 {FEW}",
            "study add own --set cell=lstm --set runs=3 --set epochs=2",
            "construct lstm --out constructed",
            "export trained --cell lstm --run 0 --out model.safetensors",
            "export trained --cell lstm --run 1 --out model.pt",
            "import model.safetensors --out imported --data words",
        ):
            outcome = in_process(line.split(), 600)
            if outcome.status != 0:
                raise SystemExit(f"{line}: {outcome.stderr}")
        analyse("trained", 1)
        for path in Path("unfinished/runs/relu").rglob("manifest.json"):
            path.unlink()

    def state(self) -> dict[str, tuple[int, ...]]:
        """What would tell that a file was touched, by path."""
        found = {}
        for folder, folders, files in os.walk(self.here):
            for name in folders + files:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                is_folder = name in folders and not os.path.islink(path)
                found[os.path.relpath(path, self.here)] = (
                    (0,) if is_folder else (status.st_ino, status.st_mtime_ns, status.st_size)
                )
        return found

    def mend(self, paths: list[str]) -> None:
        """Put back whatever lies in the same entries of the folder as these paths."""
        for entry in {Path(path).parts[0] for path in paths}:
            target = self.here / entry
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
            kept = self.pristine / entry
            if kept.is_dir():
                shutil.copytree(kept, self.here / entry)
            elif kept.exists():
                shutil.copy2(kept, self.here / entry)

    def files(self, name: str) -> list[Path]:
        """The files that an argument names: itself, or those of its folder."""
        path = self.here / name.partition(":")[0]
        return [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())

    def options_of(self, words: list[str]) -> list[str]:
        """The options that a command's help names."""
        command = " ".join(word for word in words[:2] if re.fullmatch("[a-z]+", word))
        command = command if words[0] in ("study", "data") else words[0]
        if command not in self.options:
            shown = in_process([*command.split(), "--help"]).stdout
            self.options[command] = sorted(set(re.findall(r"(?<![\w-])--[a-z][\w.-]*", shown)) - {"--help"})
        return self.options[command]

    def printed_by(self, line: str) -> str | None:
        """What a valid line prints, None where it ends badly or prints something else each time."""
        if line not in self.printed:
            outcomes = []
            for _ in range(2):
                before = self.state()
                outcomes.append(in_process(line.split(), 600))
                self.mend(changed(before, self.state()))
            same = outcomes[0] == outcomes[1] and outcomes[0].status == 0
            self.printed[line] = outcomes[0].stdout if same else None
        return self.printed[line]


def changed(before: dict[str, tuple[int, ...]], after: dict[str, tuple[int, ...]]) -> list[str]:
    """Paths that came, went or were written."""
    return [path for path in {**before, **after} if before.get(path) != after.get(path)]


def forget() -> None:
    """Let this process know no more of files than one that was just started."""
    stores.read_checked_words.cache_clear()
    blocks.stacked_weights.cache_clear()
    for known in (sources._FILES, sources._KEPT, sources._LOADED, sources._PLACES):
        known.clear()
    for name in [name for name in sys.modules if name.startswith(sources.PREFIX)]:
        del sys.modules[name]


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer, as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    clocks = ((signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, 30 * seconds))
    before = [signal.signal(heard, stop) for _, heard, _ in clocks]
    for clock, _, most in clocks:
        signal.setitimer(clock, most)
    try:
        yield
    finally:
        for (clock, heard, _), handler in zip(clocks, before, strict=True):
            signal.setitimer(clock, 0)
            signal.signal(heard, handler)


def attempted(work: Callable[[], int | str], seconds: float = SECONDS) -> Outcome:
    """Run a piece of work in this process, and keep how it ended, what it wrote and the traceback that it left."""
    forget()
    with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()) as stderr, warnings.catch_warnings():
        warnings.simplefilter("always")
        try:
            with limited(seconds):
                status = work()
        except KeyboardInterrupt:
            status = 130
        except BaseException as error:
            status = f"{type(error).__name__}"
            traceback.print_exc()
    return Outcome(status, stdout.getvalue(), stderr.getvalue())


def in_process(words: Sequence[str], seconds: float = SECONDS) -> Outcome:
    """A command line, run in this process."""
    return attempted(lambda: application.main(words), seconds)


def calls() -> dict[str, dict[str, Any]]:
    """The arguments of valid calls of the public functions and methods, by name."""
    words = Words.from_strings(["()", "(())"])
    counts = {name: value for name, value in WORDS.items() if name != "very_long_length"}
    return {
        "train": {"cell": "lstm", "out": "new", "data": "words", "jobs": 1, "progress": False, "runs": 1, "epochs": 1},
        "run_study": {"study": STUDY, "out": "new", "changes": {"runs": 1}, "jobs": 1, "executor": None,
                      "progress": False},
        "reproduce": {"out": "new", "paper": "none", "data": "words", "runs": 1, "seed": 0, "jobs": 1},
        "construct": {"cell": "lstm", "out": "new"},
        "leaderboard": {"out": "new", "runs": 1, "bounded": 0, "only": ["none"], "seed": 0, "jobs": 1},
        "paper_study": {"runs": 10, "seed": 0, "data": None},
        "evaluate": {"store": "trained", "words": words, "epoch": "best", "cell": "lstm", "measures": ["my_parts:late"],
                     "jobs": 1},
        "certify": {"store": "trained", "cell": "lstm", "run": 0, "epoch": "best", "depth": 100, "limit": 200,
                    "jobs": 1},
        "extract": {"store": "trained", "cell": "lstm", "run": 0, "epoch": "best", "depth": 100, "jobs": 1},
        "repair": {"store": "trained", "out": "new", "method": "auto", "factor": None, "epoch": "best", "depth": 100,
                   "bounded": 0, "jobs": 1},
        "compare": {"first": "trained", "second": "trained", "measures": ["validation_loss"]},
        "factors": {"store": "trained"},
        "figures": {"store": "constructed", "jobs": 1},
        "trace": {"store": "trained", "run": 0, "words": words, "cell": "lstm", "epoch": "best"},
        "import_models": {"paths": ["model.safetensors"], "out": "new", "cell": "lstm", "renamed": {}, "data": "words",
                          "seed": 0, "language": "dyck1", "task": "next_letters"},
        "export_run": {"store": "trained", "run": 0, "out": "new.safetensors", "cell": "lstm", "epoch": "best"},
        "tensors_of": {"store": "trained", "run": 0, "cell": "lstm", "epoch": "best"},
        "to_torch": {"store": "trained", "run": 0, "cell": "lstm", "epoch": "best"},
        "from_torch": {"module": partial(longcount.to_torch, "trained", 0, "lstm"), "cell": "lstm"},
        "make_splits": {"seed": 0, **counts, "language": "dyck1", "task": "next_letters"},
        "read_words": {"path": "words/long.txt", "language": "dyck1", "members_only": True},
        "Store.open": {"directory": "trained"},
        "Store.condition": {"name": "lstm"},
        "Store.runs": {"condition": "lstm"},
        "Store.metrics": {"conditions": ["lstm"], "splits": ["validation"], "columns": ["loss"]},
        "Store.first_failures": {"conditions": ["lstm"], "splits": ["very_long"]},
        "Store.weights": {"condition": "lstm", "run": 0, "epoch": "best"},
        "Store.tensors": {"condition": "lstm", "run": 0, "epoch": "best"},
        "Store.words": {"split": "long", "condition": "lstm"},
        "Words.from_strings": {"strings": ["()"], "letters": "()"},
        "Words.concatenate": {"parts": [words, words]},
        "Words.select": {"indices": [0]},
    }  # fmt: skip


def function_called(name: str) -> Any:
    """A public function, or a method of a store or of words."""
    kind, _, method = name.rpartition(".")
    if not kind:
        return getattr(longcount, method)
    return getattr(longcount.Store.open("trained") if kind == "Store" else Words.from_strings(["()"]), method)
