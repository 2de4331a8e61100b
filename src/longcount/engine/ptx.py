"""A program for NVIDIA's processors: one model in each thread.

The text is the engine's own program of one lane, with a kernel around it that gives every thread its part of the
arrays. It is emitted and assembled in the tests; it has not run on a GPU yet, and is no device of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping

from longcount.engine import targets

THREAD = """
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()

define ptx_kernel void @"{name}_models"(i64 %models, {parameters}) {{
entry:
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %size = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %place = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block.long = zext i32 %block to i64
  %size.long = zext i32 %size to i64
  %place.long = zext i32 %place to i64
  %first = mul i64 %block.long, %size.long
  %thread = add i64 %first, %place.long
  %works = icmp slt i64 %thread, %models
  br i1 %works, label %work, label %done
work:
{places}
  call void @"{name}"({given})
  br label %done
done:
  ret void
}}
"""


def one_model_a_thread(program: str, name: str, arguments: Mapping[str, str]) -> str:
    """The assembly text of a kernel `<name>_models` in which every thread runs a program of one lane.

    The kernel takes the number of models and then the program's arguments, each array followed by the bytes from one
    thread's part to the next: 0 for arrays that all threads read.

    Args:
        program: LLVM IR, as of `longcount.engine.training_kernel.training_program` with one lane.
        name: of its function.
        arguments: of the function, each "pointer" or "index".
    """
    parameters, places, given = [], [], []
    for argument, kind in arguments.items():
        if kind == "index":
            parameters.append(f"i64 %{argument}")
            given.append(f"i64 %{argument}")
        else:
            parameters += [f"i8* %{argument}", f"i64 %{argument}.bytes"]
            places.append(f"  %{argument}.offset = mul i64 %thread, %{argument}.bytes")
            places.append(f"  %{argument}.here = getelementptr i8, i8* %{argument}, i64 %{argument}.offset")
            given.append(f"i8* %{argument}.here")
    thread = THREAD.format(
        name=name, parameters=", ".join(parameters), places="\n".join(places), given=", ".join(given)
    )
    inlined = program.replace(f'define void @"{name}"', f'define internal void @"{name}"', 1)
    return targets.assembly(inlined + thread, targets.NVPTX64)
