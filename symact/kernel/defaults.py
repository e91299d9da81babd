"""A program for its parameters' defaults alone: where one is 1, a product with it needs no step and loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from symact.kernel.program import Builder, Instruction, Kernel

#: What a program for the defaults has to save to be worth its code.
_DEAR = ("product_error", "div")


def at_defaults(kernel: Kernel, defaults: Mapping[str, str]) -> Kernel | None:
    """The program with numbers in place of its parameters; None where that saves no division and no product's error.

    It gives the same results but for the sign of a NaN.
    """
    found = _Settled(kernel, defaults).kernel()
    before, after = (sum(step.operation in _DEAR for step in each.instructions) for each in (kernel, found))
    return found if after < before else None


class _Settled:
    """Writes a program's steps anew, without those that do nothing."""

    def __init__(self, kernel: Kernel, defaults: Mapping[str, str]) -> None:
        self._kernel = kernel
        self._defaults = defaults
        self._b = Builder()
        self._zero = self._b.const(0)
        self._numbers: dict[int, Fraction] = {self._zero: Fraction(0)}
        #: Errors of exact products: added to something, or times something that is added, they have no effect.
        self._nothing: set[int] = set()
        #: What is compared: a choice of the smaller one is a minimum once the error of a product goes with it no more.
        self._less: dict[int, tuple[int, ...]] = {}

    def kernel(self) -> Kernel:
        """The program."""
        old = self._kernel
        here: list[int] = []
        for step in old.instructions:
            here.append(self._step(step, [here[i] for i in step.operands]))
        outputs = {name: here[index] for name, index in old.outputs}
        return self._b.kernel(old.name, old.inputs, (), outputs)

    def _step(self, step: Instruction, operands: list[int]) -> int:
        match step.operation:
            case "parameter":
                return self._number(self._defaults[step.value])
            case "const" if step.value not in ("inf", "-inf", "nan"):
                return self._number(step.value)
            case "mul" if any(each in self._nothing for each in operands):
                return next(each for each in operands if each in self._nothing)
            case "mul" if any(self._numbers.get(each) == 1 for each in operands):
                one = next(i for i, each in enumerate(operands) if self._numbers.get(each) == 1)
                return operands[1 - one]
            case "div" if self._numbers.get(operands[1]) == 1:
                return operands[0]
            case "product_error" if any(self._is_power_of_two(each) for each in operands[:2]):
                return self._none()
            case "select" if all(each in self._nothing or each == self._zero for each in operands[1:]):
                return self._none() if any(each in self._nothing for each in operands[1:]) else self._zero
            case "add" | "sub" if operands[1] in self._nothing:
                return operands[0]
            case "add" if operands[0] in self._nothing:
                return operands[1]
            case "neg" if operands[0] in self._nothing:
                return operands[0]
            case "lt":
                self._less[index := self._b("lt", *operands)] = tuple(operands)
                return index
            case "select" if self._less.get(operands[0]) == tuple(operands[1:]):
                return self._b("min", *operands[1:])
        return self._b(step.operation, *operands) if operands else self._b.copy(step, here=[])

    def _number(self, text: str) -> int:
        index = self._b.const(text)
        self._numbers[index] = Fraction(text)
        return index

    def _none(self) -> int:
        self._nothing.add(index := self._b("neg", self._b("neg", self._zero)))
        return index

    def _is_power_of_two(self, index: int) -> bool:
        number = abs(self._numbers.get(index, Fraction(0)))
        return number > 0 and all(part & (part - 1) == 0 for part in (number.numerator, number.denominator))
