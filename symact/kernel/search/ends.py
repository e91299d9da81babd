"""The ends of the line: what programs give at NaN, the infinities and both zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, S, oo

from symact.errors import Error
from symact.kernel.arithmetic import Arithmetic
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder, Kernel
from symact.kernel.search.line import Line
from symact.oracle import Oracle
from symact.symbolic.limits import limit_at

_ZEROS, _INFINITIES = np.array([0.0, -0.0]), np.array([np.inf, -np.inf])


class LineEnds:
    """Puts special inputs right.

    Args:
        line: the function.
        arithmetic: in which programs are evaluated.
        oracle: the exact values, parameters having their values in force.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic, oracle: Oracle) -> None:
        self._line = line
        self._arithmetic = arithmetic
        self._oracle = oracle

    def guarded(self, kernel: Kernel, name: str, output: str) -> Kernel:
        """The program with a select for each special input at which it would be wrong."""
        special = np.array([np.nan, np.inf, -np.inf, *_ZEROS, -np.nan])  # a NaN has a sign bit too
        expected = self._oracle.rounded(special, "float64")
        wrong = self._wrong_at(special, kernel)
        b = Builder()
        x = b.input("x")
        value = b.include(kernel)["y"]
        if wrong[3] or wrong[4]:
            value = b("select", b("eq", x, b.const(0)), self._at_zero(b, x, expected[3:5]), value)
        if wrong[1] or wrong[2]:
            value = self._at_infinity(b, x, value, expected[1:3], wrong[1:3])
        if wrong[0] or wrong[5]:
            value = b("select", b("ne", x, x), x, value)
        return b.kernel(name, ["x"], self._line.parameters, {output: value})

    def is_right_at_zeros(self, kernel: Kernel) -> bool:
        """Whether the program needs no select for +0 or -0."""
        return not self._wrong_at(_ZEROS, kernel).any()

    def is_right_at_infinities(self, kernel: Kernel) -> bool:
        """Whether the program needs no select for +oo or -oo."""
        return not self._wrong_at(_INFINITIES, kernel).any()

    def _wrong_at(self, special: NDArray[np.float64], kernel: Kernel) -> NDArray[np.bool_]:
        """At which of some special inputs the program is wrong, whatever a cut makes of a NaN."""
        result = np.dtype(self._arithmetic.result)
        expected = self._oracle.rounded(special, "float64").astype(result)
        wrong: NDArray[np.bool_] = np.zeros(len(special), bool)
        with np.errstate(over="ignore"):
            x = special.astype(self._arithmetic.dtype)
            for cuts_nan in (True, False):
                values: dict[str, Any] = {"x": x, **self._line.settings[0]}
                (got,) = evaluate(kernel, values, self._arithmetic, cuts_nan=cuts_nan).values()
                wrong |= ~_identical(got.astype(result).astype(np.float64), expected.astype(np.float64))
                # An infinite gradient is multiplied by f' before the last rounding: at infinity f' has to be 0 by then.
                wrong |= np.isinf(special) & (expected == 0) & (got != 0)
        return wrong

    def _at_zero(self, b: Builder, x: int, expected: NDArray[Any]) -> int:
        """The value at +0 and -0."""
        if expected[0] == 0 and np.signbit(expected[0]) != np.signbit(expected[1]):
            return b("neg", x) if np.signbit(expected[0]) else x
        point = next((p.value for p in self._line.branches.points if p.x == 0), None)
        piece = self._line.branches.pieces[-1].expression
        return self._limit(b, expected[0], limit_at(piece, self._line.x, S.Zero, "+") if point is None else point)

    def _at_infinity(self, b: Builder, x: int, value: int, expected: NDArray[Any], wrong: NDArray[Any]) -> int:
        infinity = b.const("inf")
        limits = [self._end(b, 1, expected[0]), self._end(b, -1, expected[1])]
        if wrong.all() and expected[0] == expected[1] and np.signbit(expected[0]) == np.signbit(expected[1]):
            return b("select", b("eq", b("abs", x), infinity), limits[0], value)
        if wrong.all() and expected[0] == -expected[1] and expected[0] >= 0 and not np.signbit(expected[0]):
            return b("select", b("eq", b("abs", x), infinity), b("copysign", limits[0], x), value)
        for bad, limit, end in zip(wrong, limits, (infinity, b("neg", infinity)), strict=True):
            if bad:
                value = b("select", b("eq", x, end), limit, value)
        return value

    def _end(self, b: Builder, side: int, value: float) -> int:
        """The limit at side*oo."""
        piece = self._line.branches.pieces[-1 if side > 0 else 0].expression
        return self._limit(b, value, limit_at(piece, self._line.x, side * oo, "-"))

    def _limit(self, b: Builder, value: float, exact: Expr | None) -> int:
        """A limit: exact text where it is a finite number, which may depend on parameters."""
        if np.isnan(value):
            return b.const("nan")
        if np.isinf(value):
            return b.const("inf" if value > 0 else "-inf")
        if value == 0:
            return b("neg", b.const(0)) if np.signbit(value) else b.const(0)
        if exact is None:
            raise Error("a limit at infinity depends on the sign of a parameter", "write its value into the formula")
        return self._line.write_number(b, exact, self._arithmetic)


def _identical(got: NDArray[Any], expected: NDArray[Any]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (got == expected) & (np.signbit(got) == np.signbit(expected))
    with np.errstate(invalid="ignore"):
        close = np.isfinite(expected) & (expected != 0) & (np.abs(got - expected) <= 1e-6 * np.abs(expected))
    same |= close | (np.isnan(got) & np.isnan(expected))
    return same
