"""What is measured: a pass of an activation on arrays of one dtype and size, and the numbers in those arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact import catalog
from symact.activation import Activation
from symact.errors import Error

#: The passes that are compared.
PASSES = ("forward", "derivative", "backward")

DTYPES = ("float32", "float64")

#: Standard deviation of the inputs: the bend around 0 and both tails occur, and no exponential overflows.
SPREAD = 3.0

#: Arrays start at multiples of so many bytes, as those that frameworks allocate, and slices at multiples of so many
#: elements: no two callers write into one cache line.
_GRAIN = 64


@dataclass(frozen=True)
class Task:
    """One comparison.

    Attributes:
        name: of the activation in the catalogue; its parameters have their defaults, rounded to the dtype.
        pass_: one of `PASSES`.
        dtype: one of `DTYPES`.
        elements: length of the arrays.
        threads: how many threads compute at once.
    """

    name: str
    pass_: str
    dtype: str
    elements: int
    threads: int

    def __post_init__(self) -> None:
        for what, value, known in (("pass", self.pass_, PASSES), ("dtype", self.dtype, DTYPES)):
            if value not in known:
                raise Error(f"there is no {what} '{value}' here", f"use one of {', '.join(known)}")
        for what, number in (("elements", self.elements), ("threads", self.threads)):
            if number < 1:
                raise Error(f"{what} must be at least 1, and {number} is not")

    @property
    def activation(self) -> Activation:
        """The definition with the parameters' values that everybody computes with."""
        return definition(self.name, self.dtype)

    @property
    def bytes(self) -> int:
        """Of all arrays that one call reads and writes."""
        arrays = 3 if self.pass_ == "backward" else 2
        return arrays * self.elements * np.dtype(self.dtype).itemsize

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.name} {self.pass_}, {self.dtype}, {size(self.elements)} elements, {threads}"


@dataclass(frozen=True)
class Arrays:
    """What a call reads and where it writes; all of one length and dtype, contiguous.

    Attributes:
        x: the inputs.
        out: for the results.
        gradient: incoming gradients of a backward pass, else None.
    """

    x: NDArray[Any]
    out: NDArray[Any]
    gradient: NDArray[Any] | None = None

    def slices(self, count: int) -> list[Arrays]:
        """The arrays cut into `count` parts of nearly equal length."""
        total = len(self.x)
        cuts = [min(-(-total * part // count // _GRAIN) * _GRAIN, total) for part in range(count)] + [total]
        return [
            Arrays(self.x[a:b], self.out[a:b], None if self.gradient is None else self.gradient[a:b])
            for a, b in pairwise(cuts)
        ]


@lru_cache
def definition(name: str, dtype: str) -> Activation:
    """A catalogue entry, its parameters' values rounded to the dtype, so that all compute the same function."""
    entry = catalog.get(name)
    kind = np.dtype(dtype).type
    return entry.with_values({p.name: Fraction(float(kind(float(p.value)))) for p in entry.parameters})


def arrays(task: Task, seed: int = 0) -> Arrays:
    """Normally distributed inputs (see `SPREAD`) and gradients; shorter arrays are the beginning of longer ones."""

    def normal(stream: int, spread: float) -> NDArray[Any]:
        generator = np.random.default_rng((seed, stream))
        drawn = generator.standard_normal(task.elements, np.float32)
        drawn *= np.float32(spread)
        return aligned(drawn.astype(task.dtype, copy=False))

    gradient = normal(1, 1.0) if task.pass_ == "backward" else None
    x = normal(0, SPREAD)
    return Arrays(x, aligned(np.zeros_like(x)), gradient)


def aligned(values: NDArray[Any]) -> NDArray[Any]:
    """A copy that starts at a multiple of `_GRAIN` bytes, every page of it touched."""
    memory = np.empty(values.nbytes + _GRAIN, np.uint8)
    start = -memory.ctypes.data % _GRAIN
    found = memory[start : start + values.nbytes].view(values.dtype)
    found[:] = values
    return found


def size(elements: int) -> str:
    """A length as text, powers of two as such."""
    power = elements.bit_length() - 1
    return f"2^{power}" if elements == 1 << power and power >= 10 else str(elements)


def grid(
    names: list[str], passes: list[str], dtypes: list[str], elements: list[int], threads: list[int]
) -> Iterator[Task]:
    """All combinations; those that differ in the size only come one after the other."""
    for count in threads:
        for dtype in dtypes:
            for name in names:
                for pass_ in passes:
                    for length in elements:
                        yield Task(catalog.get(name).name, pass_, dtype, length, count)
