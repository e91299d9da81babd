"""The printer keeps the order of evaluation, shares what is used twice, and loses no parenthesis that matters."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import logistic

from symact import targets
from symact.errors import Error
from symact.kernel.program import Builder, Kernel
from symact.targets.printer import Body, body, own_functions
from symact.targets.table import Operations

#: Python itself as a target, so that printed text can be run.
PYTHON = Operations(
    "python",
    {
        operation: {"": text}
        for operation, text in {
            "add": "{0} + {1}",
            "sub": "{0} - {1}",
            "mul": "{0} * {1}",
            "div": "{0} / {1}",
            "neg": "-{0}",
            "abs": "abs({0})",
            "min": "{1} if {1} < {0} else {0}",
            "lt": "{0} < {1}",
            "select": "{1} if {0} else {2}",
        }.items()
    },
    {},
    "",
    {"float64": {"inf": "inf", "-inf": "-inf", "nan": "nan"}},
)


def run(kernel: Kernel, inline: bool, **inputs: float) -> float:
    return computed(body(kernel, PYTHON, "float64", inline=inline), inputs)


def computed(printed: Body, inputs: dict[str, float]) -> float:
    scope = {**inputs, "inf": math.inf, "nan": math.nan}
    for statement in printed.statements:
        scope[statement.name] = eval(statement.expression, {}, scope)  # text that this test made itself
    (result,) = printed.outputs.values()
    return eval(result, {}, scope)


def reference(kernel: Kernel, **inputs: float) -> float:
    values: list[float] = []
    for step in kernel.instructions:
        a = [values[i] for i in step.operands]
        match step.operation:
            case "input":
                values.append(inputs[step.value])
            case "const":
                values.append(float(step.value))
            case "add":
                values.append(a[0] + a[1])
            case "sub":
                values.append(a[0] - a[1])
            case "mul":
                values.append(a[0] * a[1])
            case "div":
                values.append(a[0] / a[1] if a[1] else math.nan)
            case "neg":
                values.append(-a[0])
            case "abs":
                values.append(abs(a[0]))
            case "min":
                values.append(a[1] if a[1] < a[0] else a[0])
            case "lt":
                values.append(a[0] < a[1])
            case "select":
                values.append(a[1] if a[0] else a[2])
    return values[kernel.outputs[0][1]]


@pytest.mark.parametrize("inline", [True, False])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["add", "sub", "mul", "neg", "abs", "min", "select"]),
            *[st.integers(0, 1000)] * 4,
        ),
        min_size=1,
        max_size=25,
    )
)
def test_printed_text_computes_what_the_program_means(
    inline: bool, steps: list[tuple[str, int, int, int, int]]
) -> None:
    b = Builder()
    numbers = [b.input("x"), b.input("z"), b.const("-3/2"), b.const("0.1"), b.const(3)]
    arity = {"neg": 1, "abs": 1}
    for operation, *operands in steps:
        chosen = [numbers[i % len(numbers)] for i in operands]
        if operation == "select":
            numbers.append(b("select", b("lt", chosen[0], chosen[1]), chosen[2], chosen[3]))
        else:
            numbers.append(b(operation, *chosen[: arity.get(operation, 2)]))
    kernel = b.kernel("forward", ("x", "z"), (), {"y": numbers[-1]})
    for x, z in ((0.7, -1.3), (-0.0, 1e-3), (1e8, 1 / 3)):
        expected = reference(_with_decimals(kernel), x=x, z=z)
        got = run(kernel, inline, x=x, z=z)
        assert got == expected or (math.isnan(got) and math.isnan(expected))


def _with_decimals(kernel: Kernel) -> Kernel:
    document = kernel.to_dict()
    document["instructions"] = [["const", "-1.5"] if i == ["const", "-3/2"] else i for i in document["instructions"]]
    return Kernel.from_dict(document)


def test_a_choice_between_truth_values_is_a_truth_value() -> None:
    b = Builder()
    x, one = b.input("x"), b.const(1)
    either = b("select", b("lt", x, one), b("lt", b.const(-1), x), b("eq", x, b.const(2)))
    kernel = b.kernel("forward", ["x"], [], {"y": b("select", either, x, one)})
    printed = body(kernel, targets.get("c").operations, "wide", inline=False)
    assert [s.boolean for s in printed.statements] == [True, True, True, True, False]


def test_what_is_used_twice_is_written_once() -> None:
    target = targets.get("c")
    printed = body(logistic().programs["wide"]["value_and_derivative"], target.operations, "wide")
    text = " ".join([*(s.expression for s in printed.statements), *printed.outputs.values()])
    assert text.count("own_exp_wide(") == 1
    assert text.count("fabs(") == 1
    assert set(printed.outputs) == {"y", "dydx"}


def test_an_operand_that_the_text_repeats_is_not_put_in_twice() -> None:
    b = Builder()
    kernel = b.kernel("forward", ("x",), (), {"y": b("min", b("mul", b.input("x"), b.const(3)), b.const(1))})
    printed = body(kernel, targets.get("c").operations, "float64")
    assert [s.expression for s in printed.statements] == ["x * 3.0"]
    assert printed.outputs["y"] == "1.0 < t0 ? 1.0 : t0"


def test_an_operation_the_target_lacks_is_an_error() -> None:
    b = Builder()
    kernel = b.kernel("forward", ("x",), (), {"y": b("erfcx", b.input("x"))})
    with pytest.raises(Error, match="target python has no erfcx"):
        body(kernel, PYTHON, "float64")


def test_own_functions_come_after_those_they_call() -> None:
    b = Builder()
    x = b.input("x")
    kernel = b.kernel("forward", ("x",), (), {"y": b("mul", b("erf", x), b("gauss", x))})
    assert list(own_functions([kernel], targets.get("c").operations, "wide")) == ["decay", "erf", "gauss"]
    assert own_functions([kernel], PYTHON, "float64") == {}
