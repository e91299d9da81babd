"""What is split off a function is what it falls like, and exponentials are pairs with more digits than float32 has."""

import mpmath
import numpy as np
import pytest

from symact import catalog
from symact.kernel.arithmetic import TABLE
from symact.kernel.interpret import evaluate
from symact.kernel.piecewise.compensated import Decay
from symact.kernel.piecewise.exact import Exact
from symact.kernel.piecewise.splits import Split, forms, splits
from symact.kernel.program import Builder
from symact.symbolic.derivatives import derive


def split(name: str, order: int = 0) -> Split:
    entry = catalog.get(name)
    derivation = derive(entry)
    return next(splits(Exact((derivation.function, derivation.first)[order].subs(entry.values))))


@pytest.mark.parametrize(("name", "order", "count"), [("silu", 0, 2), ("logistic", 1, 2), ("tanh", 0, 1)])
def test_the_same_is_looked_for_without_an_exponential(name: str, order: int, count: int) -> None:
    entry = catalog.get(name)
    derivation = derive(entry)
    found = list(splits(Exact((derivation.function, derivation.first)[order].subs(entry.values))))
    assert len(found) == count
    assert found[-1].decay is None


@pytest.mark.parametrize("decay", [Decay(1.0, False, False, 69.0), Decay(2.0, False, False, 34.0)])
def test_an_exponential_has_29_bits_in_two_numbers(decay: Decay) -> None:
    check(decay, np.random.default_rng(1).uniform(0, decay.far, 2000))


def test_so_has_one_of_a_square_whose_rounding_would_take_more() -> None:
    check(Decay(0.5, True, False, 11.75), np.random.default_rng(2).uniform(0, 11.75, 2000))


def check(decay: Decay, drawn: np.ndarray) -> None:
    t = np.append(drawn, 0).astype(np.float32)
    b = Builder()
    head, rest = decay.write(b, b.input("t"))
    values = evaluate(b.kernel("decay", ["t"], [], {"head": head, "rest": rest}), {"t": t}, TABLE)
    with mpmath.workdps(40):
        for size, high, low in zip(t.tolist(), values["head"].tolist(), values["rest"].tolist(), strict=True):
            exponent = mpmath.mpf(size) ** (2 if decay.squared else 1) * decay.rate
            assert abs(high * (1 + mpmath.mpf(low)) * mpmath.exp(exponent) - 1) < 2**-29
            assert abs(low) < 0.011


@pytest.mark.parametrize(
    ("name", "order", "expected"),
    [
        ("tanh", 0, ("", True, True, None)),
        ("tanh", 1, ("", True, False, (2.0, False, False))),
        ("softplus", 0, ("ramp", True, False, (1.0, False, False))),
        ("silu", 1, ("step", True, False, (1.0, False, False))),
        ("gelu", 0, ("ramp", True, True, (0.5, True, False))),
        ("mish", 0, ("", False, True, (1.0, False, True))),
        ("arctan", 0, ("", True, True, None)),
    ],
)
def test_what_is_split_off(name: str, order: int, expected: tuple[object, ...]) -> None:
    """What rises on the right, whether the table is one of |x|, whether x is a factor, and the exponential."""
    found = split(name, order)
    decay = None if found.decay is None else (found.decay.rate, found.decay.squared, found.decay.left)
    assert (found.rise, found.half, found.factor, decay) == expected


@pytest.mark.parametrize(("name", "order"), [("silu", 1), ("gelu", 1), ("mish", 1)])
def test_a_root_is_well_inside_an_interval(name: str, order: int) -> None:
    found = list(forms(split(name, order)))
    assert found
    for form in found:
        assert form.root is not None
        (interval,) = (each for each in form.grid.intervals() if each.low < form.root < each.high)
        width = interval.high - interval.low
        assert min(form.root - interval.low, interval.high - form.root) > width / 3
        assert min(abs(interval.low), abs(interval.high)) > abs(form.root) / 2
