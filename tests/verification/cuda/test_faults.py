"""Mistakes that a kernel's text can have, each made on purpose: the check that is there for it finds it.

Beside each wrong text stands the right one, in which the same check finds nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from programs import logsig

from symact import grammar, targets
from symact.errors import Error
from symact.kernel import store
from symact.kernel.compiled import CompiledActivation
from symact.oracle.formats import FORMATS
from symact.oracle.oracle import Oracle
from symact.oracle.samples import inputs
from symact.targets.python import functions
from symact.verification.accuracy import measure, oracles
from symact.verification.contract import check
from symact.verification.cuda import gates, launch, machine, nvrtc
from symact.verification.cuda.source import source

pytestmark = pytest.mark.usefixtures("compiler")


def generated(activation: CompiledActivation) -> dict[str, Any]:
    """Pass -> the generated kernel."""
    cupy = targets.get("cupy")
    return functions(activation, cupy, cupy.types)


@lru_cache
def preamble() -> str:
    """What every generated kernel begins with."""
    return str(generated(logsig())["forward"].preamble)


def compiled(operation: str, dtype: str, name: str = "symact_tried", inputs: str = "T x_in") -> nvrtc.Compiled:
    import cupy

    kernel = cupy.ElementwiseKernel(inputs, "T y", operation, name, preamble=preamble())
    return nvrtc.compile_source(source(kernel, dtype).text)


def executed(operation: str, dtype: str) -> Any:
    """The kernel as a function of an array."""
    own = machine.load(compiled(operation, dtype).ptx)["symact_tried"]

    def implementation(x: np.ndarray) -> np.ndarray:
        x = np.ascontiguousarray(x)
        y = np.empty_like(x)
        launch.run(own, [x], [], [y])
        return y

    return implementation


@lru_cache
def oracle(expression: str, order: int) -> Oracle:
    return oracles(grammar.parse(expression), {})[order]


def broken(operation: str, expression: str) -> set[str]:
    """The rules of the contract that a float32 kernel breaks at normal inputs and results."""
    truth = oracle(expression, 0)
    x = inputs("float32", 1500, truth)
    normal = FORMATS["float32"].smallest_normal
    x = x[~((np.abs(x) < normal) & (x != 0))]
    exact = truth.rounded(x, "float32")
    x = x[~((np.abs(exact) < normal) & (exact != 0))]
    return {violation.rule for violation in check(executed(operation, "float32"), truth, "float32", x)}


def largest_error(operation: str, dtype: str, expression: str, order: int, x: np.ndarray) -> float:
    format = FORMATS[dtype]
    return measure(executed(operation, dtype)(format.encode(x)), oracle(expression, order), format, x).max_ulp


def test_a_plain_literal_brings_float64_into_float32() -> None:
    right = "const W x = x_in; y = x / (W(1.0) + fabs(x));"
    wrong = right.replace("W(1.0)", "1.0")
    assert gates.problems(compiled(right, "float32"), "float32", "sm_90") == []
    (found,) = gates.problems(compiled(wrong, "float32"), "float32", "sm_90")
    assert found.gate == "no float64 instruction"
    assert gates.problems(compiled(wrong, "float64"), "float64", "sm_90") == []


def test_max_swallows_a_nan() -> None:
    right = "const W x = x_in; y = x < W(0.0) ? W(0.0) : fabs(x);"
    wrong = right.replace("x < W(0.0) ? W(0.0) : fabs(x)", "max(x, W(0.0))")
    assert broken(right, "max(x, 0)") == set()
    assert broken(wrong, "max(x, 0)") == {"NaN stays NaN"}


def test_temporaries_of_the_arrays_type_lose_digits_in_float16() -> None:
    right = """
    const W x = x_in;
    const W t0 = fabs(x) + W(1.0);
    const W t1 = log1p(fabs(x)) + W(1.0);
    y = W(1.0) / t0 / t1 / t1;
    """
    wrong = right.replace("const W t", "const T t")
    expression, x = "x/abs(x)*log(1 + abs(x))/(1 + log(1 + abs(x)))", np.arange(-600, 600) / 32
    assert largest_error(right, "float16", expression, 1, x) <= 0.501
    assert largest_error(wrong, "float16", expression, 1, x) > 1


def test_one_minus_a_square_cancels_in_the_tails() -> None:
    right = "const W x = x_in; const W e = exp(W(-2.0) * fabs(x)); y = W(4.0) * e / ((W(1.0) + e) * (W(1.0) + e));"
    wrong = "const W x = x_in; const W t = tanh(x); y = W(1.0) - t * t;"
    x = np.linspace(-10, 10, 801, dtype=np.float32).astype(np.float64)
    assert largest_error(right, "float32", "tanh(x)", 1, x) < 8
    assert largest_error(wrong, "float32", "tanh(x)", 1, x) > 1000


def test_x_over_its_size_is_nothing_at_zero_and_at_infinity() -> None:
    right = """
    const W x = x_in;
    const W t = log1p(fabs(x));
    y = fabs(x) == W(CUDART_INF_F) ? copysign(W(1.0), x) : copysign(t / (W(1.0) + t), x);
    """
    wrong = "const W x = x_in; const W t = log1p(fabs(x)); y = x / fabs(x) * t / (W(1.0) + t);"
    expression = "x/abs(x)*log(1 + abs(x))/(1 + log(1 + abs(x)))"
    assert broken(right, expression) == set()
    assert broken(wrong, expression) == {"no spurious NaN"}


def test_a_square_that_is_not_clamped_overflows() -> None:
    right = """
    const W cut = fabs(x_in) > W(40.0) ? W(40.0) : W(x_in);
    const W square = cut * cut;
    const W value = exp(-square);
    y = fma(value, square - cut * cut, value);
    """
    wrong = right.replace("fabs(x_in) > W(40.0) ? W(40.0) : W(x_in)", "x_in")
    assert broken(right, "exp(-x**2)") == set()
    assert broken(wrong, "exp(-x**2)") == {"no spurious NaN"}


@pytest.mark.parametrize("name", ["tanh", "double", "threadIdx"])
def test_a_reserved_name_of_a_kernel_is_refused(name: str) -> None:
    operation = "const W x = x_in; y = x;"
    assert compiled(operation, "float32").log == ""
    with pytest.raises(Error, match="NVRTC refuses the kernel"):
        compiled(operation, "float32", name=name)


@pytest.mark.parametrize("name", ["double", "W", "_ind"])
def test_a_reserved_name_of_a_variable_is_refused(name: str) -> None:
    """W is ours: a second meaning of it makes `W(1.0)` no conversion."""
    right = "const W own = x_in; y = own * W(2.0) + W(_ind.size());"
    assert compiled(right, "float32").log == ""
    with pytest.raises(Error, match="NVRTC refuses the kernel"):
        compiled(right.replace("own", name), "float32")


def test_the_loop_variable_of_cupy_is_refused() -> None:
    with pytest.raises(ValueError, match="Can not use 'i' as a parameter name"):
        compiled("y = i;", "float32", inputs="T i")


@pytest.mark.parametrize("name", ["n", "i", "double", "register", "x_in", "gamma"])
def test_the_generator_avoids_reserved_names(name: str) -> None:
    """A parameter of that name gets another one in the kernel."""
    activation = store.compiled(grammar.parse(f"x*{name}", {name: 2}, "named"))
    found = nvrtc.compile_source(source(generated(activation)["forward"], "float32", scalars=1).text)
    assert found.log == ""
