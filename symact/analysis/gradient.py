"""What the tails of f' mean for gradients, in words and distances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from flint import arb, ctx
from sympy import Expr, sympify

from symact.analysis.numbers import Evaluator, Number, UndecidedError, evaluator
from symact.analysis.record import ENDS, Enclosure, Gradient, Value
from symact.analysis.tail import Tail
from symact.symbolic.branches import Branches

#: What a tail class of f' is called when one trains a network.
_VERDICTS = {
    "dead": "dead",
    "superexponential": "saturating exponentially",
    "exponential": "saturating exponentially",
    "stretched-exponential": "saturating subexponentially",
    "lognormal": "saturating subexponentially",
    "power": "saturating subexponentially",
    "slowly-varying": "saturating subexponentially",
    "constant": "preserving",
    "growing": "growing",
    "oscillating": "oscillating",
    "undetermined": "undetermined",
}


@dataclass(frozen=True)
class _Format:
    """A floating-point format: its smallest normal number, and the powers of two its numbers reach to."""

    name: str
    normal: int
    reach: int


_FORMATS = (_Format("float16", -14, 16), _Format("float32", -126, 128))

#: Bits for f' far out: x**3*(1 - tanh(x)**2) at 2**128 is known to about 2**(384 - precision).
_FAR_PRECISION = 1024


def gradient(first: Branches, tails: Mapping[str, Tail], steepest: Value | None) -> Gradient:
    """The verdict at both ends and its explanation.

    Args:
        first: f' without parameters.
        tails: of f' per end.
        steepest: the supremum of |f'|, where it is known.
    """
    verdict = {end: _VERDICTS[tails[end].kind] for end in ENDS}
    pieces = {"+oo": first.pieces[-1], "-oo": first.pieces[0]}
    sentences = {
        end: _SENTENCES[verdict[end]](
            tails[end], _Side(pieces[end].expression, first, 1 if end == "+oo" else -1, steepest)
        )
        for end in ENDS
    }
    if sentences["+oo"] == sentences["-oo"]:
        return Gradient(verdict, f"On both sides {sentences['+oo']}.")
    return Gradient(verdict, f"For large x {sentences['+oo']}. For large negative x {sentences['-oo']}.")


# Distances ------------------------------------------------------------------------------------------------------------


class _Side:
    """f' on the way to one end of the line."""

    def __init__(self, expression: Expr, first: Branches, side: int, steepest: Value | None) -> None:
        self.steepest = steepest
        self._side = side
        self._start = max((0.0, *(float(side * point.x) for point in first.points)))
        self._function: Evaluator | None = None
        with suppress(UndecidedError):
            self._function = evaluator(expression, first.x)

    def distances(self) -> str:
        """From where on f' is small: in terms of its maximum and of the formats' smallest normal numbers."""
        thresholds = [(f"{fmt.name}'s smallest normal number", arb(2) ** fmt.normal, fmt.reach) for fmt in _FORMATS]
        size = self._largest()
        if size is not None:
            thresholds.insert(0, ("1/1000 of its maximum", size / 1000, _FORMATS[-1].reach))
        found = [(words, self._last_crossing(threshold, reach)) for words, threshold, reach in thresholds]
        parts = [f"below {words} beyond |x| = {at:.3g}" for words, at in found if at is not None]
        return f"; it is {', '.join(parts[:-1])}{' and ' if parts[:-1] else ''}{parts[-1]}" if parts else ""

    def _largest(self) -> arb | None:
        if isinstance(self.steepest, Enclosure):
            return arb(self.steepest.value)
        if self.steepest in (None, "oo", "0"):
            return None
        return Number.of(sympify(self.steepest)).ball

    def _last_crossing(self, threshold: arb, reach: int) -> float | None:
        """The largest |x| <= 2**reach at which |f'| is not below the threshold; None if there is none.

        Looked for at powers of two from the far end, then by bisection: three digits, not a proof.
        """
        function = self._function
        if function is None:
            return None

        def is_below(t: float) -> bool:
            return bool(abs(function(arb(self._side * t))) < threshold)

        with ctx.workprec(_FAR_PRECISION):
            grid = [2.0**exponent for exponent in range(reach - 1, -12, -1) if 2.0**exponent > self._start]
            near = next((t for t in grid if not is_below(t)), self._start)
            if not grid or near == grid[0] or is_below(near + 2.0**-40):
                return None
            far = 2 * near if near in grid else grid[-1]
            for _ in range(24):
                middle = (near + far) / 2
                near, far = (near, middle) if is_below(middle) else (middle, far)
        return far


# Words ----------------------------------------------------------------------------------------------------------------


def _vanishing(tail: Tail, side: _Side) -> str:
    speed, meaning = _SPEEDS[_VERDICTS[tail.kind]]
    if tail.kind == "superexponential":
        speed = "faster than every exponential (which counts as saturating exponentially)"
    return f"f' vanishes {speed}, so {meaning}{side.distances()}"


_SPEEDS = {
    "saturating exponentially": ("exponentially", "a unit driven far out passes almost no gradient and stops learning"),
    "saturating subexponentially": (
        "more slowly than every exponential",
        "a unit driven far out still passes some gradient and can come back, if slowly",
    ),
}


def _preserving(tail: Tail, side: _Side) -> str:
    limit = tail.parameters["limit"]
    passes = "pass unchanged" if limit == "1" else f"pass with the factor {limit}"
    return f"f' tends to {limit}, so gradients {passes}"


#: Per verdict the sentence about one end, from the tail of f' there.
_SENTENCES: Mapping[str, Callable[[Tail, _Side], str]] = {
    "dead": lambda tail, side: "f' is exactly 0, so a unit whose inputs all lie there gets no gradient",
    "saturating exponentially": _vanishing,
    "saturating subexponentially": _vanishing,
    "preserving": _preserving,
    "growing": lambda tail, side: "f' grows without bound, so gradients can explode",
    "oscillating": lambda tail, side: "f' keeps oscillating, so how much gradient passes keeps changing with x",
    "undetermined": lambda tail, side: f"it could not be decided how f' behaves ({tail.reason})",
}
