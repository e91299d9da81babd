"""The catalogue's C kernels: their passes agree, keep NaN, and multiply gradients as IEEE does.

Their errors are measured for all targets in tests/verification/test_kernels_against_oracle.py.
"""

from fractions import Fraction

import numpy as np
import pytest
from entries import ENTRIES

from symact import catalog, targets
from symact.kernel.store import compiled
from symact.oracle import Oracle
from symact.oracle.samples import inputs
from symact.symbolic.derivatives import derive
from symact.targets import c

pytestmark = pytest.mark.skipif(c.missing() is not None, reason=str(c.missing()))


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_passes_agree_and_keep_nan(name: str, dtype: str) -> None:
    """To the bit in float32; in float64 another product may be fused where both passes are computed at once."""
    kernels = targets.load(compiled(catalog.get(name)), "c", dtype)
    x = np.concatenate([inputs(dtype, 2_000).astype(dtype), np.array([np.nan, -np.nan], dtype)])
    y, dydx = kernels.value_and_derivative(x)
    for one, other in ((y, kernels.forward(x)), (dydx, kernels.derivative(x))):
        np.testing.assert_allclose(one, other, rtol=0 if dtype == "float32" else 2.0**-52, atol=0, equal_nan=True)
        np.testing.assert_array_equal(np.signbit(one)[~np.isnan(x)], np.signbit(other)[~np.isnan(x)])
    for pass_ in ("forward", "derivative", "second_derivative"):
        assert np.isnan(getattr(kernels, pass_)(x[-2:])).all(), pass_


@pytest.mark.parametrize("name", ENTRIES)
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
    assert error[worst] <= 0.55, (x[worst], gradient[worst])
    slope = kernels.derivative(x).astype(np.float64)
    for special in (np.inf, -np.inf, np.nan):
        with np.errstate(invalid="ignore"):
            expected = slope * special
        got = kernels.backward(x, np.full_like(x, special))
        different = ~((got == expected) | (np.isnan(got) & np.isnan(expected)))
        # f' may be too small for float32, which then says 0; the pass multiplies before it rounds
        assert not different[np.abs(slope) > 0].any()
