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


@dataclass(frozen=True)
class Precision:
    """What the programs of one arithmetic have to know of it.

    Attributes:
        arithmetic: its name, "wide", "float64", "float32" or "fast".
    """

    arithmetic: str

    @property
    def is_wide(self) -> bool:
        """Whether errors below 2**-33 do not matter and no argument is near the ends of the exponents' range."""
        return self.arithmetic == "wide"

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
        """The table of that name; "fast" shares those of float32 that it has none of its own for."""
        tables = _TABLES[self.arithmetic]
        found: dict[str, Any] = tables[name] if name in tables else _TABLES["float32"][name]
        return found


def horner(b: Builder, coefficients: Sequence[str], variable: int) -> int:
    """A polynomial by Horner's rule, the constant term first in `coefficients`."""
    *rest, value = (b.const(c) for c in coefficients)
    for coefficient in reversed(rest):
        value = b("add", b("mul", value, variable), coefficient)
    return value
