"""The catalogue's C kernels against the oracle, over all exponents and where errors hide, with the special values.

A float parameter is a float: the oracle gets the number that the kernel gets, not the decimal that it came from.
"""

from fractions import Fraction

import numpy as np
import pytest

from symact import catalog, targets
from symact.kernel.store import compiled
from symact.oracle import Oracle
from symact.oracle.samples import inputs
from symact.symbolic.derivatives import derive
from symact.targets import c

pytestmark = pytest.mark.skipif(c.missing() is not None, reason=str(c.missing()))

#: float32 is evaluated in double and rounded once. In float64 the errors of the C library's functions add up, most in
#: f'', whose programs are longest; and beside a root of a derivative digits cancel, so there an error is allowed that
#: is small beside 1.
ULPS = {
    "float32": {"forward": 0.55, "derivative": 0.55, "second_derivative": 0.55},
    "float64": {"forward": 4.0, "derivative": 4.0, "second_derivative": 8.0},
}
SMALL = 2.0**-52


@pytest.mark.parametrize("name", catalog.names())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_pass_against_the_oracle(name: str, dtype: str) -> None:
    activation = catalog.get(name)
    values = {p.name: Fraction(float(np.dtype(dtype).type(p.value))) for p in activation.parameters}
    activation = activation.with_values(values)
    kernels = targets.load(compiled(activation), "c", dtype)
    derivation = derive(activation)
    for pass_, branches in (
        ("forward", derivation.function),
        ("derivative", derivation.first),
        ("second_derivative", derivation.second),
    ):
        oracle = Oracle(branches.subs(activation.values))
        x = inputs(dtype, 10_000 if pass_ == "forward" else 4_000, oracle).astype(dtype)
        reference = oracle.reference(x, dtype)
        values = getattr(kernels, pass_)(x)
        error = reference.errors(values)
        if dtype == "float64" and pass_ != "forward":
            error[(error < np.inf) & (np.abs(values - reference.values) <= SMALL)] = 0
        worst = int(np.argmax(error))
        assert error[worst] <= ULPS[dtype][pass_], (pass_, x[worst], values[worst])


@pytest.mark.parametrize("name", catalog.names())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_passes_agree_and_keep_nan(name: str, dtype: str) -> None:
    kernels = targets.load(compiled(catalog.get(name)), "c", dtype)
    x = np.concatenate([inputs(dtype, 2_000).astype(dtype), np.array([np.nan, -np.nan], dtype)])
    y, dydx = kernels.value_and_derivative(x)
    for one, other in ((y, kernels.forward(x)), (dydx, kernels.derivative(x))):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.signbit(one)[~np.isnan(x)], np.signbit(other)[~np.isnan(x)])
    for pass_ in ("forward", "derivative", "second_derivative"):
        assert np.isnan(getattr(kernels, pass_)(x[-2:])).all(), pass_


@pytest.mark.parametrize("name", catalog.names())
def test_backward_rounds_once_and_multiplies_as_ieee_does(name: str) -> None:
    activation = catalog.get(name)
    values = {p.name: Fraction(float(np.float32(p.value))) for p in activation.parameters}
    activation = activation.with_values(values)
    kernels = targets.load(compiled(activation), "c", "float32")
    oracle = Oracle(derive(activation).first.subs(activation.values))
    x = inputs("float32", 1_000, oracle).astype(np.float32)
    gradient = np.random.default_rng(3).normal(size=x.size).astype(np.float32)
    error = oracle.reference(x, "float32", gradient).errors(kernels.backward(x, gradient))
    worst = int(np.argmax(error))
    assert error[worst] <= ULPS["float32"]["derivative"], (x[worst], gradient[worst])
    slope = kernels.derivative(x).astype(np.float64)
    for special in (np.inf, -np.inf, np.nan):
        with np.errstate(invalid="ignore"):
            expected = slope * special
        got = kernels.backward(x, np.full_like(x, special))
        different = ~((got == expected) | (np.isnan(got) & np.isnan(expected)))
        # f' may be too small for float32, which then says 0; the pass multiplies before it rounds
        assert not different[np.abs(slope) > 0].any()
