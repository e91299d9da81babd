"""Products with the rounding error beside them.

Dekker's product (1971) with Veltkamp's split; the split multiplies by a power of two only, so it stays exact whether or
not a compiler fuses multiplications with additions.
"""

from __future__ import annotations

from collections.abc import Sequence

from symact.kernel.program import Builder


def product(b: Builder, factors: Sequence[int], digits: int) -> tuple[int, int | None]:
    """The rounded product of some steps, and a step for its error (None: there is one factor, no error).

    `digits` is how many bits a significand has.
    """
    value, *rest = factors
    error: int | None = None
    for factor in rest:
        next_value = b("mul", value, factor)
        own = _error(b, value, factor, next_value, digits)
        error = own if error is None else b("add", own, b("mul", error, factor))
        value = next_value
    return value, error


def quotient(b: Builder, above: int, below: int, digits: int) -> tuple[int, int]:
    """The rounded quotient of two steps, and a step for its error."""
    value = b("div", above, below)
    rounded, error = product(b, [value, below], digits)
    assert error is not None
    return value, b("div", b("sub", b("sub", above, rounded), error), below)


def _split(b: Builder, a: int, digits: int) -> tuple[int, int]:
    """Two parts of so few bits each (26 of 53, 12 of 24) that their products are exact."""
    scaled = b("mul", a, b.const(2 ** ((digits + 1) // 2)))
    high = b("sub", b("add", a, scaled), scaled)
    return high, b("sub", a, high)


def _error(b: Builder, x: int, y: int, value: int, digits: int) -> int:
    """x*y - value, where value is the rounded product."""
    (x_high, x_low), (y_high, y_low) = _split(b, x, digits), _split(b, y, digits)
    error = b("sub", b("mul", x_high, y_high), value)
    for left, right in ((x_high, y_low), (x_low, y_high), (x_low, y_low)):
        error = b("add", error, b("mul", left, right))
    return error
