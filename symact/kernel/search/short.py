"""Short programs that may do for usual inputs: the formulas as they are, in a language's own functions.

They are written in x or |x|, with cosh where it is shorter, and by Horner's rule in exponentials too. Those in pairs,
for results of all digits, call the language's functions as well, and can do without most of their low parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from sympy import Dummy, Expr, Symbol, Wild, cancel, cosh, cse, exp, factor, fraction, horner, numbered_symbols, tanh

from symact.errors import Error
from symact.kernel.arithmetic import Arithmetic
from symact.kernel.interpret import evaluate
from symact.kernel.library_pairs import LibraryPairs
from symact.kernel.lowering import Lowering, Style
from symact.kernel.merge import merged
from symact.kernel.paired import PairedLowering
from symact.kernel.program import LEAVES, Builder, Kernel
from symact.kernel.rewrite import Form, forms
from symact.kernel.search.array_time import nanoseconds
from symact.symbolic.branches import Branches

#: How many forms of each half line are tried with those of the other one.
_EACH = 6


@dataclass(frozen=True)
class Candidate:
    """A short program with the result ``y``, and how it is written."""

    rule: str
    kernel: Kernel


class ShortPrograms:
    """The candidates for a function.

    Args:
        branches: f, f' or f'', without parameters, of at most three pieces.
        arithmetic: one of `symact.kernel.arithmetic.USUAL`.
    """

    def __init__(self, branches: Branches, arithmetic: Arithmetic) -> None:
        self._x, self._t = branches.x, Symbol("t", positive=True)
        self._arithmetic = arithmetic
        self._pieces = [piece.expression for piece in branches.pieces]
        halves = self._pieces if len(self._pieces) <= 2 else ()  # of three, none is half of the line
        self._right = tuple(form for p in halves[-1:] for form in _short_forms(p.subs(self._x, self._t), self._t))
        self._left = tuple(form for p in halves[:1] for form in _short_forms(p.subs(self._x, -self._t), self._t))

    def plain(self) -> Iterator[Candidate]:
        """Every form of a half in x on the whole line, or in |x|: continued, or with one of the other half; and one
        piece between numbers."""
        yield from self._distinct((*self._on_the_whole_line(), *self._by_sides(), *self._limited()))

    def paired(self) -> Iterator[Candidate]:
        """The forms on the whole line in pairs."""
        yield from self._distinct((f"{rule}, in pairs", kernel) for rule, kernel in self._on_the_whole_line(True))

    def _distinct(self, found: Iterable[tuple[str, Kernel | None]]) -> Iterator[Candidate]:
        seen: set[Kernel] = set()
        for rule, kernel in found:
            if kernel is not None and kernel not in seen and self._is_computed(kernel):
                seen.add(kernel)
                yield Candidate(rule, kernel)

    def _on_the_whole_line(self, in_pairs: bool = False) -> Iterator[tuple[str, Kernel | None]]:
        for form in self._right:
            anywhere = _in(form, self._t, self._x) if in_pairs else form  # pairs go by the variable's sign
            yield f"{form.rule} in x", self._lowered(anywhere, "x", in_pairs)
            yield f"{form.rule} in |x|, even", self._lowered(form, "even", in_pairs)
            yield f"{form.rule} in |x|, odd", self._lowered(form, "odd", in_pairs)
        for form in self._left:
            yield f"{form.rule} of x < 0", self._lowered(_in(form, self._t, -self._x), "x", in_pairs)

    def _by_sides(self) -> Iterator[tuple[str, Kernel]]:
        """A form for each half, of the ones with the least to compute."""
        halves = []
        for each in (self._right, self._left):
            kernels = [(form.rule, kernel) for form in each if (kernel := self._lowered(form, "even")) is not None]
            halves.append(sorted(kernels, key=lambda found: nanoseconds(found[1], self._arithmetic))[:_EACH])
        for (first, above), (second, below) in product(*halves):
            b = Builder()
            x = b.input("x")
            value = b("select", b("lt", x, b.const(0)), b.include(below)["y"], b.include(above)["y"])
            kernel = merged(b.kernel("usual", ["x"], [], {"y": value}), self._arithmetic)
            yield f"{second} in |x| and {first}, by sides", kernel

    def _limited(self) -> Iterator[tuple[str, Kernel]]:
        """A piece between numbers, or x times that of the pieces divided by x where this takes no division."""
        quotients = [cancel(piece / self._x) for piece in self._pieces]
        ways = [(self._pieces, False)]
        if not any(fraction(quotient)[1].has(self._x) for quotient in quotients):
            ways.append((quotients, True))
        for pieces, times_x in ways:
            for piece in pieces:
                numbers = [other for other in pieces if other != piece]
                if len(numbers) == len(pieces) - 1 > 0 and not any(number.has(self._x) for number in numbers):
                    yield from self._between(piece, numbers, times_x)

    def _between(self, piece: Expr, numbers: Sequence[Expr], times_x: bool) -> Iterator[tuple[str, Kernel]]:
        forms = [_in(form, self._t, self._x) for form in _short_forms(piece.subs(self._x, self._t), self._t)]
        for form in (*forms, Form("factored", factor(piece))):
            kernels = [self._lowered(each, "x") for each in (form, *(Form("", number) for number in numbers))]
            found = [kernel for kernel in kernels if kernel is not None]
            for operations in product(("max", "min"), repeat=len(numbers)) if len(found) == len(kernels) else ():
                rule = f"{form.rule} in x, {' and '.join(operations)}{', times x' * times_x}"
                yield rule, _with_limits(found, operations, times_x=times_x, with_zero=0 in numbers)

    def _lowered(self, form: Form, way: str, in_pairs: bool = False) -> Kernel | None:
        """A form as a program; None where there is no operation for a function."""
        b = Builder()
        x = b.input("x")
        leaves = {self._x: x, self._t: x if way == "x" else b("abs", x)}
        lower: Lowering | PairedLowering = (
            PairedLowering(b, leaves, form.where, pairs=LibraryPairs)
            if in_pairs
            else Lowering(b, leaves, form.where, Style(), self._arithmetic)
        )
        try:
            step = lower(form.expression)
        except Error:
            return None
        if way == "odd":
            step = b("copysign", step, x)
        return b.kernel("usual", ["x"], [], {"y": step})

    def _is_computed(self, kernel: Kernel) -> bool:
        """Whether a program gives a new array, NaN where x is NaN.

        A choice may give one of its sides as it is: results that are put into a number or into x would be lost.
        """
        ((_, index),) = kernel.outputs
        if _may_be_leaf(kernel, index):
            return False
        (value,) = evaluate(kernel, {"x": np.array([np.nan])}, self._arithmetic).values()
        return bool(np.isnan(value).all())


def _short_forms(expression: Expr, t: Symbol) -> Iterator[Form]:
    """The ways to write an expression, also with cosh for tanh, and each by Horner's rule in its exponential too."""
    u = Wild("u")
    with_cosh = expression.replace(1 - tanh(u) ** 2, cosh(u) ** -2)
    if with_cosh != expression:
        yield Form("with cosh", with_cosh)
    for form in forms(expression, t):
        yield form
        for letter, value in form.where.items():
            nested = _nested(form.expression, letter) if isinstance(value, exp) else form.expression
            if nested != form.expression:
                shared, (rest,) = cse(nested, numbered_symbols(cls=Dummy))
                yield Form(f"{form.rule}, Horner in the exponential", rest, {**form.where, **dict(shared)})


def _nested(expression: Expr, letter: Symbol) -> Expr:
    """Sums that are polynomials in a letter by Horner's rule."""

    def is_polynomial(node: Expr) -> bool:
        return bool(node.is_Add and node.has(letter) and node.is_polynomial(letter))

    return expression.replace(is_polynomial, lambda node: horner(node, letter))


def _in(form: Form, t: Symbol, x: Expr) -> Form:
    """A form with something else in t's place; with -x for t, exp(-t) is exp(x), which takes no sign."""
    return Form(form.rule, form.expression.subs(t, x), {name: value.subs(t, x) for name, value in form.where.items()})


def _with_limits(kernels: Sequence[Kernel], operations: Sequence[str], *, times_x: bool, with_zero: bool) -> Kernel:
    """The first of some programs, limited by the others, perhaps times x. Of a limit of 0 nobody knows the sign."""
    b = Builder()
    x = b.input("x")
    value, *limits = (b.include(kernel)["y"] for kernel in kernels)
    for operation, limit in zip(operations, limits, strict=True):
        value = b(operation, value, limit)
    if times_x:
        value = b("mul", x, value)
    if with_zero:
        value = b("add", value, b.const(0))
    return b.kernel("usual", ["x"], [], {"y": value})


def _may_be_leaf(kernel: Kernel, index: int) -> bool:
    """Whether a step is an input or a number, or chooses such."""
    step = kernel.instructions[index]
    if step.operation == "select":
        return any(_may_be_leaf(kernel, side) for side in step.operands[1:])
    return step.operation in LEAVES
