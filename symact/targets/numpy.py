"""NumPy kernels in Python: the generated module, executed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symact.kernel.compiled import CompiledActivation
from symact.targets.loaded import Loaded, Run
from symact.targets.python import functions
from symact.targets.table import DataType, Target


def missing() -> str | None:
    """NumPy runs everywhere: symact needs it itself."""
    return None


def load(compiled: CompiledActivation, target: Target, type_: DataType) -> Loaded:
    """The kernels of one activation as functions of NumPy arrays."""
    passes = functions(compiled, target, [type_])
    names = [target.identifier(p.name) for p in compiled.parameters]
    runs = {name: _run(passes[name], len(kernel.inputs), names) for name, kernel in compiled.signatures.items()}
    return Loaded(compiled, type_.dtype, runs, scalar=np.dtype(type_.words["parameter"]).type)


def _run(function: Callable[..., Any], inputs: int, names: Sequence[str]) -> Run:
    def run(*given: Any) -> None:
        end = len(given) - len(names)
        function(*given[:inputs], out=given[inputs:end], **dict(zip(names, given[end:], strict=True)))

    return run


def tool() -> str:
    """The library that computes, with the processor's extensions that it found: its functions depend on them."""
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    return f"NumPy {np.__version__}, {(extensions.get('found') or extensions['baseline'])[-1]}"
