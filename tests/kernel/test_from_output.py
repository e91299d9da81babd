"""The backward pass from the output: for which activations it is offered, and how exact it is there."""

from __future__ import annotations

import pytest

from symact import Error, catalog, load
from symact.kernel.from_output import usable_slope
from symact.kernel.store import compiled, search
from symact.symbolic.derivatives import derive
from symact.verification.accuracy import run

OFFERED = ["identity", "relu", "softplus", "logsigmoid"]


def test_it_is_offered_where_the_rounded_output_still_tells_the_slope() -> None:
    found = [entry.name for entry in catalog.entries() if "backward_from_output" in compiled(entry).signatures]
    assert sorted(found) == sorted(OFFERED)


@pytest.mark.parametrize("name", ["tanh", "logistic", "softsign", "logsig"])
def test_it_is_not_offered_where_outputs_saturate(name: str) -> None:
    """f' is a function of f there too, but the digits of 1 - y are gone once y has been rounded."""
    activation = catalog.get(name)
    assert usable_slope(activation, derive(activation)) is None
    with pytest.raises(Error, match=f"{name} has no backward pass from its output"):
        load(activation, "numpy", "float32").backward_from_output([1.0], [1.0])


@pytest.mark.parametrize("name", OFFERED)
@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_errors(name: str, dtype: str) -> None:
    """The rounding of the output costs 3 ULP at most; float64 has its own errors too, as any backward pass has."""
    for target in ("c", "numpy"):
        (found,) = run(name, target, dtype, "backward_from_output", count=20_000)
        assert found.violations == ()
        assert found.accuracy.failures == 0
        assert found.accuracy.max_ulp <= (5.0 if dtype == "float64" else 3.5)


def test_an_expression_of_ones_own_has_it_too() -> None:
    program = search(catalog.resolve("log(1 + exp(x))"), ["wide"])[0].programs["wide"]["backward_from_output"]
    assert program.inputs == ("y", "grad_y")
    assert [name for name, _ in program.outputs] == ["grad_x"]
