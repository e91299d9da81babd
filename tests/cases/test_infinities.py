"""Reports of NaN at an infinity: 0*inf, inf/inf and inf - inf where there is a limit."""

import numpy as np
import pytest

from tests.cases.test_lost_tails import exact_mish

INF = np.inf
EVERY = ["float16", "bfloat16", "float32", "float64"]


def same(got, expected):
    """Bit for bit, the sign of a zero included."""
    got = got.astype(float)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))


@pytest.mark.parametrize("dtype", EVERY)
def test_pytorch_160876(load, array, dtype):
    """silu(-inf) was NaN, -inf/(1 + inf). https://github.com/pytorch/pytorch/issues/160876"""
    silu = load("silu", dtype)
    same(silu.forward(array([-INF, INF], dtype)), [-0.0, INF])
    same(silu.derivative(array([-INF, INF], dtype)), [-0.0, 1.0])


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh"])
@pytest.mark.parametrize("dtype", EVERY)
def test_pytorch_185770(load, array, name, dtype):
    """gelu(inf) and gelu(-inf) were NaN. https://github.com/pytorch/pytorch/issues/185770"""
    gelu = load(name, dtype)
    same(gelu.forward(array([-INF, INF], dtype)), [-0.0, INF])
    same(gelu.derivative(array([-INF, INF], dtype)), [-0.0, 1.0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pytorch_20972(load, array, dtype):
    """logsigmoid(-inf) and its gradient were NaN; -inf and 1. https://github.com/pytorch/pytorch/issues/20972"""
    logsigmoid = load("logsigmoid", dtype)
    x = array([-INF, INF], dtype)
    same(logsigmoid.forward(x), [-INF, -0.0])
    same(logsigmoid.derivative(x), [1.0, 0.0])
    same(logsigmoid.backward(x, array([1.0, 1.0], dtype)), [1.0, 0.0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mindspore_379(load, array, right, dtype):
    """mish(inf) was NaN. https://github.com/mindspore-ai/mindspore/issues/379

    The report's finite inputs too; it expects NaN at -inf, where the limit is 0 from below.
    """
    mish = load("mish", dtype)
    same(mish.forward(array([INF, -INF, np.nan], dtype))[:2], [INF, -0.0])
    assert np.isnan(mish.forward(array([np.nan], dtype)))[0]
    right(mish.forward, [-0.7780516743659973, 0.6402267217636108, -0.5855413675308228], dtype, exact_mish)


@pytest.mark.parametrize("x", [88.8, 302.0, 3e38, INF])
@pytest.mark.parametrize("name", ["elu", "celu"])
def test_candle_2328(load, array, name, x):
    """elu's gradient was NaN at a large input: 0*exp(x). https://github.com/huggingface/candle/pull/2328"""
    x = array([x], "float32")
    elu = load(name, "float32")
    same(elu.derivative(x), [1.0])
    same(elu.backward(x, array([-0.5], "float32")), [-0.5])


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize(("name", "slope"), [("elu", 1.0), ("celu", 1.0), ("selu", 1.0507009873554804934)])
def test_tinygrad_17852(load, array, name, slope, dtype):
    """The gradients of elu, celu and selu were NaN past 88.7. https://github.com/tinygrad/tinygrad/pull/17852"""
    kernels = load(name, dtype)
    x = array([89.0, 300.0, 400.0, 60000.0], dtype)
    rounded = float(np.dtype(dtype).type(slope))
    same(kernels.derivative(x), [rounded] * 4)
    same(kernels.backward(x, array([1.0] * 4, dtype)), [rounded] * 4)
    at_zero = {"elu": 1.0, "celu": 1.0, "selu": 1.7580993408473768599}[name]  # selu: the left limit, as PyTorch has it
    same(kernels.derivative(array([0.0], dtype)), [float(np.dtype(dtype).type(at_zero))])
