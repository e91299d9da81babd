"""The SSA program: what it means, how it is stored and shared."""

import numpy as np
import pytest

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder, Kernel, lines


def logistic():
    b = Builder()
    e = b("exp", b("neg", b.input("x")))
    return b.kernel("forward", ["x"], [], {"y": b("div", b.const(1), b("add", b.const(1), e))})


def test_the_same_step_is_written_once():
    b = Builder()
    x = b.input("x")
    assert b("exp", x) == b("exp", b.input("x"))
    assert b.const(1) == b.const("1")


def test_steps_that_no_output_needs_are_left_out():
    b = Builder()
    x = b.input("x")
    b("sin", x)
    kernel = b.kernel("forward", ["x"], [], {"y": b("cos", x)})
    assert [step.operation for step in kernel.instructions] == ["input", "cos"]


def test_numbers_alive_are_those_that_a_later_step_needs():
    b = Builder()
    x = b.input("x")
    square, twice = b("mul", x, x), b("add", x, x)
    inside = b("lt", x, b.const(1))
    both = b("sub", square, twice)
    kernel = b.kernel("forward", ["x"], [], {"y": b("select", inside, both, x)})
    assert kernel.most_alive() == 3  # x, its square and its double; not the truth value, nor 1
    assert logistic().most_alive() == 1


def test_including_a_kernel_shares_its_steps_and_binds_its_inputs():
    b = Builder()
    t = b("abs", b.input("x"))
    first = b.include(logistic(), {"x": t})["y"]
    assert b.include(logistic(), {"x": t})["y"] == first
    kernel = b.kernel("forward", ["x"], [], {"y": first})
    assert evaluate(kernel, {"x": np.array([-2.0])})["y"] == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_document_gives_the_same_kernel_back():
    assert Kernel.from_dict(logistic().to_dict()) == logistic()


def test_wrong_number_of_operands_is_refused():
    b = Builder()
    with pytest.raises(TypeError, match="add takes 2 operands, not 1"):
        b("add", b.input("x"))


def test_text_shows_a_step_a_line():
    assert list(lines(logistic()))[-3:] == ["v4 = add v3 v2", "v5 = div v3 v4", "y = v5"]


@pytest.mark.parametrize("operation", ["min", "max"])
def test_min_and_max_keep_a_nan_of_their_first_operand(operation):
    b = Builder()
    kernel = b.kernel("forward", ["x"], [], {"y": b(operation, b.input("x"), b.const(3))})
    assert np.isnan(evaluate(kernel, {"x": np.array([np.nan])})["y"][0])


def test_evaluation_is_in_the_dtype_asked_for():
    y = evaluate(logistic(), {"x": np.float32([0.3])}, ARITHMETICS["float32"])["y"]
    assert y.dtype == np.float32


def test_parameters_are_scalars_and_constants_broadcast():
    b = Builder()
    b.input("x")
    kernel = b.kernel("forward", ["x"], ["beta"], {"y": b("mul", b.parameter("beta"), b.const("1/4"))})
    assert evaluate(kernel, {"x": np.zeros(3), "beta": 2.0})["y"].tolist() == [0.5, 0.5, 0.5]
