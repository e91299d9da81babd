"""Which programs round a result once at most, so that a wider format gains nothing."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from symact.kernel.program import Builder, Kernel
from symact.kernel.rounding import rounds_once


def program(write: Callable[[Builder, int], int]) -> Kernel:
    b = Builder()
    return b.kernel("forward", ["x"], [], {"y": write(b, b.input("x"))})


@pytest.mark.parametrize(
    "write",
    [
        lambda b, x: b("add", b("max", x, b.const(0)), b.const(0)),
        lambda b, x: b("neg", b("mul", x, x)),
        lambda b, x: b("div", b("min", x, b.const(6)), b.const(3)),
        lambda b, x: b("select", b("lt", x, b.const(3)), b.const("1/10"), b.parameter("alpha")),
    ],
)
def test_one_rounding_in_the_end_is_as_good_in_float32(write: Callable[[Builder, int], int]) -> None:
    assert rounds_once(program(write), "float32")


@pytest.mark.parametrize(
    "write",
    [
        lambda b, x: b("mul", b("mul", x, x), x),
        lambda b, x: b("mul", b.const("1/10"), x),
        lambda b, x: b("add", b.parameter("alpha"), x),
        lambda b, x: b("select", b("lt", x, b.const("1/10")), x, b.const(0)),
        lambda b, x: b("select", b("lt", b("mul", x, x), b.const(1)), x, b.const(0)),
        lambda b, x: b("min", b("div", x, b.const(3)), b.const("1/10")),
        lambda b, x: b("add", b("neg", b("mul", x, x)), b.const(0)),  # -1e-60 is -0, and 0 with 0 added
        lambda b, x: b("exp", x),
    ],
)
def test_what_is_computed_from_rounded_numbers_is_not(write: Callable[[Builder, int], int]) -> None:
    assert not rounds_once(program(write), "float32")


def test_numbers_are_those_of_the_format() -> None:
    kernel = program(lambda b, x: b("mul", x, b.const(Fraction(0.1))))
    assert rounds_once(kernel, "float64")
    assert not rounds_once(kernel, "float32")
