"""Exact numbers as literals: correctly rounded to a format, then the shortest decimal that reads back the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from symact.kernel.program import constant_value


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: bits of precision, exponents of its smallest and largest normal number."""

    precision: int
    lowest: int
    highest: int


FORMATS: dict[str, Format] = {
    "float16": Format(11, -14, 15),
    "bfloat16": Format(8, -126, 127),
    "float32": Format(24, -126, 127),
    "float64": Format(53, -1022, 1023),
}

#: The NumPy type whose shortest decimal is used; bfloat16 has none, a bfloat16 is a float32.
_PRINTED: dict[str, type[np.float16] | type[np.float32]] = {
    "float16": np.float16,
    "bfloat16": np.float32,
    "float32": np.float32,
}


def rounded(value: Fraction, format_: str) -> Fraction | float:
    """The number of a format nearest to `value`, ties to even; plus or minus infinity beyond the largest."""
    form = FORMATS[format_]
    if value == 0:
        return Fraction(0)
    exponent = _exponent(abs(value))
    spacing = Fraction(2) ** (max(exponent, form.lowest) - form.precision + 1)
    result = round(value / spacing) * spacing
    if abs(result) >= Fraction(2) ** (form.highest + 1):
        return float("inf") if value > 0 else float("-inf")
    return result


def decimal(text: str, format_: str) -> str:
    """A constant's text (exact, or inf, -inf, nan) as the shortest decimal of its rounding to a format.

    The result is "inf", "-inf", "nan" or a decimal with a point or an exponent, such as "0.1" or "1e-300".
    """
    value = constant_value(text)
    if isinstance(value, Fraction):
        value = rounded(value, format_)
    number = float(value)
    if format_ == "float64" or not math.isfinite(number):
        return repr(number)
    if number == 0 or 1e-4 <= abs(number) < 1e16:  # as repr does for float64
        return np.format_float_positional(_PRINTED[format_](number), unique=True, trim="0")
    return np.format_float_scientific(_PRINTED[format_](number), unique=True, trim="-", exp_digits=2)


def _exponent(value: Fraction) -> int:
    """floor(log2(value)) of a positive number."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    return exponent if Fraction(2) ** exponent <= value else exponent - 1
