"""The formats against NumPy's own types, IEEE 754's tables and Python's exact conversions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symact.errors import Error
from symact.oracle.formats import FORMATS, get

NATIVE = ["float16", "float32", "float64"]


@pytest.mark.parametrize("name", NATIVE)
def test_limits_are_those_of_numpy(name: str) -> None:
    info, format = np.finfo(name), FORMATS[name]
    assert format.max == float(info.max)
    assert format.smallest_normal == float(info.smallest_normal)
    assert format.smallest_subnormal == float(info.smallest_subnormal)
    assert format.precision == info.nmant + 1
    assert format.emin == info.minexp


def test_bfloat16_has_the_range_of_float32_and_eight_bits() -> None:
    format = FORMATS["bfloat16"]
    assert format.max == (2 - 2.0**-7) * 2.0**127
    assert format.smallest_normal == 2.0**-126
    assert format.smallest_subnormal == 2.0**-133


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("x", [1.0, 1.5, 2.0, 1000.0, 6.2e-5, 1e-7, 2.0**-14])
def test_ulp_is_numpys_spacing_at_numbers_of_the_format(name: str, x: float) -> None:
    x = float(np.dtype(name).type(x))
    assert FORMATS[name].ulp(x) == Fraction(float(np.spacing(np.dtype(name).type(x))))


def test_ulp_just_below_a_power_of_two_is_half_of_that_above() -> None:
    format = FORMATS["float64"]
    assert format.ulp(Fraction(1) - Fraction(1, 10**40)) == Fraction(1, 2**53)
    assert format.ulp(Fraction(1)) == Fraction(1, 2**52)
    assert format.ulp(Fraction(0)) == format.ulp(Fraction(1, 2**3000)) == Fraction(1, 2**1074)


@given(st.fractions() | st.floats(allow_nan=False, allow_infinity=False).map(Fraction))
def test_nearest_float64_is_pythons_own_exact_division(exact: Fraction) -> None:
    assert FORMATS["float64"].nearest(exact) == float(exact)


@given(st.integers(-(2**130), 2**130), st.integers(-1300, 1100))
def test_both_ways_of_rounding_agree(mantissa: int, exponent: int) -> None:
    exact = Fraction(mantissa) * Fraction(2) ** exponent
    for format in FORMATS.values():
        assert format.nearest_dyadic(mantissa, exponent) == format.nearest(exact)


@given(st.floats(allow_nan=False))
def test_nearest_float32_and_float16_is_numpys_conversion(x: float) -> None:
    if math.isinf(x):
        return
    with np.errstate(over="ignore"):
        assert FORMATS["float32"].nearest(Fraction(x)) == float(np.float32(x))
        assert FORMATS["float16"].nearest(Fraction(x)) == float(np.float16(x))


def test_bfloat16_rounds_once_where_the_way_through_float32_rounds_twice() -> None:
    tie = Fraction(1) + Fraction(1, 2**8)
    format = FORMATS["bfloat16"]
    assert format.nearest(tie) == 1.0
    assert format.nearest(tie + Fraction(1, 2**60)) == 1 + 2.0**-7


def test_overflow_starts_halfway_to_the_next_binade() -> None:
    format = FORMATS["float16"]
    assert format.nearest(Fraction(65520) - Fraction(1, 10**30)) == 65504
    assert format.nearest(Fraction(65520)) == math.inf
    assert format.nearest_dyadic(-1, 10**400) == -math.inf


def test_underflow_keeps_the_sign() -> None:
    value = FORMATS["float32"].nearest_dyadic(-1, -(10**400))
    assert value == 0
    assert math.copysign(1, value) == -1
    assert FORMATS["float32"].nearest_dyadic(-1, -150) == 0
    assert FORMATS["float32"].nearest_dyadic(-3, -151) == -(2.0**-149)


@pytest.mark.parametrize("name", FORMATS)
def test_ordinals_count_the_numbers_in_order(name: str) -> None:
    format = FORMATS[name]
    steps = format.from_ordinals(np.arange(-3, 4))
    assert steps.tolist() == [k * format.smallest_subnormal for k in range(-3, 4)]
    ends = np.array([-np.inf, -format.max, -0.0, 0.0, 1.0, format.max, np.inf])
    counted = format.ordinals(ends)
    assert counted[2] == counted[3] == 0
    assert counted[-1] - counted[-2] == 1
    np.testing.assert_array_equal(format.from_ordinals(counted), ends)


@pytest.mark.parametrize("name", NATIVE)
def test_neighbours_are_numpys_nextafter(name: str) -> None:
    kind = np.dtype(name).type
    one = kind(1)
    below, above = np.nextafter(one, kind(0)), np.nextafter(one, kind(2))
    assert FORMATS[name].neighbours([1.0], 1).tolist() == [float(below), 1.0, float(above)]


def test_neighbours_stop_at_the_largest_number() -> None:
    assert FORMATS["float16"].neighbours([65504.0], 2).tolist() == [65440.0, 65472.0, 65504.0]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_every_pattern_of_a_16_bit_format_once(name: str) -> None:
    format = FORMATS[name]
    values = format.every()
    assert len(values) == 65536
    np.testing.assert_array_equal(
        format.encode(values).view(np.uint16)[~np.isnan(values)], np.arange(65536, dtype=np.uint16)[~np.isnan(values)]
    )
    assert np.isnan(values).sum() == 2 * (2 ** (format.precision - 1) - 1)


def test_decode_refuses_another_dtype() -> None:
    with pytest.raises(Error, match="float32"):
        FORMATS["float16"].decode(np.zeros(1, np.float32))


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(Error, match=r"float8.*bfloat16"):
        get("float8")
