"""Arithmetic with fractions: what PTX instructions have to give, from their definition alone."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from math import inf, isinf, isnan, nan

import mpmath

#: Format -> precision and exponent of the largest binade.
FORMATS = {"f16": (11, 15), "bf16": (8, 127), "f32": (24, 127), "f64": (53, 1023)}

_PACKED = {"f32": ("<f", "<I"), "f64": ("<d", "<Q")}


def number(bits: int, type_: str) -> float:
    """The number with these bits."""
    if type_ in _PACKED:
        value, pattern = _PACKED[type_]
        return float(struct.unpack(value, struct.pack(pattern, bits))[0])
    width, (precision, largest) = 16, FORMATS[type_]
    fraction = bits & ((1 << (precision - 1)) - 1)
    exponent = bits >> (precision - 1) & ((1 << (width - precision)) - 1)
    if exponent == (1 << (width - precision)) - 1:
        size = nan if fraction else inf
    elif exponent == 0:
        size = math.ldexp(fraction, 2 - largest - precision)
    else:
        size = math.ldexp(fraction + (1 << (precision - 1)), exponent - largest - precision + 1)
    return -size if bits >> (width - 1) else size


def ulp(value: Fraction, type_: str) -> Fraction:
    """The spacing of a format at a number, that of subnormal numbers below the smallest normal one."""
    precision, largest = FORMATS[type_]
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length() - 1 if size else -(10**6)
    if size and Fraction(2) ** (exponent + 1) <= size:
        exponent += 1
    return Fraction(2) ** (max(exponent, 1 - largest) - precision + 1)


def rounded(value: Fraction, type_: str, way: str = "rn") -> float:
    """A number that is not zero rounded to a format: to nearest even, to zero, down (rm) or up (rp)."""
    precision, largest = FORMATS[type_]
    step = ulp(value, type_)
    units = {"rn": round, "rz": math.trunc, "rm": math.floor, "rp": math.ceil}[way](value / step)
    found = units * step
    sign = -1 if value < 0 else 1
    most = (2 - Fraction(2) ** (1 - precision)) * Fraction(2) ** largest
    if abs(found) > most:
        outward = way == "rn" or (way != "rz" and (way == "rp") == (value > 0))
        return sign * (inf if outward else float(most))
    return math.copysign(float(found), sign)


def flushed(value: float, type_: str = "f32") -> float:
    """A subnormal number as a zero of its sign."""
    _, largest = FORMATS[type_]
    return math.copysign(0.0, value) if abs(value) < 2.0 ** (1 - largest) else value


def add(a: float, b: float, type_: str, way: str = "rn") -> float:
    if isnan(a) or isnan(b) or isinf(a) or isinf(b):
        return a + b
    exact = Fraction(a) + Fraction(b)
    if exact:
        return rounded(exact, type_, way)
    if math.copysign(1, a) == math.copysign(1, b):
        return a
    return -0.0 if way == "rm" else 0.0


def multiply(a: float, b: float, type_: str, way: str = "rn") -> float:
    sign = math.copysign(1, a) * math.copysign(1, b)
    if isnan(a) or isnan(b) or {abs(a), abs(b)} == {0.0, inf}:
        return nan
    if isinf(a) or isinf(b):
        return sign * inf
    return rounded(Fraction(a) * Fraction(b), type_, way) if a and b else sign * 0.0


def fused(a: float, b: float, c: float, type_: str, way: str = "rn") -> float:
    if isnan(a) or isnan(b) or isnan(c):
        return nan
    if isinf(a) or isinf(b):
        return multiply(a, b, type_) + c
    if isinf(c):
        return c
    if not (a and b):
        return add(multiply(a, b, type_), c, type_, way)
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact:
        return rounded(exact, type_, way)
    return -0.0 if way == "rm" else 0.0


def divide(a: float, b: float, type_: str) -> float:
    sign = math.copysign(1, a) * math.copysign(1, b)
    if isnan(a) or isnan(b) or (isinf(a) and isinf(b)) or (a == 0 and b == 0):
        return nan
    if isinf(a) or b == 0:
        return sign * inf
    return rounded(Fraction(a) / Fraction(b), type_) if a and not isinf(b) else sign * 0.0


def root(a: float, type_: str) -> float:
    if isnan(a) or a < 0:
        return nan
    if a == 0 or isinf(a):
        return a
    exact = Fraction(a)
    scale = 2 * FORMATS[type_][0] + 2100
    floor = Fraction(math.isqrt(int(exact * Fraction(4) ** scale)), 1 << scale)
    # Strictly between floor and its successor, or floor itself: far finer than any tie.
    return rounded(floor if floor * floor == exact else floor + Fraction(1, 1 << (scale + 1)), type_)


def whole(value: Fraction, way: str) -> int:
    """An integer beside a number: nearest even, to zero, down, up."""
    return int({"rni": round, "rzi": math.trunc, "rmi": math.floor, "rpi": math.ceil}[way](value))


def fraction(value: mpmath.mpf) -> Fraction:
    """A finite number of mpmath, exactly."""
    sign, mantissa, exponent, _ = mpmath.mpf(value)._mpf_
    return (-1 if sign else 1) * int(mantissa) * Fraction(2) ** exponent
