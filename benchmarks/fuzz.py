"""Give every command, every file that one reads and every public function bad inputs, and see that nothing breaks.

    python benchmarks/fuzz.py --inputs 10000 --seed 0
    python benchmarks/fuzz.py --seed 0 --only 4711

Valid command lines, files and calls are changed at random: arguments dropped, repeated, swapped, of the wrong kind or
absurdly large; files flipped, cut, swapped, emptied, endless; arguments of functions of any type; processes with little
memory, few files, closed streams. Whatever happens, a command ends with status 0, or with 2 and one line, never with a
traceback; damage to a store never goes unnoticed into an answer; what was there stays as it was; a function raises only
what its docstring names. Input N of a seed is the same alone (`--only N`) as among others.

Prints how many inputs each command, file and function was given and how they ended, and every violation.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fuzz_scene import LINES, MEMORY, SLOW, Outcome, Scene, attempted, calls, changed, function_called, in_process

ODD = (
    "", " ", "-1", "0", "1.5", "nan", "inf", "-inf", "1e400", "9" * 25, "1" + "0" * 400, "true", "many", "½", "0x10",
    "ü(", "\udcff", "a\nb", "[]", "{}", "[1", "=", "a=", "a=b=c", "runs=true", "None", "best", "-", "--", "..", "/",
    "nowhere", "/dev/zero", "/dev/null", "/proc/self/mem", "x" * 300, "\0", "sys:exit", "my_parts:NONE", "os.path:join",
    "lstm,gru", "dyck2", "2-1", "1-", "predict", "trained", "trained:lstm", "words", "study.toml", "model.pt", "new",
)  # fmt: skip


@dataclass
class Input:
    """A bad input: what is run, and what was done to it."""

    kind: str
    name: str
    said: str
    run: Callable[[], Outcome]
    command: list[str] = field(default_factory=list)
    must_fail: bool = False
    unchanged: str | None = None  # what the valid line prints, where damage must not change that in silence
    damaged: Path | None = None


# Bad command lines


def bad_arguments(scene: Scene, random: np.random.Generator) -> Input:
    """A valid command line with one to three changes."""
    line = a_line(random)
    words, said, must_fail = line.split(), [], False
    for _ in range(1 + int(random.integers(4) == 0) + int(random.integers(8) == 0)):
        change, odd = random.integers(8), str(random.choice(ODD))
        place = int(random.integers(len(words)))
        options = [place for place, word in enumerate(words[:-1]) if word.startswith("--")]
        if change == 0:
            said.append(f"without {words.pop(place)!r}")
        elif change == 1 and options:
            place = int(random.choice(options))
            words[place:place] = [words[place], odd]
            said.append(f"{words[place]} twice")
        elif change == 2:
            other = int(random.integers(len(words)))
            words[place], words[other] = words[other], words[place]
            said.append("swapped")
        elif change == 3:
            words.insert(place, odd)
            said.append("one more")
        elif change == 4:
            own = {*scene.options_of(line.split()), "--version"}
            foreign = [name for name in scene.options_of(a_line(random).split()) if name not in own]
            if foreign and line.split()[0] not in ("help",):
                words += [str(random.choice(foreign)), "1"]
                said.append("an option of another command")
                must_fail = True
        elif change == 5:
            known = scene.options_of(line.split())
            if known:
                words += [str(random.choice(known)), odd]
                said.append("an odd option")
        else:
            words[place] = odd
            said.append("an odd value")
        if not words:
            break
    return Input("arguments", words_of(line), ", ".join(said), lambda: in_process(words), words, must_fail)


def a_line(random: np.random.Generator) -> str:
    """A valid line; slow ones are rare."""
    while True:
        line = str(random.choice(LINES))
        if line.split()[0] not in SLOW or random.integers(10) == 0:
            return line


def words_of(line: str) -> str:
    """The command of a line."""
    first, second, *_ = [*line.split(), ""]
    return f"{first} {second}" if first in ("study", "data") else first


# Bad files


def bad_file(scene: Scene, random: np.random.Generator) -> Input:
    """A valid command line of which one file that it reads is damaged."""
    while True:
        line = a_line(random)
        words = line.split()
        named = [word for word in words[1:] if word.partition(":")[0] in os.listdir(scene.here) or "/" in word]
        named += ["my_parts.py"] * ("my_parts" in line)
        files = [
            file for word in dict.fromkeys(named) for file in scene.files(word) if file.suffix not in (".svg", ".png")
        ]
        files = [file for file in files if not {"tables", "figures"} & set(file.parts)]
        if files:
            break
    file = files[int(random.integers(len(files)))]
    place = file.relative_to(scene.here)
    of_store = len(place.parts) > 2 and place.parts[1:2] != ("log",)
    printed = scene.printed_by(line) if of_store and words[:2] != ["study", "status"] else None
    said = damage(file, random, scene)
    verified = "--verify" in words and place.parts[1:2] in (("runs",), ("words",), ("sources",)) and "gone" not in said
    return Input("file", words_of(line), f"{place} {said}", lambda: in_process(words), words, verified, printed, place)


def damage(file: Path, random: np.random.Generator, scene: Scene) -> str:
    """Harm a file; what was done to it."""
    content = bytearray(file.read_bytes())
    change = int(random.integers(16))
    size = max(len(content), 1)
    match change:
        case 0:
            file.unlink()
            return "gone"
        case 1:
            file.unlink()
            file.mkdir()
            return "a folder"
        case 2:
            file.unlink()
            file.symlink_to(str(random.choice(["/dev/zero", file.name, "/proc/self/mem", "/dev/null", "nowhere"])))
            return "a link"
        case 3:
            os.truncate(file, 2 ** int(random.integers(37, 41)))
            return "huge"
        case 4:
            others = [other for other in scene.files(".") if other != file]
            content = bytearray(others[int(random.integers(len(others)))].read_bytes())
            said = "another file"
        case 5:
            content = bytearray(random.bytes(int(random.integers(2000))))
            said = "random"
        case 6 | 7:
            content = content[: int(random.integers(size))]
            said = "cut"
        case 8:
            place = int(random.integers(size))
            content[place:place] = random.bytes(int(random.integers(1, 50)))
            said = "bytes inserted"
        case 9 | 10 | 11:
            parts = re.split(rb"(\W+)", bytes(content))
            place = int(random.integers(len(parts)))
            odd = str(random.choice(ODD)).encode("utf-8", "surrogateescape")
            content = bytearray(b"".join([*parts[:place], odd, *parts[place + 1 :]]))
            said = f"with {odd[:20]!r}"
        case 12:
            lines = content.splitlines(keepends=True)
            random.shuffle(lines)
            content = bytearray(b"".join(lines))
            said = "in another order"
        case 13:
            content = bytearray(b"[" * 100_000 if random.integers(2) else content + content)
            said = "nested or twice"
        case _:
            for _ in range(int(random.integers(1, 9)) if content else 0):
                content[int(random.integers(size))] ^= 1 << int(random.integers(8))
            said = "bits flipped"
    if bytes(content) == file.read_bytes():
        content += b"\0"
    file.write_bytes(content)
    return said


# Bad calls


def odd_values(random: np.random.Generator) -> list[Any]:
    """Values of types that a function may not take."""
    return [
        *(None, True, -1, 0, 1, 1.5, float("nan"), float("inf"), 10**30, 2**63, -(2**70), b"x", [], {}, (), set()),
        *(
            object(),
            [None],
            [[]],
            {"a": 1},
            {1: 2},
            (1, 2),
            Path("nowhere"),
            Path("words"),
            np.zeros((2, 2)),
            int,
            print,
        ),
        *(np.int64(-5), np.float32("nan"), iter([1]), np.array(["a"]), 1j, "lstm", ["lstm"], ["()"], {"runs": -1}),
        *(str(random.choice(ODD)) for _ in range(12)),
    ]


def bad_call(scene: Scene, random: np.random.Generator) -> Input:
    """A valid call of which an argument is odd, or a file that it reads damaged."""
    made = calls()
    name = str(random.choice(list(made)))
    function = function_called(name)
    values = {one: value() if isinstance(value, partial) else value for one, value in made[name].items()}
    paths = [value for value in values.values() if isinstance(value, str) and value != "new" and scene.files(value)]
    place = None
    if paths and random.integers(4) == 0:
        files = [file for value in paths for file in scene.files(value) if not {"tables", "figures"} & set(file.parts)]
        file = files[int(random.integers(len(files)))]
        place = file.relative_to(scene.here)
        said = f"{place} {damage(file, random, scene)}"
    else:
        argument, odd = str(random.choice(list(values))), odd_values(random)
        values = {**values, argument: odd[int(random.integers(len(odd)))]}
        said = f"{argument}={str(values[argument])[:40]!r} ({type(values[argument]).__name__})"

    def work() -> int | str:
        allowed = documented(function)
        try:
            function(**values)
        except Exception as error:
            if type(error).__name__ not in allowed or not str(error).strip():
                raise
            return 2
        return 0

    return Input("call", name, said, lambda: attempted(work), [str(out) for out in values.values()], damaged=place)


def documented(function: Any) -> set[str]:
    """Names of the exceptions that a function's docstring says it raises; subclasses of UserError are UserErrors."""
    _, _, raises = (inspect.getdoc(function) or "").partition("Raises:\n")
    return {"UserError", "DamagedBlock", *re.findall(r"^ +(\w+):", raises, re.MULTILINE)}


# Bad processes

STREAMS = ("", "", "<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full", "| true")
SURROUNDINGS = (
    {}, {"HOME": "/proc/nowhere", "LONGCOUNT_CACHE": "/proc/nowhere"}, {"COLUMNS": "1"}, {"COLUMNS": "x"},
    {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "nowhere"}, {"TERM": "", "NO_COLOR": "1"},
)  # fmt: skip


def bad_process(scene: Scene, random: np.random.Generator) -> Input:
    """A valid command line in a process that lacks something."""
    line = a_line(random)
    streams, surroundings = str(random.choice(STREAMS)), SURROUNDINGS[int(random.integers(len(SURROUNDINGS)))]
    limits = [
        (resource.RLIMIT_AS, int(random.integers(100, 3000)) * 2**20),
        (resource.RLIMIT_NOFILE, int(random.integers(6, 24))),
        (resource.RLIMIT_FSIZE, int(random.integers(0, 20_000))),
    ]
    limit = limits[int(random.integers(3))] if random.integers(4) else None

    def before() -> None:
        if limit is not None:
            resource.setrlimit(limit[0], (limit[1], limit[1]))

    def run() -> Outcome:
        shell = ["bash", "-c", f'"$@" {streams}; exit ${{PIPESTATUS[0]}}', "bash"]
        try:
            done = subprocess.run(
                [*shell, sys.executable, "-m", "longcount", *line.split()],
                cwd=scene.here, env={**os.environ, **surroundings}, capture_output=True, text=True, preexec_fn=before,
                stdin=subprocess.DEVNULL, timeout=300,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Outcome("without end")
        return Outcome(done.returncode, done.stdout, done.stderr)

    said = f"{streams} {surroundings} {limit}"
    return Input("process", words_of(line), said, run, line.split())


# Judging

KEPT = ("results", "tables", "figures", "log", "report.html")
"""What commands may write in a store that they were given."""


def wrong(scene: Scene, bad: Input, outcome: Outcome, touched: list[str]) -> str | None:
    """What is wrong with how an input ended, None where nothing is."""
    lines = outcome.stderr.splitlines()
    told = [line for line in lines if line.startswith("longcount: ")]
    may_end = {0, 2, 130} | ({1} if "--verify" in bad.command else set())
    if outcome.status not in may_end or "Traceback" in outcome.stderr:
        return f"status {outcome.status}"
    if "Warning" in outcome.stderr.replace("SyntaxWarning", ""):  # which Python says of a file of the user's
        return "a warning"
    gone = lost(scene, bad, outcome, touched)
    if bad.kind == "call":
        return f"changed {gone[0]}" if gone else None
    heard = bad.kind != "process" or "2>" not in bad.said
    if outcome.status == 2 and heard and (len(told) != 1 or lines[-1] != told[0]):
        return "not one line of error"
    if outcome.status == 2 and "not enough memory" in outcome.stderr and bad.kind != "process":
        return "memory without end"
    if outcome.status == 2 and outcome.stdout:
        return "output beside an error"
    if outcome.status == 0 and bad.must_fail:
        return "accepted"
    if outcome.status == 130 and bad.kind != "arguments":
        return "without end"
    if outcome.status == 0 and bad.unchanged is not None and outcome.stdout != bad.unchanged and not lines:
        return "damage changed the answer in silence"
    return f"changed {gone[0]}" if gone else None


def lost(scene: Scene, bad: Input, outcome: Outcome, touched: list[str]) -> list[str]:
    """Files that should be as they were and are not, and what a refused command left behind."""
    found = []
    for name in touched:
        path, kept = Path(name), scene.pristine / name
        entry, inner = path.parts[0], path.parts[1:2]
        if inner and inner[0] in KEPT and entry in ("trained", "unfinished", "imported", "own", "constructed", "new"):
            continue
        if kept.is_dir() and (scene.here / name).is_dir():
            continue
        if kept.is_file() and (scene.here / name).is_file() and kept.read_bytes() == (scene.here / name).read_bytes():
            continue
        if path == bad.damaged and outcome.status == 0:
            continue  # mended
        if not kept.exists() and outcome.status != 2:
            continue  # made
        if not kept.exists() and bad.kind == "process":
            continue  # made by a command that could not tell of it, or what is resumed
        if outcome.status in (0, 130) and name in (word for word in bad.command):
            continue  # a file to write was named
        begun = outcome.status in (0, 130) or bad.kind == "process"  # and resumed, where it could not go on
        if begun and bad.name in ("study add", "study run") and entry in bad.command:
            continue
        found.append(name)
    return found


KINDS: dict[Callable[[Scene, np.random.Generator], Input], float] = {
    bad_arguments: 0.42, bad_file: 0.4, bad_call: 0.17, bad_process: 0.01,
}  # fmt: skip


def fuzz(scene: Scene, inputs: Sequence[int], seed: int, tell: Callable[[str], None] = print) -> list[str]:
    """Run inputs of a seed; returns the violations, a line each.

    Args:
        scene: the valid files.
        inputs: numbers of inputs.
        seed: of all of them.
        tell: receives violations as they are found.
    """
    ended: Counter[tuple[str, str, str]] = Counter()
    violations = []
    home = os.getcwd()
    try:
        os.chdir(scene.here)
        for number in inputs:
            random = np.random.default_rng([seed, number])
            make = list(KINDS)[int(random.choice(len(KINDS), p=list(KINDS.values())))]
            bad = make(scene, random)
            before = scene.state()
            begun = time.process_time()
            outcome = bad.run()
            spent = time.process_time() - begun
            os.chdir(scene.here)
            touched = changed(before, scene.state())
            problem = wrong(scene, bad, outcome, touched)
            if problem is not None:
                line = " ".join(map(repr, bad.command)) if bad.kind != "call" else bad.name
                said = outcome.stderr.strip().splitlines()[-12:]
                violations.append(f"{number}: {problem}: {line}: {bad.said} ({spent:.1f} s)")
                tell("\n    ".join([violations[-1], *said]))
            end = {0: "done", 1: "damage told", 2: "refused", 130: "stopped"}.get(outcome.status, "broken")  # pyright: ignore
            ended[bad.kind, bad.name, end] += 1
            scene.mend([*touched, *([] if bad.damaged is None else [str(bad.damaged)])])
    finally:
        os.chdir(home)
    _report(ended, tell)
    return violations


def _report(ended: Counter[tuple[str, str, str]], tell: Callable[[str], None]) -> None:
    ends = ("done", "refused", "damage told", "stopped", "broken")
    tell("| kind | what | " + " | ".join(ends) + " |\n|---|---|" + "---:|" * len(ends))
    for kind, name in sorted({(kind, name) for kind, name, _ in ended}):
        tell(f"| {kind} | {name} | " + " | ".join(str(ended[kind, name, end]) for end in ends) + " |")


def main() -> None:
    """Parse arguments, fuzz, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of single inputs")
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        numbers = asked.only or list(range(asked.first, asked.first + asked.inputs))
        found = fuzz(Scene(Path(folder)), numbers, asked.seed)
    print(f"{len(numbers):,} inputs of seed {asked.seed} in {time.monotonic() - begun:.0f} s: {len(found)} violations")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
