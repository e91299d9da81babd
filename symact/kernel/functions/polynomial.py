"""Polynomials, their tables of coefficients, and the constants of each arithmetic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from typing import Any

from symact.kernel.program import Builder

_TABLES: dict[str, Any] = json.loads(
    files("symact.kernel.functions").joinpath("coefficients.json").read_text(encoding="utf-8")
)

#: Whose tables an arithmetic takes for what it has none of its own.
_SHARED = {"fast": "float32", "paired": "float64"}


@dataclass(frozen=True)
class Precision:
    """What the programs of one arithmetic have to know of it.

    Attributes:
        arithmetic: its name, "wide", "float64", "paired", "float32" or "fast".
    """

    arithmetic: str

    @property
    def is_wide(self) -> bool:
        """Whether errors below 2**-33 do not matter and no argument is near the ends of the exponents' range."""
        return self.arithmetic == "wide"

    @property
    def is_paired(self) -> bool:
        """Whether programs are long enough for a processor to wait for results, if each step needs the one before."""
        return self.arithmetic == "paired"

    @property
    def is_short(self) -> bool:
        """Whether numbers are those of float32."""
        return self.arithmetic in ("float32", "fast")

    @property
    def digits(self) -> int:
        """Bits of a significand."""
        return 24 if self.is_short else 53

    @property
    def emax(self) -> int:
        """Exponent of the largest numbers."""
        return 127 if self.is_short else 1023

    @property
    def rounder(self) -> Fraction:
        """A number that rounds to an integer what is added to it: 1.5 times that with the spacing 1."""
        return Fraction(3 * 2 ** (self.digits - 2))

    def table(self, name: str) -> dict[str, Any]:
        """The table of that name; "fast" and "paired" share those that they have none of their own for."""
        tables = _TABLES.get(self.arithmetic, {})
        found: dict[str, Any] = tables[name] if name in tables else _TABLES[_SHARED[self.arithmetic]][name]
        return found


def polynomial(b: Builder, coefficients: Sequence[str], variable: int, precision: Precision) -> int:
    """A polynomial in the order that suits an arithmetic."""
    return (halves if precision.is_paired else horner)(b, coefficients, variable)


def horner(b: Builder, coefficients: Sequence[str], variable: int) -> int:
    """A polynomial by Horner's rule, the constant term first in `coefficients`."""
    *rest, value = (b.const(c) for c in coefficients)
    for coefficient in reversed(rest):
        value = b("add", b("mul", value, variable), coefficient)
    return value


def halves(b: Builder, coefficients: Sequence[str], variable: int) -> int:
    """A polynomial as one in the square and the variable times another one: a step more, and half the waiting."""
    square = b("mul", variable, variable)
    even, odd = (horner(b, coefficients[start::2], square) for start in (0, 1))
    return b("add", b("mul", odd, variable), even)
