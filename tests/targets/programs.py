"""Programs written by hand, so that targets are tested without the search: logistic, logsig and softplus(beta)."""

from __future__ import annotations

from symact.kernel.arithmetic import ARITHMETICS, USUAL
from symact.kernel.compiled import CompiledActivation, KernelParameter
from symact.kernel.program import Builder, Kernel


def logistic() -> CompiledActivation:
    """1/(1 + exp(-x)), from a = exp(-|x|) alone."""

    def common(b: Builder) -> tuple[int, int, int]:
        x, one = b.input("x"), b.const(1)
        small = b("exp", b("neg", b("abs", x)))
        whole = b("add", one, small)
        y = b("select", b("lt", x, b.const(0)), b("div", small, whole), b("div", one, whole))
        dydx = b("div", small, b("mul", whole, whole))
        return x, b("select", b("eq", x, x), y, x), b("select", b("eq", x, x), dydx, x)

    def second(b: Builder) -> int:
        x = b.input("x")
        small = b("expm1", b("neg", b("abs", x)))  # exp(-|x|) - 1
        whole = b("add", small, b.const(2))
        value = b("div", b("mul", small, b("add", small, b.const(1))), b("mul", whole, b("mul", whole, whole)))
        return b("select", b("lt", x, b.const(0)), b("neg", value), value)

    return _compiled("logistic", "1/(1 + exp(-x))", common, second)


def logsig() -> CompiledActivation:
    """x/|x| * ln(1+|x|)/(1 + ln(1+|x|)), with its limits 1 and -1 at infinity."""

    def common(b: Builder) -> tuple[int, int, int]:
        x, one = b.input("x"), b.const(1)
        ax = b("abs", x)
        log = b("log1p", ax)
        whole = b("add", one, log)
        ratio = b("select", b("lt", ax, b.const("inf")), b("div", log, whole), one)
        ratio = b("select", b("eq", x, x), ratio, x)
        dydx = b("div", b("div", b("div", one, b("add", one, ax)), whole), whole)
        return x, b("copysign", ratio, x), dydx

    def second(b: Builder) -> int:
        x, one = b.input("x"), b.const(1)
        ax = b("abs", x)
        whole = b("add", one, b("log1p", ax))
        slope = b("div", b("div", one, b("add", one, ax)), whole)
        size = b("mul", b("mul", slope, slope), b("add", one, b("div", b.const(2), whole)))
        return b("copysign", size, b("neg", x))

    return _compiled("logsig", "x/Abs(x)*log(1 + Abs(x))/(1 + log(1 + Abs(x)))", common, second)


def softplus() -> CompiledActivation:
    """log(1 + exp(beta*x))/beta."""

    def common(b: Builder) -> tuple[int, int, int]:
        x, beta, zero, one = b.input("x"), b.parameter("beta"), b.const(0), b.const(1)
        z = b("mul", beta, x)
        small = b("exp", b("neg", b("abs", z)))
        y = b("add", b("div", b("log1p", small), beta), b("max", x, zero))
        dydx = b("div", b("select", b("lt", z, zero), small, one), b("add", one, small))
        return x, y, b("select", b("eq", x, x), dydx, x)

    def second(b: Builder) -> int:
        x, beta, one = b.input("x"), b.parameter("beta"), b.const(1)
        small = b("exp", b("neg", b("abs", b("mul", beta, x))))
        whole = b("add", one, small)
        return b("mul", beta, b("div", small, b("mul", whole, whole)))

    parameter = KernelParameter("beta", "1", "positive", "steepness")
    return _compiled("softplus", "log(exp(beta*x) + 1)/beta", common, second, (parameter,))


def _compiled(name, definition, common, second, parameters=()):  # type: ignore[no-untyped-def]
    words = tuple(p.name for p in parameters)

    def kernel(pass_: str, inputs: tuple[str, ...] = ("x",), **outputs: str) -> Kernel:
        b = Builder()
        if pass_ == "second_derivative":
            return b.kernel(pass_, inputs, words, {"d2ydx2": second(b)})
        _, y, dydx = common(b)
        steps = {"y": y, "dydx": dydx}
        if pass_ == "backward":
            steps["grad_x"] = b("mul", b.input("grad_y"), dydx)
        return b.kernel(pass_, inputs, words, {output: steps[output] for output in outputs})

    kernels = {
        "forward": kernel("forward", y=""),
        "derivative": kernel("derivative", dydx=""),
        "value_and_derivative": kernel("value_and_derivative", y="", dydx=""),
        "backward": kernel("backward", ("x", "grad_y"), grad_x=""),
        "second_derivative": kernel("second_derivative"),
    }
    return CompiledActivation(
        name,
        definition,
        "f'",
        "f''",
        "0123456789abcdef",
        f"{name} by hand",
        "",
        parameters,
        {**dict.fromkeys(ARITHMETICS, kernels), **{key: {} for key in USUAL}},
        {},
    )
