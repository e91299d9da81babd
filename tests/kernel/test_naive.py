"""Text typed without a thought for floating point gives kernels within the bounds, with no hint."""

import numpy as np
import pytest

import symact
from symact import catalog
from symact.oracle.formats import FORMATS
from symact.oracle.samples import inputs
from symact.verification.accuracy import oracles
from symact.verification.contract import compare

#: Overflow, 0/0 at both ends, and a difference that cancels.
TEXTS = [
    pytest.param("x*tanh(log(1+exp(x)))", marks=pytest.mark.slow),
    "(exp(x)-exp(-x))/(exp(x)+exp(-x))",
    pytest.param("(x+sqrt(x**2+4))/2", marks=pytest.mark.slow),
]


#: Target and dtype -> the largest error allowed, in ULP.
BOUNDS = {("c", "float32"): 0.55, ("c", "float64"): 2.0, ("numpy", "float32"): 1.0}


@pytest.mark.parametrize("text", TEXTS)
def test_naive_text_is_within_the_bounds(text: str) -> None:
    for (target, dtype), bound in BOUNDS.items():
        format = FORMATS[dtype]
        kernels = symact.load(text, target, dtype)
        for oracle, pass_ in zip(oracles(catalog.resolve(text), {}), ("forward", "derivative"), strict=False):
            x = inputs(dtype, 3000, oracle)
            values = getattr(kernels, pass_)(format.encode(x))
            reference = oracle.reference(x, dtype)
            assert [str(violation) for violation in compare(values, reference, x)] == []
            errors = reference.errors(values)
            assert errors.max() <= bound, (target, dtype, pass_, x[np.argmax(errors)])
