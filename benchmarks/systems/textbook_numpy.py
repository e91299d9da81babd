"""The textbook formula as NumPy expressions on whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.python_text import array_function
from benchmarks.systems.base import Bound, Kernel, System, optional
from benchmarks.tasks import Arrays, Task
from benchmarks.textbook import called, program, words

_NAMES = {name: f"arc{name[1:]}" for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")}
_TEXTS = {
    **{name: text for name, text in called("np.NAME", _NAMES).items() if name not in ("erf", "erfc")},
    "abs": "np.abs({0})",
    "copysign": "np.sign({1})",
    "min": "np.minimum({0}, {1})",
    "max": "np.maximum({0}, {1})",
    "pow": "({0} ** {1})",
    "and": "({0} & {1})",
    "or": "({0} | {1})",
    "select": "np.where({0}, {1}, {2})",
}
#: NumPy has no error function; who needs one takes SciPy's.
_ERROR_FUNCTION = {name: f"special.{name}({{0}})" for name in ("erf", "erfc")}


class TextbookNumPy(System):
    """An expression of NumPy functions."""

    name = "NumPy"
    about = "textbook formula, erf from SciPy where that is installed; allocates its result and an array a step"

    def missing(self) -> str | None:
        """See `System`."""
        return None

    def version(self) -> str:
        """See `System`."""
        return f"NumPy {np.__version__}"

    def kernel(self, task: Task) -> Kernel:
        """See `System`."""
        special = optional("scipy.special")
        texts = _TEXTS if special is None else {**_TEXTS, **_ERROR_FUNCTION}
        formula = program(task.name, task.dtype, task.pass_)
        # Typed numbers: np.where of two plain ones would be float64.
        operations = words("NumPy", texts, "T({0})")
        names = {"np": np, "special": special, "T": np.dtype(task.dtype).type}
        function = array_function(formula, operations, task.dtype, names)

        def bind(arrays: Arrays) -> Bound:
            read = [arrays.x] if arrays.gradient is None else [arrays.x, arrays.gradient]

            def call() -> NDArray[Any]:
                with np.errstate(all="ignore"):
                    found: NDArray[Any] = function(*read)
                return found

            return Bound(call, call)

        return bind


SYSTEMS = (TextbookNumPy(),)
