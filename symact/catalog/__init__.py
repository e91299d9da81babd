"""The catalogue: every activation symact knows by name, and the door for a user's own.

An entry is one decorated function in a module of this package; nothing else has to be edited to add one.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from symact import grammar
from symact.activation import Activation, Parameter
from symact.errors import Error

_entries: dict[str, Activation] = {}
_aliases: dict[str, str] = {}


def register(activation: Activation) -> Activation:
    """Make an activation known by its name and aliases; returns it.

    Raises:
        Error: the name or an alias already means another activation.
    """
    for name in (activation.name, *activation.aliases):
        holder = _aliases.get(name)
        if holder is not None and _entries[holder] != activation:
            raise Error(f"the name '{name}' is taken by the activation {holder}", "choose another name")
    _entries[activation.name] = activation
    _aliases.update(dict.fromkeys((activation.name, *activation.aliases), activation.name))
    return activation


def activation(
    *parameters: Parameter,
    summary: str,
    reference: str = "",
    aliases: tuple[str, ...] = (),
    derivative_at: dict[str, str] | None = None,
) -> Callable[[Callable[..., Any]], Activation]:
    """Decorator that turns a function of (x, *parameters) into a registered `Activation` named after it."""

    def define(function: Callable[..., Any]) -> Activation:
        return register(
            Activation(
                name=function.__name__,
                define=function,
                parameters=parameters,
                aliases=aliases,
                summary=summary,
                reference=reference,
                derivative_at=derivative_at or {},
            )
        )

    return define


def _load_modules() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def names() -> list[str]:
    """All names, in the catalogue's order (aliases left out)."""
    _load_modules()
    return list(_entries)


def entries() -> list[Activation]:
    """All activations, in the catalogue's order."""
    return [_entries[name] for name in names()]


def find(name: str) -> Activation | None:
    """The activation of that name or alias, or None."""
    _load_modules()
    holder = _aliases.get(name)
    return None if holder is None else _entries[holder]


def get(name: str) -> Activation:
    """The activation of that name or alias.

    Raises:
        Error: no such name; names near ones.
    """
    found = find(name)
    if found is None:
        near = difflib.get_close_matches(name, _aliases, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`symact list` shows the catalogue"
        raise Error(f"there is no activation called '{name}'", hint)
    return found


def resolve(
    activation: Activation | str,
    parameters: Mapping[str, str | int | float | Fraction] | None = None,
    *,
    eager: bool = True,
) -> Activation:
    """The activation that a name, an alias or an expression in ``x`` means.

    Args:
        activation: an `Activation`, a name or alias of the catalogue, or an expression in the grammar of `grammar`.
        parameters: values for the parameters of the entry, or the parameters that the expression uses.
        eager: whether an expression is built at once; else what only SymPy finds wrong with it is raised later.

    Raises:
        Error: no such name, an expression that does not parse, or a parameter that does not fit.
    """
    if isinstance(activation, Activation):
        return activation.with_values(parameters or {})
    if not isinstance(activation, str):
        raise Error(f"an activation is a name or an expression, not {type(activation).__name__}", "such as 'tanh'")
    text = activation.strip()
    found = find(text)
    if found is not None:
        return found.with_values(parameters or {})
    if text.isidentifier() and len(text) <= 60 and text not in {"x", *grammar.CONSTANTS, *(parameters or {})}:
        return get(text)  # a lone word is a misspelt name, not an expression
    return (grammar.parse if eager else grammar.declare)(text, parameters)


def load_file(path: Path) -> list[Activation]:
    """Run a user's Python file and return the activations it registered, in order.

    The file is the user's own program and runs with the user's rights.

    Raises:
        Error: the file cannot be read, fails, or registers nothing.
    """
    _load_modules()
    before = set(_entries)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise Error(f"'{path}' is not a Python file", "give a file whose name ends in .py")
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except Error:
        raise
    except Exception as error:
        raise Error(f"'{path}' could not be run: {type(error).__name__}: {error}") from error
    found = [entry for name, entry in _entries.items() if name not in before]
    if not found:
        raise Error(f"'{path}' registers no activation", "use symact.register or @symact.activation in it")
    return found
