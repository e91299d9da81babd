"""Textbook formulas as Python functions: of whole arrays, or as a loop over elements for a compiler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.textbook import Words, statements
from symact.kernel.program import Kernel


def array_function(formula: Kernel, peer: Words, dtype: str, names: Mapping[str, Any]) -> Callable[..., Any]:
    """A function of the formula's inputs that returns the result.

    Args:
        formula: of `benchmarks.textbook.program`.
        peer: how the library writes it.
        dtype: that constants are rounded to.
        names: what the texts mention, such as {"np": numpy}.

    Raises:
        Error: the library lacks an operation.
    """
    steps, result = statements(formula, peer, dtype)
    lines = [f"def function({', '.join(formula.inputs)}):"]
    lines += [f"    {name} = {text}" for name, text, _ in steps]
    return _defined([*lines, f"    return {result}"], names)


def loop(formula: Kernel, peer: Words, dtype: str, names: Mapping[str, Any]) -> Callable[..., Any]:
    """A function of the formula's inputs and an output array that goes through the elements; arguments as above."""
    steps, result = statements(formula, peer, dtype)
    lines = [f"def function({', '.join(f'{name}_' for name in formula.inputs)}, out):", "    for i in range(out.size):"]
    lines += [f"        {name} = {name}_[i]" for name in formula.inputs]
    lines += [f"        {name} = {text}" for name, text, _ in steps]
    return _defined([*lines, f"        out[i] = {result}"], names)


def _defined(lines: list[str], names: Mapping[str, Any]) -> Callable[..., Any]:
    """The function that the lines define; they come from tables of words and programs, never from a user."""
    namespace = dict(names)
    exec("\n".join(lines), namespace)
    found: Callable[..., Any] = namespace["function"]
    return found
