"""The CuPy kernels of activations as NVIDIA's compiler sees them: source, PTX, machine code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from symact import targets
from symact.errors import Error
from symact.kernel.compiled import CompiledActivation
from symact.targets.python import functions
from symact.verification.cuda import machine, nvrtc, sass
from symact.verification.cuda.source import Source, source, together


@dataclass(frozen=True)
class Wanted:
    """One kernel: an activation's pass for arrays of one dtype."""

    activation: CompiledActivation
    pass_: str
    dtype: str


@dataclass(frozen=True)
class Batch:
    """Several kernels of one dtype, compiled together for one architecture.

    Attributes:
        wanted: the kernels.
        names: what they are called in CUDA, in the same order.
        architecture: such as "sm_90".
        compiled: what the compiler made of them.
    """

    wanted: tuple[Wanted, ...]
    names: tuple[str, ...]
    architecture: str
    compiled: nvrtc.Compiled

    @cached_property
    def machines(self) -> dict[str, machine.Machine]:
        """The kernels as they can be executed here, by their names in CUDA."""
        return machine.load(self.compiled.ptx)

    def executable(self) -> list[tuple[Wanted, machine.Machine]]:
        """Each kernel with how it can be executed here."""
        return [(one, self.machines[name]) for one, name in zip(self.wanted, self.names, strict=True)]

    @cached_property
    def code(self) -> dict[str, sass.Code]:
        """The kernels' machine code, by their names in CUDA."""
        return sass.disassemble(self.compiled.cubin)


def sources(wanted: Sequence[Wanted]) -> list[Source]:
    """The CUDA source of each kernel as CuPy makes it."""
    target = targets.get("cupy")
    objects: dict[str, dict[str, Any]] = {}
    found = []
    for one in wanted:
        key = f"{one.activation.name} {one.activation.digest} {one.dtype}"
        if key not in objects:
            objects[key] = functions(one.activation, target, [target.type(one.dtype, "accurate")])
        found.append(source(objects[key][one.pass_], one.dtype, len(one.activation.parameters)))
    return found


def build(wanted: Iterable[Wanted], architecture: str = "sm_90") -> Batch:
    """Compile kernels of one dtype together.

    Raises:
        Error: they are of several dtypes, the compiler is not there, or it refuses one of them.
    """
    wanted = tuple(wanted)
    if len({one.dtype for one in wanted}) != 1:
        raise Error("kernels that are compiled together must have one dtype")
    texts = sources(wanted)
    compiled = nvrtc.compile_source(together(texts), architecture)
    return Batch(wanted, tuple(text.name for text in texts), architecture, compiled)
