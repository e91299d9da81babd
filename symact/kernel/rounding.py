"""Programs that round a result once at most: computed in the result's format they are as good as in a wider one."""

from __future__ import annotations

from fractions import Fraction

from symact.kernel.program import LEAVES, OPERATIONS, Instruction, Kernel, constant_value
from symact.oracle.formats import FORMATS, Format

#: What gives one of its operands, but for the sign, and rounded where that is.
_PASSED_ON = frozenset({"neg", "abs", "copysign", "select"})

#: What gives one of its operands, but sees whether it is 0, which a number may have been rounded to.
_CHOSEN = frozenset({"min", "max"})

#: What IEEE 754 rounds once.
_ROUNDED = frozenset({"add", "sub", "mul", "div", "sqrt"})


def rounds_once(kernel: Kernel, format: str) -> bool:
    """Whether every result is rounded once at most, also where each step is rounded to a format.

    Numbers that the format lacks, and parameters, are rounded before the first step; so they may be results, but
    nothing may be computed from them.
    """
    rounded: set[int] = set()
    for place, step in enumerate(kernel.instructions):
        given_rounded = not rounded.isdisjoint(step.operands)
        if step.operation in LEAVES:
            is_rounded = _is_rounded(step, FORMATS[format])
        elif step.operation in _PASSED_ON:
            is_rounded = given_rounded
        elif given_rounded:
            return False
        elif step.operation in _CHOSEN or OPERATIONS[step.operation].boolean or _adds_zero(kernel, step):
            is_rounded = False
        elif step.operation in _ROUNDED:
            is_rounded = True
        else:
            return False
        if is_rounded:
            rounded.add(place)
    return True


def _adds_zero(kernel: Kernel, step: Instruction) -> bool:
    operands = [kernel.instructions[i] for i in step.operands]
    return step.operation == "add" and any(each.operation == "const" and each.value == "0" for each in operands)


def _is_rounded(leaf: Instruction, format: Format) -> bool:
    if leaf.operation != "const":
        return leaf.operation == "parameter"
    value = constant_value(leaf.value)
    return isinstance(value, Fraction) and format.nearest(value) != value
