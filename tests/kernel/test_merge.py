"""What both sides of a choice compute alike is computed once, and every result stays the same to the last bit."""

import numpy as np
import pytest
from entries import ENTRIES

from symact import catalog
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.merge import merged
from symact.kernel.program import Builder
from symact.kernel.store import compiled

WIDE, QUICK = ARITHMETICS["wide"], ARITHMETICS["fast"]


def operations(kernel):
    return [step.operation for step in kernel.instructions if step.operands]


def chosen(yes, no):
    """x < 0 ? yes : no as a program."""
    b = Builder()
    x = b.input("x")
    return b.kernel("forward", ["x"], [], {"y": b("select", b("lt", x, b.const(0)), yes(b, x), no(b, x))})


def test_two_divisions_become_one_and_a_sign_is_no_obstacle():
    kernel = chosen(lambda b, x: b("neg", b("div", x, b("add", x, b.const(2)))), lambda b, x: b("div", b.const(3), x))
    assert operations(merged(kernel, WIDE)).count("div") == 1


def test_two_exponentials_become_one():
    kernel = chosen(lambda b, x: b("exp", x), lambda b, x: b("exp", b("neg", x)))
    assert operations(merged(kernel, WIDE)) == ["lt", "neg", "select", "exp"]


def test_a_factor_that_both_sides_share_is_multiplied_once():
    kernel = chosen(lambda b, x: b("mul", b.const(2), x), lambda b, x: b("mul", x, b.const(5)))
    assert operations(merged(kernel, WIDE)).count("mul") == 1


def test_a_value_that_is_needed_elsewhere_stays():
    b = Builder()
    x = b.input("x")
    first = b("div", x, b.const(3))
    y = b("select", b("lt", x, b.const(0)), first, b("div", b.const(3), x))
    kernel = b.kernel("forward", ["x"], [], {"y": b("add", y, first)})
    assert operations(merged(kernel, WIDE)).count("div") == 2


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("arithmetic", ARITHMETICS)
def test_results_stay_the_same(name, arithmetic):
    kind = ARITHMETICS[arithmetic]
    programs = compiled(catalog.get(name)).programs[arithmetic]
    size = 10.0 ** np.random.default_rng(3).uniform(-30, 3, 200)
    x = np.concatenate([size, -size, [0.0, -0.0, np.inf, -np.inf, np.nan]]).astype(kind.dtype)
    for kernel in programs.values():
        values = {"x": x, "y": x, "grad_y": np.ones_like(x), **dict.fromkeys(kernel.parameters, 0.75)}
        again = evaluate(merged(kernel, kind), values, kind)
        for output, expected in evaluate(kernel, values, kind).items():
            np.testing.assert_array_equal(again[output], expected)
            np.testing.assert_array_equal(np.signbit(again[output][:-1]), np.signbit(expected[:-1]))


def apart():
    """x < 0 ? 2*(x/(x + 3)) : 1 - 5/x, whose quotients do not stand beside the choice."""
    return chosen(
        lambda b, x: b("mul", b.const(2), b("div", x, b("add", x, b.const(3)))),
        lambda b, x: b("sub", b.const(1), b("div", b.const(5), x)),
    )


def test_programs_for_vectors_have_one_quotient_for_both_sides_wherever_it_stands():
    x = np.array([-7.25, -3.0, -0.0, 0.0, 0.1, 5.0, np.inf, -np.inf, np.nan], np.float32)
    found = merged(apart(), QUICK)
    assert operations(found).count("div") == 1
    assert operations(merged(apart(), ARITHMETICS["float64"])).count("div") == 2
    np.testing.assert_array_equal(evaluate(found, {"x": x}, QUICK)["y"], evaluate(apart(), {"x": x}, QUICK)["y"])


def test_a_quotient_that_the_other_needs_stays():
    """3/z where x < 0, else z, with z = 4 where x < 0, else 1/x: one quotient is a step towards the other."""
    b = Builder()
    x = b.input("x")
    below = b("lt", x, b.const(0))
    z = b("select", below, b.const(4), b("div", b.const(1), x))
    kernel = b.kernel("forward", ["x"], [], {"y": b("select", below, b("div", b.const(3), z), z)})
    assert operations(merged(kernel, QUICK)).count("div") == 2


def test_no_choice_is_made_between_conditions():
    """x < 3 on one side and x <= 3 on the other stay choices of their own: targets choose between numbers only."""
    kernel = chosen(
        lambda b, x: b("select", b("lt", x, b.const(3)), b.const(1), b.const(2)),
        lambda b, x: b("select", b("le", x, b.const(3)), b.const(1), b.const(2)),
    )
    found = merged(kernel, WIDE).instructions
    choices = [step for step in found if step.operation == "select"]
    assert choices
    assert not any(found[i].operation in ("lt", "le") for step in choices for i in step.operands[1:])
