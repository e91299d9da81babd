"""From an SSA program to statements, and what all printers of programs share (see also `symact.targets.in_place`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from symact.kernel.arithmetic import WRITTEN
from symact.kernel.program import OPERATIONS, Instruction, Kernel
from symact.targets.constants import decimal
from symact.targets.table import Operations

_PLACEHOLDER = re.compile(r"\{(\d)\}")
_INFIX = re.compile(r"\{0\} ([-+*/<]|[<=!]=) \{1\}")
#: A step used once is written where it is used, as long as the line stays this short.
_WIDTH = 80


@dataclass(frozen=True)
class Statement:
    """``name = expression``; `boolean` says that the value is a truth value."""

    name: str
    expression: str
    boolean: bool


@dataclass(frozen=True)
class Body:
    """A printed program: tables and their numbers, statements in order, then the expression of each output.

    `most_alive` is the program's, for a target that says how it is compiled.
    """

    statements: tuple[Statement, ...]
    outputs: Mapping[str, str]
    tables: Mapping[str, tuple[str, ...]]
    most_alive: int


def body(
    kernel: Kernel,
    operations: Operations,
    arithmetic: str,
    identifier: Callable[[str], str] = str,
    inline: bool = True,
) -> Body:
    """Print a program in the words of a target.

    Args:
        kernel: the program.
        operations: the target's table.
        arithmetic: in which it is evaluated; constants are rounded to its format.
        identifier: spells the name of a parameter (see `Target.identifier`).
        inline: write a step that is used once where it is used; otherwise every step is a statement.

    Raises:
        Error: the target lacks an operation of the program.
    """
    uses = _uses(kernel, operations, arithmetic)
    results = {index for _, index in kernel.outputs}
    texts: list[Text] = []
    truths: list[bool] = []
    statements: list[Statement] = []
    tables: dict[str, tuple[str, ...]] = {}
    for index, step in enumerate(kernel.instructions):
        truths.append(_is_truth(step, truths))
        if step.operation == "input":
            texts.append(Text(step.value))
        elif step.operation == "parameter":
            texts.append(Text(identifier(step.value)))
        elif step.operation == "const":
            texts.append(constant(step.value, operations, arithmetic))
        elif step.operation == "table":
            name = f"table{len(tables)}"
            tables[name] = tuple(decimal(number, WRITTEN[arithmetic].compute) for number in step.value.split())
            texts.append(Text(name))
        else:
            text = substitute(operations.text(step.operation, arithmetic), [texts[i] for i in step.operands])
            if not inline or uses[index] != 1 or (len(text.text) > _WIDTH and index not in results):
                name = f"t{len(statements)}"
                statements.append(Statement(name, text.text, truths[index]))
                text = Text(name)
            texts.append(text)
    outputs = {name: texts[index].text for name, index in kernel.outputs}
    return Body(tuple(statements), outputs, tables, kernel.most_alive())


class Text(NamedTuple):
    """An expression, and how firmly it holds together: 1 a sum, 2 a product, 3 an atom, less for anything else.

    `left` counts where it is an operator's left operand, `right` where it is the right one. Sums, products and
    comparisons bind like this in every language we print, from left to right, so fewer parentheses never change the
    order.
    """

    text: str
    left: int = 3
    right: int = 3


_RANKS = {"+": 1, "-": 1, "*": 2, "/": 2, "<": 0, "<=": 0, "==": 0, "!=": 0}


def constant(text: str, operations: Operations, arithmetic: str) -> Text:
    """A constant, rounded to an arithmetic's format, as the target's literal."""
    number = decimal(text, WRITTEN[arithmetic].compute)
    if number in ("inf", "-inf", "nan"):
        literal = operations.literal(number, arithmetic)
    else:
        literal = operations.literal("number", arithmetic).replace("{0}", number)
    return Text(literal, 2, -1) if literal.startswith("-") else Text(literal)


def substitute(template: str, operands: Sequence[Text]) -> Text:
    """Put operands into an operation's text, in parentheses where another operator could take hold of them."""
    infix = _INFIX.fullmatch(template)
    if infix:
        rank = _RANKS[infix[1]]
        left, right = operands
        first = left.text if left.left >= max(rank, 1) else f"({left.text})"
        second = right.text if right.right > rank else f"({right.text})"
        return Text(f"{first} {infix[1]} {second}", rank, rank)

    def put(match: re.Match[str]) -> str:
        operand = operands[int(match[1])]
        before, after = template[: match.start()].rstrip()[-1:], template[match.end() :].lstrip()[:1]
        delimited = before in ("(", ",") and after in (")", ",")
        return operand.text if delimited or min(operand.left, operand.right) == 3 else f"({operand.text})"

    text = _PLACEHOLDER.sub(put, template)
    if _is_call(template):
        return Text(text)
    return Text(text, 2, -1) if template == "-{0}" else Text(text, -1, -1)


def own_functions(kernels: Iterable[Kernel], operations: Operations, arithmetic: str) -> dict[str, Kernel]:
    """The programs of all operations that the target writes out itself, each after those that it calls."""
    found: dict[str, Kernel] = {}
    own = operations.own.get(arithmetic, frozenset())

    def visit(kernel: Kernel) -> None:
        for operation in sorted(kernel.operations() & own):
            if operation not in found:
                program = WRITTEN[arithmetic].functions[operation]
                visit(program)
                found[operation] = program

    for kernel in kernels:
        visit(kernel)
    return found


def _is_truth(step: Instruction, before: Sequence[bool]) -> bool:
    """Whether a step's value is a truth value, given which of the steps before it are."""
    if step.operation == "select":
        return before[step.operands[1]]
    return step.operation in OPERATIONS and OPERATIONS[step.operation].boolean


def _uses(kernel: Kernel, operations: Operations, arithmetic: str) -> list[int]:
    """How often the text of each step would be written, were it put in wherever it is used."""
    uses = [0] * len(kernel.instructions)
    for step in kernel.instructions:
        if step.operands:
            for place in _PLACEHOLDER.findall(operations.text(step.operation, arithmetic)):
                uses[step.operands[int(place)]] += 1
    for _, index in kernel.outputs:
        uses[index] += 1
    return uses


def _is_call(text: str) -> bool:
    """Whether the text is one call or one pair of parentheses from its first letter to its last."""
    head = re.match(r"[\w.]*\(", text)
    if head is None:
        return False
    depth = 1
    for position in range(head.end(), len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position == len(text) - 1
    return False
