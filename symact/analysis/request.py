"""An activation as JSON, for a worker process and for the cache's keys; made without SymPy where that is possible."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from symact import catalog, grammar
from symact.activation import Activation, Parameter
from symact.errors import Error


def of(activation: Activation) -> dict[str, Any] | None:
    """The JSON form of an activation; None where it is a Python definition that the grammar cannot read back."""
    parameters = [[p.name, str(p.value), p.domain] for p in activation.parameters]
    if _is_from_catalogue(activation):
        return {"entry": activation.name, "parameters": parameters}
    text = grammar.text_of(activation)
    if text is None:
        text = activation.definition
        if not _reads_back(activation, text):
            return None
    return {
        "name": activation.name,
        "text": text,
        "parameters": parameters,
        "derivative_at": dict(activation.derivative_at),
    }


def activation(request: dict[str, Any]) -> Activation:
    """The activation that a JSON form stands for.

    Raises:
        Error: its text is not in the grammar.
    """
    if "entry" in request:
        return catalog.get(request["entry"]).with_values({name: value for name, value, _ in request["parameters"]})
    parameters = tuple(Parameter(name, Fraction(value), domain) for name, value, domain in request["parameters"])
    return Activation(
        name=request["name"],
        define=grammar.definition(request["text"], [p.name for p in parameters]),
        parameters=parameters,
        derivative_at=request["derivative_at"],
    )


def _is_from_catalogue(activation: Activation) -> bool:
    entry = catalog.find(activation.name)
    return (
        entry is not None
        and entry.define is activation.define
        and entry.define.__module__.startswith(f"{catalog.__name__}.")
        and entry.derivative_at == activation.derivative_at
        and [(p.name, p.domain) for p in entry.parameters] == [(p.name, p.domain) for p in activation.parameters]
    )


def _reads_back(activation: Activation, text: str) -> bool:
    try:
        read = grammar.parse_expression(text, {"x": activation.x, **activation.symbols})
    except Error:
        return False
    return bool(read == activation.expression)
