"""Where a short program does not hold: intervals of x, as its output ``outside``, and read back from it.

The output is true inside of them. Languages of arrays may ask about the two tails for a whole array at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from symact.kernel.program import Builder, Kernel

#: The output's name.
OUTSIDE = "outside"

#: Open, of exact numbers as text; None stands for an end of the line, infinity included.
Interval = tuple[str | None, str | None]


def inside_of(b: Builder, x: int, intervals: Iterable[Interval]) -> int | None:
    """Whether x is inside of one of some intervals, as a step; None where there are none."""
    found: int | None = None
    for low, high in intervals:
        above = None if low is None else b("lt", b.const(low), x)
        below = None if high is None else b("lt", x, b.const(high))
        here = above if below is None else below if above is None else b("and", above, below)
        assert here is not None
        found = here if found is None else b("or", found, here)
    return found


def without_outside(kernel: Kernel) -> tuple[Kernel, tuple[Interval, ...]]:
    """A program without that output, and the intervals that it is about."""
    outputs = dict(kernel.outputs)
    outside = outputs.pop(OUTSIDE, None)
    if outside is None:
        return kernel, ()
    b = Builder()
    for name in kernel.inputs:
        b.input(name)
    results = b.include(kernel)
    shorter = b.kernel(kernel.name, kernel.inputs, kernel.parameters, {name: results[name] for name in outputs})
    return shorter, tuple(_intervals(kernel, outside))


def tails(intervals: Sequence[Interval]) -> Interval:
    """The numbers below and above which everything is inside of some intervals; None where there is no such number."""
    left = (end for start, end in intervals if start is None and end is not None)
    right = (start for start, end in intervals if end is None and start is not None)
    return max(left, key=Fraction, default=None), min(right, key=Fraction, default=None)


def _intervals(kernel: Kernel, index: int) -> list[Interval]:
    step = kernel.instructions[index]
    if step.operation == "or":
        return [interval for operand in step.operands for interval in _intervals(kernel, operand)]
    if step.operation == "and":
        ((low, _),), ((_, high),) = (_intervals(kernel, operand) for operand in step.operands)
        return [(low, high)]
    first, second = (kernel.instructions[operand] for operand in step.operands)
    return [(first.value, None) if first.operation == "const" else (None, second.value)]
