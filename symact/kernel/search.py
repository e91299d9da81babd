"""The search for programs: every piece is written in many ways, and the cheapest of the most exact is kept.

A pass is one function (f, f' or f'') on the whole line. Each half line is treated in t = |x|; a region is a smooth
piece on a half line, and a region may be divided into regimes with a form each. Budgets are counts and seeds are
fixed, so that the same definition gives the same program on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from itertools import product, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Integer, Poly, Rational, Symbol, oo

from symact.activation import Activation
from symact.errors import Error
from symact.kernel.arithmetic import Arithmetic
from symact.kernel.interpret import Steps, evaluate
from symact.kernel.lowering import Lowering, Style
from symact.kernel.merge import merged
from symact.kernel.paired import PairedLowering
from symact.kernel.patch import Patch, around, at_infinity, at_root, at_zero, sign_changes
from symact.kernel.program import Builder, Kernel
from symact.kernel.regimes import round_between, stretches
from symact.kernel.rewrite import Form, far_out, forms, with_power_outside, without
from symact.kernel.scaling import scaling
from symact.kernel.score import Sample, beside_roots, cost, inputs, root_tolerance
from symact.kernel.settings import oracles_of, settings_of
from symact.oracle import Oracle
from symact.oracle.arb import ArbFunction
from symact.oracle.formats import FORMATS
from symact.oracle.samples import around_thresholds
from symact.symbolic.branches import Branches, Point
from symact.symbolic.limits import limit_at

#: What is tried in turn for a region: an error level in ULP with the most regimes allowed to reach it. A second regime
#: doubles the work, so it has to be worth more than an ULP or two; more of them only follow noise.
_FULL = ((2.0, 1), (4.0, 1), (4.0, 2), (8.0, 1), *((level, 2) for level in (8.0, 32.0, 256.0, 1e4, 1e7, np.inf)))

#: Wide programs are rounded once more in the end, so that their own error is to be a small part of an ULP.
_WIDE = ((2.0**-6, 1), (2.0**-5, 1), (2.0**-5, 2), *((level, 2) for level in (2.0**-4, 0.25, 4.0, 1e4, np.inf)))

#: Where pairs of numbers are at hand, the cheapest single formula that is good to 3/2 is taken, with them or without:
#: on more inputs than a sample has it may be somewhat worse. Errors of products end before the largest numbers do, so
#: that a third regime may be needed there, which has to be without pairs.
_PAIRED = (
    *((1.5, count) for count in (1, 2, 3)),
    *((level, 3) for level in (2.0, 4.0, 8.0, 32.0, 256.0, 1e4, 1e7, np.inf)),
)
_WITHOUT_PAIRS, _GOOD_THERE = 2.0**960, 1.25

#: Where every formula is worse than this, expansions are made; else where it is worse than the second level.
_TROUBLE = {"paired": 1.25}

#: Quick programs may be 4 ULP off; on more inputs than a sample has they are by a little more than here.
_QUICK = (
    *((level, 1) for level in (3.5, 4.0, 6.0, 8.0, 16.0)),
    *((level, 2) for level in (4.0, 8.0, 32.0, 256.0, 1e4, 1e7, np.inf)),
)

LADDERS = {"wide": _WIDE, "float64": _FULL, "paired": _PAIRED, "float32": _FULL, "fast": _QUICK}

#: How many times worse than the best a program may be at other values of the parameters, where the rounding of a
#: product with x already decides.
_OTHER = 4.0

#: Products of x and a parameter are tried up to this part of the largest number against exact values; beyond, only for
#: NaN and early overflow.
_FAR = 2.0**-27

_ZEROS = np.array([0.0, -0.0])

#: How often fresh inputs are tried, with samples of how many seeds, beside how many of the worst ones known and how far
#: around them, and how far around the ends of regimes; how many of those that are too bad join the sample.
_ROUNDS, _FRESH, _WORST, _AROUND, _ACROSS, _FED_BACK = 4, 8, 16, 2.0**-5, 0.5, 40

#: How often in pairs, and which error is none there; then they choose once more, for what is bad has lost all digits.
_PAIRED_ROUNDS, _STILL_GOOD = 6, 1.625

#: In pairs fresh inputs are also drawn near the ends of regimes, about the last digit of 1, and where most of what
#: happens happens: exponents, and how many.
_BESIDE_1, _MIDDLE = ((-57.0, -48.0), 400), ((-10.0, 8.0), 4000)

#: A formula for the whole line is not tried on fresh inputs: it has to be better by this.
_WHOLE = 0.75

#: Beyond this level fresh inputs do not help; beyond the other not even the size is right, and any zero is as good.
_HOPELESS, _NOTHING_RIGHT = 32.0, 2.0**64

#: How large an error counts that pairs have only where products are fused with sums.
_FUSED = 2.0

#: Beyond this error pairs are given polynomials where forms are worst, for on more inputs they may be beyond 2 ULP:
#: so many, none as near to another as this part of its size.
_FAIR, _PIECES, _APART = 1.5, 4, 0.25

#: How many more regimes there may be where some of them are expansions, and where these include ones in between.
_MORE, _MANY_MORE = 2, 5

#: Where tails may be series in 1/t.
_FAR_OUT = 2.0**3

_ALL_STYLES = tuple(Style(*choice) for choice in product((False, True), repeat=4))

#: Products below in turn, scaled or as they are; tails in halves, lifted, flushed or as they are.
_QUICK_STYLES = tuple(
    Style(stepwise=way == "stepwise", scaled=way == "scaled", halves=tail == "halves", lifted=tail == "lifted",
          flushed=tail == "flushed", settled=far == "settled", capped=far == "capped", exact=exact, quick=True)
    for way, tail, far, exact in product(
        ("", "stepwise", "scaled"), ("", "halves", "lifted", "flushed"), ("", "settled", "capped"), (False, True)
    )
)  # fmt: skip

#: In wide arithmetic one will do: it is far from the ends of the exponents' range, and its last digits do not matter.
_STYLES = {
    "wide": (Style(),),
    "float64": _ALL_STYLES,
    "paired": _ALL_STYLES,
    "float32": _ALL_STYLES,
    "fast": _QUICK_STYLES,
}

#: The words of styles in the record.
_WORDS = ("stepwise", "halves", "settled", "exact", "lifted", "flushed", "capped", "scaled")

#: In quick arithmetic, how many combinations of forms for the regions are looked at, of the cheapest forms of each, and
#: how many of those with their values at 0 and infinity.
_COMBINATIONS, _FINISHED = 900, 16

#: In paired arithmetic the largest error on the right side of a form for the left one, which has been rounded before.
_OTHER_SIDE = 1.5

#: A difference this small of numbers of a common size is none.
_EQUAL = Rational(1, 10**20)

#: Pairs need no exact exponents, no order of divisions and no halves.
_PAIRED_STYLES = (Style(), Style(settled=True))


class Symmetry(Enum):
    """How the values on one half line follow from those on the other.

    f(-t) = f(t), f(-t) = -f(t), f(t) = t + f(-t), f(t) = 1 - f(-t).
    """

    NONE = auto()
    EVEN = auto()
    ODD = auto()
    RAMP = auto()
    STEP = auto()


@dataclass(frozen=True)
class Candidate:
    """A kernel of x (with t = |x|) that may be right on a region or a part of it, between the sizes of its span.

    Its name is for the record.
    """

    name: str
    kernel: Kernel
    span: tuple[float, float] = (0.0, np.inf)


@dataclass(frozen=True)
class Region:
    """A smooth piece on a half line: the expression in t for lower < t < upper, x = side*t.

    `closed` says that the piece's own value holds at t = upper.
    """

    side: int
    lower: Expr
    upper: Expr
    expression: Expr
    closed: bool


@dataclass(frozen=True)
class Regime:
    """The part of a region up to t = upper (None: up to the region's end) and what computes it."""

    candidate: Candidate
    upper: float | None
    error: float


@dataclass(frozen=True)
class _Trial:
    """What may cover a region: formulas, expansions around roots, and the inputs at which they have been tried.

    `pieces` says that expansions around other places are among these where that is possible.
    """

    region: Region
    candidates: Sequence[Candidate]
    patches: Sequence[Candidate]
    samples: list[Sample]
    roots: Sequence[float] = ()
    pieces: bool = False

    def tolerance(self, size: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many times as large as elsewhere an error may be."""
        return root_tolerance(size, self.roots)

    def add(self, sample: Sample) -> None:
        """Further inputs."""
        self.samples.append(sample)


class PassSearch:
    """Finds the program of one pass.

    Args:
        activation: the definition, for its variable and parameters.
        branches: f, f' or f'', parameters symbolic.
        arithmetic: in which the program is evaluated.
        oracles: `oracles_of` that pass, where somebody has them already.
    """

    def __init__(
        self,
        activation: Activation,
        branches: Branches,
        arithmetic: Arithmetic,
        oracles: Sequence[Oracle] | None = None,
    ) -> None:
        self.branches = branches
        self.arithmetic = arithmetic
        self.ladder = LADDERS[arithmetic.name]
        self.trouble = _TROUBLE.get(arithmetic.name, self.ladder[1][0])
        self.x = branches.x
        self.t = Symbol("t", positive=True)
        self.symbols = activation.symbols
        self.parameters = tuple(activation.symbols)
        self.settings = settings_of(activation)
        halves = (piece.expression.subs(self.x, side * self.t) for side in (1, -1) for piece in branches.pieces)
        at_zero_only = all(p.x == 0 for p in branches.points)
        self.scaling = scaling(list(halves), self.t, self.symbols) if at_zero_only else None
        self._sampled: dict[tuple[int, float, float, tuple[float, ...]], list[Sample]] = {}
        self._prices: dict[Kernel, int] = {}
        self._surviving: dict[tuple[Kernel, int], bool] = {}
        self._far_steps: dict[tuple[int, int], Steps] = {}
        self._begun: dict[Region, _Trial] = {}
        self.oracles = oracles_of(activation, branches) if oracles is None else oracles

    def kernel(self, name: str, output: str) -> tuple[Kernel, list[dict[str, Any]]]:
        """The program and, for the record, the form and the error in every regime."""
        ways = (self._whole_line, self._by_sides(), self._by_left_side())
        found = [each for each in ways if each is not None]
        if self.arithmetic.is_quick:  # a cut that keeps NaN takes more, and may save a choice in the end
            found += [(_with_nan(kernel), record) for kernel, record in found]
        finished = [(merged(self._guarded(kernel, name, output), self.arithmetic), record) for kernel, record in found]
        return min(finished, key=lambda each: cost(each[0], self.arithmetic))

    def promises(self, one: float, several: float) -> bool:
        """Whether the first choice on each region, before fresh inputs, is within an error.

        Args:
            one: the error of a single formula, in whose place several ones may come yet.
            several: of several ones; more inputs do not make them better.
        """
        if self._whole_line is not None:
            return True
        for region in (*self._regions(1), *self._regions(-1)):
            _, (regimes, *_) = self._covered(self._trial(region))
            if max(regime.error for regime in regimes) > (one if len(regimes) == 1 else several):
                return False
        return True

    # One formula for the whole line -----------------------------------------------------------------------------------

    @cached_property
    def _whole_line(self) -> tuple[Kernel, list[dict[str, Any]]] | None:
        """The plain text in x, where the function is one piece and nothing is lost by it."""
        if len(self.branches.pieces) != 1:
            return None
        (piece,) = self.branches.pieces
        candidates = list(self._candidates([Form("as written", piece.expression)], self.x, negative=False))
        samples = [sample for side in (-1, 1) for sample in self._samples(side, 0.0, np.inf)]
        best = min(candidates, key=lambda c: self._worst(c, samples))
        if self._worst(best, samples) > self.ladder[0][0] * (1.0 if self.arithmetic.is_wide else _WHOLE):
            return None
        return best.kernel, [{"rule": best.name, "error": _rounded(self._worst(best, samples))}]

    def _worst(self, candidate: Candidate, samples: Sequence[Sample]) -> float:
        return float(max(s.errors(candidate.kernel).max(initial=0.0) for s in samples))

    # Half lines -------------------------------------------------------------------------------------------------------

    def _by_sides(self) -> tuple[Kernel, list[dict[str, Any]]]:
        right, left = self._regions(1), self._regions(-1)
        symmetry = self._symmetry(left, right)
        regions = [*right, *(left if symmetry is Symmetry.NONE else ())]
        found = self._regimes(regions, symmetry)
        covered = self._by_side(regions, found)
        record = [
            {"side": side, "upper": regime.upper, "rule": regime.candidate.name, "error": _rounded(regime.error)}
            for side, found in covered.items()
            for regimes in found
            for regime in regimes
        ]
        return self._put_together(covered, symmetry), record

    def _by_left_side(self) -> tuple[Kernel, list[dict[str, Any]]] | None:
        """In fused arithmetics one form for both sides, where f(t) = t + f(-t) or f(t) = 1 - f(-t)."""
        right, left = self._regions(1), self._regions(-1)
        if not (self.arithmetic.is_fused and len(right) == len(left) == 1):
            return None
        symmetry = self._of_left_side(right[0], left[0])
        if symmetry is None:
            return None
        (regimes,) = self._regimes(left, symmetry)
        kernel = self._put_together({-1: [regimes]}, symmetry)
        level = self.ladder[0][0] if self.arithmetic.is_quick else _OTHER_SIDE
        if self._worst(Candidate("left side", kernel), self._region_samples(right[0])[:1]) > level:
            return None
        word = "ramp" if symmetry is Symmetry.RAMP else "step"
        return kernel, [
            {"side": -1, "upper": r.upper, "rule": f"{word} and {r.candidate.name}", "error": _rounded(r.error)}
            for r in regimes
        ]

    def _of_left_side(self, right: Region, left: Region) -> Symmetry | None:
        """What is to be added to f(-t) or -f(-t) for f(t), by numbers: t (a ramp) or 1 (a step)."""
        if not left.expression.has(self.t):
            return None
        if self._vanishes(right.expression - left.expression - self.t):
            return Symmetry.RAMP
        is_step = not self.arithmetic.is_quick and self._vanishes(right.expression + left.expression - 1)
        return Symmetry.STEP if is_step else None

    def _vanishes(self, difference: Expr) -> bool:
        return all(
            abs(difference.subs({self.t: t, **dict.fromkeys(self.symbols.values(), p)}).evalf(30)) < _EQUAL
            for t, p in product((Rational(3, 7), Rational(9, 5), Rational(31, 6)), (1, Rational(3, 5), 2))
        )

    @staticmethod
    def _by_side(regions: Sequence[Region], found: Sequence[list[Regime]]) -> dict[int, list[list[Regime]]]:
        """The forms of each half line's regions."""
        covered: dict[int, list[list[Regime]]] = {}
        for region, regimes in zip(regions, found, strict=True):
            covered.setdefault(region.side, []).append(regimes)
        return covered

    def _put_together(self, covered: Mapping[int, list[list[Regime]]], symmetry: Symmetry) -> Kernel:
        """The half lines put together such that the values at both zeros are right, where they can be."""
        simple, signed = (self._assembled(covered, symmetry, by_sign_bit) for by_sign_bit in (False, True))
        return signed if self._wrong_at(_ZEROS, simple).any() else simple

    def _assembled(self, covered: Mapping[int, list[list[Regime]]], symmetry: Symmetry, by_sign_bit: bool) -> Kernel:
        """The half lines put together; `by_sign_bit` says that -0 takes the left one's formula."""
        b = Builder()
        x = b.input("x")
        t = b("abs", x)
        values = {side: self._half_line(b, t, self._regions(side), found) for side, found in covered.items()}
        if symmetry is Symmetry.RAMP:
            # -0 where the left side is negative: it keeps the sign of what underflows there.
            negative = any((s.reference.rounded < 0).any() for s in self._region_samples(self._regions(-1)[0]))
            zero = b.const(0)
            least = b("neg", zero) if negative else zero
            # Not every target's maximum of two zeros is the same one.
            ramp = b("max", x, least) if self.arithmetic.is_quick else b("select", b("lt", x, zero), least, x)
            value = b("add", ramp, values[-1])
        elif symmetry is Symmetry.STEP:
            left = values[-1]
            value = b("select", self._is_left(b, x, by_sign_bit), left, b("sub", b.const(1), left))
        elif symmetry is Symmetry.EVEN:
            value = values[1]
        elif symmetry is Symmetry.ODD:
            value = self._odd(b, x, values[1])
        else:
            value = b("select", self._is_left(b, x, by_sign_bit), values[-1], values[1])
        return b.kernel("pass", ["x"], self.parameters, {"y": value})

    def _regions(self, side: int) -> list[Region]:
        """The pieces on one half line, from t = 0 outwards."""
        found = []
        points: dict[Expr, Point] = {p.x: p for p in self.branches.points}
        ordered = self.branches.pieces[::side]
        for piece, beyond in zip_longest(ordered, ordered[1:]):
            near, far = (piece.lower, piece.upper) if side > 0 else (-piece.upper, -piece.lower)
            trial = self._at_defaults(far)
            if trial <= 0:
                continue
            near = near if self._at_defaults(near) > 0 else Integer(0)
            expression = piece.expression.subs(self.x, side * self.t)
            point = points.get(side * far)
            closed = point is not None and point.value is not None and self._holds(point, side, beyond.expression)
            found.append(Region(side, near, far, expression, closed))
        return found

    def _holds(self, point: Point, side: int, beyond: Expr) -> bool:
        """Whether the inner piece gives the value at its outer end; a constant beyond is preferred, as it is exact."""
        inner, outer = (point.left, point.right)[::side]
        return bool(point.value == inner and (point.value != outer or beyond.has(self.x)))

    def _at_defaults(self, value: Expr) -> float:
        defaults = {self.symbols[n]: v for n, v in self.settings[0].items()}
        return float(value.subs(defaults))

    def _symmetry(self, left: Sequence[Region], right: Sequence[Region]) -> Symmetry:
        """Even, odd or none, by the values at samples and breakpoints."""
        if [r.upper for r in left] != [r.upper for r in right]:
            return Symmetry.NONE
        pairs = [
            (m, p)
            for a, b in zip(left, right, strict=True)
            for m, p in zip(self._region_samples(a), self._region_samples(b), strict=True)
        ]
        values = [(m.reference.rounded, p.reference.rounded) for m, p in pairs]
        ends = {p.x: p.value for p in self.branches.points if p.x != 0}

        def mirrored(sign: int) -> bool:
            return all(np.array_equal(m, sign * p) for m, p in values) and all(
                value is not None and ends.get(-at) == sign * value for at, value in ends.items()
            )

        if mirrored(1):
            return Symmetry.EVEN
        return Symmetry.ODD if mirrored(-1) else Symmetry.NONE

    def _odd(self, b: Builder, x: int, value: int) -> int:
        samples = (s for region in self._regions(1) for s in self._region_samples(region))
        if all((s.reference.rounded >= 0).all() for s in samples):
            return b("copysign", value, x)
        return b("mul", b("copysign", b.const(1), x), value)

    def _is_left(self, b: Builder, x: int, by_sign_bit: bool) -> int:
        """Whether x takes the left half line's formula; where f jumps at 0, zeros go where f(0) is."""
        zero = b.const(0)
        point = next((p for p in self.branches.points if p.x == 0), None)
        if point is not None and not point.continuous:
            return b("le" if point.value == point.left else "lt", x, zero)
        return b("lt", b("copysign", b.const(1), x) if by_sign_bit else x, zero)

    def _half_line(self, b: Builder, t: int, regions: Sequence[Region], found: Sequence[Sequence[Regime]]) -> int:
        """Nested selects from the outside in."""
        value: int | None = None
        for region, regimes in reversed(list(zip(regions, found, strict=True))):
            for index, regime in reversed(list(enumerate(regimes))):
                here = b.include(regime.candidate.kernel)["y"]
                if value is None:
                    value = here
                    continue
                if index + 1 < len(regimes):
                    u = t if self.scaling is None else self.scaling.write(b, t)
                    inside = b("lt", u, b.const(_decimal(regime.upper)))
                else:
                    edge = self._plain(b)(region.upper)
                    inside = b("le" if region.closed else "lt", t, edge)
                value = b("select", inside, here, value)
        assert value is not None
        return value

    # Candidates and regimes -------------------------------------------------------------------------------------------

    def _leaves(self, b: Builder) -> dict[Symbol, int]:
        return {symbol: b.parameter(name) for name, symbol in self.symbols.items()}

    def _plain(self, b: Builder) -> Lowering:
        return Lowering(b, self._leaves(b), {}, Style(), self.arithmetic)

    def _candidates(
        self, found: Sequence[Form], variable: Symbol, negative: bool, paired: Sequence[Style] | None = None
    ) -> Iterator[Candidate]:
        """Each form in each style, programs that turn out the same once; `negative` is the sign for large t.

        `paired` are the styles for pairs, where not the usual ones and nothing else are wanted.

        Raises:
            Error: no form can be lowered, because there is no operation for a function.
        """
        seen: set[Kernel] = set()
        failure: Error | None = None
        styles = [] if paired is not None else [(style, False) for style in _STYLES[self.arithmetic.name]]
        if self.arithmetic.name == "paired":
            styles += [(style, True) for style in (_PAIRED_STYLES if paired is None else paired)]
        # The usual order: plain numbers before pairs, and within each the forms one after the other.
        for in_pairs, form, (style, pairs) in product((False, True), found, styles):
            if pairs != in_pairs:
                continue
            b = Builder()
            x = b.input("x")
            start = x if variable == self.x else b("abs", x)
            try:
                leaves = {variable: start, **self._leaves(b)}
                lower: Lowering | PairedLowering = (
                    PairedLowering(b, leaves, form.where, style.stepwise)
                    if in_pairs
                    else Lowering(b, leaves, form.where, style, self.arithmetic)
                )
                step = lower(form.expression)
                if style.settled:
                    step = lower.settled(step, without(form.expression, form.where), negative)
            except Error as error:
                failure = error
                continue
            kernel = b.kernel("piece", ["x"], self.parameters, {"y": step})
            if kernel not in seen:
                seen.add(kernel)
                words = [word for word in _WORDS if getattr(style, word)]
                yield Candidate(", ".join([form.rule, *(["in pairs"] if in_pairs else []), *words]), kernel)
        if not seen and failure is not None:
            raise failure

    def _samples(self, side: int, lower: float, upper: float, roots: Sequence[float] = ()) -> list[Sample]:
        """Inputs on one side with exact roots, at every setting of the parameters."""
        key = (side, lower, upper, tuple(roots))
        if key not in self._sampled:
            self._sampled[key] = list(self._drawn(side, lower, upper, roots))
        return self._sampled[key]

    def _drawn(self, side: int, lower: float, upper: float, roots: Sequence[float]) -> Iterator[Sample]:
        dtype = np.dtype(self.arithmetic.result)
        far = _FAR * float(np.finfo(dtype).max)
        for index, (setting, oracle) in enumerate(zip(self.settings, self.oracles, strict=True)):
            points = np.union1d(inputs(lower, upper, dtype, seed=index), np.array(roots, dtype))
            if index:
                scale = dtype.type(max(setting.values()))
                points = points[points < far * min(1.0, scale)]
                points = np.unique(np.concatenate([points, points / scale]))
                points = points[(points > lower) & (points < min(upper, far / max(1.0, scale)))]
            if index == 0:
                thresholds = np.abs(around_thresholds(oracle, FORMATS[self.arithmetic.result]))
                points = np.union1d(points, thresholds[(thresholds > lower) & (thresholds < upper)].astype(dtype))
            near = beside_roots(oracle, FORMATS[self.arithmetic.result], points, side).astype(dtype)
            yield Sample.of(self.arithmetic, oracle, side * np.union1d(points, near), setting)

    def _survives(self, candidate: Candidate, region: Region, samples: Sequence[Sample]) -> bool:
        """Whether no NaN or infinity comes out at the largest numbers, where f grows no faster than x does."""
        if region.upper != oo:
            return True
        key = candidate.kernel, region.side
        if key not in self._surviving:
            self._surviving[key] = self._survives_far_out(candidate, region, samples)
        return self._surviving[key]

    def _survives_far_out(self, candidate: Candidate, region: Region, samples: Sequence[Sample]) -> bool:
        for number, sample in enumerate(samples[: len(self.settings)]):
            farthest = int(np.argmax(np.abs(sample.x)))
            if abs(sample.reference.rounded[farthest]) > 4 * abs(float(sample.x[farthest])) + 4:
                continue
            greatest = float(np.finfo(self.arithmetic.result).max)
            largest = (region.side * np.array([0.99, 0.5, 0.1]) * greatest).astype(sample.x.dtype)
            memory = self._far_steps.setdefault((region.side, number), {})
            values = evaluate(candidate.kernel, {"x": largest, **sample.parameters}, self.arithmetic, memory=memory)[
                "y"
            ]
            if not np.isfinite(values).all():
                return False
        return True

    def _region_samples(self, region: Region) -> list[Sample]:
        lower, upper = self._bounds(region)
        roots = [root for root in _exact_roots(region.expression, self.t) if lower < root < upper]
        return self._samples(region.side, lower, upper, roots)

    def _bounds(self, region: Region) -> tuple[float, float]:
        lower = 0.0 if region.lower == Integer(0) else self._at_defaults(region.lower)
        return lower, np.inf if region.upper == oo else self._at_defaults(region.upper)

    def _regimes(self, regions: Sequence[Region], symmetry: Symmetry) -> list[list[Regime]]:
        """The fewest and cheapest forms that cover each region at the first error level that is reached.

        What a sample lets through is tried on fresh inputs; those where it is worse than promised join the sample.
        """
        trials = [replace(trial, samples=list(trial.samples)) for trial in map(self._trial, regions)]
        tried: list[list[Regime] | None] = [None] * len(trials)
        for number in range(_PAIRED_ROUNDS + 1 if self.arithmetic.name == "paired" else _ROUNDS):
            covers = [self._covered(trial) for trial in trials]
            if self.arithmetic.name == "paired":
                for index, (_, (first, *_)) in enumerate(covers):
                    worst = max(regime.error for regime in first)
                    if _FAIR < worst <= _HOPELESS and not trials[index].pieces:
                        trials[index] = self._with_pieces(trials[index])
                        covers[index] = self._covered(trials[index])
            chosen = self._jointly(regions, [choices for _, choices in covers], symmetry)
            enough = True
            if number == _PAIRED_ROUNDS:
                break
            for index, trial in enumerate(trials):
                level = covers[index][0]
                if chosen[index] == tried[index] or self.arithmetic.is_wide or level > _HOPELESS:
                    continue
                limit = max(level, _STILL_GOOD) if self.arithmetic.name == "paired" else level
                worse = self._worse(chosen[index], trial, number, limit)
                tried[index] = chosen[index]
                if worse is not None:
                    trial.add(worse)
                    enough = False
                fused = self._worse_if_fused(chosen[index], trial) if self.arithmetic.name == "paired" else None
                if fused is not None:
                    beside = self._beside_roots(trial.region, trial.samples[0], np.abs(fused.x))
                    trials[index] = replace(trial, patches=[*trial.patches, *beside])
                    trial.add(fused)
                    enough = False
            if enough:
                break
        return chosen

    def _jointly(
        self, regions: Sequence[Region], choices: Sequence[Sequence[list[Regime]]], symmetry: Symmetry
    ) -> list[list[Regime]]:
        """The first choice of each region; in fused arithmetics those that make the cheapest program together."""
        if not self.arithmetic.is_fused:
            return [each[0] for each in choices]
        most = int(_COMBINATIONS ** (1 / len(regions)) + 1e-9)

        def price(kernel: Kernel) -> int:
            return cost(merged(kernel, self.arithmetic), self.arithmetic)

        def roughly(found: Sequence[list[Regime]]) -> tuple[int, float]:
            assembled = self._assembled(self._by_side(regions, found), symmetry, by_sign_bit=False)
            if assembled not in self._prices:
                self._prices[assembled] = price(assembled)
            return self._prices[assembled], max(regime.error for each in found for regime in each)

        def exactly(found: Iterable[list[Regime]]) -> int:
            together = self._put_together(self._by_side(regions, list(found)), symmetry)
            return min(price(self._guarded(kernel, "pass", "y")) for kernel in {together, _with_nan(together)})

        cheapest = sorted(product(*(each[:most] for each in choices)), key=roughly)
        return list(min(cheapest[:_FINISHED], key=exactly))

    def _trial(self, region: Region) -> _Trial:
        """The candidates for a region, and the inputs that they are first tried at."""
        if region not in self._begun:
            self._begun[region] = self._new_trial(region)
        return self._begun[region]

    def _new_trial(self, region: Region) -> _Trial:
        samples = list(self._region_samples(region))
        outermost = samples[0].reference.rounded[np.argmax(np.abs(samples[0].x))]
        negative = bool(np.signbit(outermost))
        candidates = list(self._candidates(forms(region.expression, self.t), self.t, negative))
        table = _errors(candidates, samples)
        if region.upper == oo:
            candidates += self._further(region, table.min(axis=0)[: len(samples[0].x)], negative)
            table = _errors(candidates, samples)
        if (table.min(axis=0)[: len(samples[0].x)][samples[0].reference.rounded == 0] > _NOTHING_RIGHT).any():
            candidates += list(self._signed(candidates, samples))
            table = _errors(candidates, samples)
        soundest = table[np.log2(1 + np.minimum(table, 1e18)).sum(axis=1).argmin()]
        first = np.arange(table.shape[1]) < len(samples[0].x)
        lost = first & (soundest > self.trouble)
        size = np.concatenate([self._size(s) for s in samples])
        patches = list(self._patches(region, samples[0], size[lost])) if lost.any() else []
        if region.upper == oo and (table.min(axis=0)[first & (size > _FAR_OUT)] > self.trouble).any():
            patches += self._series_far_out(region)
        return _Trial(region, candidates, patches, samples, self._roots(samples[0]))

    def _signed(self, candidates: Sequence[Candidate], samples: Sequence[Sample]) -> Iterator[Candidate]:
        """The candidates with the sign that the function has all over a region: sums may lose that of a zero."""
        signs = {bool(sign) for sample in samples for sign in np.signbit(sample.reference.rounded)}
        if len(signs) == 1:
            for candidate in candidates:
                b = Builder()
                b.input("x")
                size = b("abs", b.include(candidate.kernel)["y"])
                signed = b("neg", size) if signs == {True} else size
                yield Candidate(f"{candidate.name}, signed", b.kernel("piece", ["x"], self.parameters, {"y": signed}))

    def _further(self, region: Region, best: NDArray[np.float64], negative: bool) -> Iterator[Candidate]:
        """More forms for a tail, given the best errors at the first sample."""
        hopeless = best > _HOPELESS
        if hopeless.any():
            tail = far_out(region.expression, self.t)
            yield from self._candidates([tail] if tail is not None else [], self.t, negative)
        if (np.abs(self._region_samples(region)[0].reference.rounded[hopeless]) > 1).any():
            yield from self._candidates(list(with_power_outside(region.expression, self.t)), self.t, negative)
        limit = limit_at(region.expression, self.t, oo, "-") if np.isinf(best).any() else None
        if limit is not None and limit.is_finite:
            yield from self._candidates([Form("limit", limit)], self.t, negative)
        far = self._size(self._region_samples(region)[0]) > _WITHOUT_PAIRS
        if self.arithmetic.name == "paired" and best[far].any():  # not where all is 0 or a power of 2
            plain = forms(region.expression, self.t)
            yield from self._candidates(plain, self.t, negative, paired=[Style(stepwise=True)])

    def _roots(self, sample: Sample) -> tuple[float, ...]:
        """Sizes beside which quick programs may lose digits."""
        if not self.arithmetic.is_quick or (self.parameters and self.scaling is None):
            return ()
        size = self._size(sample)
        increasing = np.argsort(size)
        values = sample.reference.rounded[increasing].tolist()
        return tuple(high for _, high in sign_changes(size[increasing].tolist(), values))

    def _worse(self, regimes: Sequence[Regime], trial: _Trial, number: int, limit: float) -> Sample | None:
        """Fresh inputs on which the forms are worse than a limit; None if there are none."""
        region, known = trial.region, trial.samples[0]
        lower, upper = self._bounds(region)
        dtype = np.dtype(self.arithmetic.result)
        generator = np.random.default_rng(number)
        errors = _errors_of(regimes, known, self._size(known))
        worst = np.abs(known.x[np.argsort(errors)[-_WORST:]]).astype(np.float64)
        edges = [regime.upper for regime in regimes if regime.upper is not None]
        with np.errstate(over="ignore"):
            near = [
                np.outer(places, 1 + generator.uniform(-reach, reach, 64)).ravel()
                for places, reach in ((worst, _AROUND), (edges, _ACROSS))
            ]
            around = np.concatenate(near).astype(dtype)
        if self.arithmetic.name == "paired":  # there low parts are the whole result, and have no digits to spare
            drawn = (2.0 ** generator.uniform(*exponents, count) for exponents, count in (_BESIDE_1, _MIDDLE))
            near = np.outer(edges, 1 + generator.uniform(-_AROUND, _AROUND, 256)).ravel()
            around = np.concatenate([around, near, *drawn])
        seeds = range(_FRESH * (number + 1), _FRESH * (number + 2))
        t = np.unique(np.concatenate([*(inputs(lower, upper, dtype, seed=seed) for seed in seeds), around]))
        t = t[(t > lower) & (t < upper)]
        fresh = Sample.of(self.arithmetic, self.oracles[0], region.side * t, self.settings[0])
        errors = _errors_of(regimes, fresh, self._size(fresh))
        if self.arithmetic.name == "paired":
            errors[(self._size(fresh) > _WITHOUT_PAIRS) & (errors <= _GOOD_THERE)] = 0.0
        tolerance = trial.tolerance(self._size(fresh))
        errors = np.where(np.isinf(tolerance), 0.0, errors / tolerance)
        bad = np.sort(np.argsort(errors)[-_FED_BACK:])
        bad = bad[errors[bad] > limit]
        if not len(bad):
            return None
        return Sample.of(self.arithmetic, self.oracles[0], region.side * t[bad], self.settings[0])

    def _worse_if_fused(self, regimes: Sequence[Regime], trial: _Trial) -> Sample | None:
        """Inputs at which the forms are bad where products are fused with sums; None if there are none.

        Low parts, which are the whole result beside a root, come out otherwise then.
        """
        known = trial.samples[0]
        errors = _errors_of(regimes, known.with_fused(np.arange(len(known.x))), self._size(known))
        more = errors > _errors_of(regimes, known, self._size(known))
        (bad,) = np.nonzero(more & (errors > _FUSED) & np.isfinite(errors))
        return known.with_fused(bad) if len(bad) else None

    def _covered(self, trial: _Trial) -> tuple[float, list[list[Regime]]]:
        """The error level that is reached, and the forms: first the cheapest ones, then others as good alone."""
        candidates, patches, region, samples = trial.candidates, trial.patches, trial.region, trial.samples
        everything = [*candidates, *patches]
        size = np.concatenate([self._size(s) for s in samples])
        order = np.argsort(size, kind="stable")
        size = size[order]
        tolerance = trial.tolerance(size)
        other = np.concatenate([np.full(len(s.x), s.parameters != self.settings[0]) for s in samples])[order]
        table = _errors(everything, samples)[:, order]
        table[table > _NOTHING_RIGHT] = np.inf
        table[:, np.isinf(tolerance)] = 0.0
        counted = table / tolerance
        best = table.min(axis=0)
        lost = np.isinf(best)
        excess = np.where(lost, 0.0, table - np.where(lost, 0.0, best))
        nearby = _largest_nearby(size, np.where(lost | other, 0.0, best))
        costs = [cost(c.kernel, self.arithmetic) for c in everything]
        survives = np.array([self._survives(c, region, samples) for c in everything])
        # In quick arithmetic the combination with the other regions decides what is cheap.
        divide = partial(stretches, by_cost=self.arithmetic.name == "paired")
        for level, regimes in self.ladder:
            allowed = (table <= np.maximum(level * tolerance, 2 * nearby)) | (excess <= level / 2)
            if self.arithmetic.name == "paired":  # what is a little worse than the best may be too bad, where one is good
                allowed &= ((table <= level) | (nearby > level))
            allowed[:, other] |= table[:, other] <= _OTHER * (1 + best[other])
            if self.arithmetic.name == "paired":
                allowed[:, size > _WITHOUT_PAIRS] |= table[:, size > _WITHOUT_PAIRS] <= _GOOD_THERE
            allowed[~survives, -1] &= not survives.any()
            cover = None
            if np.isinf(level):  # many digits may be missing, but no wrong NaN, infinity or zero if that can be helped
                cover = divide(allowed & (np.isfinite(table) | lost), costs, regimes + _MORE)
            cover = cover or divide(allowed, costs, regimes)
            if cover is None and patches:
                more = _MANY_MORE if trial.pieces else _MORE
                with_patch = divide(allowed, costs, regimes + more) or []
                used = any(which >= len(candidates) for which, *_ in with_patch)
                cover = with_patch if used else None
            if cover is not None:
                covers = [cover]
                if len(cover) == 1:
                    alone = [i for i in np.argsort(costs, kind="stable").tolist() if allowed[i].all()]
                    covers += [[(i, 0, len(size), None)] for i in alone if i != cover[0][0]]
                return level, [
                    [
                        Regime(
                            everything[which],
                            None if stop is None else self._boundary(*size[[stop - 1, stop]], everything[which]),
                            float(counted[which, start:end][~(other | lost)[start:end]].max(initial=0.0)),
                        )
                        for which, start, end, stop in each
                    ]
                    for each in covers
                ]
        raise AssertionError("the last level allows everything")

    @staticmethod
    def _boundary(low: float, high: float, below: Candidate) -> float:
        """A number with few bits where one regime ends, between two inputs."""
        end = below.span[1]
        return round_between(low, end if low < end < high else high)

    def _size(self, sample: Sample) -> NDArray[np.float64]:
        """What a sample's inputs are ordered by: t, or t stretched by the parameter."""
        t: NDArray[np.float64] = np.abs(sample.x).astype(np.float64)
        if self.scaling is not None:
            with np.errstate(over="ignore"):
                t = self.scaling.size(t, sample.parameters[self.scaling.parameter])
        return t

    def _function(self, region: Region) -> ArbFunction | None:
        """The exact function, a parameter that only stretches it being 1; None where there are others."""
        if self.parameters and self.scaling is None:
            return None
        plain = region.expression if self.scaling is None else region.expression.subs(self.scaling.symbol, 1)
        return _function(plain, self.t)

    def _patches(self, region: Region, sample: Sample, lost: NDArray[np.float64]) -> Iterator[Candidate]:
        """Polynomials around 0 and around roots, where a formula loses digits there.

        They need fixed parameters, or one that only stretches the function.
        """
        function = self._function(region)
        if function is None:
            return
        if region.lower == 0 and lost.min() < 2.0**-3:
            found = at_zero(function, float(region.upper), self.arithmetic)
            yield from self._with_patches(found, region, [self.arithmetic.name == "paired"])
        yield from self._beside_roots(region, sample, lost)

    def _beside_roots(self, region: Region, sample: Sample, lost: NDArray[np.float64]) -> Iterator[Candidate]:
        """Polynomials around roots, where a formula loses digits there."""
        function = self._function(region)
        if function is None:
            return
        found: list[Patch] = []
        t = self._size(sample)
        increasing = np.argsort(t)
        values = sample.reference.rounded[increasing].tolist()
        # In quick arithmetic digits beside a root are given for speed.
        roots = [] if self.arithmetic.is_quick else sign_changes(t[increasing].tolist(), values, exact=True)
        for low, high in roots:
            if ((lost > 0.8 * low) & (lost < 1.25 * high)).any():
                found += at_root(function, low, high, self.arithmetic)
        yield from self._with_patches(found, region, [self.arithmetic.name == "paired"])

    def _with_pieces(self, trial: _Trial) -> _Trial:
        """A trial with polynomials around the sizes where all that may cover the region is worst."""
        function = self._function(trial.region)
        if function is None:
            return replace(trial, pieces=True)
        best = _errors([*trial.candidates, *trial.patches], trial.samples).min(axis=0)
        best[best > _HOPELESS] = 0.0
        size = np.concatenate([self._size(sample) for sample in trial.samples])
        places: list[float] = []
        for index in np.argsort(best, kind="stable")[::-1]:
            place = float(size[index])
            if best[index] <= self.ladder[0][0] or len(places) == _PIECES:
                break
            if all(abs(place - other) > _APART * other for other in places):
                places.append(place)
        found = (around(function, place, self.arithmetic) for place in places)
        more = self._with_patches([patch for patch in found if patch is not None], trial.region, [True])
        return replace(trial, patches=[*trial.patches, *more], pieces=True)

    def _series_far_out(self, region: Region) -> Iterator[Candidate]:
        """Polynomials in 1/t, for tails where all formulas lose digits; those of the largest numbers without pairs."""
        function = self._function(region)
        if function is None:
            return
        for patch in at_infinity(function, self.arithmetic):
            paired = self.arithmetic.name == "paired"
            yield from self._with_patches(
                [patch], region, (True, False) if paired and not patch.vanishes else (paired,)
            )

    def _with_patches(self, found: Iterable[Patch], region: Region, ways: Sequence[bool]) -> Iterator[Candidate]:
        """Programs for patches, with pairs or without."""
        for patch, in_pairs in product(found, ways):
            b = Builder()
            step = self._patched(b, patch, region, in_pairs)
            yield Candidate(patch.name, b.kernel("piece", ["x"], self.parameters, {"y": step}), patch.span)

    def _patched(self, b: Builder, patch: Patch, region: Region, in_pairs: bool) -> int:
        t = b("abs", b.input("x"))
        stepwise = not (self.arithmetic.is_wide or self.arithmetic.is_quick)
        write = patch.write_in_pairs if in_pairs else partial(patch.write, stepwise=stepwise)
        if self.scaling is None:
            return write(b, t)
        if self.arithmetic.is_wide:
            value = write(b, self.scaling.write(b, t))
        else:
            value = write(b, *self.scaling.exactly(b, t))
        power = self.scaling.power(region.expression, self.t)
        assert power is not None
        for _ in range(abs(power)):
            value = b("mul" if power > 0 else "div", value, b.parameter(self.scaling.parameter))
        return value

    # The ends of the line ---------------------------------------------------------------------------------------------

    def _guarded(self, kernel: Kernel, name: str, output: str) -> Kernel:
        """The program with a select for each special input at which it would be wrong."""
        special = np.array([np.nan, np.inf, -np.inf, *_ZEROS, -np.nan])  # a NaN has a sign bit too
        expected = self.oracles[0].rounded(special, "float64")
        wrong = self._wrong_at(special, kernel)
        b = Builder()
        x = b.input("x")
        value = b.include(kernel)["y"]
        if wrong[3] or wrong[4]:
            value = b("select", b("eq", x, b.const(0)), self._at_zero(b, x, expected[3:5]), value)
        if wrong[1] or wrong[2]:
            value = self._at_infinity(b, x, value, expected[1:3], wrong[1:3])
        if wrong[0] or wrong[5]:
            value = b("select", b("ne", x, x), x, value)
        return b.kernel(name, ["x"], self.parameters, {output: value})

    def _wrong_at(self, special: NDArray[np.float64], kernel: Kernel) -> NDArray[np.bool_]:
        """At which of some special inputs the program is wrong."""
        result = np.dtype(self.arithmetic.result)
        expected = self.oracles[0].rounded(special, "float64").astype(result)
        with np.errstate(over="ignore"):
            x = special.astype(self.arithmetic.dtype)
            (got,) = evaluate(kernel, {"x": x, **self.settings[0]}, self.arithmetic).values()
            # An infinite gradient is multiplied by f' before the last rounding: at infinity f' has to be 0 by then.
            wrong: NDArray[np.bool_] = ~_identical(got.astype(result).astype(np.float64), expected.astype(np.float64))
            wrong |= np.isinf(special) & (expected == 0) & (got != 0)
        return wrong

    def _at_zero(self, b: Builder, x: int, expected: NDArray[Any]) -> int:
        """The value at +0 and -0."""
        if expected[0] == 0 and np.signbit(expected[0]) != np.signbit(expected[1]):
            return b("neg", x) if np.signbit(expected[0]) else x
        return self._limit(b, expected[0], next((p.value for p in self.branches.points if p.x == 0), None))

    def _at_infinity(self, b: Builder, x: int, value: int, expected: NDArray[Any], wrong: NDArray[Any]) -> int:
        infinity = b.const("inf")
        limits = [self._end(b, 1, expected[0]), self._end(b, -1, expected[1])]
        if wrong.all() and expected[0] == expected[1] and np.signbit(expected[0]) == np.signbit(expected[1]):
            return b("select", b("eq", b("abs", x), infinity), limits[0], value)
        if wrong.all() and expected[0] == -expected[1] and expected[0] >= 0 and not np.signbit(expected[0]):
            return b("select", b("eq", b("abs", x), infinity), b("copysign", limits[0], x), value)
        for bad, limit, end in zip(wrong, limits, (infinity, b("neg", infinity)), strict=True):
            if bad:
                value = b("select", b("eq", x, end), limit, value)
        return value

    def _end(self, b: Builder, side: int, value: float) -> int:
        """The limit at side*oo."""
        piece = self.branches.pieces[-1 if side > 0 else 0].expression
        return self._limit(b, value, limit_at(piece, self.x, side * oo, "-"))

    def _limit(self, b: Builder, value: float, exact: Expr | None) -> int:
        """A limit: exact text where it is a finite number, which may depend on parameters."""
        if np.isnan(value):
            return b.const("nan")
        if np.isinf(value):
            return b.const("inf" if value > 0 else "-inf")
        if value == 0:
            return b("neg", b.const(0)) if np.signbit(value) else b.const(0)
        assert exact is not None
        return self._plain(b)(exact)


@lru_cache(maxsize=64)
def _function(expression: Expr, t: Symbol) -> ArbFunction:
    """The same object for the same function, whichever arithmetic it is looked at in."""
    return ArbFunction(expression, t)


def _with_nan(kernel: Kernel) -> Kernel:
    """A program with min, which keeps NaN, in place of cut."""
    steps = (replace(step, operation="min") if step.operation == "cut" else step for step in kernel.instructions)
    return replace(kernel, instructions=tuple(steps))


def _errors(candidates: Sequence[Candidate], samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Of each candidate at all inputs of all samples."""
    return np.array([np.concatenate([s.errors(c.kernel) for s in samples]) for c in candidates])


def _errors_of(regimes: Sequence[Regime], sample: Sample, size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the forms of a region at a sample's inputs, which are as large as `size` says."""
    found = np.zeros(len(size))
    lower = 0.0
    for regime in regimes:
        upper = np.inf if regime.upper is None else regime.upper
        here = (size >= lower) & (size < upper)
        found[here] = sample.errors(regime.candidate.kernel)[here]
        lower = upper
    return found


def _largest_nearby(size: NDArray[np.float64], best: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest of `best` over inputs within about 5%: beside a root every candidate is lost, each elsewhere."""
    first, last = np.searchsorted(size, 0.95 * size), np.searchsorted(0.95 * size, size, side="right")
    return np.array([best[start:end].max() for start, end in zip(first, last, strict=True)])


def _identical(got: NDArray[Any], expected: NDArray[Any]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (got == expected) & (np.signbit(got) == np.signbit(expected))
    with np.errstate(invalid="ignore"):
        close = np.isfinite(expected) & (expected != 0) & (np.abs(got - expected) <= 1e-6 * np.abs(expected))
    same |= close | (np.isnan(got) & np.isnan(expected))
    return same


def _exact_roots(expression: Expr, t: Symbol) -> list[float]:
    """The roots of a polynomial that are exact in float32: there a sign of zero can be wrong."""
    if expression.free_symbols != {t} or not expression.is_polynomial(t):
        return []
    return [float(root) for root in Poly(expression, t).ground_roots() if Rational(float(np.float32(root))) == root]


def _decimal(value: float | None) -> str:
    return str(Fraction(value or 0.0))


def _rounded(error: float) -> float:
    """An error for the record: two digits, so that it is the same on every machine."""
    return float(f"{error:.2g}")
