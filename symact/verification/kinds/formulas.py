"""Printed formulas of f, of f' and of f in terms of another activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Symbol, simplify

from symact import grammar
from symact.activation import Activation
from symact.catalog import resolve
from symact.errors import Error
from symact.symbolic.forms import joined
from symact.verification.agreement import Agreement, Truth, bound, compare
from symact.verification.kinds.base import Finding, Kind, checked, decimal, read
from symact.verification.kinds.knowledge import derivative, function


@dataclass(frozen=True)
class _Formula(Kind):
    """A printed formula, read in the grammar of expressions.

    Attributes:
        reading: the print taken literally; absent where it is no formula at all.
        intended: what the author meant, where that differs from the literal reading.
        typo: what got lost between the author and the print; without it a wrong print is refuted even if the
            intended formula holds.
    """

    reading: str | None = None
    intended: str | None = None
    typo: str | None = None

    #: How a reason calls the thing.
    called: ClassVar[str] = "f"

    def __post_init__(self) -> None:
        if self.reading is None and (self.intended is None or self.typo is None):
            raise Error("a formula has no reading", "give reading, or intended and the typo that hides it")

    def check(self, subject: Activation) -> None:
        for key, text in (("reading", self.reading), ("intended", self.intended)):
            if text is not None:
                checked(key, lambda text: self.read(text, subject), text)

    def read(self, text: str, subject: Activation) -> Expr:
        """The formula as an expression of x."""
        return read(text, subject)

    def truth(self, subject: Activation) -> Truth:
        """What the formula is held against."""
        raise NotImplementedError

    def decide(self, subject: Activation) -> Finding:
        truth = self.truth(subject)
        literal, fault = self._against(self.reading, subject, truth)
        if literal is None:
            fault = "as printed it is not a formula"
        elif literal.equal:
            return self._holds(literal)
        repaired, repaired_fault = self._against(self.intended, subject, truth)
        witness = literal.witness if literal is not None else None
        if literal is not None and literal.equal is None:
            return Finding("undecided", fault, corrected=self.intended if repaired and repaired.equal else None)
        if repaired is not None and repaired.equal:
            if self.typo is None:
                return Finding("refuted", f"{fault}; {self.intended} is right", witness, self.intended)
            reason = f"{fault}; {self.typo}, and as intended it {self._holds(repaired).reason}"
            return Finding("confirmed-after-repair", reason, witness, self.intended)
        if repaired is not None and repaired.equal is None:
            return Finding("undecided", f"{fault}; as intended: {repaired_fault}", witness)
        if repaired is not None:
            fault = f"{fault}; as intended: {repaired_fault}"
            witness = witness or repaired.witness
        right = str(joined(truth.branches))
        return Finding("refuted", f"{fault}; {right} is right", witness, right)

    def _against(self, text: str | None, subject: Activation, truth: Truth) -> tuple[Agreement | None, str]:
        """What holding a text against the truth shows, and the fault in words."""
        if text is None:
            return None, ""
        formula = self.read(text, subject)
        agreement = compare(formula, subject.x, truth)
        if agreement.witness is None:
            return agreement, agreement.reason
        at, printed, true = (agreement.witness[key] for key in ("x", "printed", "true"))
        fault = f"at x = {at} the print gives {decimal(printed)} where {self.called} is {decimal(true)}"
        constant = simplify(formula)
        return agreement, f"the print is the constant {constant}: {fault}" if constant.is_number else fault

    def _holds(self, agreement: Agreement) -> Finding:
        reason = f"equals {self.called} on every piece, proved, and at {agreement.checked} points by numbers"
        for point in agreement.undefined:
            reason += f"; at x = {point.x} the formula has no value"
            if point.continuous:
                reason += f", where {self.called} is {point.value} by continuity"
        for choice in agreement.choices:
            point = choice.point
            reason += (
                f"; at x = {point.x}, where {self.called} tends to {point.left} from the left and to {point.right}"
                f" from the right, the value {choice.printed} is a choice"
            )
            if point.value is not None:
                reason += f" (the kernels' is {point.value})"
        return Finding("convention" if agreement.choices else "confirmed", reason)


@dataclass(frozen=True)
class Function(_Formula, name="function"):
    """The formula is the subject."""

    def truth(self, subject: Activation) -> Truth:
        return function(subject)


@dataclass(frozen=True)
class Derivative(_Formula, name="derivative"):
    """The formula is the subject's derivative."""

    called: ClassVar[str] = "f'"

    def truth(self, subject: Activation) -> Truth:
        return derivative(subject)


@dataclass(frozen=True, kw_only=True)
class Transformation(_Formula, name="transformation"):
    """The subject is the formula, in which u stands for another activation, the one named by `of`."""

    of: str

    def read(self, text: str, subject: Activation) -> Expr:
        u = Symbol("u", real=True)
        other = resolve(self.of)
        return grammar.parse_expression(text, {"u": u}).subs(u, bound(other))

    def truth(self, subject: Activation) -> Truth:
        return function(subject)
