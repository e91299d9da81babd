"""How accurate an implementation is: the largest and the mean error in ULP, and what it gets wrong altogether."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact import catalog, targets
from symact.activation import Activation
from symact.errors import Error
from symact.kernel import store
from symact.kernel.compiled import PASSES
from symact.oracle.formats import Float64s, Format, get
from symact.oracle.oracle import Oracle
from symact.oracle.samples import inputs
from symact.targets.loaded import Loaded
from symact.verification.contract import Violation, check, check_backward, compare

#: How many inputs `run` takes where a format has too many to try them all.
SAMPLES = 1 << 16

#: The outputs of each pass, and which derivative of f each is.
OUTPUTS: dict[str, dict[str, int]] = {
    "forward": {"y": 0},
    "derivative": {"dydx": 1},
    "value_and_derivative": {"y": 0, "dydx": 1},
    "backward": {"grad_x": 1},
    "second_derivative": {"d2ydx2": 2},
}
assert OUTPUTS.keys() == set(PASSES)


@dataclass(frozen=True)
class Accuracy:
    """What a measurement found.

    Attributes:
        format: name of the format.
        method: "exhaustive" (every bit pattern) or "sampled".
        inputs: how many.
        max_ulp, mean_ulp: of the numeric errors; failures are counted apart.
        worst: the input with the largest numeric error, the value there and the correctly rounded one, as exact
            hexadecimal text; None where there is no numeric result.
        correctly_rounded: share of the inputs with exactly the right result, signs of zeros included.
        failures: how many results are wrong NaNs, infinities or zeros of the wrong sign.
        examples: some of them.
        undecided: of how many results it is open whether they are correctly rounded; they do not count as that.
        proof: what the exact values were known from, where it was not the oracle alone.
    """

    format: str
    method: str
    inputs: int
    max_ulp: float
    mean_ulp: float
    worst: Mapping[str, str] | None
    correctly_rounded: float
    failures: int
    examples: tuple[Violation, ...] = ()
    undecided: int = 0
    proof: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)


@dataclass(frozen=True)
class Measurement:
    """The accuracy of one output of one pass of one target's kernels.

    Attributes:
        name, target, dtype, pass_, output: what was measured.
        parameters: name -> the value in force, exact, as the kernel takes it.
        accuracy: the figures.
        violations: breaches of the IEEE contract.
    """

    name: str
    target: str
    dtype: str
    pass_: str
    output: str
    parameters: Mapping[str, str]
    accuracy: Accuracy
    violations: tuple[Violation, ...]

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document; the pass is called "pass"."""
        document = asdict(self)
        document["pass"] = document.pop("pass_")
        return document


def measure(
    values: NDArray[Any],
    oracle: Oracle,
    format: Format | str,
    x: Float64s,
    factor: Float64s | None = None,
) -> Accuracy:
    """The errors of an implementation's results.

    Args:
        values: what the implementation gave at `x`, in the format's dtype.
        oracle: the function it should compute.
        format: a `Format` or its name.
        x: the inputs, numbers of the format as float64, shape (n,).
        factor: the incoming gradients of a backward pass, or None.
    """
    format = get(format)
    reference = oracle.reference(x, format, factor)
    errors = reference.errors(values)
    numeric = np.isfinite(errors)
    got = format.decode(values)
    worst = None
    if numeric.any():
        at = int(np.argmax(np.where(numeric, errors, -1.0)))
        worst = {"x": float(x[at]).hex(), "got": float(got[at]).hex(), "expected": float(reference.rounded[at]).hex()}
        if factor is not None:
            worst["gradient"] = float(factor[at]).hex()
    same = (got == reference.rounded) & (np.signbit(got) == np.signbit(reference.rounded))
    same |= np.isnan(got) & np.isnan(reference.rounded)
    return Accuracy(
        format=format.name,
        method="exhaustive" if _is_every(x, format) else "sampled",
        inputs=len(x),
        max_ulp=float(errors[numeric].max(initial=0.0)),
        mean_ulp=float(errors[numeric].mean()) if numeric.any() else 0.0,
        worst=worst,
        correctly_rounded=float(same.mean()) if len(x) else 1.0,
        failures=int((~numeric).sum()),
        examples=tuple(compare(values, reference, x)),
    )


def _is_every(x: Float64s, format: Format) -> bool:
    """Whether the inputs are all numbers of the format, both zeros and NaN (of whatever payload)."""
    nan = np.isnan(x)
    payloads = 2 * ((1 << (format.precision - 1)) - 1)
    return (
        bool(nan.any()) and len(np.unique(format.encode(x[~nan]).view(format.bits))) == (1 << format.width) - payloads
    )


def run(
    activation: Activation | str,
    target: str = "c",
    dtype: str = "float32",
    pass_: str = "forward",
    *,
    count: int = SAMPLES,
    seed: int = 0,
) -> tuple[Measurement, ...]:
    """Measure a pass of a target's kernels and check its contract; one measurement an output.

    All 65,536 inputs of a 16-bit dtype, else `count` stratified ones. The incoming gradients of a backward pass are
    drawn at random around 1.

    Args:
        activation: a definition, a catalogue name, or an expression in ``x``; its parameters' values are in force.
        target: one that can run here.
        dtype: of the arrays.
        pass_: one of `symact.kernel.compiled.PASSES`.
        count: how many inputs.
        seed: another one gives other inputs.

    Raises:
        Error: no such activation, pass, target or dtype, or the target cannot run here.
    """
    if pass_ not in OUTPUTS:
        raise Error(f"there is no pass called '{pass_}'", f"use one of {', '.join(OUTPUTS)}")
    activation = catalog.resolve(activation)
    format = get(dtype)
    kernels = load(activation, target, dtype)
    functions = oracles(activation, kernels.parameters)
    found = []
    for position, (output, order) in enumerate(OUTPUTS[pass_].items()):
        oracle = functions[order]
        x = format.every() if format.width == 16 else inputs(format, count, oracle, seed)
        given = format.encode(x)
        factor = None
        if pass_ == "backward":
            factor = format.decode(format.encode(np.random.default_rng(seed).normal(size=len(x)).astype(np.float16)))
            values = kernels.backward(given, format.encode(factor))
            violations = check_backward(kernels.backward, oracle, format)
        else:
            implementation = single(getattr(kernels, pass_), position)
            values = implementation(given)
            violations = check(implementation, oracle, format)
        found.append(
            Measurement(
                name=activation.name,
                target=target,
                dtype=dtype,
                pass_=pass_,
                output=output,
                parameters={name: str(Fraction(value)) for name, value in kernels.parameters.items()},
                accuracy=measure(values, oracle, format, x, factor),
                violations=tuple(violations),
            )
        )
    return tuple(found)


def single(kernel: Callable[[NDArray[Any]], Any], position: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """A pass as a function with one result: that at `position` where it returns several."""

    def implementation(x: NDArray[Any]) -> NDArray[Any]:
        results = kernel(x)
        found: NDArray[Any] = results[position] if isinstance(results, tuple) else results
        return found

    return implementation


def load(activation: Activation, target: str, dtype: str) -> Loaded:
    """A target's kernels with the activation's parameter values as defaults."""
    return targets.load(store.compiled(activation), target, dtype)


def oracles(activation: Activation, parameters: Mapping[str, float]) -> tuple[Oracle, Oracle, Oracle]:
    """The oracles of f, f' and f'' at exactly the parameter values that kernels take."""
    from symact.symbolic.derivatives import derive

    derivation = derive(activation)
    values = activation.with_values({name: Fraction(value) for name, value in parameters.items()}).values
    f, df, d2f = (Oracle(b.subs(values)) for b in (derivation.function, derivation.first, derivation.second))
    return f, df, d2f
