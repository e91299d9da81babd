"""What the named cases share: kernels of every target that runs here, and errors against values with many digits.

Each test is called after a public report of a wrong activation function and holds symact to the right value, in the
dtypes that the report speaks of. The right values come from mpmath (60 digits) or from a limit known by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

from symact import catalog, targets
from symact.kernel.store import compiled
from symact.targets.loaded import Loaded

RUNNING = [one for one in targets.available() if one.missing is None]

#: Bits of the significand and exponent of the smallest normal number.
_FORMATS = {"float16": (11, -14), "bfloat16": (8, -126), "float32": (24, -126), "float64": (53, -1022)}

#: What is promised for f and f', in units of the last place; 16 bits and float32 are rounded once from float64.
_PROMISED = {"float16": 0.5, "bfloat16": 0.5, "float32": 0.55, "float64": 4.0}

Load = Callable[..., Loaded]


@pytest.fixture(autouse=True)
def many_digits() -> Iterator[None]:
    with mpmath.workdps(60):
        yield


@pytest.fixture(params=[one.name for one in RUNNING])
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def load(target: str) -> Load:
    """load(name, dtype, **parameters) for the target of this test."""

    def load(name: str, dtype: str, **parameters: str) -> Loaded:
        if dtype not in next(one.dtypes for one in RUNNING if one.name == target):
            pytest.skip(f"{target} has no {dtype}")
        return targets.load(compiled(catalog.get(name).with_values(parameters)), target, dtype)

    return load


def _array(values: Sequence[float], dtype: str) -> Any:
    if dtype == "bfloat16":
        return np.array(values, np.float32).astype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.array(values, dtype)


@pytest.fixture
def array() -> Callable[[Sequence[float], str], Any]:
    """array(values, dtype), bfloat16 by ml_dtypes."""
    return _array


@pytest.fixture
def right() -> Callable[..., None]:
    """right(kernel, x, dtype, exact, bound=...): the kernel is within the promised bound of exact(x) at each x.

    `exact` takes mpmath's numbers; `bound`, in units of the last place, is given where it is not what f and f' promise.
    """

    def right(
        kernel: Callable[[Any], Any],
        x: Sequence[float],
        dtype: str,
        exact: Callable[[mpmath.mpf], mpmath.mpf],
        bound: float | None = None,
    ) -> None:
        given = _array(x, dtype)
        for at, value in zip(given.astype(float), kernel(given).astype(float), strict=True):
            true = exact(mpmath.mpf(at))
            precision, smallest = _FORMATS[dtype]
            spacing = mpmath.mpf(2) ** (max(int(mpmath.frexp(true)[1]) - 1, smallest) - precision + 1)
            error = abs(mpmath.mpf(value) - true) / spacing
            assert error <= (_PROMISED[dtype] if bound is None else bound), (at, value, mpmath.nstr(true, 20))

    return right
