"""Data flows one way: no module imports from a package on its right, at its top or inside a function."""

import ast
from pathlib import Path

import pytest

import longcount

ORDER = (
    ("__init__", "errors", "arguments", "source_files", "sources", "registry", "disk", "reading", "cache", "arrow"),
    ("numbers",),
    ("languages", "cells"),
    ("engine",),
    ("training",),
    ("store",),
    ("studies",),
    ("exact",),
    ("analysis",),
    ("papers",),
    ("experiments", "report"),
    ("benchmark",),
    ("commands",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
FACE = "__init__.py"  # offers names of all packages, imported when they are asked for
SOURCE = Path(longcount.__file__).parent


def imports(text: str) -> list[str]:
    """The parts of the package, such as `cells`, that Python text imports anywhere."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "longcount":
            modules = [f"longcount.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            modules = [str(node.module)]
        else:
            continue
        found += [module.split(".")[1] for module in modules if module.startswith("longcount.")]
    return [part if part in LEVEL else "__init__" for part in found]  # such as __version__


def wrong_ways(place: str, text: str) -> list[str]:
    """What a module at a place such as `cells/lstm.py` imports from its right or from its neighbour's side."""
    own = Path(place).with_suffix("").parts[0]
    return [
        f"{place} imports {part}"
        for part in imports(text)
        if part != own and (LEVEL[part] >= LEVEL[own]) and LEVEL[own] > 0
    ]


def modules() -> list[str]:
    return sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if path.name != "__main__.py")


def test_every_part_has_its_place():
    assert {Path(place).with_suffix("").parts[0] for place in modules()} <= set(LEVEL)


@pytest.mark.parametrize("place", [place for place in modules() if place != FACE])
def test_nothing_imports_from_its_right(place):
    assert not wrong_ways(place, (SOURCE / place).read_text(encoding="utf-8"))


def test_the_bottom_imports_only_itself():
    for part in ("errors", "source_files", "sources", "registry", "disk", "reading", "cache", "arrow"):
        assert set(imports((SOURCE / f"{part}.py").read_text(encoding="utf-8"))) <= set(ORDER[0])


def test_a_wrong_way_is_seen_at_the_top_and_inside_a_function():
    assert wrong_ways("cells/new.py", "from longcount.engine import train") == ["cells/new.py imports engine"]
    inside = "def f():\n    from longcount import report\n    import longcount.store.store\n"
    assert wrong_ways("exact/new.py", inside) == ["exact/new.py imports report"]
    assert wrong_ways("cells/new.py", "from longcount.languages.words import Words")
    assert not wrong_ways("report/new.py", inside)
