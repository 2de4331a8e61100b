"""From LLVM IR to a function that Python can call: target, optimisation, and a cache of compiled code.

The environment variable LONGCOUNT_CPU (or NUMBA_CPU_NAME, as other software calls it) set to `generic` compiles for
the oldest processor of this architecture instead of this one; results are the same bits either way. Compiled code is
kept in the user's cache folder (LONGCOUNT_CACHE moves it, an empty value switches it off) under a hash of the
program's text, the target and the version of LLVM, so a changed program never meets stale code.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numpy as np
import platformdirs
from llvmlite import binding as llvm

OPTIMISATION = 2


@functools.cache
def target_machine() -> llvm.TargetMachine:
    """The processor to compile for."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name = os.environ.get("LONGCOUNT_CPU") or os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name()
    features = "" if name == "generic" else llvm.get_host_cpu_features().flatten()
    triple = llvm.get_process_triple()
    return llvm.Target.from_triple(triple).create_target_machine(
        cpu=name, features=features, opt=OPTIMISATION, jit=True, reloc="default", codemodel="jitdefault"
    )


def target_description() -> str:
    """Triple, processor and features, as part of the cache's key."""
    machine = target_machine()
    name = os.environ.get("LONGCOUNT_CPU") or os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name()
    features = "" if name == "generic" else llvm.get_host_cpu_features().flatten()
    return f"{machine.triple} {name} {features}"


def cache_folder() -> Path | None:
    """Where compiled code is kept, or None where that is switched off."""
    chosen = os.environ.get("LONGCOUNT_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    return Path(platformdirs.user_cache_dir("longcount"))


def compiled(text: str, name: str, arguments: dict[str, str]) -> Callable[..., None]:
    """The function `name` of a module of LLVM IR, as a Python callable.

    Arguments declared as "pointer" take C-contiguous NumPy arrays, "index" takes integers. The call releases
    the interpreter lock.
    """
    key = hashlib.sha256("\n".join([llvmlite.__version__, str(OPTIMISATION), target_description(), text]).encode())
    code = _load_code(key.hexdigest()) or _store_code(key.hexdigest(), _compile(text))
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    address = engine.get_function_address(name)
    kinds = [ctypes.c_void_p if kind == "pointer" else ctypes.c_int64 for kind in arguments.values()]
    function = ctypes.CFUNCTYPE(None, *kinds)(address)

    def call(*values: Any) -> None:
        function(*(_address(value) if isinstance(value, np.ndarray) else value for value in values))

    call.engine = engine  # type: ignore[attr-defined]  # keeps the code alive
    return call


def _address(array: np.ndarray) -> int:
    if not array.flags.c_contiguous:
        raise ValueError("the engine takes C-contiguous arrays")
    return array.ctypes.data


def _engine() -> llvm.ExecutionEngine:
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())


def _compile(text: str) -> bytes:
    module = llvm.parse_assembly(text)
    module.triple = target_machine().triple
    module.data_layout = str(target_machine().target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=OPTIMISATION)
    options.loop_vectorization = False
    options.slp_vectorization = False
    options.loop_unrolling = False
    builder = llvm.create_pass_builder(target_machine(), options)
    builder.getModulePassManager().run(module, builder)
    return target_machine().emit_object(module)


def _load_code(key: str) -> bytes | None:
    folder = cache_folder()
    if folder is None:
        return None
    try:
        stored = (folder / f"{key}.o").read_bytes()
    except OSError:
        return None
    digest, code = stored[:32], stored[32:]
    return code if hashlib.sha256(code).digest() == digest else None


def _store_code(key: str, code: bytes) -> bytes:
    """Keep the code if the folder can be written; a cache that can't be is only slower."""
    folder = cache_folder()
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as aside:
                aside.write(hashlib.sha256(code).digest() + code)
            os.replace(aside.name, folder / f"{key}.o")
        except OSError:
            pass
    return code
