"""Programs as modules of WebAssembly, for pages that train and evaluate in a browser, offline.

The object file that LLVM emits for wasm32 is a module already, one that imports its memory (`env.__linear_memory`) and,
where its values do not fit the machine's registers, a pointer to a stack (`env.__stack_pointer`). It lacks an export,
and holds sections that only linkers read. Adding the one and leaving out the others makes it run, without a linker.

Pointers are 32-bit integers there; indices are 64-bit ones, which JavaScript has as BigInt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from longcount.engine import compiler, targets

HEADER = b"\0asm\1\0\0\0"
CUSTOM, IMPORT, EXPORT, CODE = 0, 2, 7, 10
"""Kinds of sections that matter here (WebAssembly Core Specification 2.0, section 5.5)."""

FUNCTION, TABLE = 0, 1
"""Kinds of imports and exports."""


class Section(NamedTuple):
    """A part of a module."""

    kind: int
    content: bytes


def module(text: str, name: str) -> bytes:
    """The module of a program in LLVM IR, which exports its one function under its name.

    Raises:
        ValueError: the program calls functions that it does not hold.
    """
    found = sections(compiler.code_of(text, targets.WASM32))
    for section in found:
        if section.kind == IMPORT:
            _refuse_functions(section.content)
    label = name.encode()
    export = Section(EXPORT, bytes([1]) + _number(len(label)) + label + bytes([FUNCTION, 0]))
    kept = [section for section in found if section.kind != CUSTOM]
    kept.insert(next(k for k, section in enumerate(kept) if section.kind > EXPORT), export)
    return HEADER + b"".join(bytes([kind]) + _number(len(content)) + content for kind, content in kept)


def sections(code: bytes) -> list[Section]:
    """The parts of a module or an object file."""
    if not code.startswith(HEADER):
        raise ValueError("not a module of WebAssembly of version 1")
    found, at = [], len(HEADER)
    while at < len(code):
        size, start = _read(code, at + 1)
        found.append(Section(code[at], code[start : start + size]))
        at = start + size
    return found


def _refuse_functions(content: bytes) -> None:
    functions = [name for name, kind in _imports(content) if kind == FUNCTION]
    if functions:
        raise ValueError(f"the program calls {', '.join(functions)}, which a page does not have")


def _imports(content: bytes) -> Iterator[tuple[str, int]]:
    """Name and kind of what a module imports."""
    count, at = _read(content, 0)
    for _ in range(count):
        names = []
        for _ in range(2):
            size, start = _read(content, at)
            names.append(content[start : start + size].decode())
            at = start + size
        kind = content[at]
        yield names[1], kind
        at = _after_description(content, kind, at + 1)


def _after_description(content: bytes, kind: int, at: int) -> int:
    """Where the import ends whose type begins at a place: a function's number, a global's two bytes, or limits."""
    if kind == FUNCTION:
        return _read(content, at)[1]
    if kind in (TABLE, 2):  # a table has its kind of element before its limits; a memory has limits alone
        at += kind == TABLE
        flags, at = _read(content, at)
        for _ in range(1 + (flags & 1)):
            _, at = _read(content, at)
        return at
    return at + 2


def _number(number: int) -> bytes:
    """An unsigned number as the format has it (LEB128)."""
    found = bytearray()
    while True:
        found.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(found)


def _read(code: bytes, at: int) -> tuple[int, int]:
    """The unsigned number at a place, and the place after it."""
    number = shift = 0
    while True:
        byte = code[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return number, at
