"""Operations that only the interpreter defines: exact where they say so."""

from fractions import Fraction

import numpy as np

from symact.kernel.arithmetic import TABLE
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder
from symact.oracle.formats import FORMATS

FLOAT32 = FORMATS["float32"]


def test_fma_rounds_once() -> None:
    b = Builder()
    kernel = b.kernel("forward", ["x", "y", "z"], [], {"y": b("fma", *map(b.input, ("x", "y", "z")))})
    generator = np.random.default_rng(1)
    x, y, z = (generator.normal(size=4000).astype(np.float32) for _ in range(3))
    z[:2000] = (-x * y)[:2000]  # all that is left is what the product loses
    z[2000:3000] *= np.float32(2.0**-30)  # the sum is close to the product
    scale = np.exp2(generator.integers(-70, 60, 4000)).astype(np.float32)
    x[3500:] *= scale[3500:]
    y[3500:] *= scale[3500:]
    got = evaluate(kernel, {"x": x, "y": y, "z": z}, TABLE)["y"]
    for a, b_, c, value in zip(x.tolist(), y.tolist(), z.tolist(), got.tolist(), strict=True):
        assert value == FLOAT32.nearest(Fraction(a) * Fraction(b_) + Fraction(c)), (a, b_, c)


def test_scale_goes_through_the_subnormal_numbers_in_one_rounding() -> None:
    b = Builder()
    kernel = b.kernel("forward", ["x", "y"], [], {"y": b("scale", b.input("x"), b.input("y"))})
    x = np.random.default_rng(2).normal(size=1000).astype(np.float32)
    y = np.resize(np.arange(-170, 20), 1000).astype(np.float32)
    got = evaluate(kernel, {"x": x, "y": y}, TABLE)["y"]
    for a, n, value in zip(x.tolist(), y.tolist(), got.tolist(), strict=True):
        assert value == FLOAT32.nearest(Fraction(a) * Fraction(2) ** int(n))
