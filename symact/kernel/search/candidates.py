"""What may compute a region: forms as programs, in every style of evaluation that an arithmetic has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from symact.errors import Error
from symact.kernel.arithmetic import Arithmetic
from symact.kernel.lowering import Lowering, Style
from symact.kernel.paired import PairedLowering
from symact.kernel.program import Builder, Kernel
from symact.kernel.rewrite import Form, without
from symact.kernel.search.line import Line
from symact.kernel.search.score import Sample

_ALL_STYLES = tuple(Style(*choice) for choice in product((False, True), repeat=4))

#: Products below in turn, scaled or as they are; tails in halves, lifted (in one factor or two), flushed or as they
#: are.
_QUICK_STYLES = tuple(
    Style(**dict.fromkeys((*way, *tail, *far, *exact), True), quick=True)
    for way, tail, far, exact in product(
        ((), ("stepwise",), ("scaled",)),
        ((), ("halves",), ("lifted",), ("lifted", "apart"), ("flushed",)),
        ((), ("settled",), ("capped",)),
        ((), ("exact",)),
    )
)

#: In wide arithmetic one will do: it is far from the ends of the exponents' range, and its last digits do not matter.
_STYLES = {
    "wide": (Style(),),
    "float64": _ALL_STYLES,
    "paired": _ALL_STYLES,
    "float32": _ALL_STYLES,
    "fast": _QUICK_STYLES,
}

#: Pairs need no exact exponents, no order of divisions and no halves.
_PAIRED_STYLES = (Style(), Style(settled=True), Style(capped=True))

#: The words of styles in the record.
_WORDS = ("stepwise", "halves", "settled", "exact", "lifted", "apart", "flushed", "capped", "scaled")


class _Noted(Style):
    """A style that notes what it is asked for."""

    def __init__(self, style: Style) -> None:
        super().__init__(**vars(style))
        self.__dict__["asked"] = {}

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if isinstance(value, bool):
            super().__getattribute__("__dict__")["asked"][name] = value
        return value

    def is_like(self, other: Style) -> bool:
        """Whether another style gives the same program, for it differs in nothing that was asked for."""
        return all(getattr(other, name) == value for name, value in self.__dict__["asked"].items())


@dataclass(frozen=True)
class Candidate:
    """A kernel of x (with t = |x|) that may be right on a region or a part of it, made for sizes up to an end.

    Its name is for the record.
    """

    name: str
    kernel: Kernel
    end: float = np.inf


class Writer:
    """Writes forms as candidates.

    Args:
        line: the function, for its variables and parameters.
        arithmetic: in which candidates are evaluated.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic) -> None:
        self._line = line
        self._arithmetic = arithmetic

    def candidates(
        self, found: Sequence[Form], variable: Symbol, negative: bool, paired: Sequence[Style] | None = None
    ) -> Iterator[Candidate]:
        """Each form in each style, programs that turn out the same once; `negative` is the sign for large t.

        `paired` are the styles for pairs, where not the usual ones and nothing else are wanted.

        Raises:
            Error: no form can be lowered, because there is no operation for a function.
        """
        seen: set[Kernel] = set()
        failure: Error | None = None
        styles = {False: _STYLES[self._arithmetic.name] if paired is None else (), True: ()}
        if self._arithmetic.is_paired:
            styles[True] = _PAIRED_STYLES if paired is None else tuple(paired)
        # The usual order: plain numbers before pairs, and within each the forms one after the other.
        for in_pairs, form in product((False, True), found):
            tried: list[_Noted] = []
            for style in styles[in_pairs]:
                if any(other.is_like(style) for other in tried):
                    continue
                tried.append(_Noted(style))
                try:
                    kernel = self._written(form, variable, negative, tried[-1], in_pairs)
                except Error as error:
                    failure = error
                    continue
                if kernel not in seen:
                    seen.add(kernel)
                    words = [word for word in _WORDS if getattr(style, word)]
                    yield Candidate(", ".join([form.rule, *(["in pairs"] if in_pairs else []), *words]), kernel)
        if not seen and failure is not None and paired is None:  # with pairs alone there are those without them too
            raise failure

    def _written(self, form: Form, variable: Symbol, negative: bool, style: Style, in_pairs: bool) -> Kernel:
        b = Builder()
        x = b.input("x")
        start = x if variable == self._line.x else b("abs", x)
        leaves = {variable: start, **self._line.leaves(b)}
        lower: Lowering | PairedLowering = (
            PairedLowering(b, leaves, form.where, style.scaled)
            if in_pairs
            else Lowering(b, leaves, form.where, style, self._arithmetic)
        )
        if isinstance(lower, PairedLowering) and style.capped:
            lower.cap(variable)
        step = lower(form.expression)
        if form.where and style.settled:
            step = lower.settled(step, without(form.expression, form.where), negative)
        return b.kernel("piece", ["x"], self._line.parameters, {"y": step})

    def signed(self, candidates: Sequence[Candidate], samples: Sequence[Sample]) -> Iterator[Candidate]:
        """The candidates with the sign that the function has all over a region: sums may lose that of a zero."""
        signs = {bool(sign) for sample in samples for sign in np.signbit(sample.reference.rounded)}
        if len(signs) == 1:
            for candidate in candidates:
                b = Builder()
                b.input("x")
                size = b("abs", b.include(candidate.kernel)["y"])
                signed = b("neg", size) if signs == {True} else size
                kernel = b.kernel("piece", ["x"], self._line.parameters, {"y": signed})
                yield Candidate(f"{candidate.name}, signed", kernel)


def errors(candidates: Sequence[Candidate], samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Of each candidate at all inputs of all samples."""
    return np.array([np.concatenate([s.errors(c.kernel) for s in samples]) for c in candidates])


def worst(kernel: Kernel, samples: Sequence[Sample]) -> float:
    """The largest error of a program at the inputs of all samples."""
    return float(max(s.errors(kernel).max(initial=0.0) for s in samples))
