"""Fewer steps for the same results: what both sides of a choice compute alike is computed once, after the choice."""

from __future__ import annotations

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.program import OPERATIONS, Builder, Instruction, Kernel

#: Operations whose operands may change places.
_COMMUTATIVE = frozenset({"add", "mul"})


def merged(kernel: Kernel, arithmetic: Arithmetic) -> Kernel:
    """A program with ``select(c, f(a), f(b))`` written as ``f(select(c, a, b))`` where that saves work.

    It does where f is a division, a root or an elementary function, or where the other operand of f is the same on both
    sides. Every result stays the same to the last bit, for the operand that is not chosen has no effect.
    """
    return _Merging(_signs_above(kernel), arithmetic).kernel()


def _uses(kernel: Kernel) -> list[int]:
    """How often each step is an operand or an output."""
    uses = [0] * len(kernel.instructions)
    for step in kernel.instructions:
        for operand in step.operands:
            uses[operand] += 1
    for _, index in kernel.outputs:
        uses[index] += 1
    return uses


def _signs_above(kernel: Kernel) -> Kernel:
    """-(a/b) as (-a)/b, so that quotients with and without a sign look alike."""
    uses = _uses(kernel)
    b = Builder()
    here: list[int] = []
    for step in kernel.instructions:
        if step.operation == "neg":
            (operand,) = step.operands
            quotient = kernel.instructions[operand]
            if quotient.operation == "div" and uses[operand] == 1:
                above, below = (here[i] for i in quotient.operands)
                here.append(b("div", b("neg", above), below))
                continue
        here.append(b.copy(step, here))
    return b.kernel(kernel.name, kernel.inputs, kernel.parameters, {name: here[i] for name, i in kernel.outputs})


class _Merging:
    """Writes a program's steps anew, from the outputs back."""

    def __init__(self, kernel: Kernel, arithmetic: Arithmetic) -> None:
        self._kernel = kernel
        self._expensive = {"div", "sqrt", *arithmetic.functions}
        self._uses = _uses(kernel)
        self._b = Builder()
        self._done: dict[int, int] = {}
        self._choices: dict[tuple[int, int, int], int] = {}

    def kernel(self) -> Kernel:
        """The program."""
        old = self._kernel
        for name in old.inputs:
            self._b.input(name)
        outputs = {name: self._step(index) for name, index in old.outputs}
        return self._b.kernel(old.name, old.inputs, old.parameters, outputs)

    def _step(self, index: int) -> int:
        if index not in self._done:
            step = self._kernel.instructions[index]
            if step.operation == "select":
                self._done[index] = self._choice(*step.operands)
            else:
                self._done[index] = self._b.copy(step, {i: self._step(i) for i in step.operands})
        return self._done[index]

    def _choice(self, condition: int, yes: int, no: int) -> int:
        key = (condition, yes, no)
        if key not in self._choices:
            self._choices[key] = self._written(condition, yes, no)
        return self._choices[key]

    def _written(self, condition: int, yes: int, no: int) -> int:
        if yes == no:
            return self._step(yes)
        first, second = (self._kernel.instructions[i] for i in (yes, no))
        if first.operation == second.operation and self._uses[yes] == self._uses[no] == 1:
            pairs = self._paired(first, second)
            same = sum(a == c for a, c in pairs)
            numbers = all(a == c or not self._is_condition(a) for a, c in pairs)
            if pairs and numbers and (first.operation in self._expensive or same):
                return self._b(first.operation, *(self._choice(condition, a, c) for a, c in pairs))
        return self._b("select", *(self._step(i) for i in (condition, yes, no)))

    def _is_condition(self, index: int) -> bool:
        """Whether a step is true or false; targets have choices between numbers only."""
        operation = self._kernel.instructions[index].operation
        return operation in OPERATIONS and OPERATIONS[operation].boolean

    @staticmethod
    def _paired(first: Instruction, second: Instruction) -> list[tuple[int, int]]:
        """The operands of both, side by side, so that as many as possible are the same."""
        operands = second.operands
        if first.operation in _COMMUTATIVE and first.operands[0] == operands[1]:
            operands = operands[::-1]
        if first.operation in _COMMUTATIVE and first.operands[1] == operands[0]:
            operands = operands[::-1]
        return list(zip(first.operands, operands, strict=True))
