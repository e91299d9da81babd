"""The analysis document and the record, made of each other: sections to document, document to record."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from symact import grammar
from symact.activation import Activation
from symact.analysis.record import ENDS, SCHEMA, Analysis
from symact.analysis.tail import Tail

#: The parts of an analysis that are computed one by one, in this order.
SECTIONS = (
    *("expression", "limits", *(f"tails.{end}" for end in ENDS), *(f"residuals.{end}" for end in ENDS)),
    *("derivative", "second_derivative", "smoothness", "shape", "gradient"),
    *("parameter_derivatives", "parametric"),
)


def assembled(
    activation: Activation, found: Mapping[str, Any], unfinished: Mapping[str, str], seconds: float | None
) -> dict[str, Any]:
    """The document.

    Args:
        activation: the subject.
        found: the `SECTIONS` that are there.
        unfinished: why the others are missing.
        seconds: the time limit, None where there was none.
    """

    def at_ends(kind: str) -> dict[str, Any]:
        names = {end: f"{kind}.{end}" for end in ENDS}
        return {end: found[name] if name in found else _undetermined(unfinished[name]) for end, name in names.items()}

    return {
        "schema": SCHEMA,
        "name": activation.name,
        "expression": found["expression"] if "expression" in found else grammar.text_of(activation) or activation.name,
        "parameters": {p.name: str(p.value) for p in activation.parameters},
        "derivative": found.get("derivative"),
        "second_derivative": found.get("second_derivative"),
        "limits": found.get("limits", dict.fromkeys(ENDS)),
        "tails": at_ends("tails"),
        "residuals": at_ends("residuals"),
        "smoothness": found.get("smoothness"),
        "shape": found.get("shape"),
        "gradient": found.get("gradient"),
        "initialisation": None,
        "parametric": found.get("parametric"),
        "parameter_derivatives": found.get("parameter_derivatives"),
        "budget": {"seconds": seconds, "unfinished": dict(unfinished)},
    }


def _undetermined(reason: str) -> dict[str, Any]:
    return Tail("undetermined", None, {}, {"method": "none", "checked": "nothing"}, reason).to_dict()


def read(document: Mapping[str, Any]) -> Analysis:
    """The record that a document describes."""
    analysis: Analysis = _read(Analysis, document)
    return analysis


def _read(expected: Any, value: Any) -> Any:
    """A value of JSON as what the type hint of its field says."""
    if value is None or expected is Tail:
        return None if value is None else Tail.from_dict(value)
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return _read(next(each for each in arguments if _fits(each, value)), value)
    if origin is tuple:
        return tuple(_read(arguments[0], item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _read(arguments[1], item) for key, item in value.items()}
    if isinstance(expected, type) and is_dataclass(expected):
        return expected(**{name: _read(hint, value[name.rstrip("_")]) for name, hint in _hints(expected).items()})
    return value


def _fits(expected: Any, value: Any) -> bool:
    """Whether a value can be one alternative of a union."""
    if isinstance(value, dict) and isinstance(expected, type) and expected is not Tail and is_dataclass(expected):
        return {name.rstrip("_") for name in _hints(expected)} == set(value)
    if isinstance(value, dict | list):
        return expected is Tail or get_origin(expected) is not None
    return expected in (type(value), float)


@cache
def _hints(record_type: Any) -> dict[str, Any]:
    hints = get_type_hints(record_type)
    return {field.name: hints[field.name] for field in fields(record_type)}
