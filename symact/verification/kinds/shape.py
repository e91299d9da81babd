"""What the graph of f looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symact.activation import Activation
from symact.verification.kinds.base import Finding, Kind, checked, constant, same
from symact.verification.kinds.knowledge import facts


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
        checked("value", constant, self.value)

    def decide(self, subject: Activation) -> Finding:
        found = (facts(subject)["shape"] or {}).get("lipschitz")
        if not isinstance(found, str):
            return Finding("undecided", "the supremum of |f'| was not found exactly")
        reason = f"the supremum of |f'| is {found}"
        if same(constant(found), constant(self.value)):
            return Finding("confirmed", reason)
        return Finding("refuted", reason, {"x": "the supremum", "printed": self.value, "true": found})
