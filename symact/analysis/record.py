"""The analysis as a plain record: text, numbers and nothing of SymPy. `analysis.schema.json` describes its JSON form.

An exact real number is text in SymPy syntax ("1/2", "log(2)", "oo"), any other an `Enclosure`. What was not
established is None.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from symact.analysis.tail import Tail

#: The version of the document; it grows when a reader of the old one would go wrong.
SCHEMA = 1

#: The two ends of the line, as the document names them.
ENDS = ("+oo", "-oo")


@dataclass(frozen=True)
class Enclosure:
    """A real number that lies within ``radius`` of ``value``; the value has 15 digits."""

    value: float
    radius: float

    def __str__(self) -> str:
        return f"{self.value:.15g}"


Value = str | Enclosure


@dataclass(frozen=True)
class Span:
    """The numbers from ``lower`` to ``upper``, each possibly infinite ("-oo", "oo")."""

    lower: Value
    upper: Value


@dataclass(frozen=True)
class Segment:
    """A smooth expression on an open interval, both in SymPy syntax."""

    interval: str
    expression: str


@dataclass(frozen=True)
class Derivative:
    """A derivative as one expression for the whole line and piece by piece; parameters are symbols."""

    expression: str
    pieces: tuple[Segment, ...]


@dataclass(frozen=True)
class Kink:
    """A point where f is continuous and f' is not: its one-sided limits and the value f' is given there."""

    x: str
    left: str | None
    right: str | None
    value: str | None


@dataclass(frozen=True)
class Removable:
    """A point where the formula is undefined and the function is completed by its limit."""

    x: str
    value: str


@dataclass(frozen=True)
class Smoothness:
    """The exact differentiability class, and where it comes from.

    Attributes:
        class_: "Cinf", "Ck" where f has k continuous derivatives and not k + 1, "discontinuous", or None.
        kinks: where f' jumps or is infinite though f is continuous.
        removable: points completed by continuity.
    """

    class_: str | None
    kinks: tuple[Kink, ...]
    removable: tuple[Removable, ...]


@dataclass(frozen=True)
class Range:
    """The infimum and supremum of f and whether f takes them.

    Attributes:
        interval: all values that f takes as a SymPy set, "Interval.open(-1, 1)"; a union where f jumps. Numbers that
            are not exact have 15 digits in it.
    """

    lower: Value
    upper: Value
    lower_attained: bool
    upper_attained: bool
    interval: str


@dataclass(frozen=True)
class Curvature:
    """The longest intervals on which f is convex, and concave; a straight part is both."""

    convex: tuple[Span, ...]
    concave: tuple[Span, ...]


@dataclass(frozen=True)
class Extremum:
    """A strict local extremum. ``kind`` is "minimum" or "maximum"."""

    x: Value
    value: Value
    kind: str


@dataclass(frozen=True)
class Shape:
    """What the graph of f looks like; proved, or None.

    Attributes:
        range: the values f takes.
        bounded: whether both ends of the range are finite.
        monotone: one of `MONOTONE`.
        odd, even: symmetry about 0.
        convex: where f is convex and concave.
        lipschitz: the supremum of |f'|, "oo" where there is none (or f jumps).
        zeros, fixed_points: where f(x) = 0 and f(x) = x: numbers, and spans where all of one is.
        extrema: strict local extrema, from left to right.
    """

    range: Range | None = None
    bounded: bool | None = None
    monotone: str | None = None
    odd: bool | None = None
    even: bool | None = None
    convex: Curvature | None = None
    lipschitz: Value | None = None
    zeros: tuple[Value | Span, ...] | None = None
    extrema: tuple[Extremum, ...] | None = None
    fixed_points: tuple[Value | Span, ...] | None = None


#: What `Shape.monotone` says.
MONOTONE = (
    "strictly increasing",
    "increasing",
    "strictly decreasing",
    "decreasing",
    "constant",
    "none",
)


@dataclass(frozen=True)
class Gradient:
    """What f' does to gradients that pass through saturated units.

    Attributes:
        verdict: per end one of `VERDICTS`.
        explanation: the same for a practitioner, with distances.
    """

    verdict: Mapping[str, str]
    explanation: str


@dataclass(frozen=True)
class Parametric:
    """What holds for all positive values of the parameters, which are symbols in it.

    Attributes:
        limits: of f, per end; "oo" and "-oo" are limits, None where it was not found.
        tails: of f', per end; None where it was not established, or is of another class for other values.
    """

    limits: Mapping[str, str | None]
    tails: Mapping[str, Tail | None]


#: What `Gradient.verdict` says. Faster than every exponential counts as "saturating exponentially".
VERDICTS = (
    "dead",
    "saturating exponentially",
    "saturating subexponentially",
    "preserving",
    "growing",
    "oscillating",
    "undetermined",
)


@dataclass(frozen=True)
class Budget:
    """The time that an analysis had.

    Attributes:
        seconds: the limit; None where there was none, which is so for a Python definition whose functions text cannot
            name: it is analysed in the calling process.
        unfinished: the sections that are missing, and why.
    """

    seconds: float | None = None
    unfinished: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Analysis:
    """Everything symact decides about an activation, at the parameters' values in force.

    Attributes:
        name, expression: of the definition; parameters are symbols in the expression and in the derivatives.
        parameters: the exact values at which all else was decided.
        derivative, second_derivative: f' and f''.
        limits: of f, per end; "oo" and "-oo" are limits, None where there is none or it was not found.
        tails: of f' per end; residuals: of abs(f - limit) where the limit is finite.
        smoothness, shape, gradient: see their types.
        initialisation: not computed yet.
        parametric: limits and tails with symbolic parameters; None where there are no parameters or nothing was found.
        parameter_derivatives: the partial derivatives of f with respect to its parameters.
        budget: the time limit. A tail that was not finished is undetermined, other sections are None then.
    """

    name: str
    expression: str
    parameters: Mapping[str, str]
    derivative: Derivative | None
    second_derivative: Derivative | None
    limits: Mapping[str, str | None]
    tails: Mapping[str, Tail]
    residuals: Mapping[str, Tail | None]
    smoothness: Smoothness | None
    shape: Shape | None
    gradient: Gradient | None
    initialisation: Mapping[str, Any] | None = None
    parametric: Parametric | None = None
    parameter_derivatives: Mapping[str, Derivative] | None = None
    budget: Budget = Budget()

    def to_dict(self) -> dict[str, Any]:
        """The JSON document; `schema` describes it."""
        return {"schema": SCHEMA, **plain(self)}


def plain(value: Any) -> Any:
    """A record as dictionaries, lists, text and numbers."""
    if isinstance(value, Tail):
        return value.to_dict()
    if is_dataclass(value):
        return {each.name.rstrip("_"): plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


@cache
def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of the document."""
    text = files("symact.analysis").joinpath("analysis.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
