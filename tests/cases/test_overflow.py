"""Reports of intermediate results that overflow where the value itself does not."""

import mpmath
import numpy as np
import pytest
from mpmath import exp, log1p, mpf, pi, sech, sqrt, tanh

from tests.cases.test_lost_tails import slope_of_mish


def softplus(x, beta=1):
    """ln(1 + exp(beta*x))/beta by the identity that holds for both signs, so that mpmath does not overflow either."""
    return max(x, mpf(0)) + log1p(exp(-abs(beta * x))) / beta


def logistic(x):
    return 1 / (1 + exp(-x))


def gelu_tanh(x):
    return x * logistic(2 * sqrt(2 / pi) * (x + mpf("0.044715") * x**3))  # (1 + tanh(u))/2 = 1/(1 + exp(-2*u))


def slope_of_gelu_tanh(x):
    u = sqrt(2 / pi) * (x + mpf("0.044715") * x**3)
    inner = sqrt(2 / pi) * (1 + 3 * mpf("0.044715") * x**2)
    return logistic(2 * u) + x / 2 * sech(u) ** 2 * inner


def test_fairseq_2235(load, array, right):
    """The float16 gradient of gelu_tanh was NaN: 256**3 overflows. https://github.com/facebookresearch/fairseq/issues/2235"""
    gelu = load("gelu_tanh", "float16")
    x = [37.0, 40.0, 64.0, 100.0, 256.0, 1000.0, 65504.0]
    np.testing.assert_array_equal(gelu.forward(array(x, "float16")), array(x, "float16"))
    np.testing.assert_array_equal(gelu.derivative(array(x, "float16")), np.ones(len(x)))
    np.testing.assert_array_equal(gelu.derivative(-array(x, "float16")), -np.zeros(len(x)))
    right(gelu.derivative, [-3.0, -1.5, -0.5, 0.25, 1.0, 2.5, 4.0], "float16", slope_of_gelu_tanh)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_executorch_22323(load, array, right, dtype):
    """gelu_tanh was NaN below -13: exp of 93 in a home-made tanh. https://github.com/pytorch/executorch/issues/22323"""
    gelu = load("gelu_tanh", dtype)
    values = gelu.forward(array([-13.0, -13.24, -20.0, -100.0, -1e4, -1e30], dtype)).astype(float)
    assert np.all((values > -1e-60) & np.signbit(values))
    right(gelu.forward, [-13.0, -13.24, -12.5, -5.0, 13.0, 13.24, 1e4], dtype, gelu_tanh)


@pytest.mark.parametrize("beta", ["1", "5"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_burn_5373(load, array, right, dtype, beta):
    """softplus was inf above 88.7/beta and its gradient NaN. https://github.com/tracel-ai/burn/issues/5373"""
    kernels = load("softplus", dtype, beta=beta)
    x = [17.0, 18.0, 20.0, 50.0, 88.8, 100.0, 1000.0, 3e38]
    right(kernels.forward, x, dtype, lambda t: softplus(t, int(beta)))
    right(kernels.derivative, x, dtype, lambda t: logistic(int(beta) * t))
    gradient = kernels.backward(array(x, dtype), array([2.0] * len(x), dtype))
    np.testing.assert_allclose(gradient, 2.0, rtol=1e-7)


def test_dlib_1938(load, array, right):
    """mish's gradient was inf/inf at large inputs, such as 5000. https://github.com/davisking/dlib/pull/1938"""
    mish = load("mish", "float32")
    far = array([40.0, 89.0, 300.0, 800.0, 5000.0, 3e38], "float32")
    np.testing.assert_array_equal(mish.derivative(far), np.ones(far.size))
    np.testing.assert_array_equal(mish.derivative(-far[3:]), -np.zeros(3))
    right(mish.derivative, [-300.0, -89.0, *np.linspace(-20, -2, 37), 2.0, 5.0, 18.0], "float32", slope_of_mish)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_tt_metal_51979(load, array, right, dtype):
    """softsign was 0 at large inputs, and above 1 at 2.55e7. https://github.com/tenstorrent/tt-metal/pull/51979"""
    softsign = load("softsign", dtype)
    x = [2.55e7, 2.0**26, 6.71e7, 1e30, 2.0**126, 3.3e38]
    right(softsign.forward, [*x, *(-t for t in x)], dtype, lambda t: t / (1 + abs(t)))
    x = np.concatenate([10.0 ** np.linspace(-2, 38, 4001), [np.inf]])
    assert np.all(np.abs(softsign.forward(array(np.concatenate([x, -x]), dtype)).astype(float)) <= 1)
    right(softsign.derivative, [2.55e7, 1e12, 1e18], dtype, lambda t: 1 / (1 + abs(t)) ** 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pytorch_55587(load, right, dtype):
    """softplus and its gradient went over to x and 1 at different inputs. https://github.com/pytorch/pytorch/issues/55587

    The true functions have no threshold: both are right on both sides of it, also with beta.
    """
    for beta in (1, 4):
        kernels = load("softplus", dtype, beta=str(beta))
        x = (np.concatenate([np.linspace(19.5, 20.5, 41), [np.nextafter(20, 0), np.nextafter(20, 99)]]) / beta).tolist()
        right(kernels.forward, x, dtype, lambda t, beta=beta: softplus(t, beta))
        right(kernels.derivative, x, dtype, lambda t, beta=beta: logistic(beta * t))


def test_pytorch_31110(load, right):
    """softplus with beta = 10 and threshold 0.4 jumped at 0.04. https://github.com/pytorch/pytorch/issues/31110"""
    kernels = load("softplus", "float32", beta="10")
    right(kernels.forward, np.arange(-1, 1, 0.01).tolist(), "float32", lambda t: softplus(t, 10))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pytorch_171249(load, array, dtype):
    """softplus with beta = 1e30 was inf at 0.5; it is relu there. https://github.com/pytorch/pytorch/issues/171249"""
    kernels = load("softplus", dtype, beta="1e30")
    x = array([0.5, -1.0, 2.0, -np.inf, np.inf], dtype)
    np.testing.assert_array_equal(kernels.forward(x), array([0.5, 0.0, 2.0, 0.0, np.inf], dtype))
    np.testing.assert_array_equal(kernels.derivative(x), array([1.0, 0.0, 1.0, 0.0, 1.0], dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pytorch_187180(load, right, dtype):
    """softplus with beta = 1e-6 is ln(2)/beta + x/2. https://github.com/pytorch/pytorch/issues/187180

    Left of 0 the value is about exp(beta*x)/beta, in float64 with an error of |beta*x|/2 ULP because beta*x is rounded.
    """
    kernels = load("softplus", dtype, beta="1e-6")
    beta = mpf(kernels.parameters["beta"])  # as the kernel takes it: a float32 has no 1e-6
    x = [-1e6, -100.0, -1.0, 0.0, 0.5, 3.0, 1000.0, 1e6, 2.5e7]
    right(kernels.forward, x, dtype, lambda t: softplus(t, beta))
    right(kernels.derivative, x, dtype, lambda t: logistic(beta * t))
    bound = {"float32": 0.55, "float64": 4 + 30 / 2}[dtype]
    right(kernels.forward, [-3e7], dtype, lambda t: softplus(t, beta), bound)
    right(kernels.derivative, [-3e7], dtype, lambda t: logistic(beta * t), bound)


def test_aneforge_113(load, right):
    """softplus was 0 from 11 on in float16, exp(11.09) overflows. https://github.com/sbryngelson/ANEForge/issues/113"""
    x = [5.0, 10.0, 11.0, 11.09, 11.1, 12.0, 88.0, 1000.0, 30000.0, 65504.0]
    right(load("softplus", "float16").forward, x, "float16", softplus)
    right(load("softplus", "float16").derivative, x, "float16", logistic)
    far = [t for t in x if t > 15]
    right(load("mish", "float16").forward, far, "float16", lambda t: t * tanh(softplus(t)))
    assert mpmath.tanh(softplus(mpf(16))) < 1
