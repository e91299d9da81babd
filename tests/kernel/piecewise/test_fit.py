"""Polynomials of one entry: their stated error holds against values of another library, their numbers are float32."""

import mpmath
import numpy as np
import pytest
from flint import arb

from symact.kernel.piecewise.fit import Entry, fit, good_centre, points


def tanh_over_x(x: arb) -> arb:
    return x.tanh() / x if x != 0 else arb(1)


def largest_error(entry: Entry, f: object, low: float, high: float) -> float:
    """Relative to f, in units of 2^-24, on an even grid, with 40 digits."""
    with mpmath.workdps(40):
        worst = mpmath.mpf(0)
        for u in np.linspace(low, high, 500).tolist():
            h = mpmath.mpf(u) - entry.centre
            value = mpmath.polyval(list(reversed(entry.coefficients)), h) + entry.lead * h
            worst = max(worst, abs(value / f(mpmath.mpf(u)) - 1))  # type: ignore[operator]
        return float(worst * 2**24)


def are_float32(entry: Entry) -> bool:
    numbers = [entry.centre, entry.lead, *entry.coefficients]
    return all(float(np.float32(number)) == number for number in numbers)


@pytest.mark.parametrize("degree", [3, 5, 8])
def test_the_stated_error_is_the_error_between_the_points_of_the_fit_too(degree: int) -> None:
    entry = fit(points(tanh_over_x, 1.0, 1.5, 1.25), degree)
    found = largest_error(entry, lambda u: mpmath.tanh(u) / u, 1.0, 1.5)
    assert found == pytest.approx(entry.error, rel=0.2, abs=0.02)
    assert are_float32(entry)


def test_more_degrees_are_more_exact_until_the_first_coefficients_decide() -> None:
    given = points(tanh_over_x, 1.0, 1.5, good_centre(tanh_over_x, 1.0, 1.5, 1.25))
    errors = [fit(given, degree).error for degree in (2, 3, 4, 5, 6)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 100
    lost = 2.0**-26 * 0.25 / 0.7 * 2**24  # half the last place of the slope, at the ends of the interval
    assert errors[-1] < 2 * lost


def test_a_good_centre_is_where_the_function_is_almost_a_float32_number() -> None:
    centre = good_centre(tanh_over_x, 1.0, 1.5, 1.25)
    assert float(np.float32(centre)) == centre
    assert abs(centre - 1.25) <= 0.02 * 0.5
    with mpmath.workdps(40):
        value = mpmath.tanh(centre) / centre
        assert abs(float(np.float32(float(value))) / value - 1) < 2**-32


def test_a_flat_polynomial_has_next_to_no_slope_but_the_sign_of_the_function() -> None:
    upright, hanging = (fit(points(lambda x, s=s: s * tanh_over_x(x), 0.0, 0.15, 0.0), 6, flat=True) for s in (1, -1))
    assert upright.coefficients[0] == 1 == -hanging.coefficients[0]
    assert 0 < upright.coefficients[1] < 2**-50
    assert -(2**-50) < hanging.coefficients[1] < 0
    assert largest_error(upright, lambda u: mpmath.tanh(u) / u if u else mpmath.mpf(1), 0.0, 0.15) < 0.05


def test_beside_a_root_the_slope_has_more_digits_than_one_number() -> None:
    root = float(np.float32(np.pi))
    given = points(lambda x: -x.sin(), root - 0.2, root + 0.2, root)
    plain, careful = fit(given, 7), fit(given, 7, root=True)
    near = [largest_error(entry, lambda u: -mpmath.sin(u), root - 0.01, root - 1e-4) for entry in (plain, careful)]
    assert careful.lead == 1
    assert near[1] < 0.02
    assert are_float32(careful)
    slope = fit(points(lambda x: arb(3).log() * (x - 1) + (x - 1) ** 2, 0.9, 1.1, 1.0), 4, root=True)
    assert slope.lead + slope.coefficients[1] == pytest.approx(float(np.log(3.0)), rel=2**-45)


def test_a_constant_of_two_numbers_takes_nothing_from_the_rest() -> None:
    centre = 1.25
    plain, exact = (fit(points(tanh_over_x, 1.0, 1.5, centre, exact=exact), 9) for exact in (False, True))
    assert plain.rest == 0
    with mpmath.workdps(40):
        value = mpmath.tanh(centre) / centre
        assert abs((exact.coefficients[0] + mpmath.mpf(exact.rest)) / value - 1) < 2**-46
    assert exact.error < plain.error


def test_a_function_between_two_numbers_is_met_from_beside_its_interval() -> None:
    """No constant is good there; a polynomial without one is, where its argument is not 0 anywhere."""

    def almost_1(x: arb) -> arb:
        return 1 - (-x).exp()

    inside = fit(points(almost_1, 16.0, 16.5, good_centre(almost_1, 16.0, 16.5, 16.25)), 6)
    beside = fit(points(almost_1, 16.0, 16.5, 15.5, 1.0), 6)
    assert beside.coefficients[0] == 1
    assert beside.error < 0.001 < inside.error
