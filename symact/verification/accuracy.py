"""How accurate a target's kernels are: their largest and mean errors in ULP, and their contract."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from numpy.typing import NDArray

from symact import catalog, targets
from symact.activation import Activation
from symact.errors import Error
from symact.kernel import store
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.compiled import OPTIONAL_PASSES, PASSES, CompiledActivation
from symact.kernel.program import OPERATIONS, Kernel, constant_value
from symact.oracle.formats import Float64s, Format, get
from symact.targets.loaded import Loaded
from symact.verification.contract import Violation, check, check_backward
from symact.verification.figures import Accuracy, measure
from symact.verification.functions import Functions, oracles
from symact.verification.sampling import SAMPLES, Group, Implementation

__all__ = [
    "OUTPUTS",
    "SAMPLES",
    "Accuracy",
    "Curve",
    "Measurement",
    "Plan",
    "Subject",
    "document",
    "load",
    "measure",
    "oracles",
    "run",
    "single",
    "survey",
]

#: Version of the accuracy document.
SCHEMA = 1

#: The outputs of each pass, and which derivative of f each is.
OUTPUTS: dict[str, dict[str, int]] = {
    "forward": {"y": 0},
    "derivative": {"dydx": 1},
    "value_and_derivative": {"y": 0, "dydx": 1},
    "backward": {"grad_x": 1},
    "second_derivative": {"d2ydx2": 2},
    "backward_from_output": {"grad_x": 1},
}
assert OUTPUTS.keys() == {*PASSES, *OPTIONAL_PASSES}

#: The passes that multiply f' by an incoming gradient.
MULTIPLYING = ("backward", "backward_from_output")

#: Goes through the steps of something long, given how many there are.
Watch = Callable[[Iterable[None], int], Iterable[None]]


class Subject(NamedTuple):
    """A pass of a target's kernels."""

    target: str
    dtype: str
    pass_: str
    level: str = "accurate"


@dataclass(frozen=True)
class Measurement:
    """The accuracy of one output of one pass of one target's kernels.

    Attributes:
        name, target, dtype, pass_, output, level: what was measured; somebody else's function has an empty level.
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
    level: str = "accurate"

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document; the pass is called "pass"."""
        document = asdict(self)
        document["pass"] = document.pop("pass_")
        return document


def document(measurements: Iterable[Measurement]) -> dict[str, Any]:
    """The accuracy document; ``accuracy.schema.json`` describes it."""
    return {"schema": SCHEMA, "measurements": [each.to_dict() for each in measurements]}


def run(
    activation: Activation | str,
    target: str = "c",
    dtype: str = "float32",
    pass_: str = "forward",
    *,
    level: str = "accurate",
    count: int | None = None,
    seed: int = 0,
) -> tuple[Measurement, ...]:
    """Measure a pass of a target's kernels and check its contract; one measurement an output. See `survey`."""
    return tuple(survey(activation, [Subject(target, dtype, pass_, level)], count=count, seed=seed))


def survey(
    activation: Activation | str,
    subjects: Sequence[Subject],
    *,
    count: int | None = None,
    seed: int = 0,
    watch: Watch = lambda steps, total: steps,
) -> list[Measurement]:
    """Measure several passes of kernels of one activation and check their contracts; one measurement an output.

    A 16-bit dtype is measured at all 65,536 inputs, others at a sample and around its worst inputs. The incoming
    gradients of a backward pass are drawn at random. What kernels have in common, such as the exact values, is
    computed once for all of them.

    Args:
        activation: a definition, a catalogue name, or an expression in ``x``; its parameters' values are in force.
        subjects: what is measured; targets have to run here.
        count: how many inputs; by default `SAMPLES`.
        seed: another one gives other inputs.
        watch: goes through the steps, for a progress bar; it gets them and how many they are.

    Raises:
        Error: no such activation, pass, target, dtype or level, or a target cannot run here.
    """
    return Plan(catalog.resolve(activation), subjects).measure(count=count, seed=seed, watch=watch)


class Plan:
    """Implementations that are going to be measured, in groups that have the inputs and the exact values in common.

    Args:
        activation: a definition; its parameters' values are in force.
        subjects: passes of targets' kernels.

    Raises:
        Error: as for `survey`.
    """

    def __init__(self, activation: Activation, subjects: Iterable[Subject] = ()) -> None:
        self.activation = activation
        self._places: list[_Place] = []
        self._groups: dict[tuple[object, ...], Group] = {}
        self._functions: dict[tuple[tuple[str, float], ...], Functions] = {}
        self._loaded: dict[tuple[str, ...], Loaded] = {}
        for subject in subjects:
            self.add(subject)

    def add(self, subject: Subject) -> None:
        """Measure a pass of a target's kernels too.

        Raises:
            Error: as for `survey`.
        """
        if subject.pass_ not in OUTPUTS:
            raise Error(f"there is no pass called '{subject.pass_}'", f"use one of {', '.join(OUTPUTS)}")
        kernels = self._kernels(subject.target, subject.dtype, subject.level)
        if subject.pass_ not in kernels.passes:
            raise Error(f"{kernels.name} has no pass '{subject.pass_}'", f"use one of {', '.join(kernels.passes)}")
        arithmetic = ARITHMETICS[targets.get(subject.target).type(subject.dtype, subject.level).arithmetic]
        landmarks = boundaries(_compiled(self.activation, arithmetic.name).programs[arithmetic.name][subject.pass_])
        contract = check_backward if subject.pass_ in MULTIPLYING else check
        for position in range(len(OUTPUTS[subject.pass_])):
            implementation = Implementation(single(kernels, subject.pass_, position), contract, landmarks)
            wide = arithmetic.is_wide and subject.pass_ != "backward_from_output"
            self.put(subject, position, implementation, kernels.parameters, wide=wide)

    def _kernels(self, *key: str) -> Loaded:
        """The kernels of a target, dtype and level, loaded once."""
        if key not in self._loaded:
            self._loaded[key] = load(self.activation, *key)
        return self._loaded[key]

    def put(
        self,
        subject: Subject,
        position: int,
        implementation: Implementation,
        parameters: Mapping[str, float],
        *,
        wide: bool = False,
    ) -> None:
        """Measure something else too.

        Args:
            subject: what it is called, and which pass it is.
            position: which of the pass's outputs.
            implementation: what is measured.
            parameters: the values in force.
            wide: whether it knows f' in a wider format than that of its results.
        """
        values = tuple(sorted(parameters.items()))
        if values not in self._functions:
            self._functions[values] = Functions(self.activation, parameters)
        output, order = list(OUTPUTS[subject.pass_].items())[position]
        backward = subject.pass_ in MULTIPLYING
        rounded_first = backward and not wide
        key = (subject.dtype, values, order, backward, rounded_first)
        if key not in self._groups:
            format = get(subject.dtype)
            self._groups[key] = Group(self._functions[values], format, order, backward, rounded_first)
        group = self._groups[key]
        exact = {name: str(Fraction(value)) for name, value in parameters.items()}
        self._places.append(_Place(subject, output, exact, group, len(group.implementations)))
        group.implementations.append(implementation)

    def measure(
        self, *, count: int | None = None, seed: int = 0, watch: Watch = lambda steps, total: steps
    ) -> list[Measurement]:
        """The measurements in the order in which they were planned; the arguments are those of `survey`."""
        groups = self._groups.values()
        steps = (step for group in groups for step in group.steps(count, seed))
        for _ in watch(steps, sum(group.size(count) for group in groups)):
            pass
        return [place.measurement(self.activation.name) for place in self._places]

    def curves(self, passes: Collection[str], x: Callable[[Format], Float64s]) -> list[Curve]:
        """The errors of what was planned over the real line.

        Args:
            passes: which passes; those that multiply have no curve.
            x: for a format inputs in ascending order.
        """
        chosen = [place for place in self._places if place.subject.pass_ in passes and not place.group.backward]
        return [place.curve(x(place.group.format)) for place in chosen]


@dataclass(frozen=True)
class Curve:
    """The error of an implementation over the real line.

    Attributes:
        subject, output: what was measured.
        x: inputs in ascending order, shape (n,).
        errors: in ULP; infinite where a result is a wrong NaN or infinity, or a zero of the wrong sign.
    """

    subject: Subject
    output: str
    x: Float64s
    errors: Float64s


@dataclass(frozen=True)
class _Place:
    """Where the results of one output of a subject are."""

    subject: Subject
    output: str
    parameters: Mapping[str, str]
    group: Group
    number: int

    def measurement(self, name: str) -> Measurement:
        accuracy, violations = self.group.results[self.number]
        target, dtype, pass_, level = self.subject
        return Measurement(name, target, dtype, pass_, self.output, self.parameters, accuracy, violations, level)

    def curve(self, x: Float64s) -> Curve:
        group = self.group
        reference = group.functions.bulk[group.order].reference(x, group.format)
        values = group.implementations[self.number].call(group.format.encode(x))
        return Curve(self.subject, self.output, x, reference.errors(values))


def load(activation: Activation, target: str, dtype: str, level: str = "accurate") -> Loaded:
    """A target's kernels with the activation's parameter values as defaults."""
    arithmetic = targets.get(target).type(dtype, level).arithmetic
    return targets.load(_compiled(activation, arithmetic), target, dtype, level)


def _compiled(activation: Activation, arithmetic: str) -> CompiledActivation:
    return store.compiled(activation, [arithmetic])


def boundaries(program: Kernel) -> tuple[float, ...]:
    """Where a program may change the way it computes: the numbers it compares something with, on both sides of 0."""
    found: set[float] = set()
    for step in program.instructions:
        if step.operation in OPERATIONS and OPERATIONS[step.operation].boolean:
            operands = (program.instructions[index] for index in step.operands)
            found |= {float(constant_value(operand.value)) for operand in operands if operand.operation == "const"}
    return tuple(sorted({sign * number for number in found if math.isfinite(number) for sign in (-1.0, 1.0)}))


def single(kernels: Loaded, pass_: str, position: int = 0, **parameters: float) -> Callable[..., NDArray[Any]]:
    """A pass as a function of x (and the incoming gradient) with one result: that at `position` of several.

    What is computed from the output gets the one that the kernels themselves compute.
    """
    kernel = getattr(kernels, pass_)

    def implementation(x: NDArray[Any], *gradient: NDArray[Any]) -> NDArray[Any]:
        given = kernels.forward(x, **parameters) if pass_ == "backward_from_output" else x
        results = kernel(given, *gradient, **parameters)
        found: NDArray[Any] = results[position] if isinstance(results, tuple) else results
        return found

    return implementation
