"""CuPy kernels in Python: the generated module, executed; it runs where there is a CUDA device."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

from symact.kernel.compiled import CompiledActivation
from symact.oracle.formats import get
from symact.targets.loaded import Loaded, Run
from symact.targets.python import functions
from symact.targets.table import DataType, Target


def missing() -> str | None:
    """Why CuPy kernels cannot run here; None if they can."""
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed; for CUDA 12: pip install cupy-cuda12x"
    from cupy.cuda import runtime

    try:
        return None if runtime.getDeviceCount() else "there is no CUDA device"
    except runtime.CUDARuntimeError as failure:
        return f"there is no CUDA device that works: {failure}"


def load(compiled: CompiledActivation, target: Target, type_: DataType) -> Loaded:
    """The kernels of one activation as functions of CuPy arrays, on the current device."""
    import cupy

    own = runs(compiled, target, type_)
    return Loaded(compiled, type_.dtype, own, scalar=get(type_.dtype).dtype.type, arrays=cupy)


def runs(compiled: CompiledActivation, target: Target, type_: DataType) -> dict[str, Run]:
    """The kernels of one activation as functions of CuPy arrays, outputs after inputs, and of parameters."""
    passes = functions(compiled, target, [type_])
    return {name: _run(passes[name], len(each.inputs), len(each.outputs)) for name, each in compiled.signatures.items()}


def _run(kernel: Callable[..., Any], inputs: int, outputs: int) -> Run:
    def run(*given: Any) -> None:
        read, written, parameters = given[:inputs], given[inputs : inputs + outputs], given[inputs + outputs :]
        kernel(*read, *parameters, *written)

    return run


def tool() -> str:
    """The library with its version, and the device."""
    import cupy

    name = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"].decode()
    return f"CuPy {cupy.__version__} on {name}"
