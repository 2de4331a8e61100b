"""Which Python files belong together: a module of the user's own, and the files beside it that it imports."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from longcount.errors import UserError
from longcount.reading import read_bytes


@dataclass(frozen=True)
class Source:
    """Where a part of the user's own comes from."""

    reference: str
    """`module:Name`; the module is a file, or inside a package, beside the others of its source."""
    sha256: str
    """Of the lines "hash  name" (as `sha256sum` writes them) of all files of the source, sorted by name."""

    @property
    def module(self) -> str:
        """The module's dotted name."""
        return self.reference.rpartition(":")[0]

    @property
    def name(self) -> str:
        """The part's name in the module."""
        return self.reference.rpartition(":")[2]


@dataclass(frozen=True, eq=False)
class Files:
    """The files of a source, as they were when they were read."""

    folder: Path
    contents: dict[str, bytes]  # by path below the folder, with "/"
    installed: bool = False
    kept: bool = False  # read from a store

    @property
    def sha256(self) -> str:
        """See `Source.sha256`."""
        lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(self.contents.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def file_of(self, module: str) -> str | None:
        """The file of a module, None where it has none."""
        return next((path for path in _candidates(module) if path in self.contents), None)

    def holds(self, top: str) -> bool:
        """Whether a top-level module or package is among the files."""
        return any(path == f"{top}.py" or path.startswith(f"{top}/") for path in self.contents)


def _candidates(module: str) -> tuple[str, str]:
    path = module.replace(".", "/")
    return f"{path}/__init__.py", f"{path}.py"


def file_in(folder: Path, module: str) -> str | None:
    """The path below a folder of a module's file, None where there is none."""
    return next((path for path in _candidates(module) if (folder / path).is_file()), None)


def collect(folder: Path, module: str, installed: bool = False) -> Files:
    """The files of a module and of what it imports below a folder: all of it, or of an installed one its own folder."""
    top, own_folder = module.partition(".")[0], Path(file_in(folder, module) or "").parent
    contents: dict[str, bytes] = {}
    waiting, seen = [module], set()
    while waiting:
        parts = waiting.pop().split(".")
        for name in (".".join(parts[: end + 1]) for end in range(len(parts))):
            path = None if name in seen or parts[0] == "longcount" else file_in(folder, name)
            seen.add(name)
            if path is not None and not (installed and (parts[0] != top or Path(path).parent != own_folder)):
                contents[path] = _read(folder / path)
                package = name if path.endswith("/__init__.py") else name.rpartition(".")[0]
                waiting += _imports(contents[path], package)
    return Files(folder.absolute(), contents, installed)


def _read(path: Path) -> bytes:
    return read_bytes(path, "a Python file", largest=2**24)


def _imports(text: bytes, package: str) -> Iterator[str]:
    """Dotted names that a text may import; `package` is what its relative imports begin from."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return  # told where it is loaded
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*filter(None, above), *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def installed(reference: str, module: str, folders: Sequence[Path]) -> Files:
    """The files of an installed module, and of what it imports from its own folder."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    except Exception as error:  # the packages around it are run
        raise UserError(f"{reference}: cannot be imported: {type(error).__name__}: {error}") from error
    if spec is None:
        searched = " or ".join(dict.fromkeys(shown(folder) for folder in folders)) or "this environment"
        raise UserError(f"{reference}: no {module.replace('.', '/')}.py in {searched}, nor is such a module installed")
    if not (spec.has_location and spec.origin and spec.origin.endswith(".py")):
        raise UserError(f"{reference}: {module} is not a Python file; name a module:Name of a file of your own")
    depth = module.count(".") + Path(spec.origin).name.startswith("__init__.")
    return collect(Path(spec.origin).parents[depth], module, installed=True)


def read(folder: Path) -> Files:
    """The files of a source that a store keeps in a folder."""
    paths = sorted(path for path in folder.rglob("*.py") if path.is_file())
    contents = {path.relative_to(folder).as_posix(): _read(path) for path in paths}
    return Files(folder.absolute(), contents, kept=True)


def line_of(text: bytes, name: str) -> int | None:
    """The line in which a module gives something a name, the last where it does so again."""
    found = None
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names = [node.name]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name for alias in node.names]
        else:
            names = [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]
        found = node.lineno if name in names else found
    return found


def shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    path, here = path.absolute(), Path.cwd()
    return str(path.relative_to(here)) if path != here and path.is_relative_to(here) else str(path)
