"""Other people's functions are measured as they are, beside symact's."""

from __future__ import annotations

import numpy as np
import pytest

from symact import catalog
from symact.errors import Error
from symact.verification import others
from symact.verification.accuracy import oracles


def test_the_textbook_formula_loses_its_digits_and_symact_does_not() -> None:
    naive, own = others.plan("tanh", "numpy-naive", "numpy", "float64", ["derivative"]).measure(count=4000)
    assert (naive.target, naive.level, own.target, own.level) == ("numpy-naive", "", "numpy", "accurate")
    assert naive.accuracy.inputs == own.accuracy.inputs == 4000
    assert naive.accuracy.max_ulp > 1e15  # 1 - tanh(x)**2 is 0 from 19.06 on
    assert own.accuracy.max_ulp < 5
    assert own.accuracy.failures == 0


@pytest.mark.parametrize("library", ["torch", "jax"])
@pytest.mark.parametrize("name", catalog.names())
def test_every_function_on_the_list_is_the_activation(library: str, name: str) -> None:
    """Forward and derivative at moderate points, where every implementation is good to a few digits.

    Not to more: in float64, PyTorch's hardsigmoid' is the float32 number next to 1/6.
    """
    pytest.importorskip(library)
    other = others.LIBRARIES[library]()
    if name not in other.NAMES:  # type: ignore[attr-defined]
        with pytest.raises(Error, match=f"no function for {name}"):
            other.implementations(catalog.get(name), {})
        return
    activation = catalog.get(name)
    values = {p.name: float(p.value) for p in activation.parameters}
    x = np.array([-7.5, -2.25, -0.6, -0.1, 0.2, 0.9, 2.5, 4.5, 7.25])
    for oracle, call in zip(oracles(activation, values), other.implementations(activation, values), strict=False):
        expected = oracle.rounded(x, "float64")
        np.testing.assert_allclose(call(x), expected, rtol=1e-6, atol=1e-12)


def test_a_parameter_that_the_library_lacks_is_told() -> None:
    pytest.importorskip("torch")
    with pytest.raises(Error, match="beta"):
        others.plan(catalog.get("silu").with_values({"beta": "2"}), "torch", "numpy")


def test_what_cannot_be_measured_against_is_told() -> None:
    with pytest.raises(Error, match="abacus"):
        others.plan("tanh", "abacus", "numpy")
    with pytest.raises(Error, match="backward"):
        others.plan("tanh", "numpy-naive", "numpy", passes=["backward"])
    with pytest.raises(Error, match="bfloat16"):
        others.plan("tanh", "numpy-naive", "numpy", "bfloat16")
