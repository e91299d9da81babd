"""How functions end is recognised: limits, lines, tails that are halved by a step."""

import math

import pytest
from flint import arb

from symact import catalog
from symact.kernel.piecewise.ends import Constant, Line, Tail, end
from symact.kernel.piecewise.exact import Exact, over_x, rate
from symact.symbolic.derivatives import derive


def function(name: str, order: int = 0) -> Exact:
    entry = catalog.get(name)
    derivation = derive(entry)
    return Exact((derivation.function, derivation.first)[order].subs(entry.values))


def test_a_limit_is_reached_where_float32_no_longer_sees_the_difference() -> None:
    found = end(function("tanh"), 1)
    assert isinstance(found, Constant)
    assert 1 - math.tanh(found.at) < 2**-27
    assert 1 - math.tanh(found.at - 0.25) > 2**-28


def test_softplus_is_a_line_on_the_right_and_a_tail_on_the_left() -> None:
    right, left = end(function("softplus"), 1), end(function("softplus"), -1)
    assert isinstance(right, Line)
    assert math.log1p(math.exp(-right.at)) / right.at < 2**-27
    assert isinstance(left, Tail)
    assert sum(left.period) == pytest.approx(math.log(2), rel=2**-45)


def test_a_tail_stops_where_even_a_large_gradient_leaves_nothing_of_it() -> None:
    tail = end(function("tanh", 1), 1)
    assert isinstance(tail, Tail)
    assert sum(tail.period) == pytest.approx(math.log(2) / 2, rel=2**-45)
    assert 4 * math.exp(-2 * tail.far) < 2**-290
    assert tail.later(2).at == pytest.approx(tail.at + 2 * tail.period[0], rel=1e-6)


@pytest.mark.parametrize(("name", "order"), [("arctan", 0), ("logsig", 0), ("logsig", 1), ("silu", 0), ("erf", 1)])
def test_what_is_none_of_these_has_no_end(name: str, order: int) -> None:
    assert end(function(name, order), -1) is None


def test_symmetries() -> None:
    assert function("tanh").odd
    assert not function("tanh").even
    assert function("tanh", 1).even
    assert not function("silu").odd
    assert not function("silu").even


def test_a_quotient_has_its_limit_at_0() -> None:
    assert float(over_x(function("tanh"))(arb(0))) == 1
    assert float(over_x(function("silu"))(arb(0))) == 0.5


def test_rates_are_found_with_all_their_digits() -> None:
    found = rate(function("logistic", 1), 1)
    assert found is not None
    assert abs(found - 1) < 1e-25
    assert rate(function("arctan", 1), 1) is None
