"""What a program takes in a language that computes arrays step by step, as NumPy does: each step is a pass."""

from __future__ import annotations

from functools import cache

from symact.kernel.arithmetic import USUAL, Arithmetic
from symact.kernel.program import LEAVES, Kernel

#: Nanoseconds a number of NumPy's functions, in place, on large blocks (NumPy 2.4, AVX-512, a core of 2023); what has
#: no name of its own takes two arrays, or one and a number. Minima, maxima and copysign have no vectors there.
_TIMES = {
    "float32": {"arrays": 0.14, "number": 0.105, "abs": 0.1, "neg": 0.1, "min": 0.4, "max": 0.4, "copysign": 0.56,
                "div": 0.13, "sqrt": 0.36, "exp": 0.47, "decay": 0.57, "expm1": 0.38, "log": 0.4, "log1p": 0.55,
                "log1p_unit": 0.55, "tanh": 0.38, "atan": 0.45, "sinh": 0.4, "cosh": 0.35, "asinh": 0.8, "pow": 0.75,
                "lt": 0.08, "le": 0.08, "eq": 0.08, "ne": 0.08, "and": 0.035, "or": 0.035, "select": 1.1,
                "product_error": 2.0, "sin": 0.75, "cos": 0.75},
    "float64": {"arrays": 0.27, "number": 0.2, "abs": 0.18, "neg": 0.18, "min": 0.48, "max": 0.48, "copysign": 0.57,
                "div": 0.36, "sqrt": 1.17, "exp": 0.82, "decay": 0.95, "expm1": 1.2, "log": 0.8, "log1p": 1.25,
                "log1p_unit": 1.25, "tanh": 1.7, "atan": 1.2, "sinh": 1.15, "cosh": 0.95, "asinh": 2.1, "pow": 3.1,
                "lt": 0.125, "le": 0.125, "eq": 0.125, "ne": 0.125, "and": 0.035, "or": 0.035, "select": 1.9,
                "product_error": 3.0, "sin": 8.4, "cos": 8.4, "pow2": 0.5, "exponent": 0.8, "mantissa": 1.2},
}  # fmt: skip
_NUMBERS = ("parameter", "const")


def nanoseconds(kernel: Kernel, arithmetic: Arithmetic) -> float:
    """What NumPy takes for a program on large arrays, in nanoseconds a number."""
    steps = kernel.instructions
    with_number = (any(steps[i].operation in _NUMBERS for i in step.operands) for step in steps)
    return sum(nanoseconds_of(s.operation, arithmetic.name, n) for s, n in zip(steps, with_number, strict=True))


@cache
def nanoseconds_of(operation: str, arithmetic: str, with_number: bool) -> float:
    """Those of an operation, one of whose operands may be a number for all."""
    known = _TIMES[USUAL[arithmetic].compute]
    if operation in LEAVES:
        return 0.0
    program = USUAL[arithmetic].functions.get(operation)
    if operation not in known and program is not None:
        return nanoseconds(program, USUAL[arithmetic])
    return known.get(operation, known["number" if with_number else "arrays"])


def calls(kernel: Kernel, arithmetic: Arithmetic) -> int:
    """How many calls of NumPy a program takes."""
    operations = [step.operation for step in kernel.instructions if step.operation not in LEAVES]
    programs = [arithmetic.functions.get(operation) for operation in operations]
    return sum(1 if program is None else calls(program, arithmetic) for program in programs)
