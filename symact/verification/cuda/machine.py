"""PTX executed on the CPU: translated to C, compiled by the system's compiler and called."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from symact.errors import Error
from symact.targets import c
from symact.verification.cuda.ptx import Function, parse
from symact.verification.cuda.translate import Approximation, translate

#: No fused operation that PTX does not have; numbers need no signals and no errno.
_FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-w", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")


@dataclass(frozen=True)
class Machine:
    """One kernel that can be executed here.

    Attributes:
        kernel: as PTX has it.
        approximations: those of its instructions whose results on hardware are known within a bound only.
        fusible: how many of its sums may be fused with a product when machine code is made.
    """

    kernel: Function
    approximations: tuple[Approximation, ...]
    fusible: int
    _function: Any
    _total: int

    def run(self, arguments: Sequence[bytes], directions: Sequence[int] = (), fused: bool = False) -> None:
        """Execute the kernel as one block of one thread.

        Args:
            arguments: the bytes of each parameter; addresses in them are of this process.
            directions: for each approximation -1, 0 or 1: the correctly rounded value is moved down, not at all, or up
                by as much as the hardware may be off. None for all: 0.
            fused: whether the sums that may be fused with a product are.

        Raises:
            Error: the bytes are not as long as the kernel's parameters.
        """
        sizes = [parameter.size for parameter in self.kernel.parameters]
        if [len(argument) for argument in arguments] != sizes:
            given = [len(argument) for argument in arguments]
            raise Error(f"{self.kernel.name} has parameters of {sizes} bytes and was given {given}")
        moves = (ctypes.c_int8 * max(self._total, 1))()
        for approximation, direction in zip(self.approximations, directions, strict=False):
            moves[approximation.number] = direction
        pointers = (ctypes.c_char_p * max(len(sizes), 1))(*arguments)
        self._function(pointers, moves, fused)


def missing() -> str | None:
    """Why PTX cannot be executed here; None if it can."""
    return c.missing()


@lru_cache(maxsize=64)
def load(text: str) -> dict[str, Machine]:
    """The kernels of a PTX text, by name.

    Raises:
        Error: an instruction is not modelled, or there is no C compiler.
    """
    reason = missing()
    if reason is not None:
        raise Error(f"PTX cannot be executed here: {reason}")
    module = parse(text)
    translation = translate(module)
    sources = {"kernel.c": translation.text, "ptx.h": _header()}
    library = c.library("ptx", sources, _FLAGS)
    machines = {}
    for name, approximations in translation.approximations.items():
        function = getattr(library, translation.symbol(name))
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
        function.restype = None
        machines[name] = Machine(
            module.functions[name], approximations, translation.fusible[name], function, translation.total
        )
    return machines


def _header() -> str:
    return files("symact.verification.cuda").joinpath("ptx.h").read_text(encoding="utf-8")
