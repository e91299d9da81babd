"""Fewer steps for the same results: what both sides of a choice compute alike is computed once, after the choice."""

from __future__ import annotations

from itertools import product

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.program import OPERATIONS, Builder, Instruction, Kernel

#: Operations whose operands may change places.
_COMMUTATIVE = frozenset({"add", "mul"})


def merged(kernel: Kernel, arithmetic: Arithmetic) -> Kernel:
    """A program with ``select(c, f(a), f(b))`` written as ``f(select(c, a, b))`` where that saves work.

    It does where f is a division, a root or an elementary function, or where the other operand of f is the same on both
    sides. Every result stays the same to the last bit, for the operand that is not chosen has no effect.
    """
    found = _Merging(_signs_above(kernel), arithmetic).kernel()
    return _one_division(found) if arithmetic.is_fused else found


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


def _one_division(kernel: Kernel) -> Kernel:
    """A quotient that only counts where a condition is true, and one that only counts where it is false, as one."""
    conditions = dict.fromkeys(step.operands[0] for step in kernel.instructions if step.operation == "select")
    for condition in conditions:
        for yes, no in product(*_divisions(kernel, condition)):
            if yes not in _operands_of(kernel, no) and no not in _operands_of(kernel, yes):
                # One at a time: which quotients depend on which is then seen anew.
                return _one_division(_with_one(kernel, condition, yes, no))
    return kernel


def _divisions(kernel: Kernel, condition: int) -> tuple[list[int], list[int]]:
    """The quotients that only count where a condition is true, and those that only count where it is false."""
    always, true, false = 3, 1, 2
    counts = [0] * len(kernel.instructions)
    for _, index in kernel.outputs:
        counts[index] = always
    for index in reversed(range(len(counts))):
        step, here = kernel.instructions[index], counts[index]
        chooses = step.operation == "select" and step.operands[0] == condition
        for operand, part in zip(step.operands, (always, true, false) if chooses else (always,) * 3, strict=False):
            counts[operand] |= here & part
    before = _operands_of(kernel, condition)
    found = {each: [i for i, step in enumerate(kernel.instructions) if step.operation == "div" and counts[i] == each]
             for each in (true, false)}  # fmt: skip
    yes, no = ([i for i in found[each] if i not in before] for each in (true, false))
    return yes, no


def _operands_of(kernel: Kernel, index: int) -> set[int]:
    """The steps that a step depends on, and itself."""
    found, stack = set(), [index]
    while stack:
        each = stack.pop()
        if each not in found:
            found.add(each)
            stack.extend(kernel.instructions[each].operands)
    return found


def _with_one(kernel: Kernel, condition: int, yes: int, no: int) -> Kernel:
    """A program with one quotient in the place of two."""
    b = Builder()
    for name in kernel.inputs:
        b.input(name)
    here: dict[int, int] = {}

    def write(index: int) -> int:
        if index not in here:
            step = kernel.instructions[index]
            if index in (yes, no):
                pairs = zip(*(kernel.instructions[i].operands for i in (yes, no)), strict=True)
                above, below = (
                    write(a) if a == c else b("select", write(condition), write(a), write(c)) for a, c in pairs
                )
                here[yes] = here[no] = b("div", above, below)
            else:
                here[index] = b.copy(step, {i: write(i) for i in step.operands})
        return here[index]

    outputs = {name: write(index) for name, index in kernel.outputs}
    return b.kernel(kernel.name, kernel.inputs, kernel.parameters, outputs)


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
