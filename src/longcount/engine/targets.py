"""What a program is compiled for: this processor, the oldest of its architecture, or another machine.

A program is one text of LLVM IR, made of IEEE operations without any fast-math flag. For whichever target it is
compiled, it computes the same bits: `docs/numerical-contract.md` says on which machines that has been shown.
"""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

from llvmlite import binding as llvm

SETTINGS = {"speed_level": 2, "loop_vectorization": False, "slp_vectorization": False, "loop_unrolling": False}
"""Lanes are vectors already; without the passes that look for more, compiling is quicker and the code no slower."""

FLAGS = ("--enable-misched=false",)
"""LLVM leaves instructions in the order in which the program has them: its scheduler, which looks no further than
registers, would put a readout that nothing waits for before the step that the next token waits for."""


class Target(NamedTuple):
    """A kind of machine, as LLVM names it."""

    triple: str
    processor: str
    features: str = ""
    in_process: bool = False
    """Whether the code is for this process, and is put wherever there is room in its memory."""


AARCH64 = Target("aarch64-linux-gnu", "generic")
"""Any 64-bit Arm processor."""

WASM32 = Target("wasm32-unknown-unknown", "generic", "+simd128")
"""WebAssembly, with its vectors of 128 bits."""

NVPTX64 = Target("nvptx64-nvidia-cuda", "sm_80")
"""The assembly language of NVIDIA's processors, from the A100 on."""


@functools.cache
def native() -> Target:
    """The processor at hand, or the oldest of its architecture where the environment says `generic`."""
    _prepare()
    chosen = os.environ.get("LONGCOUNT_CPU") or os.environ.get("NUMBA_CPU_NAME")
    triple = llvm.get_process_triple()
    if chosen == "generic":
        return Target(triple, "generic", in_process=True)
    return Target(triple, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), in_process=True)


def target_machine(target: Target) -> llvm.TargetMachine:
    """LLVM's machine for a target: a new one each time, because an execution engine frees the one it is given."""
    _prepare()
    triple, processor, features, in_process = target
    return llvm.Target.from_triple(triple).create_target_machine(
        cpu=processor,
        features=features,
        opt=SETTINGS["speed_level"],
        jit=in_process,
        reloc="default" if in_process else "pic",
        codemodel="jitdefault" if in_process else "default",
    )


def emit(text: str, target: Target) -> bytes:
    """The object file of a module of LLVM IR: machine code, or of `WASM32` a module that imports its memory."""
    machine, module = _optimised(text, target)
    return machine.emit_object(module)


def assembly(text: str, target: Target) -> str:
    """The assembly text of a module of LLVM IR; the only form that `NVPTX64` has."""
    machine, module = _optimised(text, target)
    return machine.emit_assembly(module)


def _optimised(text: str, target: Target) -> tuple[llvm.TargetMachine, llvm.ModuleRef]:
    machine = target_machine(target)
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options()
    for name, value in SETTINGS.items():
        setattr(options, name, value)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return machine, module


@functools.cache
def _prepare() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    for flag in FLAGS:
        llvm.set_option("", flag)
