"""CuPy kernels without a GPU: their whole CUDA source, and what NVIDIA's compiler makes of it.

CuPy writes a kernel's source when the kernel is first called, which needs a device. Here its own generator is called
instead; the generator is private, so only the versions in `CUPY` are accepted. NVRTC, the compiler, needs no device.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

from symact.errors import Error

#: The major versions of CuPy whose private source generator is known to work as it is used here.
CUPY = (14,)
#: The oldest architecture that is not being dropped; its code runs on all later ones.
ARCHITECTURE = "compute_75"

_INSTALL = "pip install 'symact[cuda-check]'"


@dataclass(frozen=True)
class Compiled:
    """NVRTC's result: the assembly text and what it had to say (empty: no warning)."""

    ptx: str
    log: str


def missing() -> str | None:
    """Why kernels cannot be compiled here; None if they can."""
    for module in ("cupy", "nvidia.cuda_nvrtc", "nvidia.cuda_runtime"):
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            return f"{module} is not installed: {_INSTALL}"
    import cupy

    major = int(cupy.__version__.split(".")[0])
    if major not in CUPY:
        return f"CuPy {cupy.__version__} is not one of the versions {CUPY} whose source generator is known"
    return None


def source(kernel: Any, dtype: str, scalars: int = 0) -> str:
    """The complete CUDA source of a `cupy.ElementwiseKernel` for contiguous arrays of one dtype.

    Args:
        kernel: the kernel; every argument of it must be of the type ``T``.
        dtype: of all arrays, such as "float32".
        scalars: how many of the inputs, counted from the last one, are numbers and not arrays.

    Raises:
        Error: CuPy or the compiler is not there, or CuPy is of an unknown version.
    """
    _require()
    import cupy
    from cupy._core import _carray, _kernel, _scalar, core

    array_kind, indexer_kind, scalar_kind = 1, 2, 3  # _ArgKind of cupy/_core/_kernel.pxd
    kind = cupy.dtype(dtype)
    inputs, outputs = len(kernel.in_params), len(kernel.out_params)
    _, _, types = _kernel._decide_params_type(kernel.in_params, kernel.out_params, (kind,) * inputs, (kind,) * outputs)
    array = _kernel._ArgInfo(array_kind, cupy.ndarray, kind, 1, True, True)
    scalar = _kernel._ArgInfo(scalar_kind, _scalar.CScalar, kind, 0, True, True)
    indexer = _kernel._ArgInfo(indexer_kind, _carray.Indexer, None, 1, True, True)
    arguments = (*[array] * (inputs - scalars), *[scalar] * scalars, *[array] * outputs, indexer)
    code = _kernel._get_elementwise_kernel_code(
        arguments, types, kernel.params, kernel.operation, kernel.name, kernel.preamble
    )
    headers = "".join(f"#include <{header}>\n" for header in core._cupy_header_list)
    return headers + str(code)


def compile_source(text: str, architecture: str = ARCHITECTURE) -> Compiled:
    """Compile CUDA source to PTX assembly with NVRTC and the options that CuPy gives.

    Raises:
        Error: the compiler is not there, or it refuses the source; the message has its log.
    """
    _require()
    from cupy._core import core
    from cupy.cuda import nvrtc

    options = (
        *core.assemble_cupy_compiler_options(()),
        f"-arch={architecture}",
        "-ftz=true",
        "--device-as-default-execution-space",
    )
    program = nvrtc.createProgram(text, "kernel.cu", (), ())
    try:
        nvrtc.compileProgram(program, options)
        return Compiled(nvrtc.getPTX(program).decode().rstrip("\0"), nvrtc.getProgramLog(program).strip("\0\n "))
    except nvrtc.NVRTCError as failure:
        raise Error(f"NVRTC refuses the kernel ({failure}): {nvrtc.getProgramLog(program)}") from None
    finally:
        nvrtc.destroyProgram(program)


def _require() -> None:
    reason = missing()
    if reason is not None:
        raise Error(reason)
