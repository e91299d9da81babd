"""The reference meaning of a program: evaluated step by step with NumPy.

The search scores candidates with it, and the targets' generated code is compared with it. Elementary functions are
symact's own, so that the same program gives the same numbers with any NumPy; those that it has none of are NumPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symact.kernel.arithmetic import ARITHMETICS, WRITTEN, Arithmetic
from symact.kernel.program import LIFT, Instruction, Kernel, constant_value

#: What each step gave, with a number in its place among the operands of others: operation, value and operands -> both.
Steps = dict[Hashable, tuple[int, Any]]

_NATIVE: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "copysign": np.copysign,
    "min": lambda a, b: np.where(b < a, b, a),
    "cut": lambda a, b: np.where(a < b, a, b),
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


def _parts(a: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mantissa in [sqrt(1/2), sqrt(2)) and exponent."""
    mantissa, exponent = np.frexp(a)
    low = mantissa < np.sqrt(0.5)
    return np.where(low, 2 * mantissa, mantissa).astype(a.dtype), (exponent - low).astype(a.dtype)


def _pow2(a: NDArray[Any]) -> NDArray[Any]:
    # By the bits, as targets do it: what is no exponent of a normal number gives the same nonsense.
    information = np.finfo(a.dtype)
    bits = a.view(f"uint{information.bits}")
    power: NDArray[Any] = ((bits + (information.maxexp - 1)) << information.nmant).view(a.dtype)
    return power


def _fma(a: NDArray[Any], b: NDArray[Any], c: NDArray[Any]) -> NDArray[Any]:
    """a*b + c in float32: the product is exact in float64; the sum is rounded to odd there, so that the last rounding
    sees on which side of the middle of two numbers it was."""
    if a.dtype != np.float32:
        raise TypeError(f"fma has a meaning in float32 only, not in {a.dtype}")
    product, addend = np.multiply(a, b, dtype=np.float64), c.astype(np.float64)
    total = product + addend
    back = total - product
    lost = (product - (total - back)) + (addend - back)
    bits = total.view(np.int64)
    inexact = np.isfinite(total) & (lost != 0) & (bits % 2 == 0)
    away = (lost > 0) == (total > 0)
    odd: NDArray[np.int64] = np.where(inexact, bits + np.where(away, 1, -1), bits)
    return odd.view(np.float64).astype(np.float32)


def _last_bits(a: NDArray[Any]) -> NDArray[Any]:
    return a.view(np.uint32) & 31


_NATIVE |= {
    "fma": lambda a, b, c: _fma(*np.broadcast_arrays(a, b, c)),
    "fms": lambda a, b, c: _fma(*np.broadcast_arrays(a, b, -c)),
    "lower": lambda a, b: (a.view(np.uint32) - (b.view(np.uint32) << 18)).view(np.float32),
    "scale": lambda a, b: np.ldexp(a, np.where(np.isfinite(b), b, 0).astype(np.int32)),
    "special": lambda a: (a == 0) | ~np.isfinite(a),
    "quarter": lambda a: (a.view(np.uint32) >> 21).view(np.float32),
    "mirrored": lambda a, b: (a.view(np.int32) ^ (b.view(np.int32) >> 31)).view(np.float32),
    "entry": lambda table, key: table[_last_bits(key)],
    "exp_long": np.exp,
    "decay": lambda a: np.exp(-a),
    "decay_flushed": lambda a: np.exp(-a),
    "decay_lifted": lambda a: np.ldexp(np.exp(-a), LIFT),
    "log1p_unit": np.log1p,
    "log1p_positive": np.log1p,
    "pow2": _pow2,
    "exponent": lambda a: _parts(a)[1],
    "mantissa": lambda a: _parts(a)[0],
}


@cache
def _function(operation: str, arithmetic: str, library: bool = False, cuts_nan: bool = True) -> Callable[..., Any]:
    """An operation as a function of arrays."""
    program = WRITTEN[arithmetic].functions.get(operation)
    if program is None or (library and operation in _NATIVE):
        return _NATIVE["min" if operation == "cut" and not cuts_nan else operation]

    def apply(*operands: Any) -> NDArray[Any]:
        values = dict(zip(program.inputs, operands, strict=True))
        return evaluate(program, values, WRITTEN[arithmetic], cuts_nan=cuts_nan)["y"]

    return apply


def _number(text: str) -> float:
    """A constant in float64; what is too large for it is infinite, as in a compiled program."""
    value = constant_value(text)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@lru_cache(maxsize=1 << 12)
def _prepared(kernel: Kernel, arithmetic: str, library: bool, cuts_nan: bool) -> tuple[Any, ...]:
    """For each step what is known before the inputs are: the function, the number or numbers; None for an input."""
    kind = WRITTEN[arithmetic].dtype
    found: list[Any] = []
    for step in kernel.instructions:
        if step.operation in ("input", "parameter"):
            found.append(None)
        elif step.operation == "const":
            found.append(kind.type(_number(step.value)))
        elif step.operation == "table":
            found.append(np.array([float(constant_value(number)) for number in step.value.split()], kind))
        else:
            found.append(_function(step.operation, arithmetic, library, cuts_nan))
    return tuple(found)


def evaluate(
    kernel: Kernel,
    values: Mapping[str, ArrayLike],
    arithmetic: Arithmetic = ARITHMETICS["float64"],
    *,
    contracted: bool = False,
    fused: bool = False,
    flushed: bool = False,
    library: bool = False,
    cuts_nan: bool = True,
    memory: Steps | None = None,
) -> dict[str, NDArray[Any]]:
    """Every output of a program at given inputs.

    Args:
        kernel: the program.
        values: an array for each input, a scalar for each parameter, by name.
        arithmetic: in which every step is computed.
        contracted: add products before they are rounded, as a compiler may that has fused multiply-add. To the last
            digit where the sum is exact, as it is where it cancels.
        fused: the same, but only products of which nothing else is made than sums, as compilers do it; to the last
            digit.
        flushed: take 0 for every subnormal number, input or step, as CUDA does with -ftz=true.
        library: take NumPy's elementary functions where it has them, as its kernels do. They go on to 0 and infinity
            where symact's own end in wide arithmetic.
        cuts_nan: whether a cut makes a number of a NaN; it may do either.
        memory: what steps of other programs gave at the same inputs in the same way, which is not computed again; it
            grows by this program's.

    Returns:
        An array of the arithmetic's dtype for each output name, of the inputs' shape.
    """
    kind = arithmetic.dtype
    smallest = arithmetic.format.smallest_normal if flushed else 0.0
    steps: list[Any] = []
    memory = {} if memory is None else memory
    names: list[int] = []
    products = _fusable(kernel) if fused else frozenset()
    with np.errstate(all="ignore"):
        for step, known in zip(kernel.instructions, _prepared(kernel, arithmetic.name, library, cuts_nan), strict=True):
            product = _product(step, products) if products else None
            key = (step.operation, step.value, product, *[names[i] for i in step.operands])
            if key in memory:
                name, found = memory[key]
                names.append(name)
                steps.append(found)
                continue
            if known is None:
                steps.append(np.asarray(values[step.value], dtype=kind))
            elif not step.operands:
                steps.append(known)
            else:
                steps.append(known(*[steps[i] for i in step.operands]))
                if contracted and step.operation in ("add", "sub"):
                    steps[-1] = steps[-1] + _lost(kernel, step, steps, arithmetic)
                elif product is not None:
                    lost = _lost(kernel, step, steps, arithmetic, step.operands[product])
                    steps[-1] = steps[-1] + (lost + _lost_sum(step, steps))
            if flushed and steps[-1].dtype == kind:
                steps[-1] = np.where(np.abs(steps[-1]) < smallest, np.copysign(kind.type(0), steps[-1]), steps[-1])
            names.append(len(memory))
            memory[key] = len(memory), steps[-1]
    shape = np.broadcast_shapes(*(np.shape(values[name]) for name in kernel.inputs))
    return {name: np.broadcast_to(np.asarray(steps[index], dtype=kind), shape) for name, index in kernel.outputs}


@lru_cache(maxsize=1 << 12)
def _fusable(kernel: Kernel) -> frozenset[int]:
    """The products that are only added or subtracted."""
    used = {index for _, index in kernel.outputs}
    for step in kernel.instructions:
        if step.operation not in ("add", "sub"):
            used.update(step.operands)
    return frozenset(
        index for index, step in enumerate(kernel.instructions) if step.operation == "mul" and index not in used
    )


def _product(step: Instruction, products: frozenset[int]) -> int | None:
    """Which operand of a sum is fused with it: the first one of some products; None for none."""
    if step.operation not in ("add", "sub"):
        return None
    return next((position for position, index in enumerate(step.operands) if index in products), None)


def _lost(
    kernel: Kernel, step: Instruction, steps: Sequence[Any], arithmetic: Arithmetic, only: int | None = None
) -> Any:
    """What a sum misses because one of its operands is a rounded product, or `only` that one."""
    for position, index in enumerate(step.operands):
        operand = kernel.instructions[index]
        if operand.operation == "mul" and only in (None, index):
            first, second = (steps[i] for i in operand.operands)
            lost = _function("product_error", arithmetic.name)(*np.broadcast_arrays(first, second, steps[index]))
            lost = np.where(np.isfinite(lost), lost, 0)  # that of the largest numbers cannot be computed
            return -lost if step.operation == "sub" and position == 1 else lost
    return 0


def _lost_sum(step: Instruction, steps: Sequence[Any]) -> Any:
    """What the rounding of a sum, the last of the steps, lost (Knuth's two-sum)."""
    first, second = (steps[i] for i in step.operands)
    second = -second if step.operation == "sub" else second
    part = steps[-1] - first
    lost = (first - (steps[-1] - part)) + (second - part)
    return np.where(np.isfinite(lost), lost, 0)
