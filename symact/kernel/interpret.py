"""The reference meaning of a program: evaluated step by step with NumPy.

The search scores candidates with it, and the targets' generated code is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symact.kernel.program import Kernel, constant_value

_NATIVE: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "copysign": np.copysign,
    "min": lambda a, b: np.where(b < a, b, a),
    "max": lambda a, b: np.where(b > a, b, a),
    "pow": np.power,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "select": np.where,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    **{
        name: getattr(np, name)
        for name in ("floor", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh")
    },
}


@cache
def _function(operation: str, dtype: np.dtype[Any]) -> Callable[..., Any]:
    """An operation as a function of arrays; the erf family runs its own program, which holds for float64 only."""
    if operation in _NATIVE:
        return _NATIVE[operation]
    from symact.kernel.functions import FUNCTIONS

    program = FUNCTIONS[operation]
    (name,) = program.inputs
    return lambda a: next(iter(evaluate(program, {name: a}).values())).astype(dtype)


def evaluate(kernel: Kernel, values: Mapping[str, ArrayLike], dtype: Any = np.float64) -> dict[str, NDArray[Any]]:
    """Every output of a program at given inputs.

    Args:
        kernel: the program.
        values: an array for each input, a scalar for each parameter, by name.
        dtype: the floating type in which every step is computed.

    Returns:
        An array of `dtype` for each output name, of the inputs' shape.
    """
    kind = np.dtype(dtype)
    steps: list[Any] = []
    with np.errstate(all="ignore"):
        for step in kernel.instructions:
            if step.operation in ("input", "parameter"):
                steps.append(np.asarray(values[step.value], dtype=kind))
            elif step.operation == "const":
                steps.append(kind.type(float(constant_value(step.value))))
            else:
                steps.append(_function(step.operation, kind)(*(steps[i] for i in step.operands)))
    shape = np.broadcast_shapes(*(np.shape(values[name]) for name in kernel.inputs))
    return {name: np.broadcast_to(np.asarray(steps[index], dtype=kind), shape) for name, index in kernel.outputs}
