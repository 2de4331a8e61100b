"""What holds for every command: help, version, clear refusals, interrupts and closed pipes."""

import json
import signal
import subprocess
import sys

import pytest

from longcount import __version__
from longcount.commands import application, output
from longcount.commands.application import interrupts_told
from longcount.errors import UserError

NAMES = [name for name, _, _ in application.COMMANDS]


def test_help_lists_every_command_in_the_order_of_the_work(longcount):
    shown = longcount("--help").is_done()
    assert shown.stderr == ""
    listed = [line.split(":")[0].strip() for line in shown.stdout.splitlines() if line.startswith("  ")]
    assert [name for name in listed if name in NAMES] == NAMES


def test_no_arguments_show_help(longcount):
    assert longcount().is_done().stdout == longcount("--help").stdout


def test_help_imports_nothing_heavy():
    script = (
        "import sys\n"
        "from longcount.commands import application\n"
        "application.main(['--help'])\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'scipy', 'matplotlib', 'altair', 'torch', 'llvmlite', 'pydantic'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(longcount_here, name):
    shown = longcount_here(name, "--help").is_done()
    assert f"longcount {name}" in shown.stdout
    assert shown.stderr == ""


def test_version(longcount_here):
    assert longcount_here("--version").is_done().stdout.strip() == __version__


def test_the_narrowest_terminal_has_20_columns(longcount):
    narrow = longcount("help", "construct", environment={"COLUMNS": "1"}).is_done().stdout
    assert 15 < max(map(len, narrow.splitlines())) <= 20


def test_unknown_command(longcount_here):
    longcount_here("dta").is_refused("dta", 'Did you mean "data"?')


def test_unknown_option(longcount_here):
    longcount_here("bench", "--jsn").is_refused("--jsn", "Did you mean --json?")


def test_missing_argument(longcount_here):
    longcount_here("data", "make").is_refused("DIRECTORY is missing; `longcount data make --help`")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "lstm", "gru", "--out", "x"], "longcount: 'gru': one argument too many; `longcount train --help`"),
        (
            ["study", "compare", "a", "b", "c"],
            "longcount: 'c': one argument too many; `longcount study compare --help`",
        ),
        (["train", "lstm"], "longcount: --out is missing; `longcount train --help`"),
        (["train", "lstm", "--out"], "longcount: --out requires a value; `longcount train --help`"),
        (
            ["train", "lstm", "--out", "x", "--learning-rate", "high"],
            "longcount: --learning-rate 'high': should be a num",
        ),
        (["train", "lstm", "--out", "x", "--runz", "3"], "longcount: Unknown option: --runz. Did you mean --runs?"),
        (["list", "cellz"], 'Did you mean "cells"?'),
        (
            ["list", "cells", "--json", "--format", "csv"],
            "longcount: --json and --format csv disagree; give one of them",
        ),
    ],
)
def test_what_was_typed_wrong_is_said_in_a_users_words(longcount_here, arguments, said):
    assert said in longcount_here(*arguments).is_refused()


@pytest.mark.parametrize("command", [["train"], ["study", "compare"]])
def test_help_of_a_command_can_be_asked_for_first(longcount_here, command):
    assert longcount_here("help", *command) == longcount_here(*command, "--help").is_done()


def test_completion_is_installed_where_the_shell_looks_for_it(longcount, tmp_path):
    done = longcount("--install-completion", "--shell", "bash", environment={"HOME": str(tmp_path)}).is_done()
    (script,) = (path for path in tmp_path.rglob("*longcount*") if path.is_file())
    assert str(script) in done.stderr
    assert "--learning-rate" in script.read_text()
    assert str(script) in (tmp_path / ".bashrc").read_text()


def test_too_many_arguments(longcount_here, tmp_path):
    longcount_here("data", "make", tmp_path / "a", tmp_path / "b").is_refused("b")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("seed", ["-1", "0.5", "many", "", str(2**63), "1e400"])
def test_bad_seed(longcount_here, tmp_path, seed):
    longcount_here("data", "make", tmp_path / "words", f"--seed={seed}").is_refused("--seed")
    assert not (tmp_path / "words").exists()


def test_a_closed_pipe_is_no_defect(longcount_here, tmp_path):
    longcount_here("data", "make", tmp_path).is_done()
    reader = f"{sys.executable} -m longcount data check {tmp_path} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", reader], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "0"
    assert done.stderr == ""


def test_a_full_standard_output_is_told(tmp_path, longcount_here):
    longcount_here("data", "make", tmp_path).is_done()
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "longcount", "data", "check", str(tmp_path)],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "longcount: output: No space left on device\n"


def test_interrupt(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(application, "build", lambda asked: interrupted)
    assert application.main(["data"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_a_defect_keeps_its_traceback(monkeypatch):
    def defective(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(application, "build", lambda asked: defective)
    with pytest.raises(ZeroDivisionError):
        application.main(["data"])


def test_json_has_null_for_what_is_no_number(capsys):
    output.print_json([{"cell": "lstm", "loss": float("nan"), "words": 3}, {"cell": "gru", "loss": 0.5, "words": 4}])
    printed = json.loads(capsys.readouterr().out)
    assert printed == [{"cell": "lstm", "loss": None, "words": 3}, {"cell": "gru", "loss": 0.5, "words": 4}]
    output.print_json([])
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("library", [None, RuntimeError, UserError])
def test_an_interrupt_stays_one_whatever_a_library_makes_of_it(library):
    # A shell may have told its children to ignore interrupts; this one must hear them.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def command():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            if library is not None:
                raise library("an error while something was written") from None
            raise

    try:
        with pytest.raises(KeyboardInterrupt), interrupts_told():
            command()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_error_without_an_interrupt_stays_an_error():
    with pytest.raises(RuntimeError), interrupts_told():
        raise RuntimeError
