"""The textbook formula as one expression for numexpr."""

from __future__ import annotations

import numpy as np

from benchmarks.systems.base import Bound, Kernel, System, absence, needed, writing
from benchmarks.tasks import Arrays, Task
from benchmarks.textbook import called, expression, program, words

_NAMES = {name: f"arc{name[1:]}" for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")}
_TEXTS = {
    **{name: text for name, text in called("NAME", _NAMES).items() if name not in ("erf", "erfc")},
    "abs": "abs({0})",
    "copysign": "where({1} < 0, -{0}, {0})",
    # Its own min and max are reductions.
    "min": "where({1} < {0}, {1}, {0})",
    "max": "where({1} > {0}, {1}, {0})",
    "pow": "({0} ** {1})",
    "and": "({0} & {1})",
    "or": "({0} | {1})",
    "select": "where({0}, {1}, {2})",
}


class NumExpr(System):
    """numexpr.evaluate of one expression."""

    name = "numexpr"
    threading = "own"
    about = "textbook formula in numexpr.evaluate(..., out=), its own threads; writes into the given array"

    def missing(self) -> str | None:
        """See `System`."""
        return absence("numexpr")

    def version(self) -> str:
        """See `System`."""
        numexpr = needed("numexpr")
        return f"numexpr {numexpr.__version__} {'with' if numexpr.use_vml else 'without'} VML"

    def kernel(self, task: Task) -> Kernel:
        """See `System`."""
        numexpr = needed("numexpr")
        numexpr.set_num_threads(task.threads)
        text, constants = expression(program(task.name, task.dtype, task.pass_), words("numexpr", _TEXTS), task.dtype)
        # Typed numbers: a plain one with a fraction would turn float32 into float64.
        kind = np.dtype(task.dtype).type
        numbers = {name: kind(value) for name, value in constants.items()}

        def bind(arrays: Arrays) -> Bound:
            values = {**numbers, "x": arrays.x, "grad_y": arrays.gradient}
            # Without casting, so that it never computes float32 in float64 unnoticed.
            return writing(arrays, lambda: numexpr.evaluate(text, values, {}, out=arrays.out, casting="no"))

        return bind


SYSTEMS = (NumExpr(),)
