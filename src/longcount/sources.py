"""The user's own Python files: found, hashed with the files beside them that they import, and loaded.

A part of the user's own is named `module:Name` (or `path/to/file.py:Name`). Its `Source` is that name and one hash of
the file and of those files beside it that it imports, however far: an edit of any of them is another source. Files are
loaded from the text that was hashed, under module names that hold the hash, so several versions of a file live side by
side in one process, and a store that carries its files (`write`) needs nothing else. Modules that are installed are
hashed too, together with what they import from their own folder, but loaded as Python loads them.

Not followed, and so not in the hash: installed packages, files that are opened, imports by `importlib`.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from longcount.errors import UserError, hint
from longcount.source_files import Files, Source, collect, file_in, installed, line_of, read, shown

PREFIX = "longcount_source_"
"""Of the names of modules that are loaded from the user's files."""

DIGITS = 16
"""Of a hash, in names of folders and modules."""

_FILES: dict[str, Files] = {}  # by hash: all that this process knows; a hash never means anything else

_KEPT: dict[str, Path] = {}  # by hash: folders of stores that were opened, not read yet

_LOADED: dict[Source, Any] = {}

_PLACES: dict[str, Path] = {}  # by hash: the user's folder in which the files were found last


def locate(reference: str, folders: Sequence[Path] = ()) -> Source:
    """The source that a reference means now. Nothing of the user's is run, but packages that a module lies in.

    Args:
        reference: `module:Name` or `path/to/file.py:Name`.
        folders: where files are looked for, in turn, before installed modules.

    Raises:
        UserError: for another form, or where there is no such file or module.
    """
    place, _, name = reference.rpartition(":")
    if place.endswith(".py") or "/" in place:
        path = next((path for folder in folders if (path := folder / Path(place).expanduser()).is_file()), None)
        if path is None:
            raise UserError(f"{reference}: no such file: {shown(folders[0] / place if folders else Path(place))}")
        if path.suffix != ".py" or not path.stem.isidentifier():
            raise UserError(f"{reference}: a Python file has a name such as my_cells.py, of letters, digits and _")
        place, files = path.stem, collect(path.parent, path.stem)
    elif all(part.isidentifier() for part in place.split(".")):
        folder = next((folder for folder in folders if file_in(folder, place)), None)
        files = installed(reference, place, folders) if folder is None else collect(folder, place)
    else:
        files = None
    if files is None or not name.isidentifier():
        raise UserError(f"{reference!r}: should be module:Name or path/to/file.py:Name, such as my_cells:Peephole for "
                        "class Peephole in my_cells.py")  # fmt: skip
    source = Source(f"{place}:{name}", files.sha256)
    _FILES.setdefault(source.sha256, files)
    if not files.installed:
        _PLACES[source.sha256] = files.folder
    return source


def folder_of(source: Source) -> Path | None:
    """The user's folder in which this process found the files; None of installed ones, and of those in stores alone."""
    return _PLACES.get(source.sha256)


def load(source: Source) -> Any:
    """The object that a source names; its module is run once in this process.

    Raises:
        UserError: where its files are nowhere to be found, they raise, or the name is not there; with file and line.
    """
    if source in _LOADED:
        return _LOADED[source]
    files = files_of(source)
    with mistakes_told():
        module = importlib.import_module(source.module if files.installed else _module_name(source))
    try:
        found = getattr(module, source.name)
    except AttributeError:
        told = "; ".join(filter(None, [f"there is no {source.name}", hint(source.name, vars(module), "")]))
        raise UserError(f"{place_of(source, line=False)}: {told}") from None
    return _LOADED.setdefault(source, found)


def source_of(part: Any) -> Source | None:
    """The source that an object was loaded from in this process, None for what was not."""
    return next((source for source, loaded in _LOADED.items() if loaded is part), None)


def found_now(folder: Path, source: Source) -> Source | None:
    """What a source's reference means now in the folder where it was found; None where it is gone."""
    return locate(source.reference, [folder]) if file_in(folder, source.module) else None


def differing(first: Source, second: Source) -> str:
    """The files in which two versions of a source differ, as messages name them."""
    before, after = files_of(first), files_of(second)
    names = sorted({*before.contents, *after.contents})
    return ", ".join(
        shown(after.folder / name) for name in names if before.contents.get(name) != after.contents.get(name)
    )


def files_of(source: Source) -> Files:
    """The files of a source: known to this process, kept in a store that it opened, in the current folder, installed.

    Raises:
        UserError: where they are in none of these, or not what they were.
    """
    known = _known(source.sha256)
    if known is not None:
        return known
    here = locate(source.reference, [Path.cwd()])
    if here.sha256 != source.sha256:
        raise UserError(
            f"{source.reference}: needed as of source {source.sha256[:DIGITS]}; here it is {here.sha256[:DIGITS]} "
            f"({place_of(here, line=False)}): restore that version"
        )
    return _FILES[source.sha256]


def _known(sha256: str) -> Files | None:
    if sha256 not in _FILES and sha256 in _KEPT and _KEPT[sha256].is_dir():
        files = read(_KEPT[sha256])
        if files.sha256 != sha256:
            raise UserError(f"{files.folder}: edited or damaged: not the files that were used; restore them")
        _FILES.setdefault(sha256, files)
    return _FILES.get(sha256)


def refuse_edited(folder: Path, source: Source) -> None:
    """Raise UserError where the files of a source that `write` put below a folder are not what they were."""
    kept = folder / folder_name(source)
    if kept.is_dir() and read(kept).sha256 != source.sha256:
        raise UserError(f"{kept}: edited or damaged: not the files that were used; restore them")


def place_of(source: Source, line: bool = True) -> str:
    """The file of a part as messages name it, and the line where the part begins."""
    files = files_of(source)
    path = files.file_of(source.module)
    if path is None:
        return source.reference
    number = line_of(files.contents[path], source.name) if line else None
    return shown(files.folder / path) + (f":{number}" if number else "")


def folder_name(source: Source) -> str:
    """The folder of a source's files among the sources of a store."""
    return source.sha256[:DIGITS]


def write(folder: Path, wanted: Iterable[Source], write_file: Callable[[Path, bytes], None]) -> None:
    """Write the files of sources, each into a folder of its own; installed ones stay where they are."""
    for source in wanted:
        files = files_of(source)
        if not files.installed:
            for path, content in files.contents.items():
                write_file(folder / folder_name(source) / path, content)


def remember(folder: Path, known: Iterable[Source]) -> None:
    """Look in a folder that `write` filled when one of these sources is needed; nothing is read or run before."""
    for source in known:
        _KEPT.setdefault(source.sha256, folder / folder_name(source))


def _package(sha256: str) -> str:
    return f"{PREFIX}{sha256[:DIGITS]}"


def _module_name(source: Source) -> str:
    return f"{_package(source.sha256)}.{source.module}"


class _Finder:
    """Finds modules of known sources, for Python's import."""

    @staticmethod
    def find_spec(fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if not fullname.startswith(PREFIX):
            return None
        package, _, module = fullname.partition(".")
        sha256 = next((sha256 for sha256 in [*_FILES, *_KEPT] if _package(sha256) == package), None)
        files = None if sha256 is None else _known(sha256)
        if files is None:
            return None
        file = files.file_of(module) if module else None
        inside = f"{module.replace('.', '/')}/" if module else ""
        is_package = any(name.startswith(inside) for name in files.contents)
        if file is None and not is_package:
            return None
        origin = None if file is None else str(files.folder / file)
        spec = ModuleSpec(fullname, _Loader(files, package, file), origin=origin, is_package=is_package)
        spec.has_location = origin is not None
        return spec


class _Loader(Loader):
    """Runs one file of a source, in which `import` finds the other files of the source first."""

    def __init__(self, files: Files, package: str, file: str | None):
        self.files, self.package, self.file = files, package, file

    def create_module(self, spec: ModuleSpec) -> None:
        """As Python does by itself."""

    def exec_module(self, module: ModuleType) -> None:
        if self.file is not None:
            path = str(self.files.folder / self.file)
            try:
                code = compile(self.files.contents[self.file], path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as error:
                if isinstance(error, SyntaxError) and error.filename:
                    raise
                raise SyntaxError(str(error), (path, 1, None, None)) from None  # a text that is none
            module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
            exec(code, module.__dict__)

    def _import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Sequence[str] | None = (), level: int = 0
    ) -> ModuleType:
        top = name.partition(".")[0]
        if level or not self.files.holds(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        if fromlist:
            return builtins.__import__(f"{self.package}.{name}", globals, locals, fromlist)
        importlib.import_module(f"{self.package}.{name}")
        return sys.modules[f"{self.package}.{top}"]


sys.meta_path.append(_Finder)  # pyright: ignore[reportArgumentType]  # a finder is any object with find_spec


@contextmanager
def mistakes_told() -> Iterator[None]:
    """Turn what the user's own files raise into one line with file and line; everything else passes.

    Raises:
        UserError: for an error, or an exit, that comes out of a file of a source.
    """
    try:
        yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        place = _place_of_mistake(error)
        if place is None:
            raise
        said = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
        kind = type(error).__name__
        raise UserError(f"{shown(Path(place[0]))}:{place[1]}: {kind}{': ' if said else ''}{said}") from error


def _place_of_mistake(error: BaseException) -> tuple[str, int | None] | None:
    """File and line of the user's own from which an error comes, the innermost; None where it comes from elsewhere."""
    own = {str(files.folder / path) for files in list(_FILES.values()) for path in files.contents}
    if isinstance(error, SyntaxError) and error.filename in own:
        return error.filename, error.lineno
    place, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in own:
            place = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return place
