"""Programs and numbers as pages hold them: WebAssembly made of the cells' own equations, and arrays, in base 64."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from longcount.engine import webassembly


class Programs:
    """The programs of a page, each of which it holds once."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []
        self._places: dict[str, int] = {}

    def add(self, name: str, arguments: Mapping[str, str], text: str) -> int:
        """The place of a program in LLVM IR among those of the page.

        Args:
            name: of its function.
            arguments: how each is declared, by name.
            text: the program.
        """
        if text not in self._places:
            self._places[text] = len(self.written)
            code = deflated(webassembly.module(text, name))
            self.written.append({"name": name, "arguments": list(arguments.items()), "code": code})
        return self._places[text]


def deflated(content: bytes | np.ndarray) -> str:
    """Bytes, or an array's in little-endian order, deflated and in base 64."""
    if isinstance(content, np.ndarray):
        content = np.ascontiguousarray(content, content.dtype.newbyteorder("<")).tobytes()
    return base64.b64encode(zlib.compress(content, 9)).decode()
