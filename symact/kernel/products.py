"""Products with the rounding error beside them.

Dekker's product (1971) with Veltkamp's split; the split multiplies by a power of two only, so it stays exact whether or
not a compiler fuses multiplications with additions. In float32 arithmetic the split gives nothing and the error comes
out as 0: no harm is done.
"""

from __future__ import annotations

from collections.abc import Sequence

from symact.kernel.program import Builder

#: 2**27: a double has 53 bits, so each part of the split has at most 26 and their products are exact.
_SHIFT = 2**27


def product(b: Builder, factors: Sequence[int]) -> tuple[int, int | None]:
    """The rounded product of some steps, and a step for its error (None: there is one factor, no error)."""
    value, *rest = factors
    error: int | None = None
    for factor in rest:
        next_value = b("mul", value, factor)
        own = _error(b, value, factor, next_value)
        error = own if error is None else b("add", own, b("mul", error, factor))
        value = next_value
    return value, error


def _split(b: Builder, a: int) -> tuple[int, int]:
    scaled = b("mul", a, b.const(_SHIFT))
    high = b("sub", b("add", a, scaled), scaled)
    return high, b("sub", a, high)


def _error(b: Builder, x: int, y: int, value: int) -> int:
    """x*y - value, where value is the rounded product."""
    (x_high, x_low), (y_high, y_low) = _split(b, x), _split(b, y)
    error = b("sub", b("mul", x_high, y_high), value)
    for left, right in ((x_high, y_low), (x_low, y_high), (x_low, y_low)):
        error = b("add", error, b("mul", left, right))
    return error
