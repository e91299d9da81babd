"""The search for tables: forms from the cheapest on, until one is exact enough on a sample."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from symact.activation import Activation
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.compiled import Tables
from symact.kernel.interpret import evaluate
from symact.kernel.piecewise.ends import Beyond, Constant, End, Gate, Line, Tail, end
from symact.kernel.piecewise.exact import Ball, Exact, over_x
from symact.kernel.piecewise.fit import Entry, fit, rounded
from symact.kernel.piecewise.form import Form, write
from symact.kernel.piecewise.grid import SIZE, Interval, Quarters, Uniform
from symact.kernel.program import Builder, Kernel
from symact.oracle.formats import FORMATS, Float64s
from symact.oracle.oracle import Oracle
from symact.oracle.samples import inputs

#: Degrees tried.
_DEGREES = range(4, 9)

#: Polynomials that are off by more than this (in units of 2^-24 of the function) are not tried.
_ROUGH = 1.0

#: Where a table ends for lack of entries, this far out.
_REACHES = (16.0, 12.0)

#: Offsets of grids of quarters of octaves.
_OFFSETS = (1.0, 0.5, 0.25)

#: Inputs of a sample: from everywhere, and within each interval.
_EVERYWHERE, _WITHIN = 6000, 300

_FLOAT32 = FORMATS["float32"]


@dataclass(frozen=True)
class Found:
    """A form with its table, and the largest error on the sample in ULP."""

    form: Form
    entries: tuple[Entry, ...]
    error: float

    def kernel(self, name: str, output: str, backward: bool = False) -> Kernel:
        """The program of a pass."""
        b = Builder()
        x = b.input("x")
        gradient = b.input("grad_y") if backward else None
        written = write(self.form, self.entries, b, x, gradient)
        outputs = {output: written.result} | ({} if written.outside is None else {"outside": written.outside})
        return b.kernel(name, ["x", "grad_y"] if backward else ["x"], [], outputs)


def search(activation: Activation) -> tuple[Tables | None, dict[str, Any]]:
    """Tables for the passes of an activation at its parameters' values, and what was chosen, with the errors."""
    from symact.symbolic.derivatives import derive

    derivation = derive(activation)
    passes = (
        ("forward", "y", derivation.function),
        ("derivative", "dydx", derivation.first),
        ("second_derivative", "d2ydx2", derivation.second),
    )
    found: dict[str, Found] = {}
    kernels: dict[str, Kernel] = {}
    record: dict[str, Any] = {}
    for name, output, branches in passes:
        known = branches.subs(activation.values)
        one = search_pass(Exact(known), Oracle(known))
        if one is not None:
            found[name] = one
            kernels[name] = one.kernel(name, output)
            record[name] = {"form": one.form.about, "error": one.error}
    return Tables(kernels, {}), record


def search_pass(f: Exact, oracle: Oracle, most: float = 0.97) -> Found | None:
    """The cheapest form whose error is at most `most`; one that covers every x comes before any that does not."""
    forms = sorted(_forms(f), key=lambda pair: (not pair[1].covers_all, _cost(pair[1])))
    for core, form in forms:
        entries = _entries(core, form)
        if entries is None:
            continue
        error = worst(form, entries, oracle)
        if error <= most:
            return Found(form, entries, error)
    return None


def _cost(form: Form) -> int:
    b = Builder()
    x = b.input("x")
    entry = Entry(0.0, tuple(float(k) for k in range(form.degree + 1)), 0.0)
    kernel = b.kernel("forward", ["x"], [], {"y": write(form, [entry] * SIZE, b, x).result})
    return sum(step.operation not in ("input", "const", "table") for step in kernel.instructions)


def worst(form: Form, entries: tuple[Entry, ...], oracle: Oracle) -> float:
    """The largest error on a sample where the table holds."""
    b = Builder()
    written = write(form, entries, b, b.input("x"))
    outputs = {"y": written.result} | ({} if written.outside is None else {"outside": written.outside})
    kernel = b.kernel("forward", ["x"], [], outputs)
    generator = np.random.default_rng(0)
    parts = [inputs("float32", _EVERYWHERE, oracle)]
    for interval in form.grid.intervals():
        inner = generator.uniform(interval.low, interval.high, _WITHIN).astype(np.float32).astype(np.float64)
        edges = _FLOAT32.neighbours([interval.low, interval.high], 3)
        parts += [inner, edges, *((-inner, -edges) if form.half else ())]
    x = np.concatenate(parts)
    values = evaluate(kernel, {"x": x.astype(np.float32)}, ARITHMETICS["float32"])
    errors = oracle.reference(x, "float32").errors(values["y"])
    if "outside" in values:
        errors[values["outside"] != 0] = 0
    global LAST
    LAST = (x, values, errors)
    return float(errors.max())


def _forms(f: Exact) -> Iterator[tuple[Ball, Form]]:
    for core, half, factor, ends in _layouts(f):
        for reach in _REACHES if any(one is None for _, one in ends) else (0.0,):
            full = tuple((side, Beyond(reach) if one is None else one) for side, one in ends)
            for grid in _uniform(core, half, full):
                for degree in _DEGREES:
                    yield core, Form(half, factor, full, grid, degree)
        if half:
            for offset in _OFFSETS:
                grid = Quarters(offset)
                reach = max(interval.high for interval in grid.intervals())
                (side, one), = ends
                one = Beyond(reach * (1 - 2**-20)) if one is None else one
                if not isinstance(one, Tail) and one.at < reach:
                    for degree in _DEGREES:
                        yield core, Form(half, factor, ((side, one),), grid, degree)


def _layouts(f: Exact):
    gate = over_x(f)
    if f.even:
        one = end(f, 1)
        yield f, True, False, ((1, None if isinstance(one, Line) else one),)
    elif f.odd:
        yield gate, True, True, ((1, _factored(f, gate, 1, tails=False)),)
    else:
        yield f, False, False, ((-1, end(f, -1)), (1, end(f, 1)))
        if abs(f(arb(2) ** -100)) < 1e-20:
            yield gate, False, True, ((-1, _factored(f, gate, -1)), (1, _factored(f, gate, 1)))


def _factored(f: Ball, gate: Ball, side: int, tails: bool = True) -> End | None:
    """How x*gate(x) ends."""
    whole = end(f, side)
    if isinstance(whole, Constant):
        return whole
    inner = end(gate, side)
    if isinstance(inner, Constant):
        return Gate(inner.at)
    return inner if isinstance(inner, Tail) and tails else None


def _uniform(core: Ball, half: bool, ends) -> Iterator[Uniform]:
    low, high = 0.0, 0.0
    for side, one in ends:
        at = one.at * (1 + 2**-12) if isinstance(one, Tail) else one.at
        low, high = (low, at) if side > 0 else (-at, high)
    roots = _roots(core, low, high)
    if len(roots) > 1:
        return
    shift = rounded(arb(roots[0])) if roots else 0.0
    width = (high - low) / SIZE
    while True:
        inverse = rounded(arb(1 / width))
        first, last = round((low - shift) * inverse), round((high - shift) * inverse)
        if last - first < SIZE:
            break
        width *= 1.002
    yield Uniform(inverse, first, shift)


def _roots(core: Ball, low: float, high: float) -> list[float]:
    points = np.linspace(low, high, 33 * 8)[1:-1]
    signs = [core(arb(float(p))) > 0 for p in points]
    found = []
    for k in range(len(points) - 1):
        if signs[k] != signs[k + 1]:
            a, b = float(points[k]), float(points[k + 1])
            while True:
                m = (a + b) / 2
                if m in (a, b):
                    break
                if (core(arb(m)) > 0) == signs[k]:
                    a = m
                else:
                    b = m
            found.append(a)
    return found


def _entries(core: Ball, form: Form) -> tuple[Entry, ...] | None:
    low, high = -math.inf, math.inf
    for side, one in form.ends:
        at = one.at * (1 + 2**-12) if isinstance(one, Tail) else one.at
        if side > 0:
            high = at
        else:
            low = -at
    if form.half:
        low = 0.0
    nothing = Entry(0.0, (0.0,) * (form.degree + 1), 0.0)
    entries = [nothing] * SIZE
    for interval in form.grid.intervals():
        a, b = max(low, interval.low), min(high, interval.high)
        if a > b or (a == b and a != 0):
            continue
        entry = _entry(core, a, b, form, high)
        if entry.error > _ROUGH:
            return None
        entries[interval.place] = entry
    return tuple(entries)


def _entry(core: Ball, low: float, high: float, form: Form, last: float) -> Entry:
    exact = None
    shift = getattr(form.grid, "shift", 0.0)
    if shift and low < shift < high:
        exact = shift
    elif high == last and any(isinstance(one, Gate | Constant) and side > 0 for side, one in form.ends):
        exact = last
    if exact is not None:
        return fit(core, low, high, exact, form.degree, exact_centre=True)
    return fit(core, low, high, _balanced(core, low, high), form.degree)


def _balanced(core: Ball, low: float, high: float) -> float:
    """Where the function is as far from its values at both ends, in units of these."""
    a, b = core(arb(low)), core(arb(high))
    wanted = 2 * a * b / (a + b)
    rising = a < b
    for _ in range(30):
        middle = (low + high) / 2
        if (core(arb(middle)) < wanted) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2
