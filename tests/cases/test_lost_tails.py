"""Reports of tails and small values that rounding errors swallowed: 1 - (nearly 1), exp(x) - 1, x - (nearly x)."""

import numpy as np
import pytest
from mpmath import erfc, exp, expm1, log1p, mpf, sech, sqrt, tanh


def slope_of_logistic(x):
    return exp(-abs(x)) / (1 + exp(-abs(x))) ** 2


def exact_gelu(x):
    return x / 2 * erfc(-x / sqrt(2))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pytorch_187806(load, right, dtype):
    """gelu was off by 57% at -5.5 and 0 from -6 on in float32. https://github.com/pytorch/pytorch/issues/187806"""
    gelu = load("gelu", dtype)
    right(gelu.forward, [-4.0, -5.0, -5.5, -6.0, -8.0, -10.0, *np.linspace(-5.6, -5.4, 101)], dtype, exact_gelu)


def test_jax_40385(load, array, right):
    """sigmoid'(37.43) was 0, s*(1 - s); it is 5.55e-17. https://github.com/jax-ml/jax/issues/40385"""
    logistic = load("logistic", "float64")
    x = 37.42994775023705
    assert logistic.derivative(array([x], "float64"))[0] == pytest.approx(5.551115123125775e-17, rel=1e-15)
    right(logistic.derivative, [x, -x, 40.0, 100.0, 700.0, -700.0], "float64", slope_of_logistic)


def test_jax_40387(load, array, right):
    """softplus'' was 0 at 37.43. https://github.com/jax-ml/jax/issues/40387"""
    softplus = load("softplus", "float64")
    x = 37.42994775023705
    assert softplus.second_derivative(array([x], "float64"))[0] == pytest.approx(5.551115123125775e-17, rel=1e-15)
    right(softplus.second_derivative, [x, -x, 40.0, 300.0, 700.0], "float64", slope_of_logistic)


def test_pytorch_195679(load, array, right):
    """logsigmoid'' was 0 at 37.43 and right at -37.43; it is even. https://github.com/pytorch/pytorch/issues/195679"""
    logsigmoid = load("logsigmoid", "float64")
    x = array([37.42994775023705, 40.0, 0.5, 3.0, 700.0], "float64")
    np.testing.assert_array_equal(logsigmoid.second_derivative(x), logsigmoid.second_derivative(-x))
    assert logsigmoid.second_derivative(x)[0] == pytest.approx(-5.551115123125775e-17, rel=1e-15)
    right(logsigmoid.second_derivative, [*x, *-x], "float64", lambda t: -slope_of_logistic(t))


def test_jax_39795(load, array, right):
    """elu'(-40) was 0, expm1(x) + 1; it is 4.25e-18. https://github.com/jax-ml/jax/issues/39795"""
    elu = load("elu", "float64")
    assert elu.derivative(array([-40.0], "float64"))[0] == pytest.approx(4.248354255291589e-18, rel=1e-15)
    right(elu.derivative, [-37.0, -40.0, -100.0, -700.0, -745.0], "float64", exp)


def test_jax_39798(load, array, right):
    """silu'(-709) was 0; it is -8.6e-306. https://github.com/jax-ml/jax/issues/39798"""
    silu = load("silu", "float64")
    assert silu.derivative(array([-709.0], "float64"))[0] == pytest.approx(-8.614807714413836e-306, rel=1e-15)

    def exact(x):
        return (1 + exp(x) + x) * exp(x) / (1 + exp(x)) ** 2

    right(silu.derivative, [-600.0, -709.0, -712.0, -740.0], "float64", exact)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensorflow_116943(load, right, dtype):
    """elu(-1e-8) was 0, exp(x) - 1, and selu too. https://github.com/tensorflow/tensorflow/issues/116943"""
    scale, alpha = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")
    x = [-1e-4, -1e-6, -1e-7, -1e-8, -1e-10, -1e-30]
    right(load("elu", dtype).forward, x, dtype, expm1)
    right(load("selu", dtype).forward, x, dtype, lambda t: scale * alpha * expm1(t))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_tt_metal_47323(load, right, dtype):
    """tanhshrink near 0 was noise, x - tanh(x) = x**3/3. https://github.com/tenstorrent/tt-metal/pull/47323"""
    x = [2.0**-12, 0.001, 0.01, 0.0625, 0.1, 0.3, 0.7, 1.0, 1.5, 3.0, 9.0, 100.0]
    right(load("tanhshrink", dtype).forward, [*x, *(-t for t in x)], dtype, lambda t: t - tanh(t))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_diffrules_102(load, right, dtype):
    """tanh' = 1 - tanh(x)**2 loses 2 digits at 4 and all of them at 20.
    https://github.com/JuliaDiff/DiffRules.jl/issues/102
    """
    x = [4.0, 6.0, 14.0, 19.0, 20.0, 40.0]
    right(load("tanh", dtype).derivative, [*x, *(-t for t in x)], dtype, lambda t: sech(t) ** 2)


def exact_mish(x):
    return x * tanh(log1p(exp(x)))


def slope_of_mish(x):
    """The product rule, the hyperbolic tangent's slope as 1/cosh**2."""
    return tanh(log1p(exp(x))) + x * sech(log1p(exp(x))) ** 2 / (1 + exp(-x))


@pytest.mark.parametrize(
    ("pass_", "exact", "dtype"),
    [
        ("forward", exact_mish, "float32"),
        ("derivative", slope_of_mish, "float32"),
        ("forward", exact_mish, "float64"),
        ("derivative", slope_of_mish, "float64"),
    ],
)
def test_darknet_5452(load, right, *, pass_, exact, dtype):
    """mish and its gradient were inexact between -20 and -2. https://github.com/AlexeyAB/darknet/issues/5452"""
    right(getattr(load("mish", dtype), pass_), np.linspace(-20, -2, 181).tolist(), dtype, exact)
