"""From LLVM IR to a function that Python can call, with a cache of compiled code.

The environment variable LONGCOUNT_CPU (or NUMBA_CPU_NAME, as other software calls it) set to `generic` compiles for
the oldest processor of this architecture instead of this one; results are the same bits either way. Compiled code is
kept (see `longcount.cache`) under a hash of the program's text, the target, the settings and the version of LLVM, so a
changed program never meets stale code.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, Signature
from types import MappingProxyType
from typing import Any

import llvmlite
import numpy as np
from llvmlite import binding as llvm

from longcount import cache
from longcount.engine import targets

NO_SIZES: Mapping[str, int] = MappingProxyType({})

CACHE_LINE = 64  # bytes, on every processor that the engine is compiled for


def cache_key(text: str, target: targets.Target) -> str:
    """The name of a program's compiled code: whatever decides its bytes is in here."""
    parts = [
        llvmlite.__version__,
        str(llvm.llvm_version_info),
        repr(targets.SETTINGS),
        *targets.FLAGS,
        *map(str, target),
        text,
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def code_of(text: str, target: targets.Target) -> bytes:
    """The object file of a module of LLVM IR for a target, from the cache where it holds it."""
    key = cache_key(text, target)
    code = cache.load(f"{key}.o")
    if code is None:
        code = targets.emit(text, target)
        cache.keep(f"{key}.o", code)
    return code


def compiled(
    text: str, name: str, arguments: Mapping[str, str], number: str = "float32", sizes: Mapping[str, int] = NO_SIZES
) -> Callable[..., None]:
    """The function `name` of a module of LLVM IR, as a Python callable that takes its arguments by place or by name.

    The call releases the interpreter lock. It raises ValueError for an array of another type, shape or layout than is
    declared, which the program would misread.

    Args:
        text: the module.
        name: of the function.
        arguments: how each is declared, by its name: ``"index"`` for an integer; ``"float [P, lanes]"`` for a
            C-contiguous array of that type and shape; ``"pointer"`` for a C-contiguous array of any. The type is a
            NumPy dtype, or ``float`` for the program's numbers. A dimension is a number, a name, or ``*`` for any size.
        number: the dtype of the program's numbers.
        sizes: of named dimensions. Other names have the value of the index argument of that name, or else the size
            that the first array of a call gives them.
    """
    declared = {argument: _Declared.of(argument, kind, number) for argument, kind in arguments.items()}
    signature = Signature([Parameter(argument, Parameter.POSITIONAL_OR_KEYWORD) for argument in declared])
    target = targets.native()
    code = code_of(text, target)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), targets.target_machine(target))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    address = engine.get_function_address(name)
    places = tuple(declared.values())
    kinds = [ctypes.c_int64 if each.is_index else ctypes.c_void_p for each in places]
    function = ctypes.CFUNCTYPE(None, *kinds)(address)

    def call(*values: Any, **named: Any) -> None:
        if named or len(values) != len(places):  # else nothing is to sort out, and sorting takes its time
            values = signature.bind(*values, **named).args
        given = list(zip(places, values, strict=True))
        indices = {each.name: operator.index(value) for each, value in given if each.is_index}
        known = {**sizes, **indices}
        for each, value in given:
            if not each.is_index:
                each.check(value, known)
        function(*(indices[each.name] if each.is_index else value.ctypes.data for each, value in given))

    call.engine = engine  # type: ignore[attr-defined]  # keeps the code alive
    return call


def aligned_empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array that begins on a line of the cache. NumPy's begin at any multiple of 16 bytes, and vectors that straddle
    two lines cost a training a twentieth of its time."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.empty(size + CACHE_LINE, np.uint8)
    first = -raw.ctypes.data % CACHE_LINE
    return raw[first : first + size].view(dtype).reshape(shape)


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy that begins on a line of the cache, in C order."""
    copy = aligned_empty(array.shape, array.dtype)
    copy[...] = array
    return copy


@dataclass(frozen=True)
class _Declared:
    """The declared type and shape of an argument."""

    name: str
    is_index: bool
    dtype: np.dtype | None = None  # None: any, and any shape
    shape: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, text: str, number: str) -> _Declared:
        """The argument that a text such as ``"int32 [words, lanes]"`` declares."""
        if text in ("index", "pointer"):
            return cls(name, text == "index")
        found = re.fullmatch(r"(\w+) \[(.+)\]", text)
        if found is None:
            raise ValueError(f"{name}: declared as {text!r}; should be like 'float [P, lanes]', 'pointer' or 'index'")
        dtype = np.dtype(number if found[1] == "float" else found[1])
        return cls(name, False, dtype, tuple(size.strip() for size in found[2].split(",")))

    def check(self, array: Any, known: dict[str, int]) -> None:
        """Refuse an array of another type, shape or layout; sizes of dimensions not known yet become known.

        Raises:
            ValueError: for such an array, or anything that is not an array.
        """
        if not isinstance(array, np.ndarray) or not array.flags.c_contiguous:
            raise ValueError(f"{self.name}: the engine takes C-contiguous arrays")
        if self.dtype is None:
            return
        fits = array.dtype == self.dtype and array.ndim == len(self.shape)
        sizes = [int(size) if size.isdecimal() else known.get(size) for size in self.shape]
        if not fits or any(size not in (None, found) for size, found in zip(sizes, array.shape, strict=True)):
            wanted = ", ".join(
                name if size is None or name.isdecimal() else f"{name} = {size}"
                for name, size in zip(self.shape, sizes, strict=True)
            )
            raise ValueError(f"{self.name}: should be {self.dtype} [{wanted}], not {array.dtype} {list(array.shape)}")
        known.update((name, size) for name, size in zip(self.shape, array.shape, strict=True) if name.isidentifier())
