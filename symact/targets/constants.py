"""Exact numbers as literals: correctly rounded to a format, then the shortest decimal that reads back the same."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np

from symact.kernel.program import constant_value
from symact.oracle.formats import FORMATS

#: The NumPy type whose shortest decimal is used; every bfloat16 is a float32.
_PRINTED: dict[str, type[np.float16] | type[np.float32]] = {
    "float16": np.float16,
    "bfloat16": np.float32,
    "float32": np.float32,
}


@lru_cache(maxsize=1 << 14)
def decimal(text: str, format_: str) -> str:
    """A constant's text (exact, or inf, -inf, nan) as the shortest decimal of its rounding to a format.

    The result is "inf", "-inf", "nan" or a decimal with a point or an exponent, such as "0.1" or "1e-300".
    """
    value = constant_value(text)
    number = FORMATS[format_].nearest(value) if isinstance(value, Fraction) else value
    if format_ == "float64" or not math.isfinite(number):
        return repr(number)
    if number == 0 or 1e-4 <= abs(number) < 1e16:  # as repr does for float64
        return np.format_float_positional(_PRINTED[format_](number), unique=True, trim="0")
    return np.format_float_scientific(_PRINTED[format_](number), unique=True, trim="-", exp_digits=2)
