"""Operations that only the interpreter defines: exact where they say so."""

from fractions import Fraction

import numpy as np

from symact.kernel.arithmetic import ARITHMETICS, TABLE
from symact.kernel.interpret import Steps, evaluate
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


def test_a_product_that_is_only_added_is_fused_as_compilers_do_it() -> None:
    """What is left of x*y - fl(x*y) is the product's rounding, to the last digit."""
    b = Builder()
    x, y, z = (b.input(name) for name in ("x", "y", "z"))
    kernel = b.kernel("forward", ["x", "y", "z"], [], {"y": b("sub", z, b("mul", x, y))})
    generator = np.random.default_rng(4)
    values = {name: generator.normal(size=2000) for name in ("x", "y", "z")}
    values["z"][:1000] = (values["x"] * values["y"])[:1000]
    got = evaluate(kernel, values, ARITHMETICS["paired"], fused=True)["y"]
    for a, b_, c, value in zip(*(values[name].tolist() for name in ("x", "y", "z")), got.tolist(), strict=True):
        assert value == float(Fraction(c) - Fraction(a) * Fraction(b_)), (a, b_, c)


def test_a_product_too_large_for_its_error_is_fused_without_it() -> None:
    """Dekker's splitting overflows where the product does not."""
    b = Builder()
    x = b.input("x")
    kernel = b.kernel("forward", ["x"], [], {"y": b("add", b("mul", x, b.const("3/4")), b.const(1))})
    point = np.array([1.7e308])
    assert evaluate(kernel, {"x": point}, ARITHMETICS["paired"], fused=True)["y"] == 0.75 * point


def test_a_product_of_which_more_is_made_than_sums_is_rounded() -> None:
    b = Builder()
    x = b.input("x")
    square = b("mul", x, x)
    kernel = b.kernel(
        "forward", ["x"], [], {"y": b("add", b("sub", square, b("abs", square)), b("mul", x, b.const(0)))}
    )
    assert evaluate(kernel, {"x": np.array([0.1, 0.3])}, ARITHMETICS["paired"], fused=True)["y"].tolist() == [0.0, 0.0]


def test_steps_that_programs_share_are_computed_once_and_are_the_same() -> None:
    kernels = []
    for operation in ("add", "mul"):
        b = Builder()
        x = b.input("x")
        kernels.append(b.kernel("forward", ["x"], [], {"y": b(operation, b("decay", b("abs", x)), x)}))
    points = {"x": np.linspace(-3, 3, 50)}
    memory: Steps = {}
    for kernel in kernels:
        alone, shared = (evaluate(kernel, points, memory=steps)["y"] for steps in (None, memory))
        assert np.array_equal(alone, shared)
    assert len(memory) == len(kernels[0].instructions) + 1


def test_a_number_too_large_for_float64_is_infinite() -> None:
    b = Builder()
    x = b.input("x")
    kernel = b.kernel("large", ["x"], [], {"y": b("mul", x, b.const(f"-{10**400}"))})
    np.testing.assert_array_equal(evaluate(kernel, {"x": np.array([2.0, -1.0])})["y"], [-np.inf, np.inf])
