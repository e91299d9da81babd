"""Ties that are none: what a program cannot say in float64, but rounding to 16 bits needs to know.

Next to 0 silu(x) is x/2 + x**2/4, and far out x - tanh(x) is x - 1 and something. There the second term is lost in
float64, the line that is left can be exactly in the middle between two numbers of 16 bits, and ties to even may go to
the wrong side of the true value. On which side of the line the function is, it shows where the difference is visible;
`settle` gives a program that moves a result by one unit in the last place of float64 to that side. Where a result is
no tie, this changes nothing in 16 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from symact.kernel.compiled import CompiledActivation
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder, Kernel
from symact.oracle.formats import FORMATS, Float64s, Format

#: Where a difference from a line may be lost, and where it is looked at: next to 0 and far out.
_NEAR, _FAR = 2.0**-20, 2.0**4
_SEEN_NEAR, _SEEN_FAR = (2.0**-5, 2.0**-6, 2.0**-7), (3.0, 4.0, 5.0)
#: Two points that give the line.
_LINE_NEAR, _LINE_FAR = (2.0**-100, 2.0**-101), (2.0**10, 2.0**11)

#: One unit in the last place away from 0, and towards it.
_AWAY, _TOWARDS = 1 + Fraction(1, 1 << 52), 1 - Fraction(1, 1 << 53)


def ties(compiled: CompiledActivation) -> dict[str, Kernel]:
    """Output -> the program that settles its ties, for those outputs that need one, at the parameters' defaults."""
    parameters = {p.name: float(np.float32(float(Fraction(p.default)))) for p in compiled.parameters}
    found = {}
    for kernel in compiled.kernels.values():
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
    b = Builder()
    x, y = b.input("x"), b.input("y")
    size, factor = b("abs", x), b.const(1)
    for near in (True, False):
        for side in (-1.0, 1.0):
            direction = _direction(kernel, parameters, near, side)
            if direction:
                there = b("lt", size, b.const(Fraction(_NEAR))) if near else b("lt", b.const(Fraction(_FAR)), size)
                beside = b("lt", x, b.const(0)) if side < 0 else b("lt", b.const(0), x)
                factor = b("select", b("and", there, beside), b.const(_AWAY if direction > 0 else _TOWARDS), factor)
    if factor == b.const(1):
        return None
    return b.kernel("ties", ("x", "y"), (), {"y": b("mul", y, factor)})


def _direction(kernel: Kernel, parameters: Mapping[str, float], near: bool, side: float) -> int:
    """1 where the true values lie farther from 0 than ties on one side, -1 nearer; 0: no such ties, or not known."""

    def values(x: Float64s) -> Float64s:
        (found,) = evaluate(kernel, {"x": x, **parameters}).values()
        return np.asarray(found, np.float64)

    with np.errstate(all="ignore"):
        ends = side * np.array(_LINE_NEAR if near else _LINE_FAR)
        first, second = values(ends)
        slope = (second - first) / (ends[1] - ends[0])
        start = first - slope * ends[0]
        if slope == 0 or not np.isfinite(start) or (near and start != 0):
            return 0
        seen = side * np.array(_SEEN_NEAR if near else _SEEN_FAR)
        shown = values(seen)
        beside = np.sign((shown - (slope * seen + start)) * shown)
        if beside[0] == 0 or (beside != beside[0]).any():
            return 0
        for format in (f for f in FORMATS.values() if f.width == 16):
            every = format.every()
            x = every[(np.abs(every) < _NEAR if near else np.abs(every) > _FAR) & (every * side > 0)]
            y = values(x)
            if (_is_tie(y, format) & (y == slope * x + start)).any():
                return int(beside[0])
    return 0


def _is_tie(y: Float64s, format: Format) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether numbers are in the middle between two of a format."""
    _, exponent = np.frexp(y)
    units = np.ldexp(y, format.precision - np.maximum(exponent, format.emin + 1))
    return np.asarray(np.isfinite(units) & (np.abs(units - np.rint(units)) == 0.5))
