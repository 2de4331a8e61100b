"""The pages' JavaScript: modules, which are checked and tested as such, joined into the one script of a page."""

import re
from collections.abc import Sequence
from importlib.resources import files

_MODULE = re.compile(r"^(export |import [^;]*;\n)", re.MULTILINE)


def asset(name: str) -> str:
    """A file of the folder ``assets``."""
    return files("longcount.report").joinpath("assets", name).read_text(encoding="utf-8")


def joined(names: Sequence[str]) -> str:
    """A script of several modules, each after those that it imports from."""
    return '"use strict";\n' + "\n".join(_MODULE.sub("", asset(name)) for name in names)
