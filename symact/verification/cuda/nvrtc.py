"""NVIDIA's run-time compiler: CUDA source to PTX and machine code, without a device or a driver."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache

from symact.errors import Error
from symact.verification.cuda.source import INSTALL
from symact.verification.cuda.source import missing as no_source

#: What kernels are compiled for: Turing, Ampere, Hopper and Blackwell.
ARCHITECTURES = ("sm_75", "sm_80", "sm_90", "sm_100")

#: What CuPy adds to the options of every kernel.
_OPTIONS = ("-ftz=true", "--device-as-default-execution-space")


@dataclass(frozen=True)
class Compiled:
    """What the compiler made of a source.

    Attributes:
        ptx: the assembly text.
        cubin: the machine code, an ELF file.
        log: what it had to say; empty: no warning.
    """

    ptx: str
    cubin: bytes
    log: str


def missing() -> str | None:
    """Why kernels cannot be compiled here; None if they can."""
    for module in ("cupy", "nvidia.cuda_nvrtc", "nvidia.cuda_runtime"):
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            return f"{module} is not installed: {INSTALL}"
    return no_source()


def tool() -> str:
    """The compiler with its version."""
    from cupy.cuda import nvrtc

    return "NVRTC {}.{}".format(*nvrtc.getVersion())


@lru_cache(maxsize=8)
def compile_source(text: str, architecture: str = "sm_90") -> Compiled:
    """Compile CUDA source with the options that CuPy gives.

    Args:
        text: the source.
        architecture: one that the compiler knows, such as those in `ARCHITECTURES`.

    Raises:
        Error: the compiler is not there, or it refuses the source; the message has its log.
    """
    reason = missing()
    if reason is not None:
        raise Error(reason)
    from cupy._core import core
    from cupy.cuda import nvrtc

    options = (*core.assemble_cupy_compiler_options(()), f"-arch={architecture}", *_OPTIONS)
    program = nvrtc.createProgram(text, "kernel.cu", (), ())
    try:
        nvrtc.compileProgram(program, options)
        log = nvrtc.getProgramLog(program).strip("\0\n ")
        return Compiled(nvrtc.getPTX(program).decode().rstrip("\0"), nvrtc.getCUBIN(program), log)
    except nvrtc.NVRTCError as failure:
        raise Error(f"NVRTC refuses the kernel ({failure}): {nvrtc.getProgramLog(program)}") from None
    finally:
        nvrtc.destroyProgram(program)
