"""What a claim can assert: one class a kind; its fields are the keys that a claims file gives.

A kind decides by itself. No verdict is typed in but for `Statement`, which is for what no computation can settle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import mpmath
from sympy import Abs, Expr, Float, Piecewise, Rational, Symbol, exp, integrate, lambdify, oo, pi, simplify, sqrt

from symact import grammar
from symact.activation import Activation, exact
from symact.analysis import analyze
from symact.analysis.tail import PARAMETERS as TAIL_CLASSES
from symact.catalog import resolve
from symact.errors import Error
from symact.symbolic.branches import Branches, split
from symact.symbolic.derivatives import derive
from symact.symbolic.forms import joined
from symact.verification.agreement import (
    Agreement,
    Truth,
    bound,
    compare,
    exact_text,
    slope_at,
    value_at,
)

VERDICTS = (
    "confirmed",
    "confirmed-after-repair",
    "refuted",
    "approximation",
    "convention",
    "qualified",
    "undecided",
)


@dataclass(frozen=True)
class Finding:
    """A verdict with its reason, a witness where something is refuted, and what would be right."""

    verdict: str
    reason: str
    witness: Mapping[str, str] | None = None
    corrected: str | None = None


class Kind:
    """The base of all kinds; a subclass is known by its name and its dataclass fields."""

    name: ClassVar[str]
    known: ClassVar[dict[str, type[Kind]]] = {}

    def __init_subclass__(cls, name: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if name:
            cls.name = name
            Kind.known[name] = cls

    def check(self, subject: Activation) -> None:
        """Refuse what does not fit the subject.

        Raises:
            Error: a formula cannot be read.
        """

    def decide(self, subject: Activation) -> Finding:
        """The verdict on the assertion about the subject."""
        raise NotImplementedError


# --- what is known about a subject -----------------------------------------------------------------------------------


_Known = TypeVar("_Known")


def _once(derive: Callable[[Activation], _Known]) -> Callable[[Activation], _Known]:
    """Remember what was derived: many claims are about one subject. Activations themselves do not hash."""
    known: dict[tuple[Any, ...], _Known] = {}

    def derived(subject: Activation) -> _Known:
        key = (subject.digest, *(parameter.value for parameter in subject.parameters))
        if key not in known:
            known[key] = derive(subject)
        return known[key]

    return derived


@_once
def facts(subject: Activation) -> dict[str, Any]:
    """The analysis document of the subject."""
    return analyze(subject).to_dict()


@_once
def _derivation(subject: Activation) -> tuple[Branches, Branches]:
    """f' and f'' with the parameters' values put in."""
    derivation = derive(subject)
    return derivation.first.subs(subject.values), derivation.second.subs(subject.values)


def _function(subject: Activation) -> Truth:
    expression = bound(subject)
    branches = split(subject).subs(subject.values)
    return Truth(branches, lambda point: value_at(expression, subject.x, point))


def _derivative(subject: Activation) -> Truth:
    expression = bound(subject)
    return Truth(_derivation(subject)[0], lambda point: slope_at(expression, subject.x, point), valued=False)


def _decimal(text: str) -> str:
    """An exact constant with, where it is not plain, its decimals."""
    if text in ("undefined", "oo", "-oo"):
        return text
    value = grammar.parse_expression(text, {})
    return text if value.is_Integer else f"{text} = {float(value.evalf(15)):.9g}"


def _checked(key: str, read: Callable[[str], Any], text: str) -> None:
    """Let an error in the text name the key that holds it."""
    try:
        read(text)
    except Error as error:
        raise Error(f"{key}: {error.message}", error.hint) from None


def _read(text: str, subject: Activation) -> Expr:
    """A formula of x and the subject's parameters, whose values are put in."""
    return grammar.parse_expression(text, {"x": subject.x, **subject.symbols}).subs(subject.values)


# --- formulas --------------------------------------------------------------------------------------------------------


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
                _checked(key, lambda text: self.read(text, subject), text)

    def read(self, text: str, subject: Activation) -> Expr:
        """The formula as an expression of x."""
        return _read(text, subject)

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
        fault = f"at x = {at} the print gives {_decimal(printed)} where {self.called} is {_decimal(true)}"
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
        return _function(subject)


@dataclass(frozen=True)
class Derivative(_Formula, name="derivative"):
    """The formula is the subject's derivative."""

    called: ClassVar[str] = "f'"

    def truth(self, subject: Activation) -> Truth:
        return _derivative(subject)


@dataclass(frozen=True, kw_only=True)
class Transformation(_Formula, name="transformation"):
    """The subject is the formula, in which u stands for another activation, the one named by `of`."""

    of: str

    def read(self, text: str, subject: Activation) -> Expr:
        u = Symbol("u", real=True)
        other = resolve(self.of)
        return grammar.parse_expression(text, {"u": u}).subs(u, bound(other))

    def truth(self, subject: Activation) -> Truth:
        return _function(subject)


# --- tails and limits ------------------------------------------------------------------------------------------------

Ends = Literal["+oo", "-oo"]


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

    @property
    def asserted(self) -> dict[str, Any]:
        """The keys of a tail document that the claim fixes."""
        keys = ("class_", "subexponential", "rate", "index", "log_index", "order")
        return {key.rstrip("_"): getattr(self, key) for key in keys if getattr(self, key) is not None}

    def decide(self, subject: Activation) -> Finding:
        tails = facts(subject)["tails"]
        words = {end: _described(tails[end]) for end in self.ends}
        alike = len(words) == 2 and len(set(words.values())) == 1
        described = "; ".join(
            f"f' at {'both ends' if alike else end} is {words[end]}" for end in self.ends[: 1 if alike else 2]
        )
        for end in self.ends:
            tail = tails[end]
            if tail["class"] == "undetermined":
                return Finding("undecided", f"the tail of f' at {end} is undetermined: {tail.get('reason')}")
            for key, value in self.asserted.items():
                if tail.get(key) != value:
                    said = f"{key} {value}".replace("True", "true").replace("False", "false")
                    return Finding("refuted", described, self._witness(subject, end, said, tail), _described(tail))
        return Finding("confirmed", described)

    def _witness(self, subject: Activation, end: str, said: str, tail: Mapping[str, Any]) -> dict[str, str]:
        """The hazard rate -(ln f')' at a far point, which tends to 0 for subexponential tails and to the rate else."""
        at = Rational(1000 if end == "+oo" else -1000)
        pieces = (order.pieces[-1 if at > 0 else 0] for order in _derivation(subject))
        values = [piece.expression.subs(subject.x, at).evalf(30) for piece in pieces]
        witness = {"x": str(at), "printed": said, "true": _described(tail)}
        if values[0] != 0:
            witness["hazard_rate"] = str((-values[1] / values[0] * (1 if at > 0 else -1)).evalf(15))
        return witness


def _described(tail: Mapping[str, Any]) -> str:
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

    def decide(self, subject: Activation) -> Finding:
        tails = facts(subject)["tails"]
        found = {end: _slope_limit(tails[end]) for end in ("-oo", "+oo")}
        for end, limit in found.items():
            if limit is None:
                words = _described(tails[end])
                verdict = "undecided" if tails[end]["class"] == "undetermined" else "refuted"
                return Finding(verdict, f"f' at {end} is {words}", {"x": end, "printed": "a constant", "true": words})
        reason = f"f' tends to {found['-oo']} at -oo and to {found['+oo']} at +oo"
        said = {"-oo": self.left, "+oo": self.right}
        for end, value in said.items():
            if value is not None and exact(value) != exact(found[end] or ""):
                return Finding("refuted", reason, {"x": end, "printed": value, "true": found[end] or ""})
        if self.different and found["-oo"] == found["+oo"]:
            return Finding("refuted", reason, {"x": "oo", "printed": "different", "true": found["+oo"] or ""})
        return Finding("confirmed", reason)


def _slope_limit(tail: Mapping[str, Any]) -> str | None:
    if tail["class"] == "constant":
        return str(tail["limit"])
    return "0" if tail["class"] == "dead" or tail["subexponential"] is not None else None


@dataclass(frozen=True)
class ConstantSlope(Kind, name="constant-slope"):
    """f' is constant on each side of every kink; qualified where it only tends to constants."""

    def decide(self, subject: Activation) -> Finding:
        branches = _derivation(subject)[0]
        for piece in branches.pieces:
            if piece.expression.has(subject.x):
                break
        else:
            return Finding("confirmed", f"f' is {joined(branches)}")
        truth = _derivative(subject)
        low, high = (Rational(1), Rational(2)) if piece.upper == oo else (piece.upper - 2, piece.upper - 1)
        values = [exact_text(truth.at(at)) for at in (low, high)]
        witness = {"x": str(high), "printed": f"{values[0]} as at x = {low}", "true": values[1]}
        reason = f"f' is {_decimal(values[0])} at x = {low} and {_decimal(values[1])} at x = {high}"
        limits = SlopeLimits().decide(subject)
        if limits.verdict == "confirmed":
            return Finding("qualified", f"it holds in the limit only: {limits.reason}, but {reason}", witness)
        return Finding("refuted", reason, witness)


# --- shape -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bounded(Kind, name="bounded"):
    """f stays between two horizontal lines, or (value = false) does not."""

    value: bool = True

    def decide(self, subject: Activation) -> Finding:
        limits, shape = facts(subject)["limits"], facts(subject)["shape"] or {}
        bounded, span = shape.get("bounded"), shape.get("range")
        if bounded is None:
            return Finding("undecided", "the range of f was not found")
        reason = f"f tends to {limits['-oo']} at -oo and to {limits['+oo']} at +oo"
        if span is not None:
            reason += f"; its range is {span['interval']}"
        if bounded == self.value:
            return Finding("confirmed", reason)
        at = next((end for end, limit in limits.items() if limit in ("oo", "-oo")), "+oo")
        said = "bounded" if self.value else "unbounded"
        return Finding("refuted", reason, {"x": at, "printed": said, "true": str(limits[at])})


@dataclass(frozen=True)
class SShaped(Kind, name="s-shaped"):
    """f increases everywhere, and is convex on the left and concave on the right of one point."""

    def decide(self, subject: Activation) -> Finding:
        shape = facts(subject)["shape"] or {}
        monotone, curvature = shape.get("monotone"), shape.get("convex")
        if monotone is None or curvature is None:
            return Finding("undecided", "where f increases or where it is convex was not found")
        convex, concave = curvature["convex"], curvature["concave"]
        reason = f"f is {'not monotone' if monotone == 'none' else monotone}"
        bends_once = len(convex) == len(concave) == 1 and convex[0]["upper"] == concave[0]["lower"]
        ends = bends_once and (convex[0]["lower"], concave[0]["upper"]) == ("-oo", "oo")
        if monotone == "strictly increasing" and ends:
            return Finding("confirmed", f"{reason}, convex up to {convex[0]['upper']} and concave from there on")
        if shape.get("extrema"):
            extremum = shape["extrema"][0]
            witness = {"x": _text(extremum["x"]), "printed": "increasing", "true": f"a {extremum['kind']}"}
            return Finding("refuted", f"f has a {extremum['kind']} at x = {witness['x']}", witness)
        bends = "; ".join(
            f"{word} from {_text(span['lower'])} to {_text(span['upper'])}"
            for word, spans in curvature.items()
            for span in spans
        )
        witness = {"x": "the line", "printed": "convex, then concave", "true": bends}
        return Finding("refuted", f"{reason}; {bends or 'nowhere convex or concave'}", witness)


def _text(value: Any) -> str:
    """A value of the analysis document: exact text, or an enclosure's middle."""
    return str(value["value"] if isinstance(value, dict) else value)


@dataclass(frozen=True)
class Smooth(Kind, name="smooth"):
    """f has all derivatives everywhere."""

    def decide(self, subject: Activation) -> Finding:
        smoothness = facts(subject)["smoothness"]
        if smoothness["class"] is None:
            return Finding("undecided", "the differentiability class was not found")
        if smoothness["class"] == "Cinf":
            return Finding("confirmed", "f has all derivatives everywhere")
        witness = None
        if smoothness["kinks"]:
            kink = smoothness["kinks"][0]
            witness = {"x": str(kink["x"]), "printed": "one slope", "true": f"{kink['left']} and {kink['right']}"}
        return Finding("refuted", f"f is of class {smoothness['class']} only", witness)


@dataclass(frozen=True)
class LargestSlope(Kind, name="largest-slope"):
    """The supremum of |f'|."""

    value: str

    def __post_init__(self) -> None:
        _checked("value", exact, self.value)

    def decide(self, subject: Activation) -> Finding:
        found = (facts(subject)["shape"] or {}).get("lipschitz")
        if not isinstance(found, str):
            return Finding("undecided", "the supremum of |f'| was not found exactly")
        reason = f"the supremum of |f'| is {found}"
        if found != "oo" and simplify(grammar.parse_expression(found, {}) - Rational(exact(self.value))) == 0:
            return Finding("confirmed", reason)
        return Finding("refuted", reason, {"x": "the supremum", "printed": self.value, "true": found})


# --- measured quantities ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Approximation(Kind, name="approximation"):
    """A formula stands in for f or f', everywhere or beyond a distance from 0; the verdict states its exact error.

    Attributes:
        reading: the formula.
        of: what it stands in for.
        beyond: it is used where |x| is at least this.
        within: the error that is asserted; without it any finite error passes as an approximation.
    """

    reading: str
    of: Literal["function", "derivative"]
    beyond: str = "0"
    within: str | None = None

    def __post_init__(self) -> None:
        for key, text in (("beyond", self.beyond), ("within", self.within or "0")):
            _checked(key, exact, text)
            if exact(text) < 0:
                raise Error(f"{key} is negative", f"write it as a distance, such as {key} = '4'")

    def check(self, subject: Activation) -> None:
        _checked("reading", lambda text: _read(text, subject), self.reading)

    def decide(self, subject: Activation) -> Finding:
        x, distance = subject.x, Rational(exact(self.beyond))
        formula = _read(self.reading, subject)
        truth = (_derivative if self.of == "derivative" else _function)(subject)
        difference = formula - joined(truth.branches)
        if distance:
            difference = Piecewise((difference, Abs(x) >= distance), (0, True))
        shape = facts(Activation(name="difference", define=lambda _: difference))["shape"]
        span = shape and shape["range"]
        if span is None or not all(isinstance(span[key], str) for key in ("lower", "upper")):
            return Finding("undecided", "the largest difference was not found")
        ends = [grammar.parse_expression(span[key], {}) if "oo" not in span[key] else oo for key in ("lower", "upper")]
        error = max(map(abs, ends), key=lambda e: e.evalf(30))
        where = f" for |x| >= {self.beyond}" if distance else ""
        if error == oo:
            return Finding("refuted", f"the difference is unbounded{where}", {"x": "oo", "printed": "0", "true": "oo"})
        exceeded = _exceeded(formula, x, truth, distance, error)
        if exceeded is not None:
            return Finding("undecided", f"the bound {error} that was derived is exceeded at x = {exceeded}")
        said = _decimal(exact_text(error))
        reason = f"the largest error{where} is {said}"
        if self.within is not None and error > Rational(exact(self.within)):
            return Finding("refuted", reason, {"x": "the supremum", "printed": self.within, "true": exact_text(error)})
        witness = self._nearest(formula, x, truth, distance)
        return Finding("confirmed" if error == 0 else "approximation", reason, witness)

    def _nearest(self, formula: Expr, x: Symbol, truth: Truth, distance: Expr) -> dict[str, str] | None:
        """Both values at the point where the formula comes into force."""
        true = truth.at(distance)
        shown = value_at(formula, x, distance)
        if true is None or shown is None:
            return None
        printed = exact_text(formula.subs(x, distance))
        return {"x": str(distance), "printed": printed, "true": exact_text(true)}


def _exceeded(formula: Expr, x: Symbol, truth: Truth, distance: Expr, error: Expr) -> Expr | None:
    """A sampled point where the difference is larger than the bound; from the definition, not from the pieces."""
    limit = error.evalf(40) + Float("1e-25", 40)
    for k in range(1, 40):
        for at in (distance + Rational(k, 8), -distance - Rational(k, 8)):
            true, shown = truth.number(at), value_at(formula, x, at)
            if true is not None and shown is not None and abs(shown - true) > limit:
                return at
    return None


@dataclass(frozen=True)
class GradientGain(Kind, name="gradient-gain"):
    """One dense layer with weights of variance V/n multiplies the mean square of gradients by V*E[f'(Z)**2].

    Z is standard normal, the distribution of a wide layer's inputs at initialisation (He et al. 2015).

    Attributes:
        variance: V.
        factor: what the product is said to be.
    """

    variance: str
    factor: str

    def __post_init__(self) -> None:
        _checked("variance", exact, self.variance)
        _checked("factor", exact, self.factor)

    def decide(self, subject: Activation) -> Finding:
        mean = _gaussian_mean_square(_derivation(subject)[0])
        variance, factor = Rational(exact(self.variance)), Rational(exact(self.factor))
        gain = mean * variance
        said, gained = (str(value.evalf(9) if value.has(Float) else value) for value in (mean, gain))
        reason = f"E[f'(Z)**2] is {said}, so weights of variance {self.variance}/n multiply by {gained} in every layer"
        if gain == factor:
            return Finding("confirmed", reason)
        if abs(gain - factor) < 1e-8:
            return Finding("undecided", f"{reason}, by quadrature; whether exactly {self.factor} is not known")
        corrected = f"weights of variance {factor / mean}/n" if mean != 0 else None
        witness = {"x": f"variance {self.variance}/n", "printed": self.factor, "true": gained}
        return Finding("refuted", reason, witness, corrected)


def _gaussian_mean_square(slope: Branches) -> Expr:
    """The mean of the square under the standard normal distribution: exact for polynomials, else by quadrature."""
    x = slope.x
    density = exp(-(x**2) / 2) / sqrt(2 * pi)
    measured = Float(0)
    for piece in slope.pieces:
        weighted = lambdify(x, piece.expression**2 * density, "mpmath")
        lower, upper = max(piece.lower, Rational(-20)), min(piece.upper, Rational(20))  # beyond, the density is 1e-87
        edges = [lower + (upper - lower) * Rational(k, 16) for k in range(17)]
        measured += Float(mpmath.quad(weighted, [mpmath.mpf(str(edge.evalf(15))) for edge in edges]))
    if not all(piece.expression.is_polynomial(x) for piece in slope.pieces):
        return measured
    value = simplify(sum(integrate(p.expression**2 * density, (x, p.lower, p.upper)) for p in slope.pieces))
    return value if abs(measured - value.evalf(15)) < 1e-10 else measured


# --- what cannot be computed -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """An assertion that a statement leans on."""

    subject: Activation
    kind: Kind


@dataclass(frozen=True)
class Statement(Kind, name="statement"):
    """A statement that computation cannot settle: its verdict and reason are the file's.

    Attributes:
        reason: why it cannot be computed, or the condition under which it is true; one sentence.
        verdict: undecided, or qualified if the reason states a condition.
        facts: what in the reason can be computed; if one of them does not hold the verdict falls back to undecided.
    """

    reason: str
    verdict: Literal["undecided", "qualified"] = "undecided"
    facts: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        if self.verdict == "qualified" and not self.facts:
            raise Error("a qualified statement needs facts", "give what can be computed as [[claim.facts]]")

    def decide(self, subject: Activation) -> Finding:
        checked = []
        for fact in self.facts:
            finding = fact.kind.decide(fact.subject)
            if finding.verdict != "confirmed":
                reason = f"{self.reason}; but the fact it leans on is {finding.verdict}: {finding.reason}"
                return Finding("undecided", reason, finding.witness)
            checked.append(f"{fact.subject.name}: {finding.reason}")
        return Finding(self.verdict, "; ".join([self.reason, *checked]))
