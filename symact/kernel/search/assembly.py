"""The program of the whole line from the forms of its regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.program import Builder, Kernel
from symact.kernel.search.ends import LineEnds
from symact.kernel.search.line import Line, Region
from symact.kernel.search.regimes import Regime
from symact.kernel.search.sampling import Sampling
from symact.kernel.search.symmetry import Symmetry

#: The forms of each region on a half line, by its side.
Covered = Mapping[int, Sequence[Sequence[Regime]]]


def by_side(regions: Sequence[Region], found: Sequence[list[Regime]]) -> dict[int, list[list[Regime]]]:
    """The forms of each half line's regions."""
    covered: dict[int, list[list[Regime]]] = {}
    for region, regimes in zip(regions, found, strict=True):
        covered.setdefault(region.side, []).append(regimes)
    return covered


class Assembly:
    """Puts half lines together.

    Args:
        line: the function.
        arithmetic: in which programs are evaluated.
        sampling: of the function in this arithmetic.
        ends: of the line.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic, sampling: Sampling, ends: LineEnds) -> None:
        self._line = line
        self._arithmetic = arithmetic
        self._sampling = sampling
        self._ends = ends

    def right_at_zeros(self, covered: Covered, symmetry: Symmetry) -> Kernel:
        """The half lines put together such that the values at both zeros are right, where they can be."""
        simple = self.assembled(covered, symmetry)
        return simple if self._ends.is_right_at_zeros(simple) else self.assembled(covered, symmetry, by_sign_bit=True)

    def assembled(self, covered: Covered, symmetry: Symmetry, *, by_sign_bit: bool = False) -> Kernel:
        """The half lines put together; `by_sign_bit` says that -0 takes the left one's formula."""
        b = Builder()
        x = b.input("x")
        t = b("abs", x)
        values = {side: self._half_line(b, t, self._line.regions(side), found) for side, found in covered.items()}
        if symmetry is Symmetry.RAMP:
            value = b("add", self._ramp(b, x), values[-1])
        elif symmetry is Symmetry.STEP:
            left = values[-1]
            value = b("select", self._is_left(b, x, by_sign_bit), left, b("sub", b.const(1), left))
        elif symmetry is Symmetry.EVEN:
            value = values[1]
        elif symmetry is Symmetry.ODD:
            value = self._odd(b, x, values[1])
        else:
            value = b("select", self._is_left(b, x, by_sign_bit), values[-1], values[1])
        return b.kernel("pass", ["x"], self._line.parameters, {"y": value})

    def _ramp(self, b: Builder, x: int) -> int:
        """The larger one of x and 0, -0 where the left side is negative: it keeps the sign of what underflows there."""
        samples = self._sampling.of(self._line.regions(-1)[0])
        zero = b.const(0)
        least = b("neg", zero) if any((s.reference.rounded < 0).any() for s in samples) else zero
        # Not every target's maximum of two zeros is the same one; and Clang takes x < 0 ? -0 : x for a maximum.
        if self._arithmetic.is_quick:
            return b("max", x, least)
        return b("select", b("lt", x, zero), zero if least == zero else b("copysign", zero, x), x)

    def _odd(self, b: Builder, x: int, value: int) -> int:
        samples = (s for region in self._line.regions(1) for s in self._sampling.of(region))
        if all((s.reference.rounded >= 0).all() for s in samples):
            return b("copysign", value, x)
        return b("mul", b("copysign", b.const(1), x), value)

    def _is_left(self, b: Builder, x: int, by_sign_bit: bool) -> int:
        """Whether x takes the left half line's formula; where f jumps at 0, zeros go where f(0) is."""
        zero = b.const(0)
        point = next((p for p in self._line.branches.points if p.x == 0), None)
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
                    inside = b("lt", self._line.write_size(b, t), b.const(str(Fraction(regime.upper or 0.0))))
                else:
                    edge = self._line.write_number(b, region.upper, self._arithmetic)
                    inside = b("le" if region.closed else "lt", t, edge)
                value = b("select", inside, here, value)
        assert value is not None
        return value
