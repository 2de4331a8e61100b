"""What can be named: cells, initialisations, recipes and the other kinds of parts, built in or the user's own.

A part is found by the name of a built-in one, by `module:Name` of the user's file (see `longcount.sources`), or by the
name under which an installed package offers it: an entry point of the group `longcount.cells`,
`longcount.initialisations` ... Each package that has parts declares its `Kind`; a condition of a study has a field of
the kind's name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from longcount import sources
from longcount.errors import UserError, hint
from longcount.sources import Source


class Found(NamedTuple):
    """A part that was asked for."""

    name: str  # as tables, folders and streams of random numbers call it
    part: Any
    source: Source | None  # of the user's own part


class Listed(NamedTuple):
    """A part as `longcount list` shows it."""

    name: str
    line: str  # the first of its documentation
    origin: str  # built in, or the package that offers it


def first_line(part: Any) -> str:
    """The first line of an object's docstring."""
    return (inspect.getdoc(part) or "").partition("\n")[0]


def what_it_is(part: Any) -> str:
    """What an object is that should be something else, for `Kind.refusal`.

    >>> what_it_is(3), what_it_is(int)
    ('is of the type int', 'is a class')
    """
    return "is a class" if isinstance(part, type) else f"is of the type {type(part).__name__}"


@dataclass(frozen=True)
class Kind:
    """A kind of part."""

    name: str  # "cell"
    plural: str  # "cells"
    built_in: Mapping[str, Any]
    what: str  # what one of the user's own has to be, after "a cell is "
    refusal: Callable[[Any], str | None]  # what an object is instead of that; None where it is one
    name_of: Callable[[Any], Any] = attrgetter("name")
    line_of: Callable[[Any], str] = first_line
    family: Callable[[str], Any | None] = lambda name: None  # a part of a built-in family, such as shuffle3; or None
    made: Callable[[Any], Any] = lambda part: part  # the part that what was loaded stands for, such as a function

    def find(self, text: str, folders: Sequence[Path] | None = None) -> Found:
        """The part that a user names.

        Args:
            text: a built-in name, a name that an installed package offers, or `module:Name`.
            folders: where the module's file is looked for, in turn; default: the current folder.

        Raises:
            UserError: where there is none, or what there is cannot be one; with file and line where it has them.
        """
        if (part := self._own(text)) is not None:
            return Found(text, part, None)
        if ":" in text:
            source = sources.locate(text, [Path.cwd()] if folders is None else folders)
        elif (offered := self._offered(text)) is not None:
            source = sources.locate(offered.value)
        else:
            raise self._unknown(text)
        part = self.loaded(source)
        name = self.name_of(part)
        where = f"{sources.place_of(source)}: {source.name} is called {name!r}"
        if not (isinstance(name, str) and re.fullmatch(r"\w{1,60}", name)):
            raise UserError(f"{where}: {self._a} {self.name} has a short name made of letters, digits and _")
        if self._own(name) is not None:
            raise UserError(f"{where}, the name of a built-in {self.name}; choose another name")
        return Found(name, part, source)

    def get(self, name: str, source: Source | None = None) -> Any:
        """The part of a name, as `find` finds it, or of a source."""
        return self.find(name).part if source is None else self.loaded(source)

    def loaded(self, source: Source) -> Any:
        """The part of a source.

        Raises:
            UserError: where it cannot be loaded or is none of this kind.
        """
        with sources.mistakes_told():
            part = self.made(sources.load(source))
        refusal = self.refusal(part)
        if refusal is not None:
            place = sources.place_of(source)
            raise UserError(f"{place}: {source.name} {refusal}; {self._a} {self.name} is {self.what}")
        return part

    def refuse_unknown(self, name: str) -> None:
        """Raise UserError where no part is built in or offered under that name."""
        if self._own(name) is None and self._offered(name) is None:
            raise self._unknown(name)

    def listed(self) -> list[Listed]:
        """All parts that have names: the built-in ones in their order, then those of installed packages."""
        rows = [Listed(name, self.line_of(part), "built in") for name, part in self.built_in.items()]
        for point in self._all_offered():
            if point.name not in self.built_in:
                package = point.dist.name if point.dist is not None else point.value
                try:
                    line = self.line_of(self.find(point.name).part)
                except UserError as error:  # theirs; the others are there all the same
                    line = str(error)
                rows.append(Listed(point.name, line, package))
        return rows

    @property
    def _a(self) -> str:
        return "an" if self.name[0] in "aeiou" else "a"

    def _own(self, name: str) -> Any | None:
        return self.built_in[name] if name in self.built_in else self.family(name)

    def _unknown(self, name: str) -> UserError:
        known = list(dict.fromkeys([*self.built_in, *(point.name for point in self._all_offered())]))
        told = hint(name, known, f"the {self.plural} are {', '.join(known)}")
        return UserError(f"no {self.name} is called {name!r}: {told}; one of your own is module:Name")

    def _offered(self, name: str) -> EntryPoint | None:
        points = [point for point in self._all_offered() if point.name == name]
        if len({point.value for point in points}) > 1:
            values = " and ".join(point.value for point in points)
            raise UserError(f"{self.name} {name!r}: installed packages offer {values}; name one of them in that form")
        return points[0] if points else None

    def _all_offered(self) -> list[EntryPoint]:
        return sorted(entry_points(group=f"longcount.{self.plural}"), key=lambda point: point.name)
