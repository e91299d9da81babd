"""PTX assembly as a tree: what NVRTC writes, read without knowing what an instruction does.

The grammar is that of NVIDIA's PTX ISA as far as compilers print it: directives, register and variable declarations,
labels, nested scopes, and instructions ``@guard opcode operands;``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symact.errors import Error

_HEADER = re.compile(r"^\s*\.(version|target|address_size)\s+(.*)$", re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_SIGN, _END = re.compile(r"\S"), re.compile(r"[;{]")
_LABEL = re.compile(r"\s*([$\w]+):")
_INSTRUCTION = re.compile(r"(?:@(!?%[\w$]+)\s+)?([a-z][\w.:]*)\s*(.*)", re.DOTALL)
_REGISTERS = re.compile(r"\.reg\s+\.(\w+)\s+(.*)", re.DOTALL)
_REGISTER = re.compile(r"(%?[\w$]+)(?:<(\d+)>)?$")
_VARIABLE = re.compile(
    r"(?:\.visible\s+|\.extern\s+|\.weak\s+)*\.(param|local|global|const)\s+(?:\.align\s+(\d+)\s+)?\.(\w+)\s+"
    r"([\w$]+)(?:\[(\d+)\])?(?:\s*=\s*\{(.*)\}|\s*=\s*(\S+))?$",
    re.DOTALL,
)
_FUNCTION = re.compile(r"(?:\.(?:visible|weak|extern)\s+)*\.(entry|func)\b\s*(.*)", re.DOTALL)

#: The size in bytes of a type in memory.
SIZES = {
    "pred": 1,
    **{f"{kind}{bits}": bits // 8 for kind in "bus" for bits in (8, 16, 32, 64)},
    "f16": 2,
    "bf16": 2,
    "f32": 4,
    "f64": 8,
}


@dataclass(frozen=True)
class Registers:
    """Registers of one type, declared together."""

    type: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Variable:
    """Bytes in memory.

    Attributes:
        space: "param", "local", "global" or "const".
        name: as instructions call it.
        align: in bytes.
        size: in bytes.
        data: what it holds at first; empty where that is not said.
    """

    space: str
    name: str
    align: int
    size: int
    data: bytes = b""


@dataclass(frozen=True)
class Label:
    """A place to branch to."""

    name: str


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        guard: the predicate under which it is executed, such as "%p1" or "!%p1"; empty: always.
        opcode: with all modifiers, such as "fma.rn.ftz.f32".
        operands: the destination first.
    """

    guard: str
    opcode: str
    operands: tuple[str, ...]

    def __str__(self) -> str:
        guard = f"@{self.guard} " if self.guard else ""
        return f"{guard}{self.opcode} {', '.join(self.operands)};"


@dataclass(frozen=True)
class Block:
    """A scope of its own, with names of its own."""

    items: tuple[Item, ...]


Item = Registers | Variable | Label | Instruction | Block


@dataclass(frozen=True)
class Function:
    """A kernel or a function that kernels call.

    Attributes:
        name: of it.
        entry: whether it is a kernel.
        results, parameters: in the order in which they are passed.
        body: what it does.
    """

    name: str
    entry: bool
    results: tuple[Variable, ...]
    parameters: tuple[Variable, ...]
    body: Block


@dataclass(frozen=True)
class Module:
    """What one compilation gave.

    Attributes:
        target: the architecture, such as "sm_90".
        variables: those outside functions.
        functions: name -> function.
    """

    target: str
    variables: tuple[Variable, ...]
    functions: dict[str, Function]


def parse(text: str) -> Module:
    """The tree of a PTX text.

    Raises:
        Error: the text is not as compilers print it.
    """
    plain = _COMMENT.sub("", text)
    header = dict(_HEADER.findall(plain))
    if "target" not in header:
        raise Error("this is no PTX: it names no target")
    scanner = _Scanner(_HEADER.sub("", plain))
    variables: list[Variable] = []
    functions: dict[str, Function] = {}
    for statement, opens in scanner.top():
        found = _FUNCTION.match(statement)
        if found is None:
            variables.append(_variable(statement))
        elif opens:
            function = _function(found[1] == "entry", found[2], scanner.block())
            functions[function.name] = function
    return Module(header["target"].split(",")[0].strip(), tuple(variables), functions)


class _Scanner:
    """Goes through a text statement by statement."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def top(self) -> Iterator[tuple[str, bool]]:
        """Statements outside functions; whether a function's body follows, which then has to be taken by `block`."""
        while _SIGN.search(self.text, self.at):
            end = _END.search(self.text, self.at)
            if end is None:
                raise Error(f"PTX: unfinished statement '{_short(self.text[self.at :])}'")
            statement = self.text[self.at : end.start()]
            if end[0] == "{" and "=" in statement:
                close = self.text.index(";", self.at)
                statement, self.at = self.text[self.at : close], close + 1
                yield statement.strip(), False
            else:
                self.at = end.end()
                yield statement.strip(), end[0] == "{"

    def block(self) -> Block:
        """The items up to the brace that closes the scope; the one that opens it has been taken."""
        items: list[Item] = []
        while True:
            label = _LABEL.match(self.text, self.at)
            if label is not None:
                items.append(Label(label[1]))
                self.at = label.end()
                continue
            start = _SIGN.search(self.text, self.at)
            if start is None:
                raise Error("PTX: a scope is not closed")
            self.at, sign = start.start(), start[0]
            if sign == "{":
                self.at += 1
                items.append(self.block())
            elif sign == "}":
                self.at += 1
                return Block(tuple(items))
            else:
                end = self.text.find(";", self.at)
                if end < 0:
                    raise Error(f"PTX: unfinished statement '{_short(self.text[self.at :])}'")
                items += _item(self.text[self.at : end].strip())
                self.at = end + 1


def _item(statement: str) -> list[Item]:
    """What a statement in a function is; nothing for a pragma or an empty one."""
    if not statement or statement.startswith(".pragma"):
        return []
    if statement.startswith(".reg"):
        return [_registers(statement)]
    if statement.startswith("."):
        return [_variable(statement)]
    found = _INSTRUCTION.fullmatch(statement)
    if found is None:
        raise Error(f"PTX: '{_short(statement)}' is no instruction")
    return [Instruction(found[1] or "", found[2], _split(found[3]))]


def _registers(statement: str) -> Registers:
    found = _REGISTERS.fullmatch(statement)
    names: list[str] = []
    for part in _split(found[2]) if found else ():
        register = _REGISTER.fullmatch(part)
        if register is None:
            break
        names += [f"{register[1]}{i}" for i in range(int(register[2]))] if register[2] else [register[1]]
    else:
        if found is not None and found[1] in SIZES:
            return Registers(found[1], tuple(names))
    raise Error(f"PTX: '{_short(statement)}' is no declaration of registers")


def _variable(statement: str) -> Variable:
    found = _VARIABLE.fullmatch(statement.strip())
    if found is None or found[3] not in SIZES:
        raise Error(f"PTX: '{_short(statement)}' is no declaration of a variable")
    space, align, type_, name, count, listed, single = found.groups()
    width = SIZES[type_]
    numbers = [int(part, 0) for part in _split(listed or single or "")]
    data = b"".join((number % (1 << 8 * width)).to_bytes(width, "little") for number in numbers)
    size = width * int(count or 1)
    return Variable(space, name, int(align or width), size, data.ljust(size, b"\0") if data else b"")


def _function(entry: bool, head: str, body: Block) -> Function:
    """A function from its head: ``(results) name (parameters)``, where the results may be missing."""
    found = re.fullmatch(r"\s*(?:\(([^()]*)\))?\s*([\w$]+)\s*(?:\(([^()]*)\))?[\s.\w,]*", head)
    if found is None:
        raise Error(f"PTX: '{_short(head)}' is no function")
    results, parameters = (tuple(map(_variable, _split(text or ""))) for text in (found[1], found[3]))
    return Function(found[2], entry, results, parameters, body)


def _split(text: str) -> tuple[str, ...]:
    """The parts between commas that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif sign == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return tuple(part for part in map(str.strip, [*parts, text[start:]]) if part)


def _short(text: str) -> str:
    return " ".join(text.split())[:60]
