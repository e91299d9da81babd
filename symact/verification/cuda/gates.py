"""What has to hold of compiled kernels, whatever they compute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symact.verification.cuda import sass
from symact.verification.cuda.count import count
from symact.verification.cuda.nvrtc import Compiled
from symact.verification.cuda.ptx import Block, Function, Instruction, Module, parse

#: Threads that a multiprocessor can hold, by architecture, and the registers that it has (CUDA C++ Programming Guide,
#: "Compute Capabilities").
THREADS = {"sm_75": 1024, "sm_80": 2048, "sm_89": 1536, "sm_90": 2048, "sm_100": 2048}
REGISTERS = 65536

#: Threads of a block as CuPy launches elementwise kernels; registers are given out eight at a time.
_BLOCK, _UNIT = 128, 8

#: The share of these threads that has to find room beside each other, so that memory is waited for by others: all
#: numbers of float64 take two registers.
ROOM = {"float16": 0.75, "bfloat16": 0.75, "float32": 0.75, "float64": 0.375}

#: How many instructions an element may take at most, both sides of every branch executed.
INSTRUCTIONS = {"float16": 400, "bfloat16": 400, "float32": 400, "float64": 1000}


@dataclass(frozen=True)
class Problem:
    """A gate that a kernel does not pass.

    Attributes:
        kernel: its name in CUDA; empty where it is about all of a compilation.
        gate: which.
        found: what was seen.
    """

    kernel: str
    gate: str
    found: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.kernel, self.gate, self.found)))


def problems(compiled: Compiled, dtype: str, architecture: str) -> list[Problem]:
    """Every gate that kernels of one dtype do not pass; empty if all is well.

    Args:
        compiled: of one or several kernels.
        dtype: of their arrays.
        architecture: that they were compiled for.
    """
    found = [Problem("", "no warning of the compiler", compiled.log)] if compiled.log else []
    if dtype != "float64":
        found += _doubles(parse(compiled.ptx))
    for name, code in sass.disassemble(compiled.cubin).items():
        found += _resources(name, code, dtype, architecture)
    return found


def occupancy(registers: int, architecture: str) -> float:
    """The share of a multiprocessor's threads for which there are registers."""
    given = -(-registers // _UNIT) * _UNIT * _BLOCK
    return min(REGISTERS // given * _BLOCK / THREADS[architecture], 1.0)


def _resources(name: str, code: sass.Code, dtype: str, architecture: str) -> Iterator[Problem]:
    local = sum(one.name in ("LDL", "STL") for one in code.instructions)
    if code.frame or local:
        yield Problem(name, "no local memory, nothing spilled", f"{code.frame} bytes, {local} accesses")
    room = occupancy(code.registers, architecture)
    if room < ROOM[dtype]:
        yield Problem(name, f"room for {ROOM[dtype]:.1%} of the threads", f"{code.registers} registers: {room:.1%}")
    total = count(code).total
    if total > INSTRUCTIONS[dtype]:
        yield Problem(name, f"at most {INSTRUCTIONS[dtype]} instructions an element", str(total))


def _doubles(module: Module) -> Iterator[Problem]:
    """float64 instructions where none belong."""
    for function in module.functions.values():
        found = [one.opcode for one in _instructions(function) if ".f64" in one.opcode]
        if found:
            yield Problem(function.name, "no float64 instruction", f"{len(found)}, such as {found[0]}")


def _instructions(function: Function) -> Iterator[Instruction]:
    ahead: list[Block] = [function.body]
    while ahead:
        for item in ahead.pop().items:
            if isinstance(item, Instruction):
                yield item
            elif isinstance(item, Block):
                ahead.append(item)
