"""Ties that are none: what a program cannot say in float64, but rounding to 16 bits needs to know.

Next to 0 silu(x) is x/2 + x**2/4, and far out x - tanh(x) is x - 1 and something. There the second term is lost in
float64; the first one alone can be exactly in the middle between two numbers of 16 bits, and ties to even may go to
the wrong side of the true value. On which side of its leading term the function is, it shows where the difference is
visible; `settle` gives a program that moves a result a little to that side: by more than the rounding errors of
float64, and by so little that results which are no ties stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.compiled import CompiledActivation
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder, Kernel
from symact.oracle.formats import FORMATS, Float64s, Format

#: Where a difference may be lost, and where it is looked at: next to 0 and far out.
_NEAR, _FAR = 2.0**-20, 2.0**4
_SEEN_NEAR, _SEEN_FAR = np.array([2.0**-5, 2.0**-6, 2.0**-7]), np.array([3.0, 4.0, 5.0])

#: Two points that give the leading term.
_LEADING_NEAR, _LEADING_FAR = np.array([2.0**-100, 2.0**-101]), np.array([2.0**10, 2.0**11])

#: How far a result is moved, relative to it, and what counts as rounding errors of a program.
_MOVED, _ERROR = Fraction(1, 1 << 46), 2.0**-48

Function = Callable[[Float64s], Float64s]


def ties(compiled: CompiledActivation) -> dict[str, Kernel]:
    """Output -> the program that settles its ties, for those outputs that need one, at the parameters' defaults."""
    parameters = {p.name: float(np.float32(float(Fraction(p.default)))) for p in compiled.parameters}
    found = {}
    for kernel in compiled.programs.get("wide", {}).values():
        if kernel.inputs == ("x",) and len(kernel.outputs) == 1:
            program = settle(kernel, parameters)
            if program is not None:
                found[kernel.outputs[0][0]] = program
    return found


def settle(kernel: Kernel, parameters: Mapping[str, float]) -> Kernel | None:
    """A program of ``x`` and the result ``y`` of another program of x that moves ties off the middle; None: no need.

    Args:
        kernel: the program, with ``x`` as its only input and with one output.
        parameters: values for its parameters; the sides are found for them.
    """

    def function(x: Float64s) -> Float64s:
        (found,) = evaluate(kernel, {"x": x, **parameters}, ARITHMETICS["wide"]).values()
        return np.asarray(found, np.float64)

    b = Builder()
    x, y, zero = b.input("x"), b.input("y"), b.const(0)
    size = b("abs", x)
    factor = one = b.const(1)
    for near in (True, False):
        region = b("lt", size, b.const(Fraction(_NEAR))) if near else b("lt", b.const(Fraction(_FAR)), size)
        for side in (-1, 1):
            direction = _direction(function, near, side)
            if direction:
                half = b("lt", x, zero) if side < 0 else b("lt", zero, x)
                factor = b("select", b("and", region, half), b.const(1 + direction * _MOVED), factor)
    return None if factor == one else b.kernel("ties", ("x", "y"), (), {"y": b("mul", y, factor)})


def _direction(function: Function, near: bool, side: int) -> int:
    """1 where on this side true values lie farther from 0 than ties, -1 nearer; 0: no such ties, or not known."""
    with np.errstate(all="ignore"):
        leading = _leading(function, near, side)
        if leading is None:
            return 0
        seen = side * (_SEEN_NEAR if near else _SEEN_FAR)
        values = function(seen)
        found = np.sign((values - leading(seen)) * values)
        if found[0] == 0 or (found != found[0]).any():
            return 0
        for format in (f for f in FORMATS.values() if f.width == 16):
            every = format.every()
            x = every[(np.abs(every) < _NEAR if near else np.abs(every) > _FAR) & (every * side > 0)]
            term = leading(x)
            x, term = x[_is_tie(term, format)], term[_is_tie(term, format)]
            if (np.abs(function(x) - term) <= _ERROR * np.abs(term)).any():
                return int(found[0])
    return 0


def _leading(function: Function, near: bool, side: int) -> Function | None:
    """What is left of a function next to 0, a*x or a*x**2, or far out, a*x + b; None for anything else."""
    x = side * (_LEADING_NEAR if near else _LEADING_FAR)
    first, second = function(x).tolist()
    if near:
        if first in (2 * second, 4 * second) and second != 0:
            linear, a = first == 2 * second, first
            scale = float(np.abs(x[0]))
            return lambda x: a * np.abs(x / scale) if linear else a * (x / scale) ** 2
        return None
    slope = (second - first) / (x[1] - x[0])
    start = first - slope * x[0]
    return (lambda x: slope * x + start) if slope != 0 and np.isfinite(start) else None


def _is_tie(values: Float64s, format: Format) -> NDArray[np.bool_]:
    """Whether numbers are in the middle between two of a format."""
    exponent: NDArray[Any] = np.frexp(values)[1]
    units = np.ldexp(values, format.precision - np.maximum(exponent, format.emin + 1))
    return np.asarray(np.isfinite(units) & (np.abs(units - np.rint(units)) == 0.5))
