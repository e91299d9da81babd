"""Numbers of twice float64's precision as unevaluated sums of two: arrays of (high, low).

The building blocks are those of Dekker (1971) and Knuth; see Joldes, Muller and Popescu, "Tight and rigorous error
bounds for basic building blocks of double-word arithmetic" (2017), for what they lose. Nothing here may be fused or
reordered, which NumPy's elementwise functions are not.
"""

from __future__ import annotations

from collections.abc import Sequence

from symact.oracle.formats import Float64s

Pair = tuple[Float64s, Float64s]

#: A bound of what `horner` loses in a step, relative to the sum of the sizes of all terms: seven roundings of numbers
#: that are at most 2**-51 of it.
STEP = 7 * 2.0**-53 * 2.0**-51

_SPLIT = 2.0**27 + 1


def two_sum(a: Float64s, b: Float64s) -> Pair:
    """a + b rounded, and what the rounding left out."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _split(a: Float64s) -> Pair:
    """a as a sum of two numbers of 26 bits."""
    large = _SPLIT * a
    high = large - (large - a)
    return high, a - high


def two_product(a: Float64s, b: Float64s) -> Pair:
    """a*b rounded, and what the rounding left out; for numbers whose product neither over- nor underflows."""
    product = a * b
    (a1, a2), (b1, b2) = _split(a), _split(b)
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def times(a: Pair, b: Float64s) -> Pair:
    """A pair times doubles."""
    high, low = two_product(a[0], b)
    return two_sum(high, low + a[1] * b)


def horner(high: Sequence[Float64s], low: Sequence[Float64s], u: Float64s) -> Pair:
    """``sum((high[k] + low[k])*u**k)`` for abs(u) <= 1; see `STEP` for its error."""
    total = (high[-1], low[-1])
    for upper, lower in zip(high[-2::-1], low[-2::-1], strict=True):
        product, rest = times(total, u)
        sum_, left = two_sum(upper, product)
        total = two_sum(sum_, left + (rest + lower))
    return total
