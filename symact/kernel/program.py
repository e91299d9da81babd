"""The SSA program between mathematics and source text.

A `Kernel` is a list of instructions, each used by its index, with any number of inputs, parameters and outputs.
There is no control flow: a choice is a ``select``. Evaluation order is exactly the order written here, because an
order that was chosen for accuracy must survive until the compiler sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Operation:
    """What an operation means: how many operands it takes and whether its result is a truth value."""

    name: str
    arity: int
    meaning: str
    boolean: bool = False


#: What has no operands, but a value of its own.
LEAVES = frozenset({"input", "parameter", "const", "table"})

#: Lifted exponentials are 2 to this power larger.
LIFT = 64

#: Every operation a program may use. A target's table says how it writes each of them, or that it cannot.
OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("add", 2, "a + b"),
        Operation("sub", 2, "a - b"),
        Operation("mul", 2, "a * b"),
        Operation("div", 2, "a / b"),
        Operation("neg", 1, "-a"),
        Operation("abs", 1, "|a|"),
        Operation("copysign", 2, "|a| with the sign bit of b"),
        Operation("min", 2, "b if b < a else a, so a NaN in a is kept"),
        Operation("cut", 2, "the smaller of a and b > 0; b, or NaN, where a is NaN"),
        Operation("max", 2, "b if b > a else a, so a NaN in a is kept"),
        Operation("floor", 1, "the largest integer not above a"),
        Operation("sqrt", 1, "the square root"),
        Operation("pow", 2, "a to the power b, a > 0"),
        Operation("exp", 1, "e^a"),
        Operation("exp_long", 1, "e^a with all digits of the arithmetic, for the exponent of another exponential"),
        Operation("decay", 1, "e^-a, a >= 0"),
        Operation("decay_flushed", 1, "e^-a, a >= 0, and 0 from where it is no normal number any more"),
        Operation("decay_power", 1, "2^n*2^64 where e^-a = 2^n*e^r with |r| <= ln(2)/2, a >= 0; 0 as decay_lifted is"),
        Operation("decay_rest", 1, "e^r - 1 for that r"),
        Operation("decay_lifted", 1, "e^-a*2^64, a >= 0, and 0 from where that is no normal number any more"),
        Operation("expm1", 1, "e^a - 1"),
        Operation("log", 1, "the natural logarithm"),
        Operation("log1p", 1, "ln(1 + a)"),
        Operation("log1p_unit", 1, "ln(1 + a), 0 <= a <= 1"),
        Operation("log1p_positive", 1, "ln(1 + a), a >= 0"),
        Operation("product_error", 3, "a*b - c, where c is a*b rounded; exact where it does not underflow"),
        Operation("pow2", 1, "2^n where a = 1.5*2^(p - 1) + n, p the format's precision and 2^n a normal number"),
        Operation("exponent", 1, "the integer n with sqrt(1/2) <= a/2^n < sqrt(2), a a normal number"),
        Operation("mantissa", 1, "a/2^n with that n"),
        Operation("sin", 1, "sine"),
        Operation("cos", 1, "cosine"),
        Operation("tan", 1, "tangent"),
        Operation("sinh", 1, "hyperbolic sine"),
        Operation("cosh", 1, "hyperbolic cosine"),
        Operation("tanh", 1, "hyperbolic tangent"),
        Operation("asin", 1, "inverse sine"),
        Operation("acos", 1, "inverse cosine"),
        Operation("atan", 1, "inverse tangent"),
        Operation("asinh", 1, "inverse hyperbolic sine"),
        Operation("acosh", 1, "inverse hyperbolic cosine"),
        Operation("atanh", 1, "inverse hyperbolic tangent"),
        Operation("erf", 1, "the error function"),
        Operation("erfc", 1, "1 - erf(a)"),
        Operation("erfcx", 1, "exp(a^2)*erfc(a), a >= 0"),
        Operation("erfcx_half", 1, "exp(a^2/2)*erfc(a/sqrt(2)), 0 <= a < 14.84, and what it is there beyond"),
        Operation("gauss", 1, "exp(-a^2/2) without the error of rounding a^2"),
        Operation("bell", 1, "exp(-a^2) without the error of rounding a^2"),
        Operation("gauss_lifted", 1, "exp(-a^2/2)*2^64, and 0 from where that is no normal number any more"),
        Operation("gauss_power", 1, "decay_power of a^2/2 without the error of rounding a^2"),
        Operation("gauss_rest", 1, "decay_rest likewise"),
        Operation("bell_power", 1, "decay_power of a^2 without the error of rounding a^2"),
        Operation("bell_rest", 1, "decay_rest likewise"),
        Operation("bell_lifted", 1, "exp(-a^2)*2^64, and 0 from where that is no normal number any more"),
        Operation("lt", 2, "a < b; false where either is NaN", boolean=True),
        Operation("le", 2, "a <= b; false where either is NaN", boolean=True),
        Operation("eq", 2, "a == b; false where either is NaN", boolean=True),
        Operation("ne", 2, "a != b; true where either is NaN", boolean=True),
        Operation("and", 2, "both", boolean=True),
        Operation("or", 2, "either", boolean=True),
        Operation("fma", 3, "a*b + c, rounded once"),
        Operation("fms", 3, "a*b - c, rounded once"),
        Operation("lower", 2, "a/2^n where a has j/32 added to its exponent, and the last bits of b are 32*n + j"),
        Operation("scale", 2, "a*2^b for a whole number b, rounded once"),
        Operation("special", 1, "whether a is 0, infinite or NaN", boolean=True),
        Operation("quarter", 1, "a number whose last bits count quarters of octaves up to a, a > 0"),
        Operation("mirrored", 2, "a, with all bits the other way round where b has a sign"),
        Operation("entry", 2, "the entry of table a that the last five bits of b say"),
        Operation("select", 3, "b where a is true, else c; the operand not chosen has no effect"),
    )
}


@dataclass(frozen=True)
class Instruction:
    """One step: an operation on earlier steps, or a leaf.

    Leaves have no operands: ``input`` and ``parameter`` carry a name in `value`; ``const`` carries an exact
    number as text that `fractions.Fraction` reads, or "inf", "-inf", "nan"; ``table`` carries 32 such numbers with
    spaces between them.
    """

    operation: str
    operands: tuple[int, ...] = ()
    value: str = ""


@dataclass(frozen=True)
class Kernel:
    """A straight-line program: ``outputs`` name the steps whose results leave it.

    Attributes:
        name: the pass it implements, such as "forward".
        inputs: names of the arrays it reads ("x", or "x" and "grad_y").
        parameters: names of the run-time scalars, in the activation's order.
        instructions: the steps; an operand is the index of an earlier step.
        outputs: (name, index) pairs ("y", "dydx", "grad_x", "d2ydx2").
    """

    name: str
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    outputs: tuple[tuple[str, int], ...]

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:  # of a long program it takes long, and searches ask for it again and again
        return hash((self.name, self.inputs, self.parameters, self.instructions, self.outputs))

    def operations(self) -> set[str]:
        """The operations that occur, leaves left out."""
        return {step.operation for step in self.instructions if step.operation in OPERATIONS}

    def most_alive(self) -> int:
        """How many numbers are needed later on at a time: constants, parameters and truth values are left out."""
        last = {i: place for place, step in enumerate(self.instructions) for i in step.operands}
        last |= {i: len(self.instructions) for _, i in self.outputs}
        most = 0
        alive: set[int] = set()
        for place, step in enumerate(self.instructions):
            operation = OPERATIONS.get(step.operation)
            if step.operation == "input" if operation is None else not operation.boolean:
                alive.add(place)
            alive = {i for i in alive if last[i] > place}
            most = max(most, len(alive))
        return most

    def to_dict(self) -> dict[str, Any]:
        """A JSON document from which `from_dict` makes the same kernel."""
        return {
            "name": self.name,
            "inputs": list(self.inputs),
            "parameters": list(self.parameters),
            "instructions": [
                [step.operation, *step.operands] if step.operands else [step.operation, step.value]
                for step in self.instructions
            ],
            "outputs": [list(output) for output in self.outputs],
        }

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> Kernel:
        """The kernel that `to_dict` wrote."""
        steps = (
            Instruction(operation, (), rest[0]) if isinstance(rest[0], str) else Instruction(operation, tuple(rest))
            for operation, *rest in document["instructions"]
        )
        return Kernel(
            document["name"],
            tuple(document["inputs"]),
            tuple(document["parameters"]),
            tuple(steps),
            tuple((name, index) for name, index in document["outputs"]),
        )


def constant_value(text: str) -> Fraction | float:
    """The exact value of a ``const`` leaf; a float only for the infinities and NaN."""
    return float(text) if text in ("inf", "-inf", "nan") else Fraction(text)


class Builder:
    """Collects instructions; the same step is never written twice (hash-consing), so subexpressions are shared."""

    def __init__(self) -> None:
        self._steps: list[Instruction] = []
        self._index: dict[Instruction, int] = {}

    def _step(self, step: Instruction) -> int:
        if step not in self._index:
            self._index[step] = len(self._steps)
            self._steps.append(step)
        return self._index[step]

    def input(self, name: str) -> int:
        """The input array of that name."""
        return self._step(Instruction("input", (), name))

    def parameter(self, name: str) -> int:
        """The run-time scalar of that name."""
        return self._step(Instruction("parameter", (), name))

    def const(self, value: str | int | Fraction) -> int:
        """An exact number."""
        return self._step(Instruction("const", (), str(value)))

    def table(self, values: Sequence[str]) -> int:
        """A table of exact numbers, the first operand of ``entry``."""
        return self._step(Instruction("table", (), " ".join(values)))

    def __call__(self, operation: str, *operands: int) -> int:
        """A step that applies an operation to earlier steps."""
        if len(operands) != OPERATIONS[operation].arity:
            raise TypeError(f"{operation} takes {OPERATIONS[operation].arity} operands, not {len(operands)}")
        return self._step(Instruction(operation, operands))

    def include(self, kernel: Kernel, bind: Mapping[str, int] | None = None) -> dict[str, int]:
        """Copy a kernel's steps in, with inputs or parameters replaced by the steps that `bind` names.

        Returns the index of each of the kernel's outputs here.
        """
        bind = bind or {}
        here: list[int] = []
        for step in kernel.instructions:
            leaf = step.operation in ("input", "parameter") and step.value in bind
            here.append(bind[step.value] if leaf else self.copy(step, here))
        return {name: here[index] for name, index in kernel.outputs}

    def copy(self, step: Instruction, here: Mapping[int, int] | Sequence[int]) -> int:
        """Another program's step; `here` says which steps its operands are here."""
        return self._step(Instruction(step.operation, tuple(here[i] for i in step.operands), step.value))

    def kernel(self, name: str, inputs: Sequence[str], parameters: Sequence[str], outputs: Mapping[str, int]) -> Kernel:
        """The finished program: only the steps that the outputs need, in their order."""
        needed: set[int] = set()
        stack = list(outputs.values())
        while stack:
            index = stack.pop()
            if index not in needed:
                needed.add(index)
                stack.extend(self._steps[index].operands)
        order = sorted(needed)
        place = {old: new for new, old in enumerate(order)}
        return Kernel(
            name,
            tuple(inputs),
            tuple(parameters),
            tuple(
                Instruction(s.operation, tuple(place[i] for i in s.operands), s.value)
                for s in (self._steps[i] for i in order)
            ),
            tuple((output, place[index]) for output, index in outputs.items()),
        )


def lines(kernel: Kernel) -> Iterator[str]:
    """The program as text, a step a line: ``v3 = exp v2``."""
    for index, step in enumerate(kernel.instructions):
        operands = " ".join(f"v{i}" for i in step.operands) or step.value
        yield f"v{index} = {step.operation} {operands}"
    for name, index in kernel.outputs:
        yield f"{name} = v{index}"
