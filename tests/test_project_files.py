"""Files beside the package: they name what is there."""

import re
from pathlib import Path

import pytest
import yaml

import longcount

ROOT = Path(__file__).parents[1]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def commands_of(workflow: Path) -> list[str]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_continuous_integration_runs_what_make_runs(workflow):
    commands = commands_of(workflow)
    assert commands
    for command in commands:
        make, target = command.split()
        assert make == "make"
        assert target in TARGETS


def test_all_checks_are_run_there():
    assert {command for path in WORKFLOWS for command in commands_of(path)} == {"make test", "make dist", "make docs"}


def test_a_commit_is_checked_by_make():
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in repository["hooks"]] == ["make check"]
    assert "check" in TARGETS


def test_the_citation_is_of_this_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == longcount.__version__
    assert f"\n## {longcount.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_contributing_names_what_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert set(re.findall(r"\bmake ([a-z]+)", text)) <= TARGETS
    named = re.findall(r"`((?:src|tests|docs|benchmarks)/[\w./]+)`", text) + re.findall(r"\]\(([\w./-]+)", text)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []
    heading = "Changing bits on purpose"
    assert f"#{heading.lower().replace(' ', '-')})" in text
    assert f"## {heading}\n" in (ROOT / "docs" / "numerical-contract.md").read_text()
