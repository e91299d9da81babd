"""Machine code of NVIDIA's GPUs as a list of instructions, and what a kernel takes of registers and memory."""

from __future__ import annotations

import importlib.util
import json
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from symact.errors import Error
from symact.verification.cuda.source import INSTALL

#: Bytes of an instruction, on Volta and all later architectures.
WIDTH = 16

#: Attributes in a section .nv.info: how many registers a function takes, the size of its stack frame.
_REGISTERS, _FRAME = 0x2F, 0x11


@dataclass(frozen=True)
class Instruction:
    """One machine instruction.

    Attributes:
        address: in bytes from the function's start.
        predicate: such as "@!P0"; empty: always executed.
        opcode: such as "FFMA.FTZ".
        operands: as the disassembler prints them.
    """

    address: int
    predicate: str
    opcode: str
    operands: str

    @property
    def name(self) -> str:
        """The opcode without its modifiers."""
        return self.opcode.partition(".")[0]


@dataclass(frozen=True)
class Code:
    """The machine code of one kernel.

    Attributes:
        name: of the kernel.
        instructions: all of them, functions that it calls and padding included.
        registers: how many a thread takes.
        frame: bytes of local memory a thread takes, where registers are spilled to.
    """

    name: str
    instructions: tuple[Instruction, ...]
    registers: int
    frame: int


def missing() -> str | None:
    """Why machine code cannot be read here; None if it can."""
    return None if _disassembler() else f"nvdisasm is not installed: {INSTALL}"


def disassemble(cubin: bytes) -> dict[str, Code]:
    """The kernels of a file of machine code, by name.

    Raises:
        Error: the disassembler is not there, or it cannot read the file.
    """
    program = _disassembler()
    if program is None:
        raise Error(f"machine code cannot be read: {missing()}")
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin + b"\0")  # without a byte after its end nvdisasm takes the file for a broken one
        file.flush()
        done = subprocess.run([program, "-json", "-c", file.name], capture_output=True, text=True, check=False)
    try:
        _, functions = json.loads(done.stdout)
    except ValueError:
        raise Error(f"nvdisasm failed: {(done.stderr.strip().splitlines() or ['no output'])[0]}") from None
    resources = _resources(cubin)
    found = {}
    for function in functions:
        name = function["function-name"]
        listed = tuple(
            Instruction(WIDTH * i, one.get("predicate", ""), one["opcode"], one.get("operands", ""))
            for i, one in enumerate(function["sass-instructions"])
        )
        found[name] = Code(name, listed, resources[name][_REGISTERS], resources[name].get(_FRAME, 0))
    return found


@lru_cache
def _disassembler() -> str | None:
    """The program nvdisasm of the Python package."""
    try:
        found = importlib.util.find_spec("nvidia")
    except ModuleNotFoundError:
        found = None
    places = found.submodule_search_locations or [] if found else []
    return next((str(path) for place in places for path in Path(place).glob("*/bin/nvdisasm")), None)


def _resources(cubin: bytes) -> dict[str, dict[int, int]]:
    """Function -> attribute -> value, from the section .nv.info of an ELF file.

    Its records have a format byte (4: a counted one), an attribute byte, the number of bytes and that many bytes, which
    for those wanted here are the index of a symbol and a number.
    """
    sections = {name: (offset, size) for name, offset, size in _sections(cubin)}
    names = _symbols(cubin, sections)
    found: dict[str, dict[int, int]] = {}
    at, size = sections[".nv.info"]
    end = at + size
    while at < end:
        kind, attribute, length = struct.unpack_from("<BBH", cubin, at)
        at += 4
        if kind == 4:
            if attribute in (_REGISTERS, _FRAME):
                symbol, value = struct.unpack_from("<II", cubin, at)
                found.setdefault(names[symbol], {})[attribute] = value
            at += length
    return found


def _sections(elf: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, offset and size of each section."""
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    width, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + width * i) for i in range(count)]
    strings = headers[names][4]
    for name, _, _, _, offset, size in headers:
        yield _string(elf, strings + name), offset, size


def _symbols(elf: bytes, sections: dict[str, tuple[int, int]]) -> list[str]:
    """The names of all symbols in order."""
    offset, size = sections[".symtab"]
    strings, _ = sections[".strtab"]
    return [_string(elf, strings + struct.unpack_from("<I", elf, at)[0]) for at in range(offset, offset + size, 24)]


def _string(elf: bytes, start: int) -> str:
    return elf[start : elf.index(b"\0", start)].decode()
