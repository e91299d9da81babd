"""Steps that write into arrays that are there: right values, few arrays, and no operand that is written too early."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from symact import Error, catalog, targets
from symact.kernel.arithmetic import WRITTEN
from symact.kernel.interpret import evaluate
from symact.kernel.outside import inside_of
from symact.kernel.program import Builder, Kernel
from symact.kernel.store import compiled
from symact.targets.in_place import Steps, steps

OPERATIONS = targets.get("numpy").operations

X = np.linspace(-3, 3, 13)


@cache
def helpers() -> dict[str, Any]:
    """What steps call, as a generated module defines it."""
    (text,) = targets.generate(compiled(catalog.get("gelu")), "numpy").values()
    module: dict[str, Any] = {"__name__": "generated"}
    exec(text, module)
    return module


def run(kernel: Kernel, **inputs: np.ndarray | float) -> dict[str, np.ndarray]:
    """The results, each in an array of its own; the operands stay as they were."""
    printed = steps(kernel, OPERATIONS, "mixed")
    results = {name: np.full_like(X, np.nan) for name in printed.outputs}
    temporaries = {f"t{number}": np.full_like(X, np.nan) for number in range(printed.temporaries)}
    scope = {**helpers(), "t": list(np.empty((5, X.size))), **inputs, **results, **temporaries}
    given = {name: np.copy(value) for name, value in inputs.items()}
    exec("\n".join(printed.lines), scope)  # text that this test made itself
    assert all(np.array_equal(scope[name], value) for name, value in given.items())
    return results


def chain() -> Kernel:
    b = Builder()
    x = b.input("x")
    first = step = b("abs", x)
    for _ in range(20):
        step = b("add", b("abs", step), first)
    return b.kernel("forward", ["x"], [], {"y": step})


def test_arrays_whose_values_are_used_up_are_used_again() -> None:
    printed = steps(chain(), OPERATIONS, "mixed")
    assert printed.outputs == ("y",)
    assert printed.temporaries == 1  # the result's is the second one
    assert printed.lines[-1].endswith("out=y)")
    assert np.array_equal(run(chain(), x=X)["y"], 21 * np.abs(X))


def test_a_result_is_no_temporary_where_a_value_is_read_later() -> None:
    b = Builder()
    x = b.input("x")
    size = b("abs", x)
    kernel = b.kernel("forward", ["x"], [], {"y": b("exp", size), "z": b("neg", size)})
    assert steps(kernel, OPERATIONS, "mixed").temporaries == 1
    found = run(kernel, x=X)
    assert np.array_equal(found["y"], np.exp(np.abs(X)))
    assert np.array_equal(found["z"], -np.abs(X))


def test_a_result_that_is_used_further_stays() -> None:
    b = Builder()
    y = b("exp", b.input("x"))
    kernel = b.kernel("value_and_derivative", ["x"], [], {"y": y, "dydx": b("mul", y, y)})
    found = run(kernel, x=X)
    assert np.array_equal(found["y"], np.exp(X))
    assert np.array_equal(found["dydx"], np.exp(X) ** 2)


def test_operands_constants_and_one_value_for_two_results_are_copied() -> None:
    b = Builder()
    x = b.input("x")
    y = b("neg", x)
    found = run(b.kernel("all", ["x"], [], {"a": x, "b": b.const(2), "c": y, "d": y}), x=X)
    assert np.array_equal(found["a"], X)
    assert np.array_equal(found["b"], np.full_like(X, 2))
    assert np.array_equal(found["c"], -X)
    assert np.array_equal(found["d"], -X)


def test_a_result_called_like_an_operand_has_another_name() -> None:
    b = Builder()
    kernel = b.kernel("ties", ["x", "y"], [], {"y": b("mul", b.input("x"), b.input("y"))})
    assert steps(kernel, OPERATIONS, "mixed").outputs == ("y_",)
    assert np.array_equal(run(kernel, x=X, y=X)["y_"], X * X)


def test_steps_of_one_text_read_their_operand_first() -> None:
    b = Builder()
    x = b.input("x")
    kernel = b.kernel("forward", ["x"], [], {"y": b("add", b("decay", b("abs", x)), x)})
    assert np.array_equal(run(kernel, x=X)["y"], np.exp(-np.abs(X)) + X)
    assert steps(kernel, OPERATIONS, "mixed").temporaries == 0


def test_steps_of_numbers_alone_are_numbers() -> None:
    b = Builder()
    x, a = b.input("x"), b.parameter("a")
    kernel = b.kernel("forward", ["x"], ["a"], {"y": b("mul", b("exp", b("mul", a, b.const(2))), x)})
    printed = steps(kernel, OPERATIONS, "mixed")
    assert printed.temporaries == 0
    assert np.array_equal(run(kernel, x=X, a=0.5)["y"], np.exp(1.0) * X)


def test_where_a_short_program_does_not_hold_is_said_by_numbers() -> None:
    b = Builder()
    x = b.input("x")
    outside = inside_of(b, x, [(None, "-1"), ("1/4", "1/2"), ("3", None)])
    assert outside is not None
    kernel = b.kernel("forward", ["x"], [], {"y": b("exp", x), "outside": outside})
    expected = Steps(("np.exp(x, out=y)",), 0, ("y",), ("-1.0", "3.0"), (("0.25", "0.5"),))
    assert steps(kernel, OPERATIONS, "mixed") == expected
    assert steps(chain(), OPERATIONS, "mixed").tails == ("None", "None")


def test_an_own_function_does_not_write_over_its_operand() -> None:
    b = Builder()
    x = b.input("x")
    kernel = b.kernel("forward", ["x"], [], {"y": b("neg", b("erf", b("abs", x)))})
    assert steps(kernel, OPERATIONS, "mixed").lines == (
        "np.abs(x, out=y)",
        "_erf_mixed(y, t0, t)",
        "np.negative(t0, out=y)",
    )
    kernel = b.kernel("forward", ["x"], [], {"y": b("erf", b("abs", x))})
    assert steps(kernel, OPERATIONS, "mixed").lines == ("np.abs(x, out=t0)", "_erf_mixed(t0, y, t)")


@pytest.mark.parametrize("name", ["mish", "gelu", "silu"])
@pytest.mark.parametrize("arithmetic", ["usual_mixed", "usual_wide"])
def test_short_programs_of_the_catalogue_compute_what_they_mean(name: str, arithmetic: str) -> None:
    for kernel in compiled(catalog.get(name), [arithmetic]).programs[arithmetic].values():
        if OPERATIONS.own[arithmetic] & kernel.operations() or "select" in kernel.operations():
            continue
        with np.errstate(all="ignore"):
            inputs = dict.fromkeys(kernel.inputs, X)
            found = run(kernel, **inputs)
            wanted = evaluate(kernel, inputs, WRITTEN[arithmetic])
        for output, value in found.items():
            assert np.allclose(value, wanted[output], rtol=1e-12)  # exp2 of a rounded product


def test_an_operation_the_target_lacks_is_an_error() -> None:
    b = Builder()
    kernel = b.kernel("forward", ("x",), (), {"y": b("pow2", b.input("x"))})
    with pytest.raises(Error, match="target numpy has no pow2"):
        steps(kernel, OPERATIONS, "wide")
