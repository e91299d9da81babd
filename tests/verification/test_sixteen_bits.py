"""16 bits: every kernel is correctly rounded on every one of the 65,536 inputs, in every target that runs here.

What is right is the oracle's answer. For the catalogue it is written down as digests (scripts/sixteen_bits.py), which
takes minutes to make; where an entry has none, or its definition has changed, the oracle is asked here.
"""

from __future__ import annotations

import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from entries import ENTRIES

from scripts.sixteen_bits import DTYPES, ORDERS, digest, entry, key, parameters, record, rounded
from symact import catalog, load, targets
from symact.oracle import Oracle
from symact.oracle.formats import FORMATS
from symact.oracle.samples import inputs
from symact.verification.accuracy import MULTIPLYING, OUTPUTS, oracles, single
from symact.verification.contract import check, check_backward

NAMES = catalog.names()
TARGETS = [one.name for one in targets.available() if one.name in ("c", "numpy") and one.missing is None]
PASSES = [name for name in OUTPUTS if name not in MULTIPLYING]
RECORD = record()


@lru_cache(maxsize=2)
def truth(name: str) -> tuple[Oracle, Oracle, Oracle]:
    """The oracles at the parameters' values as 16-bit kernels take them."""
    return oracles(catalog.get(name), parameters(catalog.get(name)))


@lru_cache
def expected(name: str) -> dict[str, Any]:
    """The digests of the right results: written down, or made now."""
    activation = catalog.get(name)
    known = RECORD.get(name, {})
    return known if known.get("key") == key(activation) else entry(activation)


def misses(name: str, dtype: str, order: int, values: np.ndarray) -> list[str]:
    """Where results are not the correctly rounded ones, with their errors in ULP."""
    format = FORMATS[dtype]
    x = format.every()
    oracle = truth(name)[order]
    right = rounded(name, order, dtype, oracle)
    got, errors = format.decode(values), oracle.reference(x, dtype).errors(values)
    wrong = (got != right) | (np.signbit(got) != np.signbit(right))
    wrong &= ~(np.isnan(got) & np.isnan(right))
    return [f"f({x[i].hex()}) = {got[i].hex()}: {errors[i]} ULP" for i in np.nonzero(wrong)[0]]


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_correctly_rounded_on_every_input(name: str, dtype: str) -> None:
    format = FORMATS[dtype]
    x = format.encode(format.every())
    orders = list(ORDERS)
    for target in TARGETS:
        kernels = load(catalog.get(name), target, dtype)
        assert kernels.parameters == parameters(catalog.get(name))
        for pass_ in PASSES:
            for position, order in enumerate(OUTPUTS[pass_].values()):
                values = single(kernels, pass_, position)(x)
                if digest(format.decode(values), dtype) != expected(name)[dtype][orders[order]]:
                    assert misses(name, dtype, order, values) == [], (target, pass_)


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_contract_and_backward(name: str, dtype: str) -> None:
    """What does not show in single results: independence of length, strides and neighbours, and IEEE products.

    A product with an incoming gradient is rounded once. That it is in the middle between two numbers in float64, and
    its exact value beside it by less than float64 can tell (1/(1 + x**2) at 2**63), is not looked after: 0.5 ULP and a
    bit.
    """
    format = FORMATS[dtype]
    functions = truth(name)
    x = inputs(dtype, 64, functions[1], seed=5)[:200]
    generator = np.random.default_rng(6)
    gradient = format.decode(format.encode(generator.normal(size=len(x)).astype(np.float16).astype(np.float64)))
    exact = functions[1].reference(x, dtype, gradient)
    for target in TARGETS:
        kernels = load(catalog.get(name), target, dtype)
        found = check_backward(kernels.backward, functions[1], dtype, x)
        for pass_ in PASSES:
            for position, order in enumerate(OUTPUTS[pass_].values()):
                found += check(single(kernels, pass_, position), functions[order], dtype, x)
        assert [str(violation) for violation in found] == []
        assert exact.errors(kernels.backward(format.encode(x), format.encode(gradient))).max() <= 0.501


@pytest.mark.slow
def test_what_is_written_down_is_what_the_oracle_says() -> None:
    """For another entry each day: all of them take minutes."""
    name = NAMES[datetime.date.today().toordinal() % len(NAMES)]
    assert entry(catalog.get(name)) == expected(name)


def test_a_wrong_result_is_seen() -> None:
    values = FORMATS["bfloat16"].every()
    wrong = values.copy()
    wrong[1 << 15] = 0.0  # was -0
    assert digest(wrong, "bfloat16") != digest(values, "bfloat16")
    nan = np.isnan(values)
    wrong = np.where(nan, -np.nan, values)
    assert digest(wrong, "bfloat16") == digest(values, "bfloat16")
