"""The user's files: which belong together, how they are hashed and loaded, and what is said of mistakes in them."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from longcount import sources
from longcount.errors import UserError

FILES = ("my_cells.py", "my_more/__init__.py", "my_more/factor.py", "my_more/steep.py", "my_numbers.py")


def test_the_hash_is_that_of_sha256sum_over_the_files_that_are_imported(own_parts):
    folder = own_parts()
    source = sources.locate("my_cells:MGU", [folder])
    assert tuple(sorted(sources.files_of(source).contents)) == FILES
    lines = "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES)
    assert source.sha256 == hashlib.sha256(lines.encode()).hexdigest()


@pytest.mark.parametrize("name", FILES)
def test_an_edit_of_any_of_them_is_another_source(own_parts, name):
    folder = own_parts()
    before = sources.locate("my_cells:MGU", [folder])
    (folder / name).write_text((folder / name).read_text() + f"# edited: {folder}\n")
    after = sources.locate("my_cells:MGU", [folder])
    assert after.sha256 != before.sha256
    assert sources.differing(before, after) == name
    (folder / "my_starts.py").write_text("# not imported")
    assert sources.locate("my_cells:MGU", [folder]) == after


def test_a_module_and_its_path_are_one_source(own_parts):
    folder = own_parts()
    found = sources.locate("my_cells:MGU", [folder])
    assert sources.locate("my_cells.py:MGU", [folder]) == found
    assert sources.locate(f"{folder}/my_cells.py:MGU", [Path.cwd()]) == found
    assert sources.locate("mine/my_cells.py:MGU", [folder.parent]) == found
    assert sources.locate("my_more.factor:FACTOR", [folder]).module == "my_more.factor"


def test_versions_live_side_by_side_and_leave_the_modules_of_python_alone(own_parts):
    folder = own_parts()
    first = sources.load(sources.locate("my_more.steep:times", [folder]))
    (folder / "my_more" / "factor.py").write_text("FACTOR = 7.0\n")
    second = sources.load(sources.locate("my_more.steep:times", [folder]))
    assert (first(1.0), second(1.0)) == (1.0, 7.0)
    assert not {"my_more", "my_numbers", "my_cells"} & set(sys.modules)
    assert not list(folder.rglob("__pycache__"))
    source = sources.locate("my_more.steep:times", [folder])
    assert sources.load(source) is second
    assert sources.source_of(second) == source
    assert sources.source_of(len) is None


def test_kept_files_are_enough_and_are_not_run_before_they_are_needed(own_parts, tmp_path):
    folder = own_parts(my_loud="print('it runs')\nNUMBER = 5\n")
    source = sources.locate("my_loud:NUMBER", [folder])
    kept = tmp_path / "kept"

    def write(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    sources.write(kept, [source], write)
    (folder / "my_loud.py").unlink()
    program = (
        "from pathlib import Path; from longcount import sources\n"
        f"source = sources.Source({source.reference!r}, {source.sha256!r})\n"
        f"sources.remember(Path({str(kept)!r}), [source])\n"
        "print('remembered')\nprint(sources.load(source))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ["remembered", "it runs", "5"]
    next(kept.rglob("my_loud.py")).write_text("NUMBER = 6\n")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert "edited or damaged" in done.stderr
    assert done.stdout.splitlines() == ["remembered"]


def test_installed_modules_are_hashed_where_they_are():
    source = sources.locate("json:JSONDecoder", [Path.cwd()])
    files = sources.files_of(source)
    assert files.installed
    assert {"json/__init__.py", "json/decoder.py"} <= set(files.contents)
    assert all(name.startswith("json/") for name in files.contents)
    assert sources.load(source) is json.JSONDecoder
    with pytest.raises(UserError, match=r"json:JSONDecoder: needed as of source 0{16}; here it is "):
        sources.load(sources.Source("json:JSONDecoder", "0" * 64))


WRONG = {
    "my_cells": "'my_cells': should be module:Name or path/to/file.py:Name",
    ":MGU": "should be module:Name",
    "my cells:MGU": "should be module:Name",
    "my_cells:MGU()": "should be module:Name",
    "my_sells:MGU": r"my_sells:MGU: no my_sells.py in .*mine, nor is such a module installed",
    "no.such.package:MGU": r"no.such.package:MGU: no no/such/package.py in ",
    "other/my_cells.py:MGU": "other/my_cells.py:MGU: no such file: other/my_cells.py",
    "my-cells.py:MGU": "a Python file has a name such as my_cells.py",
    "sys:exit": "sys:exit: sys is not a Python file",
    "my_cells:MGV": r"my_cells.py: there is no MGV; did you mean 'MGU'\?",
    "my_syntax:MGU": "my_syntax.py:2: SyntaxError: ",
    "my_import:MGU": "my_import.py:1: ModuleNotFoundError: No module named 'no_such_thing'",
    "my_error:MGU": "my_error.py:2: ValueError: no such luck",
    "my_depth:MGU": "my_error.py:2: ValueError: no such luck",
    "my_exit:MGU": "my_exit.py:1: SystemExit: 0",
    "my_nul:MGU": "my_nul.py",
}


@pytest.mark.parametrize(("reference", "line"), WRONG.items())
def test_mistakes_are_told_in_one_line(own_parts, reference, line):
    folder = own_parts(
        my_syntax="x = 1\n1 +\n",
        my_import="import no_such_thing\n",
        my_error="def f():\n    raise ValueError('no such luck')\nf()\n",
        my_depth="import my_error\n",
        my_exit="raise SystemExit(0)\n",
        my_nul="x = '\0'\n",
    )
    (folder / "my-cells.py").write_text("")
    with pytest.raises(UserError, match=line) as refused:
        sources.load(sources.locate(reference, [folder]))
    assert "\n" not in str(refused.value)


def test_other_errors_pass():
    with pytest.raises(ValueError, match="ours"), sources.mistakes_told():
        raise ValueError("ours")
