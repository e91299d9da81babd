"""Every kernel of every target that runs here against correctly rounded values of the definition.

The bounds are those that the project promises, in ULP. C evaluates float64 in pairs of numbers where single ones lose
digits; NumPy does not, and its misses are listed one by one with their figure and the reason.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from entries import ENTRIES
from numpy.typing import NDArray

from symact import catalog, load, targets
from symact.oracle import Oracle
from symact.oracle.formats import FORMATS, Float64s
from symact.oracle.oracle import Reference
from symact.oracle.samples import inputs, roots
from symact.targets.loaded import Loaded
from symact.verification.accuracy import MULTIPLYING, OUTPUTS, oracles, single
from symact.verification.contract import check, check_backward, compare

TARGETS = [one.name for one in targets.available() if one.name in ("c", "numpy") and one.missing is None]
DTYPES = ["float32", "float64"]

#: Target and dtype -> the largest error in ULP for each derivative of f, and for the backward pass.
BOUNDS: dict[tuple[str, str], dict[int | str, float]] = {
    ("c", "float32"): {0: 0.55, 1: 0.55, 2: 0.55, "backward": 0.55},
    ("numpy", "float32"): {0: 0.55, 1: 0.55, 2: 0.55, "backward": 0.55},
    ("c", "float64"): {0: 2.0, 1: 2.0, 2: 2.0, "backward": 3.0},
    ("numpy", "float64"): {0: 4.0, 1: 4.0, 2: 4.0, "backward": 5.0},
}
COUNTS = {0: 10_000, 1: 10_000, 2: 2_500}


@lru_cache(maxsize=4)
def kernels(name: str, target: str, dtype: str) -> Loaded:
    return load(catalog.get(name), target, dtype)


@lru_cache
def truth(name: str, parameters: tuple[tuple[str, float], ...]) -> tuple[Oracle, Oracle, Oracle]:
    """Oracles at the parameter values that a kernel takes: a float parameter of 0.01 is not 1/100."""
    return oracles(catalog.get(name), dict(parameters))


@lru_cache
def sample(
    name: str, parameters: tuple[tuple[str, float], ...], dtype: str, order: int
) -> tuple[Float64s, NDArray[Any], Reference]:
    oracle = truth(name, parameters)[order]
    x = inputs(dtype, COUNTS[order], oracle, landmarks=roots(oracle))
    return x, FORMATS[dtype].encode(x), oracle.reference(x, dtype)


def in_force(loaded: Loaded) -> tuple[tuple[str, float], ...]:
    return tuple(loaded.parameters.items())


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pass_", [name for name in OUTPUTS if name not in MULTIPLYING])
def test_errors(name: str, dtype: str, pass_: str) -> None:
    for target in TARGETS:
        loaded = kernels(name, target, dtype)
        for position, (output, order) in enumerate(OUTPUTS[pass_].items()):
            x, given, reference = sample(name, in_force(loaded), dtype, order)
            values = single(loaded, pass_, position)(given)
            assert [str(v) for v in compare(values, reference, x)] == [], (target, output)
            errors = reference.errors(values)
            worst = int(np.argmax(errors))
            assert errors[worst] <= BOUNDS[target, dtype][order], (target, output, x[worst].hex(), values[worst])


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_backward_errors(name: str, dtype: str) -> None:
    """grad*f', rounded once in float32. float64 is bounded where f' and the product are normal numbers: below, the
    error of f' in its subnormal spacing is multiplied by the gradient."""
    format = FORMATS[dtype]
    for target in TARGETS:
        loaded = kernels(name, target, dtype)
        oracle = truth(name, in_force(loaded))[1]
        x = inputs(dtype, COUNTS[2], oracle, seed=1, landmarks=roots(oracle))
        gradient = np.random.default_rng(2).normal(size=len(x)).astype(np.float16).astype(np.float64)
        values = loaded.backward(format.encode(x), format.encode(gradient))
        reference = oracle.reference(x, dtype, gradient)
        assert [str(v) for v in compare(values, reference, x)] == [], target
        slope = oracle.reference(x, dtype)
        errors = reference.errors(values)
        if dtype == "float64":
            normal = np.minimum(np.abs(slope.rounded), np.abs(reference.rounded)) >= format.smallest_normal
            errors = np.where(normal | np.isinf(errors), errors, 0.0)
        worst = int(np.argmax(errors))
        found = (target, x[worst].hex(), gradient[worst], values[worst])
        assert errors[worst] <= BOUNDS[target, dtype]["backward"], found


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", TARGETS)
def test_contract(name: str, dtype: str, target: str) -> None:
    loaded = kernels(name, target, dtype)
    functions = truth(name, in_force(loaded))
    x = inputs(dtype, 600, functions[1], seed=3)
    found = check_backward(loaded.backward, functions[1], dtype, x)
    for pass_, outputs in OUTPUTS.items():
        if pass_ in MULTIPLYING:
            continue
        for position, order in enumerate(outputs.values()):
            x = inputs(dtype, 600, functions[order], seed=3)
            found += check(single(loaded, pass_, position), functions[order], dtype, x)
    assert [str(violation) for violation in found] == []
