"""The analysis document and the record, made of each other: sections to document, document to record."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from symact.activation import Activation
from symact.analysis import record
from symact.analysis.record import ENDS, SCHEMA, Analysis
from symact.analysis.tail import Tail

_WHOLE = ("derivative", "second_derivative", "smoothness", "shape", "gradient")


def assembled(
    activation: Activation, found: Mapping[str, Any], unfinished: Mapping[str, str], seconds: float | None
) -> dict[str, Any]:
    """The document.

    Args:
        activation: the subject.
        found: the sections as `symact.analysis.build.sections` names them.
        unfinished: why sections are missing.
        seconds: the time limit, None where there was none.
    """
    limits = found.get("limits", dict.fromkeys(ENDS))
    tails: dict[str, dict[str, Any]] = {"tails": {}, "residuals": {}}
    for kind, of_end in tails.items():
        for end in ENDS:
            name = f"{kind}.{end}"
            of_end[end] = found[name] if name in found else _undetermined(unfinished[name])
    return {
        "schema": SCHEMA,
        "name": activation.name,
        "expression": found["expression"],
        "parameters": {p.name: str(p.value) for p in activation.parameters},
        **{name: found.get(name) for name in _WHOLE[:2]},
        "limits": limits,
        **tails,
        **{name: found.get(name) for name in _WHOLE[2:]},
        "initialisation": None,
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
    hints = get_type_hints(record_type, vars(record), {"Tail": Tail})
    return {field.name: hints[field.name] for field in fields(record_type)}
