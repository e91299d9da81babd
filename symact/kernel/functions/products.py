"""What the rounding of a product lost: Dekker's product (1971) with Veltkamp's split.

The split multiplies by a power of two only, so it stays exact whether or not a compiler fuses multiplications with
additions.
"""

from __future__ import annotations

from symact.kernel.functions.polynomial import Precision
from symact.kernel.program import Builder


def _split(b: Builder, a: int, precision: Precision) -> tuple[int, int]:
    """Two parts of so few bits each (26 of 53, 12 of 24) that their products are exact."""
    scaled = b("mul", a, b.const(2 ** ((precision.digits + 1) // 2)))
    high = b("sub", b("add", a, scaled), scaled)
    return high, b("sub", a, high)


def product_error(b: Builder, x: int, y: int, value: int, precision: Precision) -> int:
    """x*y - value, where value is the rounded product."""
    (x_high, x_low), (y_high, y_low) = _split(b, x, precision), _split(b, y, precision)
    error = b("sub", b("mul", x_high, y_high), value)
    for left, right in ((x_high, y_low), (x_low, y_high), (x_low, y_low)):
        error = b("add", error, b("mul", left, right))
    return error
