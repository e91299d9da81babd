"""What is known about a subject, derived once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from symact.activation import Activation
from symact.analysis import analyze
from symact.symbolic.branches import Branches, split
from symact.symbolic.derivatives import derive
from symact.verification.agreement import Truth, bound, slope_at, value_at

_Known = TypeVar("_Known")


def _once(derive: Callable[[Activation], _Known]) -> Callable[[Activation], _Known]:
    """Remember what was derived: many claims are about one subject. Activations themselves do not hash."""
    known: dict[tuple[Any, ...], _Known] = {}

    def derived(subject: Activation) -> _Known:
        key = (subject.digest, *(parameter.value for parameter in subject.parameters))
        if key not in known:
            known[key] = derive(subject)
        return known[key]

    return derived


@_once
def facts(subject: Activation) -> dict[str, Any]:
    """The analysis document of the subject."""
    return analyze(subject).to_dict()


@_once
def derivation(subject: Activation) -> tuple[Branches, Branches]:
    """f' and f'' with the parameters' values put in."""
    derivation = derive(subject)
    return derivation.first.subs(subject.values), derivation.second.subs(subject.values)


def function(subject: Activation) -> Truth:
    expression = bound(subject)
    branches = split(subject).subs(subject.values)
    return Truth(branches, lambda point: value_at(expression, subject.x, point))


def derivative(subject: Activation) -> Truth:
    expression = bound(subject)
    return Truth(derivation(subject)[0], lambda point: slope_at(expression, subject.x, point), valued=False)
