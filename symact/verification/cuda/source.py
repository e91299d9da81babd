"""The CUDA source that CuPy makes of an ElementwiseKernel, without a device.

CuPy writes it when the kernel is first called, which needs a device. Here its own generator is called instead; the
generator is private, so only the versions in `CUPY` are accepted.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symact.errors import Error

#: The major versions of CuPy whose private source generator is known to work as it is used here.
CUPY = (14,)

INSTALL = "pip install 'symact[cuda-check]'"


@dataclass(frozen=True)
class Source:
    """The source of one kernel for one dtype.

    Attributes:
        name: of the kernel in CUDA.
        includes: its #include lines.
        body: the rest.
    """

    name: str
    includes: tuple[str, ...]
    body: str

    @property
    def text(self) -> str:
        """As CuPy compiles it."""
        return "\n".join((*self.includes, self.body))


def missing() -> str | None:
    """Why there are no sources here; None if there are."""
    if importlib.util.find_spec("cupy") is None:
        return f"CuPy is not installed: {INSTALL}"
    import cupy

    major = int(cupy.__version__.split(".")[0])
    if major not in CUPY:
        return f"CuPy {cupy.__version__} is not one of the versions {CUPY} whose source generator is known"
    return None


def source(kernel: Any, dtype: str, scalars: int = 0) -> Source:
    """The complete CUDA source of a `cupy.ElementwiseKernel` for contiguous arrays of one dtype.

    Args:
        kernel: the kernel; every argument of it must be of the type ``T``.
        dtype: of all arrays, such as "float32".
        scalars: how many of the inputs, counted from the last one, are numbers and not arrays.

    Raises:
        Error: CuPy is not there, or of an unknown version.
    """
    reason = missing()
    if reason is not None:
        raise Error(reason)
    import cupy
    from cupy._core import _carray, _kernel, _scalar, core

    array_kind, indexer_kind, scalar_kind = 1, 2, 3  # _ArgKind of cupy/_core/_kernel.pxd
    kind = cupy.dtype(_numpy_name(dtype))
    inputs, outputs = len(kernel.in_params), len(kernel.out_params)
    _, _, types = _kernel._decide_params_type(kernel.in_params, kernel.out_params, (kind,) * inputs, (kind,) * outputs)
    array = _kernel._ArgInfo(array_kind, cupy.ndarray, kind, 1, True, True)
    scalar = _kernel._ArgInfo(scalar_kind, _scalar.CScalar, kind, 0, True, True)
    indexer = _kernel._ArgInfo(indexer_kind, _carray.Indexer, None, 1, True, True)
    arguments = (*[array] * (inputs - scalars), *[scalar] * scalars, *[array] * outputs, indexer)
    code = _kernel._get_elementwise_kernel_code(
        arguments, types, kernel.params, kernel.operation, kernel.name, kernel.preamble
    )
    headers = [f"#include <{header}>" for header in core._cupy_header_list]
    lines = str(code).splitlines()
    own = [line.strip() for line in lines if line.lstrip().startswith("#include")]
    body = "\n".join(line for line in lines if not line.lstrip().startswith("#include"))
    return Source(kernel.name, tuple(dict.fromkeys((*headers, *own))), body)


def together(sources: Sequence[Source]) -> str:
    """Several kernels as one source, which takes a tenth of the time to compile; each makes the same code as alone."""
    includes = dict.fromkeys(line for source in sources for line in source.includes)
    bodies = [f"namespace kernel{i} {{\n{source.body}\n}}" for i, source in enumerate(sources)]
    return "\n".join((*includes, *bodies))


def _numpy_name(dtype: str) -> Any:
    """What CuPy calls a dtype; bfloat16 is that of ml_dtypes.

    Raises:
        Error: ml_dtypes is not there.
    """
    from symact.oracle.formats import get

    found = get(dtype).dtype if dtype == "bfloat16" else dtype
    if dtype == "bfloat16" and getattr(found, "name", "") != dtype:
        raise Error("bfloat16 needs the package ml_dtypes", "pip install 'symact[bfloat16]'")
    return found
