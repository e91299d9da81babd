"""Which functions a target writes a second time, for the parameters' defaults alone."""

from __future__ import annotations

from symact.kernel.compiled import CompiledActivation
from symact.kernel.defaults import at_defaults
from symact.kernel.program import Kernel
from symact.targets.table import Operations


def default_programs(compiled: CompiledActivation, operations: Operations, arithmetic: str) -> dict[str, Kernel]:
    """Pass -> program, where the words of the arithmetic have ``at_defaults`` and a program saves something."""
    if not (compiled.parameters and operations.arithmetics[arithmetic].get("at_defaults")):
        return {}
    defaults = {p.name: p.default for p in compiled.parameters}
    found = {name: at_defaults(kernel, defaults) for name, kernel in compiled.programs[arithmetic].items()}
    return {name: kernel for name, kernel in found.items() if kernel is not None}
