"""The textbook formula as a loop that numba compiles."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.python_text import loop
from benchmarks.systems.base import Bound, Kernel, System, absence, needed, writing
from benchmarks.tasks import Arrays, Task
from benchmarks.textbook import called, program, words

_TEXTS = {
    **called("math.NAME"),
    "abs": "abs({0})",
    "copysign": "math.copysign({0}, {1})",
    "min": "min({0}, {1})",
    "max": "max({0}, {1})",
    "pow": "({0} ** {1})",
    "and": "({0} and {1})",
    "or": "({0} or {1})",
    "select": "({1} if {0} else {2})",
}


class Numba(System):
    """A loop under numba.njit."""

    def __init__(self, name: str, fastmath: bool) -> None:
        self.name, self._fastmath = name, fastmath
        self.about = f"textbook formula under njit(fastmath={fastmath}); writes into the given array"

    def missing(self) -> str | None:
        """See `System`."""
        return absence("numba")

    def version(self) -> str:
        """See `System`."""
        numba = needed("numba")
        return f"numba {numba.__version__} {'with' if numba.config.USING_SVML else 'without'} SVML"

    def kernel(self, task: Task) -> Kernel:
        """See `System`."""
        # Typed numbers: a plain one would turn float32 into float64.
        operations = words("numba", _TEXTS, "T({0})")
        names = {"math": math, "T": np.dtype(task.dtype).type}
        plain = loop(program(task.name, task.dtype, task.pass_), operations, task.dtype, names)
        function = needed("numba").njit(nogil=True, error_model="numpy", fastmath=self._fastmath)(plain)

        def bind(arrays: Arrays) -> Bound:
            read = [arrays.x] if arrays.gradient is None else [arrays.x, arrays.gradient]
            return writing(arrays, lambda: function(*read, arrays.out))

        return bind


SYSTEMS = (Numba("numba", fastmath=False), Numba("numba fastmath", fastmath=True))
