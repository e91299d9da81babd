"""From an SSA program to steps that write into arrays that are there already, for languages whose values are arrays.

An expression of arrays makes a new one a step, whose memory costs more than the step. Here a text of the target names
its array as ``{out}``: ``np.add({0}, {1}, out={out})``. Several steps in one text are parted by ``;``, and the operands
stand in the first of them alone. A text without ``{out}`` is an expression, such as a comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symact.kernel.outside import tails, without_outside
from symact.kernel.program import LEAVES, OPERATIONS, Instruction, Kernel
from symact.targets.printer import Text, constant, substitute
from symact.targets.table import Operations

_OUT, _NEXT = "{out}", "; "
#: What is left out of a text for an expression of numbers.
_INTO = f", out={_OUT}"


@dataclass(frozen=True)
class Steps:
    """A printed program.

    Attributes:
        lines: one step each.
        temporaries: of how many arrays, ``t0`` and on, the steps make use.
        outputs: the arrays of the results, with a ``_`` appended where an input is called so.
        tails: below and above which x a program for usual inputs does not hold, "None" where there is no such number.
        gaps: the open intervals between them where it does not hold.
    """

    lines: tuple[str, ...]
    temporaries: int
    outputs: tuple[str, ...]
    tails: tuple[str, str] = ("None", "None")
    gaps: tuple[tuple[str, str], ...] = ()


def steps(kernel: Kernel, operations: Operations, arithmetic: str, identifier: Callable[[str], str] = str) -> Steps:
    """Print a program in the words of a target.

    Args:
        kernel: the program. None of its results may be in the memory of an input.
        operations: the target's table.
        arithmetic: in which it is evaluated; constants are rounded to its format.
        identifier: spells the name of a parameter (see `Target.identifier`).

    Raises:
        Error: the target lacks an operation of the program.
    """
    return _Printer(kernel, operations, arithmetic, identifier).printed()


class _Printer:
    """One program on its way: which step's value is in which array, and which arrays are free."""

    def __init__(
        self, kernel: Kernel, operations: Operations, arithmetic: str, identifier: Callable[[str], str]
    ) -> None:
        self._kernel, self._outside = without_outside(kernel)
        self._operations = operations
        self._arithmetic = arithmetic
        self._identifier = identifier
        self._last = {i: place for place, step in enumerate(self._kernel.instructions) for i in step.operands}
        self._outputs = [(f"{name}_" if name in kernel.inputs else name, index) for name, index in self._kernel.outputs]
        self._results = {index: name for name, index in self._outputs}
        self._last |= {index: len(self._kernel.instructions) for _, index in self._kernel.outputs}
        self._texts: list[Text] = []
        self._numbers: list[bool] = []
        self._arrays: dict[int, str] = {}
        self._free = self._lent()
        self._count = 0
        self._lines: list[str] = []

    def printed(self) -> Steps:
        for place, step in enumerate(self._kernel.instructions):
            self._numbers.append(self._is_number(step))
            self._texts.append(self._leaf(step) if step.operation in LEAVES else self._step(place, step))
        for name, index in self._outputs:
            if self._texts[index].text != name:
                self._lines.append(f"{name}[...] = {self._texts[index].text}")
        low, high = map(self._end, tails(self._outside))
        gaps = tuple((self._end(a), self._end(b)) for a, b in self._outside if a is not None and b is not None)
        return Steps(tuple(self._lines), self._count, tuple(name for name, _ in self._outputs), (low, high), gaps)

    def _end(self, number: str | None) -> str:
        """The end of an interval."""
        return "None" if number is None else constant(number, self._operations, self._arithmetic).text

    def _lent(self) -> list[str]:
        """The array of the only result, which serves as a temporary where no value is read after that is written."""
        if len(self._results) != 1:
            return []
        ((place, name),) = self._results.items()
        operation = self._kernel.instructions[place].operation
        if operation in (*LEAVES, *self._operations.own.get(self._arithmetic, ())):
            return []
        values = (
            i
            for i, step in enumerate(self._kernel.instructions)
            if i != place and step.operation not in LEAVES and not OPERATIONS[step.operation].boolean
        )
        return [name] if all(self._last[i] <= place for i in values) else []

    def _is_number(self, step: Instruction) -> bool:
        """Whether a value is one number for all elements."""
        if step.operation in LEAVES:
            return step.operation != "input"
        return all(self._numbers[i] for i in step.operands)

    def _leaf(self, step: Instruction) -> Text:
        if step.operation == "const":
            return constant(step.value, self._operations, self._arithmetic)
        return Text(step.value if step.operation == "input" else self._identifier(step.value))

    def _step(self, place: int, step: Instruction) -> Text:
        template = self._operations.text(step.operation, self._arithmetic)
        operands = [self._texts[i] for i in step.operands]
        if self._numbers[place] and template.endswith(f"{_INTO})") and _NEXT not in template:
            return self._named("s", substitute(template.replace(_INTO, ""), operands))
        if _OUT not in template:
            text = self._named("c", substitute(template, operands))
            self._release(place, step)
            return text
        self._numbers[place] = False
        # A program that is written out as a function may write its result before it reads its operands once more.
        apart = step.operation in self._operations.own.get(self._arithmetic, ())
        if not apart:
            self._release(place, step)
        out = self._results.get(place) or self._taken(place)
        if apart:
            self._release(place, step)
        first, *others = template.split(_NEXT)
        self._lines.append(substitute(first.replace(_OUT, out), operands).text)
        self._lines += [other.replace(_OUT, out) for other in others]
        return Text(out)

    def _named(self, letter: str, text: Text) -> Text:
        name = f"{letter}{len(self._lines)}"
        self._lines.append(f"{name} = {text.text}")
        return Text(name)

    def _release(self, place: int, step: Instruction) -> None:
        """Free the arrays whose values are read here for the last time."""
        for index in dict.fromkeys(step.operands):
            if self._last[index] == place and index in self._arrays:
                self._free.append(self._arrays.pop(index))

    def _taken(self, place: int) -> str:
        """An array for a step's value: of the free ones that used last, which is still at hand."""
        if self._free:
            array = self._free.pop()
        else:
            array, self._count = f"t{self._count}", self._count + 1
        self._arrays[place] = array
        return array
