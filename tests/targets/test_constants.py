"""Literals: correctly rounded and as short as a decimal that reads back can be."""

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symact.targets.constants import decimal

NUMPY = {"float16": np.float16, "float32": np.float32, "float64": np.float64}


@pytest.mark.parametrize(
    ("text", "format_", "expected"),
    [
        ("1/10", "float64", "0.1"),
        ("1/3", "float64", "0.3333333333333333"),
        ("1/10", "float32", "0.1"),
        ("16777217", "float32", "16777216.0"),  # a tie: to even
        ("16777219", "float32", "16777220.0"),
        ("1e-45", "float32", "1e-45"),
        ("1e-50", "float32", "0.0"),
        ("1e400", "float64", "inf"),
        ("-1e400", "float64", "-inf"),
        ("nan", "float32", "nan"),
        ("-inf", "float16", "-inf"),
        ("257", "bfloat16", "256.0"),  # a tie of 8 bits: to even
        ("1/3", "bfloat16", "0.33398438"),  # 171/512
        # 1 + 2^-24 + 2^-60 is above the tie; through float64 it would fall on the tie and round down
        (str(1 + Fraction(1, 2**24) + Fraction(1, 2**60)), "float32", "1.0000001"),
    ],
)
def test_known_values(text: str, format_: str, expected: str) -> None:
    assert decimal(text, format_) == expected


def test_every_float16_reads_back() -> None:
    values = np.arange(2**16, dtype=np.uint16).view(np.float16)
    for value in values[np.isfinite(values)]:
        assert np.float16(decimal(str(Fraction(float(value))), "float16")) == value


def test_every_bfloat16_reads_back_as_the_float32_it_is() -> None:
    values = (np.arange(2**16, dtype=np.uint32) << 16).view(np.float32)
    for value in values[np.isfinite(values)]:
        assert np.float32(decimal(str(Fraction(float(value))), "bfloat16")) == value


@pytest.mark.parametrize("format_", ["float32", "float64"])
@given(bits=st.integers(0, 2**64 - 1), offset=st.fractions(Fraction(-1, 2), Fraction(1, 2)))
def test_the_decimal_reads_back_as_the_nearest_number(format_: str, bits: int, offset: Fraction) -> None:
    size, code = (4, "<f") if format_ == "float32" else (8, "<d")
    (value,) = struct.unpack(code, (bits % 2 ** (8 * size)).to_bytes(size, "little"))
    if not np.isfinite(value) or value == 0:
        return
    exact = Fraction(value) + offset * Fraction(float(np.spacing(NUMPY[format_](value))))
    result = float(NUMPY[format_](decimal(str(exact), format_)))
    if np.isinf(result):
        assert abs(exact) > Fraction(float(np.finfo(NUMPY[format_]).max))
        return
    around = [np.nextafter(NUMPY[format_](value), NUMPY[format_](end)) for end in (-np.inf, np.inf)]
    candidates = [Fraction(float(c)) for c in (*around, value) if np.isfinite(c)]
    assert abs(Fraction(result) - exact) == min(abs(c - exact) for c in candidates)
