"""What a report says about an analysis, before any typesetting: sections of rows of words and formulas.

The terminal, Markdown and LaTeX differ only in how they print this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symact.verification.claims import Mention

Document = Mapping[str, Any]

#: A formula and the name of its variable -> the formula as a function of a number, NaN where it has no value.
Evaluator = Callable[[str, str], Callable[[float], float]]


@dataclass(frozen=True)
class Formula:
    """An exact expression in SymPy syntax, to be printed as a formula."""

    exact: str


#: A run of words and formulas.
Inline = tuple[str | Formula, ...]


@dataclass(frozen=True)
class Section:
    """A titled table whose first column labels the rows, and paragraphs below it.

    Attributes:
        title: the heading.
        rows: each a label and one cell per column.
        columns: the columns' headings (the label column has none); empty for a list of facts.
        notes: paragraphs after the table.
    """

    title: str
    rows: tuple[tuple[Inline, ...], ...] = ()
    columns: tuple[Inline, ...] = ()
    notes: tuple[Inline, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that is printed about an activation: its name, one line on it, where it comes from, and the sections."""

    name: str
    summary: str
    reference: str
    sections: tuple[Section, ...]


#: The two ends of the line: the key in the document and what it is called.
ENDS: Mapping[str, Inline] = {"-oo": ("x → ", Formula("-oo")), "+oo": ("x → ", Formula("oo"))}

#: Distances from 0 at which the report shows how much gradient passes.
_DISTANCES = (1, 10, 100, 1000)
_LAYERS = 10


def report(
    document: Document,
    evaluator: Evaluator,
    summary: str = "",
    reference: str = "",
    claims: Sequence[Mention] = (),
) -> Report:
    """The report on an analysis document.

    Args:
        document: what `Analysis.to_dict` returns.
        evaluator: makes functions of numbers of the document's formulas.
        summary, reference: one line each, from the definition.
        claims: what the article says about this activation.
    """
    sections = [
        _definition(document),
        _tails(document),
        *([_passing(document, evaluator)] if document["derivative"] else []),
        *([_parametric(document["parametric"])] if document["parametric"] else []),
        *([_smoothness(document["smoothness"])] if document["smoothness"] else []),
        *([_shape(document["shape"], evaluator)] if document["shape"] else []),
        _unfinished(document["budget"]["unfinished"]),
        _claims(claims),
    ]
    return Report(document["name"], summary, reference, tuple(s for s in sections if s.rows))


def _definition(document: Document) -> Section:
    rows: list[tuple[Inline, ...]] = [(("f(x)",), (Formula(document["expression"]),))]
    for label, key in (("f'(x)", "derivative"), ("f''(x)", "second_derivative")):
        if document[key] is not None:
            rows.append(((label,), (Formula(document[key]["expression"]),)))
    for name, derivative in (document["parameter_derivatives"] or {}).items():
        rows.append((("∂f/∂", Formula(name)), (Formula(derivative["expression"]),)))
    rows += [((Formula(name),), (Formula(value),)) for name, value in document["parameters"].items()]
    return Section("Definition", tuple(rows))


def _tails(document: Document) -> Section:
    limits, tails, residuals = document["limits"], document["tails"], document["residuals"]
    verdicts = document["gradient"]["verdict"] if document["gradient"] else dict.fromkeys(ENDS, "-")
    ends = {end: (tails[end], residuals[end], verdicts[end]) for end in ENDS}
    columns: tuple[Inline, ...] = tuple(ENDS.values())
    tends = [_limit(limits[end]) for end in ENDS]
    if ends["-oo"] == ends["+oo"]:
        del ends["-oo"]
        columns = ((*ENDS["-oo"], " and ", *ENDS["+oo"]),)
        tends = [tends[0] if tends[0] == tends[1] else (*tends[0], " and ", *tends[1])]
    rows: list[tuple[Inline, ...]] = [
        (("f tends to",), *tends),
        (("f' is close to",), *(leading(tail) for tail, _, _ in ends.values())),
        (("f' therefore",), *(behaviour(tail) for tail, _, _ in ends.values())),
        (("subexponential",), *(_yes_or_no(tail["subexponential"]) for tail, _, _ in ends.values())),
    ]
    if any(residual for _, residual, _ in ends.values()):
        rows.append((("|f - limit| is close to",), *(leading(residual) for _, residual, _ in ends.values())))
        rows.append((("and therefore",), *(behaviour(residual) for _, residual, _ in ends.values())))
    rows.append((("gradients",), *((verdict,) for _, _, verdict in ends.values())))
    notes: list[Inline] = [(document["gradient"]["explanation"],)] if document["gradient"] else []
    notes.append(("Here t = |x|.",))
    if any(tail["subexponential"] is not None for tail in tails.values()):
        notes[-1] += (
            " Subexponential: f' tends to 0 more slowly than every exponential, so exp(εt) |f'| → ",
            Formula("oo"),
            " for each ε > 0. (Chistyakov's class of distributions is narrower; a sub-exponential random variable"
            " is the opposite.)",
        )
    return Section("Far from 0", tuple(rows), columns, tuple(notes))


def _parametric(parametric: Document) -> Section:
    limits, tails = parametric["limits"], parametric["tails"]
    rows: tuple[tuple[Inline, ...], ...] = (
        (("f tends to",), *(_limit(limits[end]) for end in ENDS)),
        (("f' is close to",), *(leading(tails[end]) for end in ENDS)),
        (("f' therefore",), *(behaviour(tails[end]) for end in ENDS)),
    )
    return Section("For all positive values of the parameters", rows, tuple(ENDS.values()))


def _limit(exact: str | None) -> Inline:
    return ("no limit found",) if exact is None else (Formula(exact),)


def _yes_or_no(answer: bool | None) -> Inline:
    return ("-" if answer is None else "yes" if answer else "no",)


def leading(tail: Document | None) -> Inline:
    """What f' is close to."""
    return (Formula(tail["leading"]),) if tail and tail["leading"] else ("-",)


def behaviour(tail: Document | None) -> Inline:
    """The class of a tail in words."""
    return _BEHAVIOUR[tail["class"]](tail) if tail else ("-",)


#: What each tail class means, completed with the tail's own parameters.
_BEHAVIOUR: Mapping[str, Callable[[Document], Inline]] = {
    "dead": lambda tail: ("is exactly 0",),
    "constant": lambda tail: (
        ("is exactly ", Formula(tail["limit"]))
        if tail["approach"] is None
        else ("tends to ", Formula(tail["limit"]), "; the rest ", *behaviour(tail["approach"]))
    ),
    "growing": lambda tail: (f"grows beyond all bounds: {tail['growth']}",),
    "superexponential": lambda tail: (
        "vanishes faster than every exponential, order ",
        Formula(tail["order"]),
    ),
    "exponential": lambda tail: ("vanishes exponentially, rate ", Formula(tail["rate"])),
    "stretched-exponential": lambda tail: (
        "vanishes as a stretched exponential, order ",
        Formula(tail["order"]),
    ),
    "lognormal": lambda tail: ("vanishes faster than every power, yet like no stretched exponential",),
    "power": lambda tail: (
        "vanishes as a power, index ",
        Formula(tail["index"]),
        *(() if tail["log_index"] in (None, "0") else (", log index ", Formula(tail["log_index"]))),
    ),
    "slowly-varying": lambda tail: ("vanishes more slowly than every power",),
    "oscillating": lambda tail: ("oscillates",),
    "undetermined": lambda tail: (f"is undetermined: {tail['reason']}",),
}


def _passing(document: Document, evaluator: Evaluator) -> Section:
    """f' at some distances, and its power for a stack of layers."""
    derivative = evaluator(document["derivative"]["expression"], "x")

    def cells(sign: int, power: int) -> Iterator[Inline]:
        for distance in _DISTANCES:
            slope = derivative(sign * distance)
            dead = document["tails"]["+oo" if sign > 0 else "-oo"]["class"] == "dead"
            yield ("below 1e-323" if slope == 0 and not dead else _number(Decimal(slope) ** power),)

    symmetric = document["shape"] and (document["shape"]["odd"] or document["shape"]["even"])
    rows: list[tuple[Inline, ...]] = []
    for sign, argument in ((1, "x"), (-1, "-x")):
        rows.append(((f"f'({argument})",), *cells(sign, 1)))
        rows.append(((f"through {_LAYERS} layers",), *cells(sign, _LAYERS)))
        if symmetric:
            break
    columns: list[Inline] = [(f"x = {distance}",) for distance in _DISTANCES]
    meaning = f"Through {_LAYERS} layers: f'(x) to the power {_LAYERS}, every unit at that x and every weight 1."
    return Section("How much gradient passes", tuple(rows), tuple(columns), ((meaning,),))


def _number(value: Decimal) -> str:
    """Two digits, which is what one remembers."""
    if value == 0 or -3 <= value.adjusted() <= 0:
        return f"{value:.2g}"
    return f"{value:.0f}" if 0 < value.adjusted() < 6 else f"{value:.1e}".replace(".0e", "e").replace("e+", "e")


def _unfinished(reasons: Mapping[str, str]) -> Section:
    rows = tuple(((name.replace("_", " ").replace(".", " at "),), (reason,)) for name, reason in reasons.items())
    return Section("Not finished", rows, notes=(("More time: --timeout SECONDS.",),))


def _smoothness(smoothness: Document) -> Section:
    rows: list[tuple[Inline, ...]] = []
    if smoothness["class"] is not None:
        rows.append((("class",), (_smoothness_class(smoothness["class"]),)))
    for kink in smoothness["kinks"]:
        jump = ("f' goes from ", *_limit(kink["left"]), " to ", *_limit(kink["right"]))
        value = ("; kernels give ", *_limit(kink["value"])) if kink["value"] is not None else ()
        rows.append((("kink at ", Formula(kink["x"])), (*jump, *value)))
    for point in smoothness["removable"]:
        words = ("the formula is undefined there; its limit ", Formula(point["value"]), " completes it")
        rows.append((("gap at ", Formula(point["x"])), words))
    return Section("Smoothness", tuple(rows))


def _smoothness_class(name: str) -> str:
    if name == "Cinf":
        return "infinitely differentiable"
    if name == "discontinuous":
        return "not continuous"
    derivatives = ("f", "f'", "f''", "f'''")
    order = int(name.removeprefix("C"))
    if order + 1 < len(derivatives):
        return f"{name}: {derivatives[order]} is continuous, {derivatives[order + 1]} is not"
    return f"{name}: {order} continuous derivatives and not one more"


def _shape(shape: Document, evaluator: Evaluator) -> Section:
    rows: list[tuple[Inline, ...]] = []

    def add(label: str, *cell: str | Formula) -> None:
        rows.append(((label,), cell))

    if shape["range"] is not None:
        add("range", *_range(shape["range"]), ", bounded" if shape["bounded"] else ", unbounded")
    if shape["monotone"] is not None:
        add("monotone", "no" if shape["monotone"] == "none" else shape["monotone"])
    symmetries = [name for name in ("odd", "even") if shape[name]]
    if symmetries:
        add("symmetry", " and ".join(symmetries))
    if shape["convex"] is not None:
        for kind in ("convex", "concave"):
            if shape["convex"][kind]:
                add(f"{kind} on", *_listed(_place(span) for span in shape["convex"][kind]))
    if shape["lipschitz"] is not None:
        add("largest slope", *_value(shape["lipschitz"]), *_approximately(shape["lipschitz"], evaluator))
    for extremum in shape["extrema"] or ():
        add(extremum["kind"], *_value(extremum["value"]), " at x = ", *_value(extremum["x"]))
    for label, key in (("zeros", "zeros"), ("fixed points", "fixed_points")):
        if shape[key] is not None:
            add(label, *(_listed(_place(place) for place in shape[key]) or ("none",)))
    return Section("Shape", tuple(rows))


def _range(range_: Document) -> Inline:
    opening, closing = "[" if range_["lower_attained"] else "(", "]" if range_["upper_attained"] else ")"
    return (opening, *_value(range_["lower"]), ", ", *_value(range_["upper"]), closing)


def _value(value: str | Document) -> Inline:
    """An exact number as a formula, any other to six digits."""
    return (Formula(value),) if isinstance(value, str) else (f"{value['value']:.6g}",)


def _approximately(value: str | Document, evaluator: Evaluator) -> Inline:
    """Six digits of an exact number that shows none itself."""
    if not isinstance(value, str) or "(" not in value:
        return ()
    return (f", about {evaluator(value, 'x')(0):.6g}",)


def _place(place: str | Document) -> Inline:
    """A number, or an interval."""
    if isinstance(place, str) or "value" in place:
        return _value(place)
    return ("(", *_value(place["lower"]), ", ", *_value(place["upper"]), ")")


def _listed(items: Iterable[Inline]) -> Inline:
    """The items with commas between them."""
    parts: list[str | Formula] = []
    for item in items:
        parts += [", ", *item] if parts else item
    return tuple(parts)


def _claims(claims: Sequence[Mention]) -> Section:
    rows = tuple(((claim.id,), (f"“{claim.printed}”",)) for claim in claims)
    return Section("What the article says of it", rows, notes=(("`symact verify article` decides each of them.",),))
