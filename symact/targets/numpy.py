"""NumPy kernels in Python: the generated module, executed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symact.kernel.compiled import CompiledActivation
from symact.targets.loaded import Loaded
from symact.targets.python import functions
from symact.targets.table import DataType, Target


def missing() -> str | None:
    """NumPy runs everywhere: symact needs it itself."""
    return None


def load(compiled: CompiledActivation, target: Target, type_: DataType) -> Loaded:
    """The kernels of one activation as functions of NumPy arrays."""
    passes = functions(compiled, target, [type_])
    names = [target.identifier(p.name) for p in compiled.parameters]

    def run(name: str, inputs: Sequence[Any], outputs: Sequence[Any], parameters: tuple[float, ...]) -> None:
        passes[name](*inputs, out=tuple(outputs), **dict(zip(names, parameters, strict=True)))

    return Loaded(compiled, type_.dtype, run, scalar=np.dtype(type_.words["parameter"]).type)


def tool() -> str:
    """The library that computes, with the processor's extensions that it found: its functions depend on them."""
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    return f"NumPy {np.__version__}, {(extensions.get('found') or extensions['baseline'])[-1]}"
