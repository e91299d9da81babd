"""The search for tables: forms from the cheapest on, until one is exact enough on a sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.activation import Activation
from symact.kernel.arithmetic import ARITHMETICS, TABLE
from symact.kernel.compiled import Tables
from symact.kernel.interpret import evaluate
from symact.kernel.piecewise.candidates import Layout, forms, layouts
from symact.kernel.piecewise.ends import Beyond, Tail
from symact.kernel.piecewise.entries import Fits
from symact.kernel.piecewise.exact import Exact
from symact.kernel.piecewise.fit import Entry
from symact.kernel.piecewise.form import Form
from symact.kernel.piecewise.grid import SIZE
from symact.kernel.piecewise.splits import forms as compensated_forms
from symact.kernel.piecewise.splits import splits
from symact.kernel.program import LEAVES, Builder, Kernel
from symact.kernel.search.score import cost, slots
from symact.oracle import Oracle, Reference
from symact.oracle.formats import FORMATS, Float64s
from symact.oracle.samples import gradients, inputs
from symact.symbolic.branches import Branches

#: Programs in float64 have half as many lanes; a table has to save so much besides.
_LANES, _WORTH = 2, 1.05


@dataclass(frozen=True)
class Aim:
    """What tables of a level are for.

    Attributes:
        most, most_backward: the largest error on a sample, in ULP, alone and with an incoming gradient; what is beyond
            the sample may be a little worse, the more so where two numbers are drawn.
        rough: see `Fits`.
        layouts, forms: what is tried.
        within: on how many numbers within each interval it is tried in the end.
        counts_divider: whether a program in wide arithmetic is taken to wait for its divisions. Where results are as
            exact as without a table, it has to save more than that.
    """

    most: float
    most_backward: float
    rough: float
    layouts: Callable[[Exact], Iterable[Layout]]
    forms: Callable[[Layout], Iterable[Form]]
    within: int
    counts_divider: bool

    def limit(self, wide: Kernel) -> float:
        """The steps that a program may have, given that in wide arithmetic."""
        steps = cost(wide, ARITHMETICS["wide"]) / 8 if self.counts_divider else slots(wide, "wide")[0]
        return _LANES * steps / _WORTH


#: Those of the levels that have tables.
AIMS: Mapping[str, Aim] = {
    "table": Aim(
        most=0.935,
        most_backward=0.88,
        rough=0.5,
        layouts=layouts,
        forms=forms,
        within=1 << 13,
        counts_divider=True,
    ),
    "accurate": Aim(
        most=0.5425,
        most_backward=0.545,
        rough=0.02,
        layouts=splits,
        forms=compensated_forms,
        within=1 << 16,
        counts_divider=False,
    ),
}

#: It makes no difference how much farther out than this a table ends.
_FAR = 64.0

#: Usual inputs are nearer to 0. A form whose table ends at 16 has to be cheaper by a tenth than one that goes on.
_USUAL, _OPEN = 12.0, 1.5

#: How many times as many numbers a form is tried on that is not good enough with gradients.
_MORE = 4

#: How many forms are measured, at most.
_TRIED = 100

#: Inputs of a sample: from everywhere, from each tail, and within each interval, with numbers on either side of its
#: ends.
_EVERYWHERE, _TAIL, _WITHIN, _BESIDE = 6000, 16000, 200, 3

_FLOAT32 = FORMATS["float32"]


@dataclass(frozen=True)
class Found:
    """A form with its table, and the largest errors on the sample in ULP, alone and with an incoming gradient."""

    form: Form
    entries: tuple[Entry, ...]
    error: float
    backward_error: float

    def kernel(self, name: str, output: str) -> Kernel:
        """The program of a pass; a second output, if there is one, says where the table does not hold."""
        return _kernel(self.form, self.entries, name, output)

    def backward(self) -> Kernel:
        """The same, times an incoming gradient."""
        return _kernel(self.form, self.entries, "backward", "grad_x", "grad_y")


def _kernel(form: Form, entries: tuple[Entry, ...], name: str, output: str, *factor: str) -> Kernel:
    b = Builder()
    x, *gradient = (b.input(each) for each in ("x", *factor))
    written = form.write(entries, b, x, *gradient)
    outside = {} if written.outside is None else {"outside": written.outside}
    return b.kernel(name, ["x", *factor], [], {output: written.result, **outside})


def search(activation: Activation, known: Mapping[str, Kernel], level: str) -> tuple[Tables | None, dict[str, Any]]:
    """Tables for the passes of an activation at its parameters' values, and what was chosen, with the errors.

    Args:
        activation: the definition.
        known: its programs in wide arithmetic; a table has to be cheaper.
        level: of the functions that are to look things up.
    """
    from symact.symbolic.derivatives import derive

    derivation = derive(activation)
    passes = (
        ("forward", "y", derivation.function),
        ("derivative", "dydx", derivation.first),
        ("second_derivative", "d2ydx2", derivation.second),
    )
    kernels: dict[str, Kernel] = {}
    record: dict[str, Any] = {}
    for name, output, branches in passes:
        most = AIMS[level].limit(known[name])
        try:
            of_pass = Search(branches.subs(activation.values), most, AIMS[level])
            found = tuple(of_pass.found(backward=name == "derivative"))
        except ArithmeticError:  # a value that is 0, which no polynomial meets
            continue
        for each in found:
            if name not in kernels:
                kernels[name] = each.kernel(name, output)
                record[name] = {"form": each.form.about, "error": each.error}
            if each.backward_error <= AIMS[level].most_backward:
                kernels["backward"] = each.backward()
                record["backward"] = {"form": each.form.about, "error": each.backward_error}
    if {"forward", "derivative"} <= kernels.keys():
        kernels["value_and_derivative"] = _together(kernels["forward"], kernels["derivative"])
        record["value_and_derivative"] = {
            "form": "forward and derivative",
            "error": max(record["forward"]["error"], record["derivative"]["error"]),
        }
    values = {parameter.name: str(parameter.value) for parameter in activation.parameters}
    return (Tables(kernels, values) if kernels else None), record


def _together(first: Kernel, second: Kernel) -> Kernel:
    b = Builder()
    b.input("x")
    outputs: dict[str, int] = {}
    outside: list[int] = []
    for found in (b.include(first), b.include(second)):
        outside += [found.pop("outside")] if "outside" in found else []
        outputs |= found
    if outside:
        outputs["outside"] = outside[0] if len(set(outside)) == 1 else b("or", *outside)
    return b.kernel("value_and_derivative", ["x"], [], outputs)


class Search:
    """Finds the form of one function of x.

    Args:
        branches: the function; every parameter has a value.
        most: what its program may cost.
        aim: what it is for.
    """

    def __init__(self, branches: Branches, most: float, aim: Aim) -> None:
        self._oracle = Oracle(branches)
        self._exact = Exact(branches)
        self._most, self._aim = most, aim
        self._sample: Callable[[Form], tuple[Float64s, Reference]] = cache(self._sample_of)

    def found(self, *, backward: bool) -> Iterator[Found]:
        """The first form that is exact enough, in the order of `_rank`, and the first that is it also with an incoming
        gradient, if that is another one.

        Args:
            backward: whether to look for the second too.
        """
        if self._most < SIZE / 2:  # no form is as cheap
            return
        is_first = True
        tried = 0
        for fits, form in sorted(self._affordable(), key=lambda pair: self._rank(pair[1])):
            entries = fits.entries(form)
            if entries is None:
                continue
            error = self._error(form, entries)
            if error <= self._aim.most:
                error = max(error, self._dense_error(fits, form, entries))
            if error <= self._aim.most:
                backward_error = self._backward_error(form, entries) if backward else math.inf
                if backward_error <= self._aim.most_backward:
                    backward_error = max(backward_error, self._dense_error(fits, form, entries, "grad_y"))
                is_last = not backward or backward_error <= self._aim.most_backward
                if is_first and not is_last:  # what other forms show with gradients, this one has to show without
                    error = max(error, self._dense_error(fits, form, entries, times=_MORE))
                if is_last or (is_first and error <= self._aim.most):
                    yield Found(form, entries, error, backward_error)
                    is_first = False
                if is_last:
                    return
            tried += 1
            if tried == _TRIED:
                return

    def _affordable(self) -> list[tuple[Fits, Form]]:
        fits = [Fits(layout, self._aim.rough) for layout in self._aim.layouts(self._exact)]
        every = [(one, form) for one in fits for form in self._aim.forms(one.layout)]
        return [(one, form) for one, form in every if _cost(form) <= self._most]

    def _rank(self, form: Form) -> tuple[float, ...]:
        beyond = [min(one.at, _FAR) for _, one in form.ends if isinstance(one, Beyond)]
        missed = max(0.0, _USUAL - min(beyond, default=_USUAL))  # usual inputs are left out for no price
        return missed, _cost(form) * (1 + sum(_OPEN / end for end in beyond))

    def _error(self, form: Form, entries: tuple[Entry, ...]) -> float:
        """The largest error on a sample where the table holds."""
        x, reference = self._sample(_place(form))
        values = evaluate(_kernel(form, entries, "forward", "y"), {"x": x.astype(np.float32)}, TABLE)
        return float(_inside(reference.errors(values["y"]), values).max())

    def _backward_error(self, form: Form, entries: tuple[Entry, ...]) -> float:
        """The same of the program with an incoming gradient."""
        x, _ = self._sample(_place(form))
        gradient = gradients("float32", len(x)).astype(np.float32)
        kernel = _kernel(form, entries, "backward", "grad_x", "grad_y")
        values = evaluate(kernel, {"x": x.astype(np.float32), "grad_y": gradient}, TABLE)
        reference = self._oracle.reference(x, "float32", gradient)
        return float(_inside(reference.errors(values["grad_x"]), values).max())

    def _dense_error(self, fits: Fits, form: Form, entries: tuple[Entry, ...], *factor: str, times: int = 1) -> float:
        """The largest error on many numbers of the table's range, or on so many times as many, maybe with an incoming
        gradient of that name; or one that is too large."""
        kernel = _kernel(form, entries, "dense", "y", *factor)
        most = self._aim.most_backward if factor else self._aim.most
        worst = 0.0
        for x, f in fits.dense(form, times * self._aim.within):
            gradient = 1 + np.arange(len(x)) % 1024 / 1024.0 if factor else np.ones(len(x))
            values = evaluate(kernel, {"x": x.astype(np.float32), "grad_y": gradient.astype(np.float32)}, TABLE)
            exact = gradient * f
            with np.errstate(all="ignore"):
                errors = np.abs(values["y"] - exact) / np.ldexp(1.0, np.frexp(exact)[1] - _FLOAT32.precision)
            counted = _inside(errors, values)[np.abs(exact) > _FLOAT32.smallest_normal]
            worst = max(worst, float(counted.max(initial=0.0)))
            if worst > most:
                break
        return worst

    def _sample_of(self, place: Form) -> tuple[Float64s, Reference]:
        generator = np.random.default_rng(0)
        parts = [inputs("float32", _EVERYWHERE, self._oracle)]
        for interval in place.grid.intervals():
            drawn = generator.uniform(interval.low, interval.high, _WITHIN)
            parts += [_float32(drawn), _FLOAT32.neighbours([interval.low, interval.high], _BESIDE)]
            if place.half:
                parts += [-part for part in parts[-2:]]
        for side, one in place.ends:
            if isinstance(one, Tail):
                parts.append(side * _float32(generator.uniform(one.at, one.far, _TAIL)))
        x = np.concatenate(parts)
        return x, self._oracle.reference(x, "float32")


def _place(form: Form) -> Form:
    """What a sample depends on."""
    return replace(form, degree=0)


def _float32(values: Float64s) -> Float64s:
    return values.astype(np.float32).astype(np.float64)


def _inside(errors: Float64s, values: Mapping[str, NDArray[Any]]) -> Float64s:
    return np.where(values["outside"] != 0, 0.0, errors) if "outside" in values else errors


@cache
def _cost(form: Form) -> int:
    entry = Entry(0.0, tuple(map(float, range(3, form.degree + 4))), 0.0, lead=1.0, rest=2.0)
    kernel = _kernel(form, (entry,) * SIZE, "forward", "y")
    return sum(step.operation not in LEAVES for step in kernel.instructions)
