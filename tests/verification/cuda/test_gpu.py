"""On a machine with a CUDA device: what elsewhere is simulated or modelled is measured. Run it with ``-m gpu``.

Without a device each of these tests is reported as not run, with what was not done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symact import catalog, targets
from symact.kernel import store
from symact.targets import cupy as device
from symact.verification import accuracy
from symact.verification.cuda import kernels
from symact.verification.execution import cupy as simulator

pytestmark = pytest.mark.gpu

MISSING = device.missing()
NAMES = catalog.names()
DTYPES = ("float16", "bfloat16", "float32", "float64")

#: Elements of the arrays that are timed: out of every cache.
_LARGE = 1 << 27


def on_a_device(what: str) -> None:
    """Skips where there is no device and says what is not done."""
    if MISSING is not None:
        pytest.skip(f"not run on a GPU: {what} ({MISSING})")


@pytest.mark.parametrize("dtype", DTYPES)
def test_accuracy_and_contract(dtype: str) -> None:
    """As `symact accuracy` does it, which takes the device where there is one."""
    on_a_device(f"accuracy and contract of all kernels in {dtype}")
    broken = []
    for name in NAMES:
        for pass_ in store.compiled(catalog.get(name)).signatures:
            for found in accuracy.run(name, "cupy", dtype, pass_, count=20_000):
                assert found.executed == "", "the simulation was measured, not the device"
                print(f"{name} {dtype} {pass_} {found.output}: {found.accuracy.max_ulp:.4g} ULP on {found.tool}")
                broken += [f"{name} {pass_}: {violation}" for violation in found.violations]
    assert broken == []


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_device_is_between_the_ways_of_the_simulation(dtype: str) -> None:
    """Each result of the device lies in the range of those that the simulation gives, approximations moved or not."""
    on_a_device(f"comparison of the device with the simulation in {dtype}")
    for name in NAMES:
        compiled = store.compiled(catalog.get(name))
        type_ = targets.get("cupy").type(dtype, "accurate")
        batch = kernels.build([kernels.Wanted(compiled, "forward", dtype)], simulator.ARCHITECTURE)
        how = simulator.simulation(compiled, type_, {one.pass_: own for one, own in batch.executable()})
        x = np.linspace(-12, 12, 10_001).astype(dtype)
        ways = np.array([run.kernels.forward(x) for run in how.runs])
        got = simulator.execution(compiled, targets.get("cupy"), type_).runs[0].kernels.forward(x)
        assert np.all((got >= ways.min(axis=0)) & (got <= ways.max(axis=0))), name


@pytest.mark.parametrize("name", NAMES)
def test_benchmark(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints times a call of large float32 arrays: ours, CuPy's textbook expression, that fused, and a copy."""
    on_a_device(f"benchmark of {name} against CuPy's expression, cupy.fuse and the memory bandwidth")
    import cupy
    from cupyx.profiler import benchmark
    from sympy import lambdify

    activation = catalog.get(name)
    expression = activation.expression.subs(activation.values)
    textbook: Callable[[Any], Any] = lambdify(activation.x, expression, "cupy")
    x = cupy.random.standard_normal(_LARGE, dtype=cupy.float32)
    y = cupy.empty_like(x)
    own = targets.load(store.compiled(activation), "cupy", "float32")
    competitors: dict[str, Callable[[], Any]] = {
        "symact": lambda: own.forward(x, out=y),
        "expression": lambda: textbook(x),
        "copy": lambda: cupy.copyto(y, x),
    }
    try:
        fused = cupy.fuse(kernel_name=f"fused_{name}")(textbook)
        fused(x)
        competitors["cupy.fuse"] = lambda: fused(x)
    except (TypeError, NotImplementedError, AttributeError) as error:
        print(f"cupy.fuse cannot take {name}: {error}")
    times = {who: float(benchmark(call, n_repeat=30).gpu_times.mean()) for who, call in competitors.items()}
    with capsys.disabled():
        bandwidth = 8 * _LARGE / times["copy"] / 1e9
        shown = ", ".join(f"{who} {time * 1e3:.3f} ms" for who, time in times.items())
        print(f"\n{name}: {shown}; a copy moves {bandwidth:.0f} GB/s on {device.tool()}")
