"""The definition of an activation function: one SymPy expression of a real ``x`` and named parameters.

Nothing here imports SymPy until an expression is asked for, so that listing the catalogue stays instant.
"""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symact.errors import Error

if TYPE_CHECKING:
    from sympy import Expr, Symbol

#: What a parameter's domain means: the assumption that SymPy is told, and the test for a value.
DOMAINS: dict[str, tuple[str, Callable[[Fraction], bool]]] = {
    "positive": ("positive", lambda value: value > 0),
    "nonnegative": ("nonnegative", lambda value: value >= 0),
    "real": ("real", lambda value: True),
}

_FAR_TOO_LARGE = re.compile(r"[eE][+-]?[0_]*[1-9][\d_]{3}")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")


def exact(value: str | int | float | Fraction) -> Fraction:
    """The exact rational a number or its decimal text stands for (``0.1`` is 1/10, never a binary float's value).

    Raises:
        Error: the value is not a finite number, or beyond what any format holds.
    """
    try:
        # Looked at before it is computed: 1e999999999 would take a gigabyte.
        if isinstance(value, str) and (len(value) > 400 or _FAR_TOO_LARGE.search(value)):
            raise ValueError
        number = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
        if max(abs(number.numerator), number.denominator).bit_length() > 4000:
            raise ValueError
        return number
    except (ValueError, TypeError, ZeroDivisionError):
        value = value if isinstance(value, str | float) and len(str(value)) <= 40 else "the value"
        raise Error(f"'{value}' is not a number", "write a decimal such as 0.5 or a fraction such as 1/2") from None


@dataclass(frozen=True)
class Parameter:
    """A run-time scalar of an activation, such as the beta of softplus.

    Attributes:
        name: how it is called in the definition, on the command line and in the kernels.
        value: the value in force, an exact rational; the catalogue's default unless it was set.
        domain: one of `DOMAINS`.
        description: what it does, one line.
    """

    name: str
    value: Fraction = Fraction(1)
    domain: str = "positive"
    description: str = ""

    def __post_init__(self) -> None:
        if self.domain not in DOMAINS:
            raise Error(f"parameter {self.name}: '{self.domain}' is no domain", f"use one of {', '.join(DOMAINS)}")
        if not _IDENTIFIER.match(self.name) or self.name in ("x", "pi"):
            raise Error(f"'{self.name}' cannot name a parameter", "use lower-case letters, digits and _, not x or pi")
        if not DOMAINS[self.domain][1](self.value):
            raise Error(f"parameter {self.name} must be {self.domain}, and {self.value} is not")


@dataclass(frozen=True)
class Activation:
    """An activation function as its author wrote it.

    Attributes:
        name: an identifier; kernels are named after it.
        define: a function of the SymPy symbols (x, *parameters) that returns the expression.
        parameters: the run-time scalars, in the order in which kernels take them.
        aliases: other names under which the catalogue finds it.
        summary: one line for the list.
        reference: where it comes from (paper, formula).
        derivative_at: the value of f' at a kink, {"0": "1"}, exact SymPy text; the left limit where none is given.
    """

    name: str
    define: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    summary: str = ""
    reference: str = ""
    derivative_at: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _IDENTIFIER.match(self.name) or keyword.iskeyword(self.name):
            raise Error(
                f"'{self.name}' cannot name an activation", "use lower-case letters, digits and _, no word of Python's"
            )

    @cached_property
    def x(self) -> Symbol:
        """The real variable."""
        from sympy import Symbol

        return Symbol("x", real=True)

    @cached_property
    def symbols(self) -> dict[str, Symbol]:
        """The parameters' SymPy symbols, with the assumption that their domain gives."""
        from sympy import Symbol

        return {p.name: Symbol(p.name, **{"real": True, DOMAINS[p.domain][0]: True}) for p in self.parameters}

    @cached_property
    def expression(self) -> Expr:
        """f(x) with symbolic parameters; a Python float in the definition means its decimal text, exactly."""
        from sympy import Float, Rational, sympify

        expression = sympify(self.define(self.x, *self.symbols.values()))
        return expression.xreplace({number: Rational(str(number)) for number in expression.atoms(Float)})

    @cached_property
    def values(self) -> dict[Symbol, Expr]:
        """The parameters' values in force, ready for ``expression.subs``."""
        from sympy import Rational

        return {self.symbols[p.name]: Rational(p.value.numerator, p.value.denominator) for p in self.parameters}

    @cached_property
    def definition(self) -> str:
        """The expression as text in SymPy syntax; `symact.parse` reads it back."""
        return str(self.expression)

    @cached_property
    def digest(self) -> str:
        """Hash of all that decides the kernels: definition, parameters, values at kinks."""
        parts = [self.definition, *(f"{p.name}:{p.domain}" for p in self.parameters)]
        parts += [f"{at}:{value}" for at, value in sorted(self.derivative_at.items())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def with_values(self, values: Mapping[str, str | int | float | Fraction]) -> Activation:
        """The same activation with other parameter values in force.

        Raises:
            Error: a name that is no parameter of it, or a value outside the parameter's domain.
        """
        known = {p.name: p for p in self.parameters}
        for name in values:
            if name not in known:
                has = f"its parameters are {', '.join(known)}" if known else "it has none"
                raise Error(f"{self.name} has no parameter '{name}'", has)
        changed = tuple(replace(p, value=exact(values[p.name])) if p.name in values else p for p in self.parameters)
        return replace(self, parameters=changed)
