"""Ties that are none: found where float64 loses the term that decides, and nowhere else."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from symact import catalog
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder, Kernel
from symact.kernel.store import compiled
from symact.kernel.ties import settle, ties


def program(*steps: tuple[str, ...]) -> Kernel:
    """A program in reverse Polish notation: "x", a constant, or an operation on what stands before it."""
    b = Builder()
    stack: list[int] = []
    for step in steps:
        operation, *arity = step
        if arity:
            count = int(arity[0])
            stack[-count:] = [b(operation, *stack[-count:])]
        else:
            stack.append(b.input("x") if operation == "x" else b.const(operation))
    return b.kernel("forward", ("x",), (), {"y": stack[-1]})


X, HALF = ("x",), ("1/2",)
#: x/2 + x**2, x/2 - x**2, x**2 - x**4 and x - tanh(x): signs of the second term on the left and on the right.
CASES = [
    (program(X, HALF, ("mul", "2"), X, X, ("mul", "2"), ("add", "2")), 1e-30, (-1, 1)),
    (program(X, HALF, ("mul", "2"), X, X, ("mul", "2"), ("sub", "2")), 1e-30, (1, -1)),
    (program(X, X, ("mul", "2"), ("1",), X, X, ("mul", "2"), ("sub", "2"), ("mul", "2")), 1e-30, (-1, -1)),
    (program(X, X, ("tanh", "1"), ("sub", "2")), 3000.0, (1, 1)),
]


@pytest.mark.parametrize(("kernel", "size", "away"), CASES)
def test_a_result_moves_to_the_side_of_the_lost_term(kernel: Kernel, size: float, away: tuple[int, int]) -> None:
    settled = settle(kernel, {})
    assert settled is not None
    for x, direction in zip((-size, size), away, strict=True):
        for y in (1.0, -1.0):
            moved = float(evaluate(settled, {"x": x, "y": y})["y"])
            assert math.copysign(1, moved) == y
            assert Fraction(abs(moved)) - 1 == direction * Fraction(1, 1 << 46)
    for x in (0.0, -0.0, 0.01, -0.01, 10.0, -10.0, math.nan):
        assert float(evaluate(settled, {"x": x, "y": 1.0})["y"]) == 1


@pytest.mark.parametrize(
    "kernel",
    [
        program(X),
        program(X, HALF, ("mul", "2")),  # ties are ties
        program(X, ("tanh", "1")),  # x - x**3/3, and x has the format itself
        program(X, ("exp", "1")),
        program(("1",), X, ("div", "2")),
    ],
)
def test_no_need(kernel: Kernel) -> None:
    assert settle(kernel, {}) is None


def test_the_catalogue() -> None:
    """silu is x/2 + x**2/4 next to 0; the logistic sigmoid's second derivative is -x/8 + x**3/48 there."""
    assert ties(compiled(catalog.get("silu"))).keys() == {"y"}
    assert ties(compiled(catalog.get("logistic"))).keys() == {"d2ydx2"}
    assert ties(compiled(catalog.get("tanh"))) == {}
