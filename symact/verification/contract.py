"""The IEEE contract of one implementation, checked against the oracle.

What is checked does not depend on how accurate the implementation is: infinities, NaN, signs of zeros, overflow and
underflow exactly where the true value has them, one result an element whatever stands beside it, and no side effect.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.oracle.formats import Float64s, Format, get
from symact.oracle.oracle import Oracle, Reference, as_float64
from symact.oracle.samples import inputs

#: A pass of a kernel: an array of inputs -> an array of results of the same shape and dtype.
Implementation = Callable[[NDArray[Any]], NDArray[Any]]

#: Lengths that are shorter than, equal to and just past what vector units take at once.
LENGTHS = (0, 1, 3, 17)

#: Where the incoming gradient of a backward pass is looked at: what IEEE multiplication treats apart.
_GRADIENTS = (np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 2.0)

#: A result of 0 breaks gradual underflow where the true one is more than this many of the smallest subnormals. Less is
#: a rounding error like any other, which a bound in ULP has to judge.
_STOPS = 4

#: How many examples of each kind of violation are kept.
_EXAMPLES = 5


@dataclass(frozen=True)
class Violation:
    """One breach of the contract.

    Attributes:
        rule: which one, such as "sign of zero".
        input: x as hexadecimal text, exact; for backward also the incoming gradient; empty where it is about no input.
        got, expected: the values, or what was seen and what should have been.
    """

    rule: str
    input: str
    got: str
    expected: str

    def __str__(self) -> str:
        return f"{self.rule}: x = {self.input}: got {self.got}, expected {self.expected}"


def check(
    implementation: Implementation, oracle: Oracle, format: Format | str, x: Float64s | None = None
) -> list[Violation]:
    """Every way in which an implementation breaks the contract, with a few examples of each.

    Args:
        implementation: takes and returns arrays of the format's dtype.
        oracle: the function that it should compute.
        format: a `Format` or its name.
        x: inputs; by default stratified ones that hold the special values.
    """
    format = get(format)
    x = inputs(format, 2000, oracle) if x is None else x
    given = format.encode(x)
    return [
        *_quiet(implementation, given),
        *_elementwise(implementation, given),
        *compare(implementation(given), oracle.reference(x, format), x),
    ]


def check_backward(
    implementation: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]],
    oracle: Oracle,
    format: Format | str,
    x: Float64s | None = None,
) -> list[Violation]:
    """The contract of ``backward(x, grad_y)``: products as IEEE multiplies them, also where f' is 0.

    Args:
        implementation: takes x and the incoming gradient.
        oracle: that of f'.
        format: a `Format` or its name.
        x: inputs, by default as for `check`.
    """
    format = get(format)
    x = inputs(format, 2000, oracle) if x is None else x
    slope = oracle.reference(x, format)
    # Where f' underflows it is a matter of the inner precision whether inf*f' is infinite: any IEEE product is right.
    vanishes = (slope.balls.high == 0) & (slope.balls.radius == 0)
    plain = (np.abs(slope.rounded) >= format.smallest_normal) | vanishes | np.isnan(slope.rounded)
    found: list[Violation] = []
    for gradient in _GRADIENTS:
        chosen = x[plain]
        factor = np.full(len(chosen), gradient)
        got = implementation(format.encode(chosen), format.encode(factor))
        for one in compare(got, oracle.reference(chosen, format, factor), chosen):
            found.append(Violation(one.rule, f"{one.input}, gradient = {gradient}", one.got, one.expected))

    def with_ones(values: NDArray[Any]) -> NDArray[Any]:
        return implementation(values, format.encode(np.ones(len(values))))

    return [*check(with_ones, oracle, format, x), *found]


def compare(got: NDArray[Any], reference: Reference, x: Float64s) -> Iterator[Violation]:
    """Results of another class than the correctly rounded ones, or of another sign of zero."""
    format, expected = reference.format, reference.rounded
    if got.dtype != format.dtype or got.shape != x.shape:
        yield Violation("shape and dtype", "", f"{got.dtype}{got.shape}", f"{format.dtype}{x.shape}")
        return
    values = as_float64(got, format)
    nan, infinite = np.isnan(values), np.isinf(values)
    true_nan, true_infinite = np.isnan(expected), np.isinf(expected)
    with np.errstate(invalid="ignore"):
        differs = values != expected
    rules = {
        "NaN stays NaN": np.isnan(x) & ~nan,
        "NaN where there is no limit": ~np.isnan(x) & true_nan & ~nan,
        "no spurious NaN": nan & ~true_nan,
        "no early overflow": infinite & ~true_infinite & ~true_nan,
        "overflow": true_infinite & differs & ~nan,
        "gradual underflow": (values == 0) & (np.abs(expected) > _STOPS * format.smallest_subnormal),
        "sign of zero": (values == 0) & ~true_nan & (np.signbit(values) != np.signbit(expected)),
    }
    for rule, broken in rules.items():
        for index in np.nonzero(broken)[0][:_EXAMPLES]:
            yield Violation(rule, _text(x[index]), _text(values[index]), _text(expected[index]))


def _quiet(implementation: Implementation, given: NDArray[Any]) -> Iterator[Violation]:
    """No warning, and the input stays as it was."""
    before = given.tobytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        implementation(given)
    if caught:
        yield Violation("no warning", "", str(caught[0].message), "none")
    if given.tobytes() != before:
        yield Violation("the input is only read", "", "changed", "unchanged")


def _elementwise(implementation: Implementation, given: NDArray[Any]) -> Iterator[Violation]:
    """The same result for an element whatever the array's length, its place in it, and its alignment."""
    whole = _bits(implementation(given))
    for start in (0, 1):
        for length in LENGTHS:
            part = _bits(implementation(given[start : start + length]))
            if not np.array_equal(part, whole[start : start + length]):
                yield Violation("independence of length", f"{length} elements from {start}", str(part), "the same bits")
    strided = _bits(implementation(given[::3]))
    if not np.array_equal(strided, whole[::3]):
        yield Violation("independence of strides", "every third element", "other bits", "the same bits")
    alone = np.concatenate([_bits(implementation(given[i : i + 1])) for i in range(0, len(given), 97)])
    if not np.array_equal(alone, whole[::97]):
        yield Violation("independence of length", "elements one by one", "other bits", "the same bits")


def _bits(values: NDArray[Any]) -> NDArray[Any]:
    """Bit patterns, all NaNs made one: their payload is free."""
    kind = np.dtype(f"uint{8 * values.dtype.itemsize}")
    return np.where(np.isnan(values), 0x7FFF, np.ascontiguousarray(values).view(kind))


def _text(value: float) -> str:
    value = float(value)
    return f"{value!r} ({value.hex()})" if np.isfinite(value) else repr(value)
