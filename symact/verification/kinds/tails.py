"""How f' behaves far out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr, Integer, Rational

from symact.activation import Activation
from symact.analysis.tail import PARAMETERS as TAIL_CLASSES
from symact.catalog import resolve
from symact.errors import Error
from symact.symbolic.branches import Piece
from symact.symbolic.forms import joined
from symact.verification.agreement import exact_text
from symact.verification.kinds.base import Finding, Kind, checked, constant, decimal, same
from symact.verification.kinds.knowledge import derivation, derivative, facts

Ends = Literal["+oo", "-oo"]

#: The keys of a tail document that hold numbers and that a claim can fix.
_NUMBERS = ("rate", "index", "log_index", "order")


@dataclass(frozen=True)
class Tail(Kind, name="tail"):
    """How f' behaves at infinity: every key that is given must hold, at every end that is named."""

    ends: tuple[Ends, ...] = ("+oo", "-oo")
    class_: str | None = None
    subexponential: bool | None = None
    rate: str | None = None
    index: str | None = None
    log_index: str | None = None
    order: str | None = None

    def __post_init__(self) -> None:
        if not self.asserted:
            raise Error("nothing is asserted", "give class, subexponential, rate, index, log_index or order")
        if self.class_ is not None and self.class_ not in TAIL_CLASSES:
            raise Error(f"class '{self.class_}' is unknown", f"use one of {', '.join(TAIL_CLASSES)}")
        for key in _NUMBERS:
            checked(key, constant, getattr(self, key) or "0")

    @property
    def asserted(self) -> dict[str, Any]:
        """The keys of a tail document that the claim fixes."""
        keys = ("class_", "subexponential", *_NUMBERS)
        return {key.rstrip("_"): getattr(self, key) for key in keys if getattr(self, key) is not None}

    def decide(self, subject: Activation) -> Finding:
        tails = facts(subject)["tails"]
        words = {end: described(tails[end]) for end in self.ends}
        alike = len(words) == 2 and len(set(words.values())) == 1
        shown = {"both ends": words["+oo"]} if alike else words
        reason = "; ".join(f"f' at {end} is {word}" for end, word in shown.items())
        for end in self.ends:
            tail = tails[end]
            if tail["class"] == "undetermined":
                return Finding("undecided", f"the tail of f' at {end} is undetermined: {tail.get('reason')}")
            for key, value in self.asserted.items():
                if not _matches(key, value, tail.get(key)):
                    said = f"{key} {value}".replace("True", "true").replace("False", "false")
                    return Finding("refuted", reason, self._witness(subject, end, said, tail), described(tail))
        return Finding("confirmed", reason)

    def _witness(self, subject: Activation, end: str, said: str, tail: Mapping[str, Any]) -> dict[str, str]:
        """The hazard rate -(ln f')' at a far point, which tends to 0 for subexponential tails and to the rate else."""
        at = Rational(1000 if end == "+oo" else -1000)
        pieces = (order.pieces[-1 if at > 0 else 0] for order in derivation(subject))
        values = [piece.expression.subs(subject.x, at).evalf(30) for piece in pieces]
        witness = {"x": str(at), "printed": said, "true": described(tail)}
        if values[0] != 0:
            witness["hazard_rate"] = str((-values[1] / values[0] * (1 if at > 0 else -1)).evalf(15))
        return witness


def _matches(key: str, said: Any, found: Any) -> bool:
    if key in _NUMBERS and found is not None:
        return same(constant(said), constant(found))
    return bool(said == found)


def described(tail: Mapping[str, Any]) -> str:
    keys = ("rate", "order", "index", "log_index", "limit", "growth")
    shown = [(key, tail[key]) for key in keys if tail.get(key) is not None and (key, tail[key]) != ("log_index", "0")]
    numbers = ", ".join(f"{key} {value}" for key, value in shown)
    leading = f", close to {tail['leading']} with t = |x|" if tail.get("leading") not in (None, "0") else ""
    return str(tail["class"]) + (f" ({numbers})" if numbers else "") + leading


@dataclass(frozen=True)
class Only(Kind, name="only"):
    """Among named activations the subject alone (with some others) has the tail of f' that is described."""

    among: tuple[str, ...]
    besides: tuple[str, ...] = ()
    class_: str | None = None
    subexponential: bool | None = None

    def __post_init__(self) -> None:
        self._property()
        for name in (*self.among, *self.besides):
            resolve(name)

    def _property(self) -> Tail:
        return Tail(class_=self.class_, subexponential=self.subexponential)

    def decide(self, subject: Activation) -> Finding:
        kind = {None: "", True: "subexponential", False: "not subexponential"}[self.subexponential]
        said = "a tail that is " + " and ".join(filter(None, (self.class_, kind)))
        excepted = {subject.name, *(resolve(name).name for name in self.besides)}
        others = [other for other in map(resolve, self.among) if other.name not in excepted]
        findings = {other.name: self._property().decide(other) for other in others}
        for name, finding in findings.items():
            if finding.verdict == "confirmed":
                witness = {"x": "oo", "printed": f"{subject.name} only", "true": f"{name} too"}
                return Finding("refuted", f"{name} has {said} too: {finding.reason}", witness)
        open_ = [name for name, finding in findings.items() if finding.verdict == "undecided"]
        if open_:
            return Finding("undecided", f"not decided for {', '.join(open_)}")
        return Finding("confirmed", f"none of {', '.join(findings)} has {said}")


@dataclass(frozen=True)
class SlopeLimits(Kind, name="slope-limits"):
    """f' is or tends to a constant at both ends; if different is true, the two constants differ."""

    different: bool = False
    left: str | None = None
    right: str | None = None

    def __post_init__(self) -> None:
        checked("left", constant, self.left or "0")
        checked("right", constant, self.right or "0")

    def decide(self, subject: Activation) -> Finding:
        tails = facts(subject)["tails"]
        found: dict[str, str] = {}
        for end in ("-oo", "+oo"):
            limit = _slope_limit(tails[end])
            if limit is None:
                words = described(tails[end])
                verdict = "undecided" if tails[end]["class"] == "undetermined" else "refuted"
                return Finding(verdict, f"f' at {end} is {words}", {"x": end, "printed": "a constant", "true": words})
            found[end] = limit
        reason = f"f' tends to {found['-oo']} at -oo and to {found['+oo']} at +oo"
        for end, said in (("-oo", self.left), ("+oo", self.right)):
            if said is not None and not same(constant(said), constant(found[end])):
                return Finding("refuted", reason, {"x": end, "printed": said, "true": found[end]})
        if self.different and same(*map(constant, found.values())):
            return Finding("refuted", reason, {"x": "+oo", "printed": "different", "true": found["+oo"]})
        return Finding("confirmed", reason)


def _slope_limit(tail: Mapping[str, Any]) -> str | None:
    if tail["class"] == "constant":
        return str(tail["limit"])
    return "0" if tail["class"] == "dead" or tail["subexponential"] is not None else None


@dataclass(frozen=True)
class ConstantSlope(Kind, name="constant-slope"):
    """f' is constant on each side of every kink; qualified where it only tends to constants."""

    def decide(self, subject: Activation) -> Finding:
        branches = derivation(subject)[0]
        varying = [piece for piece in branches.pieces if piece.expression.has(subject.x)]
        if not varying:
            return Finding("confirmed", f"f' is {joined(branches)}")
        truth = derivative(subject)
        low, high = _two_points(varying[0])
        values = [exact_text(truth.at(at)) for at in (low, high)]
        witness = {"x": str(high), "printed": f"{values[0]} as at x = {low}", "true": values[1]}
        reason = f"f' is {decimal(values[0])} at x = {low} and {decimal(values[1])} at x = {high}"
        limits = SlopeLimits().decide(subject)
        if limits.verdict == "confirmed":
            return Finding("qualified", f"it holds in the limit only: {limits.reason}, but {reason}", witness)
        return Finding("refuted", reason, witness)


def _two_points(piece: Piece) -> tuple[Expr, Expr]:
    """Two different points inside an interval."""
    lower, upper = piece.lower, piece.upper
    if lower.is_finite:
        width = upper - lower if upper.is_finite else Integer(3)
        return lower + width / 3, lower + 2 * width / 3
    return (upper - 2, upper - 1) if upper.is_finite else (Integer(1), Integer(2))
