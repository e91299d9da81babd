"""How many machine instructions a kernel executes for an element, by class.

CuPy launches a kernel with one thread an element, so a thread's whole way through the code, from the address
computation to the end, is paid for each element. The way depends on the data where the code branches:

- `most` counts every block once: a group of 32 threads, which go together, pays for both sides of a branch that some
  take and others not. A loop's body is counted once.
- `least` is the shortest way from the beginning by way of the last store to the end.

What only rare operands need is left out of both: the ways of IEEE division and square root for numbers near the ends of
the range, which are functions of their own called "slowpath".
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from symact.errors import Error
from symact.verification.cuda.sass import WIDTH, Code, Instruction

#: Class -> names of opcodes. Those of one class go through the same kind of unit.
CLASSES: dict[str, frozenset[str]] = {
    "float32": frozenset({"FADD", "FMUL", "FFMA"}),
    "float64": frozenset({"DADD", "DMUL", "DFMA", "DSETP", "DMNMX"}),
    "half": frozenset({"HADD2", "HMUL2", "HFMA2"}),
    "special": frozenset({"MUFU"}),
    "multiply": frozenset({"IMAD"}),
    "integer": frozenset(
        {"FSETP", "FSET", "FSEL", "FMNMX", "FCHK", "ISETP", "SEL", "IMNMX", "VIMNMX", "VIADDMNMX", "PLOP3", "P2R"}
        | {"IADD3", "IADD", "VIADD", "LEA", "LOP3", "SHF", "PRMT", "IABS", "BMSK", "SGXT", "MOV", "CS2R", "FLO"}
    ),
    "conversion": frozenset({"F2F", "F2FP", "F2I", "I2F", "I2FP", "FRND", "I2I"}),
    "memory": frozenset({"LDG", "STG", "LDL", "STL", "LDC", "LD", "ST", "LDS", "STS"}),
    "uniform": frozenset(
        {"ULDC", "LDCU", "UMOV", "UIADD3", "UIMAD", "UPRMT", "USHF", "ULOP3", "ULEA", "UISETP", "USEL", "UPLOP3"}
        | {"S2UR", "S2R", "R2UR", "UFADD", "UFMUL", "UFFMA", "UFSETP"}
    ),
    "control": frozenset({"BRA", "EXIT", "BSSY", "BSYNC", "BREAK", "BMOV", "CALL", "RET", "NOP", "WARPSYNC", "DEPBAR"}),
}
_CLASS = {name: class_ for class_, names in CLASSES.items() for name in names}

#: Opcodes that read or write arrays.
_ARRAYS = ("LDG", "STG")

_RARE = "slowpath"
_TARGET = re.compile(r"(?:^|,)(0x[0-9a-f]+)$")


@dataclass(frozen=True)
class Count:
    """What a kernel costs an element.

    Attributes:
        registers: of a thread.
        frame: bytes of local memory of a thread.
        most: class -> how many instructions if every block is executed.
        least: how many the shortest way has.
        accesses: how many array elements are read and written.
    """

    registers: int
    frame: int
    most: Mapping[str, int]
    least: int
    accesses: int

    @property
    def total(self) -> int:
        """All instructions of `most`."""
        return sum(self.most.values())


def count(code: Code) -> Count:
    """The instructions of a kernel.

    Raises:
        Error: an opcode belongs to no class here, or the code has no store.
    """
    blocks = _Blocks(code)
    kept = [one for start in blocks.reached for one in blocks.block(start)]
    unknown = sorted({one.name for one in kept} - _CLASS.keys())
    if unknown:
        raise Error(f"{code.name} has the unknown machine instructions {', '.join(unknown)}")
    classes = Counter(_CLASS[one.name] for one in kept)
    return Count(
        registers=code.registers,
        frame=code.frame,
        most={class_: classes[class_] for class_ in CLASSES if classes[class_]},
        least=blocks.shortest(),
        accesses=sum(one.name in _ARRAYS for one in kept),
    )


class _Blocks:
    """The kernel cut into blocks that are executed as a whole, but for those that lead to rare functions."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.last = len(code.instructions) * WIDTH
        starts = {0}
        for one in code.instructions:
            if one.name in ("BRA", "EXIT", "RET") or _targets(one):
                starts.add(one.address + WIDTH)
                starts.update(_targets(one))
        self.starts = sorted(start for start in starts if start < self.last)
        self._ends = dict(zip(self.starts, [*self.starts[1:], self.last], strict=True))
        self.reached = self._reachable()

    def block(self, start: int) -> tuple[Instruction, ...]:
        return self.code.instructions[start // WIDTH : self._ends[start] // WIDTH]

    def following(self, start: int) -> list[int]:
        """The blocks to which a block can lead, but for rare ones."""
        final = self.block(start)[-1]
        found = _targets(final)
        leaves = (final.name in ("EXIT", "RET") or found) and not _conditional(final)
        if not leaves and self._ends[start] < self.last:
            found.append(self._ends[start])
        return [to for to in found if not self._rare(to)]

    def _rare(self, start: int) -> bool:
        return any(one.name == "CALL" and _RARE in one.operands and not one.predicate for one in self.block(start))

    def _reachable(self) -> list[int]:
        seen, ahead = {0}, [0]
        while ahead:
            for to in self.following(ahead.pop()):
                if to not in seen:
                    seen.add(to)
                    ahead.append(to)
        return sorted(seen)

    def shortest(self) -> int:
        """Instructions on the shortest way from the beginning by way of the last store to an end."""
        stores = [start for start in self.reached if any(one.name == "STG" for one in self.block(start))]
        if not stores:
            raise Error(f"{self.code.name} stores nothing")
        store = stores[-1]
        before = self._distances(0)
        after = self._distances(store)
        ends = [start for start in self.reached if start in after and self.block(start)[-1].name == "EXIT"]
        return before[store] + min(after[end] for end in ends) - len(self.block(store))

    def _distances(self, start: int) -> dict[int, int]:
        """Block -> instructions on the shortest way to it, both ends included."""
        found = {start: len(self.block(start))}
        ahead = [(found[start], start)]
        while ahead:
            length, here = heapq.heappop(ahead)
            for to in self.following(here):
                new = length + len(self.block(to))
                if new < found.get(to, 1 << 60):
                    found[to] = new
                    heapq.heappush(ahead, (new, to))
        return found


def _targets(one: Instruction) -> list[int]:
    """Where a branch leads. A CALL to an address, not to a function, is how some loops are left: nothing comes back."""
    found = _TARGET.search(one.operands) if one.name in ("BRA", "CALL") else None
    return [int(found[1], 16)] if found else []


def _conditional(one: Instruction) -> bool:
    """Whether it depends on a predicate, which may stand before the opcode or among the operands."""
    return bool(one.predicate) or re.match(r"!?U?P\d", one.operands) is not None
