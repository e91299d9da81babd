"""The error of a floating-point value, defined once for everything that measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from symact.oracle.formats import Float64s, Format

if TYPE_CHECKING:
    from symact.oracle.oracle import Oracle


def errors(
    values: NDArray[Any],
    oracle: Oracle,
    x: NDArray[Any],
    format: Format | str,
    factor: NDArray[Any] | None = None,
) -> Float64s:
    """Error of each value in units in the last place: ``|value - exact| / ulp(exact)``.

    ``ulp(exact)`` is the spacing of the format in the binade of the exact value, the subnormal spacing below the
    smallest normal number. The result is known to 0.001. Failures are not numbers and come out as inf:

    * NaN where the exact value is none, or the other way round;
    * an infinity where the correctly rounded value is none, or the other way round, or of the other sign;
    * a zero whose sign is not that of the correctly rounded value.

    Args:
        values: what is measured, shape (n,), in the format's dtype or float64.
        oracle: the function.
        x: the inputs, shape (n,), in the format's dtype or float64.
        format: a `Format` or its name.
        factor: None, or what the exact values are multiplied by (the incoming gradient of a backward pass).
    """
    return oracle.reference(x, format, factor).errors(values)
