"""How accurate a target's kernels are: their largest and mean errors in ULP, and their contract."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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
from symact.oracle.oracle import Oracle
from symact.targets.loaded import Loaded
from symact.targets.table import DataType
from symact.verification import execution
from symact.verification.contract import Violation, check, check_backward
from symact.verification.execution import Execution, Run
from symact.verification.figures import Accuracy, Points, measure
from symact.verification.functions import Functions, oracles
from symact.verification.sampling import SAMPLES, Group, Implementation, Pass

__all__ = [
    "OUTPUTS",
    "SAMPLES",
    "Accuracy",
    "Curve",
    "Measurement",
    "Plan",
    "Subject",
    "document",
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
        executed: what has to be said of how the kernels were run, such as "not GPU-tested"; empty: as users run them.
        variant: where hardware leaves results open, the worst of the ways in which they were tried.
        nominal_ulp: then the largest error with every approximation of the hardware correctly rounded; else None.
        tool: what turned the sources into running code, with its version; empty for somebody else's function.
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
    executed: str = ""
    variant: str = ""
    nominal_ulp: float | None = None
    tool: str = ""

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
        self._executions: dict[tuple[str, ...], Execution] = {}
        for subject in subjects:
            self.add(subject)

    def add(self, subject: Subject) -> None:
        """Measure a pass of a target's kernels too.

        Raises:
            Error: as for `survey`.
        """
        if subject.pass_ not in OUTPUTS:
            raise Error(f"there is no pass called '{subject.pass_}'", f"use one of {', '.join(OUTPUTS)}")
        self.execute(subject, self.execution(subject.target, subject.dtype, subject.level))

    def execution(self, target: str, dtype: str, level: str) -> Execution:
        """How the kernels of a target, dtype and level are run here; they are loaded once."""
        key = (target, dtype, level)
        if key not in self._executions:
            compiled = _compiled(self.activation, targets.get(target).type(dtype, level))
            self._executions[key] = execution.of(compiled, target, dtype, level)
        return self._executions[key]

    def execute(self, subject: Subject, how: Execution) -> None:
        """Measure a pass of kernels that are there already, too; of all ways in which they come out the worst counts.

        Args:
            subject: what is measured.
            how: the kernels, and how they are run.
        """
        if subject.pass_ not in how.passes:
            raise Error(f"{self.activation.name} has no pass '{subject.pass_}'", f"use one of {', '.join(how.passes)}")
        find = check_backward if subject.pass_ in MULTIPLYING else check
        type_ = targets.get(subject.target).type(subject.dtype, subject.level)
        arithmetic = ARITHMETICS[type_.arithmetic]
        programs = _compiled(self.activation, type_).programs
        evaluated = [programs[name][subject.pass_] for name in type_.arithmetics if subject.pass_ in programs[name]]
        landmarks = boundaries(evaluated)
        wide = arithmetic.format.emin < get(subject.dtype).emin and subject.pass_ != "backward_from_output"

        def contract(call: Pass, oracle: Oracle, format: Format, x: Float64s) -> list[Violation]:
            return find(how.judged(call, oracle, format), oracle, format, x)

        for position in range(len(OUTPUTS[subject.pass_])):
            place = self._place(subject, position, how.parameters, wide)
            for run in how.different(subject.pass_):
                call = single(run.kernels, subject.pass_, position)
                place.add(Implementation(call, contract, landmarks, how.flushes), run)
            self._places.append(replace(place, executed=how.label, tool=how.tool))

    def put(
        self, subject: Subject, position: int, implementation: Implementation, parameters: Mapping[str, float]
    ) -> None:
        """Measure something else too.

        Args:
            subject: what it is called, and which pass it is.
            position: which of the pass's outputs.
            implementation: what is measured.
            parameters: the values in force.
        """
        place = self._place(subject, position, parameters, wide=False)
        place.add(implementation)
        self._places.append(place)

    def _place(self, subject: Subject, position: int, parameters: Mapping[str, float], wide: bool) -> _Place:
        """Where the results of one output will be; `wide`: with an f' in a format with a wider range."""
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
        return _Place(subject, output, exact, group)

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
    """Where the results of one output of a subject are.

    Attributes:
        ways: the numbers of the group's implementations that are this one, in all ways in which they come out.
        executed, tool: as in a `Measurement`.
    """

    subject: Subject
    output: str
    parameters: Mapping[str, str]
    group: Group
    ways: dict[int, Run | None] = field(default_factory=dict)
    executed: str = ""
    tool: str = ""

    def add(self, implementation: Implementation, way: Run | None = None) -> None:
        self.ways[len(self.group.implementations)] = way
        self.group.implementations.append(implementation)

    def measurement(self, name: str) -> Measurement:
        target, dtype, pass_, level = self.subject
        ways = []
        for number, way in self.ways.items():
            accuracy, violations = self.group.results[number]
            found = Measurement(name, target, dtype, pass_, self.output, self.parameters, accuracy, violations, level)
            ways.append(found if way is None else in_way(found, way))
        return replace(worst(ways), executed=self.executed, tool=self.tool)

    def curve(self, x: Float64s) -> Curve:
        """The errors of the first way, which is the nominal one."""
        found = self.group.at(Points(x))
        values = found.results(self.group.implementations[next(iter(self.ways))])
        return Curve(self.subject, self.output, x, found.reference.errors(values))


def in_way(found: Measurement, way: Run) -> Measurement:
    """A measurement of kernels that came out in one way of several."""
    return replace(found, variant=way.name, nominal_ulp=found.accuracy.max_ulp if way.nominal else None)


def worst(ways: Sequence[Measurement]) -> Measurement:
    """The measurement with the most failures, else the largest error, of several of the same output."""
    found = max(ways, key=lambda one: (len(one.violations), one.accuracy.failures, one.accuracy.max_ulp))
    nominal = [one.nominal_ulp for one in ways if one.nominal_ulp is not None]
    return replace(found, nominal_ulp=max(nominal) if len(ways) > 1 else None)


def _compiled(activation: Activation, type_: DataType) -> CompiledActivation:
    return store.compiled(activation, type_.arithmetics, tables=type_.searched_tables)


def boundaries(programs: Iterable[Kernel]) -> tuple[float, ...]:
    """Where programs may change the way they compute: the numbers they compare something with, on both sides of 0."""
    found: set[float] = set()
    for program in programs:
        for step in program.instructions:
            if step.operation not in OPERATIONS or not OPERATIONS[step.operation].boolean:
                continue
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
