"""Products and quotients with the rounding error beside them."""

from __future__ import annotations

from collections.abc import Sequence

from symact.kernel.program import Builder


def product(b: Builder, factors: Sequence[int]) -> tuple[int, int | None]:
    """The rounded product of some steps, and a step for its error (None: there is one factor, no error)."""
    value, *rest = factors
    error: int | None = None
    for factor in rest:
        next_value = b("mul", value, factor)
        own = b("product_error", value, factor, next_value)
        error = own if error is None else b("add", own, b("mul", error, factor))
        value = next_value
    return value, error


def quotient(b: Builder, above: int, below: int) -> tuple[int, int]:
    """The rounded quotient of two steps, and a step for its error."""
    value = b("div", above, below)
    rounded, error = product(b, [value, below])
    assert error is not None
    return value, b("div", b("sub", b("sub", above, rounded), error), below)
