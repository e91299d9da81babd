"""Where a short program does not hold: written as a step and read back."""

from __future__ import annotations

import numpy as np
import pytest

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.outside import Interval, inside_of, tails, without_outside
from symact.kernel.program import Builder, Kernel

LEFT_AND_GAP: list[Interval] = [(None, "-2"), ("1/2", "3/4")]
GAP_AND_RIGHT: list[Interval] = [("-1", "0"), ("5/2", None)]


def program(*groups: list[Interval]) -> Kernel:
    b = Builder()
    x = b.input("x")
    found = [step for group in groups if (step := inside_of(b, x, group)) is not None]
    outputs = {"y": b("neg", x)}
    if found:
        outputs["outside"] = found[0] if len(found) == 1 else b("or", *found)
    return b.kernel("forward", ["x"], [], outputs)


def test_the_step_is_true_inside_of_the_intervals_and_not_at_their_ends() -> None:
    x = np.array([-3.0, -2.0, 0.0, 0.5, 0.6, 0.75, np.nan, np.inf, -np.inf])
    found = evaluate(program(LEFT_AND_GAP), {"x": x}, ARITHMETICS["float64"])["outside"]
    assert list(found != 0) == [True, False, False, False, True, False, False, False, True]


@pytest.mark.parametrize("groups", [(LEFT_AND_GAP,), (GAP_AND_RIGHT,), (LEFT_AND_GAP, GAP_AND_RIGHT), ()])
def test_intervals_are_read_back_and_the_program_stays(groups: tuple[list[Interval], ...]) -> None:
    shorter, intervals = without_outside(program(*groups))
    assert list(intervals) == [interval for group in groups for interval in group]
    assert shorter == program()


def test_of_several_tails_on_a_side_the_longest_counts() -> None:
    assert tails([(None, "-2"), (None, "-3/2"), ("1/2", "3/4"), ("5/2", None), ("7/3", None)]) == ("-3/2", "7/3")
    assert tails([("1/2", "3/4")]) == (None, None)
