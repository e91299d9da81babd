"""Arithmetic with pairs of numbers against exact and high-precision arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.pairs import Ends, Pair, Pairs
from symact.kernel.program import Builder

PAIRED = ARITHMETICS["paired"]
RANDOM = np.random.default_rng(7)
#: Pairs as inputs: numbers, and low parts of up to half a unit in the last place.
HIGH = np.concatenate([RANDOM.uniform(0.001, 20, 400), 10.0 ** RANDOM.uniform(-12, 2, 200)])
LOW = HIGH * RANDOM.uniform(-1, 1, HIGH.size) * 2.0**-53
OTHER = RANDOM.permutation(HIGH)


def run(build: Callable[[Pairs, Pair, Pair], Pair], low: np.ndarray = LOW) -> list[Fraction]:
    """The exact sums of both parts of the results, of which the low one is some units of the high one's last place."""
    b = Builder()
    a, other = Pair(b.input("a"), b.input("low")), Pair(b.input("other"))
    pairs = Pairs(b)
    found = pairs.tight(build(pairs, a, other))
    zero = b.const(0) if found.low is None else found.low
    kernel = b.kernel("pairs", ("a", "low", "other"), (), {"high": found.high, "low": zero})
    values = evaluate(kernel, {"a": HIGH, "low": low, "other": OTHER}, PAIRED)
    high, rest = values["high"].tolist(), values["low"].tolist()
    assert all(abs(r) <= abs(h) * 2.0**-50 for h, r in zip(high, rest, strict=True))
    return [Fraction(h) + Fraction(r) for h, r in zip(high, rest, strict=True)]


A = [Fraction(h) + Fraction(low) for h, low in zip(HIGH.tolist(), LOW.tolist(), strict=True)]
C = [Fraction(c) for c in OTHER.tolist()]


@pytest.mark.parametrize(
    ("build", "exact"),
    [
        (lambda pairs, a, c: pairs.add(a, c), lambda a, c: a + c),
        (lambda pairs, a, c: pairs.multiply(a, c), lambda a, c: a * c),
        (lambda pairs, a, c: pairs.divide(a, c), lambda a, c: a / c),
        (lambda pairs, a, c: pairs.divide(c, a), lambda a, c: c / a),
        (lambda pairs, a, c: pairs.negative(a), lambda a, c: -a),
    ],
    ids=["add", "multiply", "divide", "divide by a pair", "negative"],
)
def test_basic_operations_have_a_hundred_bits(
    build: Callable[[Pairs, Pair, Pair], Pair], exact: Callable[[Fraction, Fraction], Fraction]
) -> None:
    for found, a, c in zip(run(build), A, C, strict=True):
        assert abs(found - exact(a, c)) <= abs(exact(a, c)) * Fraction(1, 2**100)


def test_differences_are_right_beside_what_is_subtracted() -> None:
    for found, a, c in zip(run(lambda pairs, a, c: pairs.subtract(a, c)), A, C, strict=True):
        assert abs(found - (a - c)) <= max(a, c) * Fraction(1, 2**104)


def decayed(pairs: Pairs, a: Pair, _: Pair) -> Pair:
    fraction, (first, second) = pairs.decay(a)
    return pairs.scale(pairs.scale(fraction, first), second)


#: The function, and the largest error allowed in units in the last place of one number.
FUNCTIONS = {
    "exp": (lambda pairs, a, _: pairs.exp(a), mpmath.exp, 2.0**-10),
    "decay": (decayed, lambda a: mpmath.exp(-a), 0.25),
    "expm1": (lambda pairs, a, _: pairs.expm1_of_negative(a), lambda a: mpmath.expm1(-a), 0.5),
    "log1p": (lambda pairs, a, _: pairs.log1p(a), mpmath.log1p, 0.5),
    "long log1p": (lambda pairs, a, _: pairs.log1p(a, long=True), mpmath.log1p, 0.125),
    "atan": (lambda pairs, a, _: pairs.atan(a), mpmath.atan, 0.25),
    "sqrt": (lambda pairs, a, _: pairs.sqrt(a), mpmath.sqrt, 2.0**-40),
    "erfcx": (lambda pairs, a, _: pairs.erfcx(a), lambda a: mpmath.exp(a * a) * mpmath.erfc(a), 1.0),
    "erfcx_half": (
        lambda pairs, a, _: pairs.erfcx_half(a),
        lambda a: mpmath.exp(a * a / 2) * mpmath.erfc(a / mpmath.sqrt(2)),
        1.0,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_lose_no_more_than_they_say(name: str) -> None:
    """Most less than half of a last place, so that what is rounded from them is right to one; both erfcx one."""
    build, exact, most = FUNCTIONS[name]
    with mpmath.workdps(60):
        for found, a in zip(run(build), A, strict=True):
            value = exact(mpmath.mpf(a.numerator) / a.denominator)
            got = mpmath.mpf(found.numerator) / found.denominator
            assert abs(got - value) <= most * np.spacing(abs(float(value)))


def test_a_sum_takes_fewer_steps_where_it_is_known_which_number_is_larger() -> None:
    """And is as exact: Fast2Sum in place of Knuth's sum."""
    counts = []
    for ends in (Ends(), Ends(0.0, 1.0)):
        b = Builder()
        pairs = Pairs(b)
        found = pairs.add(pairs.constant(Fraction(1)), Pair(b.input("a"), None, ends))
        assert found.low is not None
        kernel = b.kernel("sum", ("a",), (), {"high": found.high, "low": found.low})
        counts.append(len(kernel.instructions))
        inputs = np.minimum(HIGH, 1.0)
        values = evaluate(kernel, {"a": inputs}, PAIRED)
        for a, high, low in zip(inputs.tolist(), values["high"].tolist(), values["low"].tolist(), strict=True):
            assert Fraction(high) + Fraction(low) == 1 + Fraction(a)
    assert counts[1] == counts[0] - 3


def test_a_difference_that_cancels_is_loose_and_a_sum_of_positive_numbers_is_not() -> None:
    b = Builder()
    pairs = Pairs(b)
    a, c = (Pair(b.input(name), None, Ends(0.0)) for name in "ac")
    assert pairs.subtract(a, c).loose
    assert not pairs.add(a, c).loose
    assert not pairs.subtract(pairs.constant(Fraction(4)), Pair(b.input("d"), None, Ends(0.0, 2.0))).loose


def test_a_product_with_a_power_of_two_has_no_error_to_compute() -> None:
    b = Builder()
    pairs = Pairs(b)
    assert pairs.multiply(Pair(b.input("a")), pairs.constant(Fraction(-1, 4))).low is None
    assert pairs.multiply(Pair(b.input("a")), pairs.constant(Fraction(3))).low is not None


def test_the_error_function_is_right_to_a_unit_and_keeps_the_low_part() -> None:
    """A low part of ten units shows as what it is, and not as the rounding of an argument."""
    low = LOW * 20
    b = Builder()
    found = Pairs(b).erf(Pair(b.input("a"), b.input("low")))
    kernel = b.kernel("erf", ("a", "low"), (), {"y": Pairs(b).rounded(found)})
    got = evaluate(kernel, {"a": HIGH, "low": low}, PAIRED)["y"].tolist()
    with mpmath.workdps(60):
        for value, high, rest in zip(got, HIGH.tolist(), low.tolist(), strict=True):
            exact = mpmath.erf(mpmath.mpf(high) + mpmath.mpf(rest))
            assert abs(mpmath.mpf(value) - exact) <= 1.25 * np.spacing(float(exact))


@pytest.mark.parametrize(("long", "bits"), [(False, 54), (True, 55)])
def test_logarithms_of_pairs_are_right_beside_their_size(long: bool, bits: int) -> None:
    with mpmath.workdps(60):
        for found, a in zip(run(lambda pairs, a, _: pairs.log(a, long=long)), A, strict=True):
            value = mpmath.log(mpmath.mpf(a.numerator) / a.denominator)
            got = mpmath.mpf(found.numerator) / found.denominator
            assert abs(got - value) <= max(abs(value), mpmath.mpf(2) ** -3) * mpmath.mpf(2) ** -bits


@pytest.mark.parametrize("number", [Fraction(1), Fraction(3)])
def test_a_sum_with_an_exponential_is_right_wherever_its_inverse_is_a_number(number: Fraction) -> None:
    """(c + exp(a))/2^512, good to a quarter of a unit; the smaller term may be nothing beside the larger one."""
    b = Builder()
    found = Pairs(b).sum_with_exp(number, Pair(b.input("a"), b.input("low")))
    kernel = b.kernel("sum", ("a", "low"), (), {"high": found.high, "low": found.low})
    a = np.concatenate([RANDOM.uniform(-400, 800, 500), RANDOM.uniform(-60, 60, 500)])
    low = a * RANDOM.uniform(-1, 1, a.size) * 2.0**-53
    values = evaluate(kernel, {"a": a, "low": low}, PAIRED)
    with mpmath.workdps(60):
        for x, rest, high, beyond in zip(a.tolist(), low.tolist(), *(v.tolist() for v in values.values()), strict=True):
            exact = (int(number) + mpmath.exp(mpmath.mpf(x) + mpmath.mpf(rest))) / mpmath.mpf(2) ** 512
            assert abs(mpmath.mpf(high) + mpmath.mpf(beyond) - exact) <= 0.25 * np.spacing(float(exact))


def test_what_is_no_number_any_more_has_decayed() -> None:
    """A product that overflowed has a NaN for its low part: the exponential is 0 all the same."""
    b = Builder()
    pairs = Pairs(b)
    product = pairs.multiply(Pair(b.input("x")), Pair(b.input("x")))
    fraction, (first, second) = pairs.decay(product)
    value = pairs.rounded(pairs.scale(pairs.scale(fraction, first), second))
    kernel = b.kernel("decay", ("x",), (), {"y": value})
    assert evaluate(kernel, {"x": np.array([1e200, 1e160, 50.0])}, PAIRED)["y"].tolist() == [0.0, 0.0, 0.0]
