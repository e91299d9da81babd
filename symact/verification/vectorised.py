"""Whether a compiler made vectors of the C kernels' loops: read from the code that it wrote, for x86-64.

A loop that falls back to single numbers computes the same, only several times slower; nothing but the code shows it.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from symact import targets
from symact.errors import Error
from symact.kernel.compiled import CompiledActivation
from symact.targets.render import activation_files
from symact.targets.table import DataType

#: Whole functions for AVX2 alone; without flags the sources have loops for several instruction sets.
AVX2 = ("-mavx2", "-mfma")

_FUNCTION = re.compile(r"^[0-9a-f]+ <(\w+_loop_\w+)>:$")
_OTHER = re.compile(r"^[0-9a-f]+ <.+>:$")
_INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t(\S.*)$")
_BACK = re.compile(r"j(?!mp)\w+\s+([0-9a-f]+)\b")
_SCALAR = re.compile(
    r"v?(add|sub|mul|div|sqrt|min|max|u?comi|cmp\w*|round|rndscale|fn?m(add|sub)\d+)(ss|sd)\b"
    r"|v?cvt(ss|sd)2|v?cvt\w+2(ss|sd)\b|f(ld|st|add|sub|mul|div)"
)
_GENERAL = re.compile(r"(and|or|xor|shl|shr|sar|imul|cmov\w+|set\w+|neg|not|sbb|adc)[lqwb]?\b")
_TEST = re.compile(r"(?:test|cmp)\w?\s+(?:\$0x[0-9a-f]+|(%\w+)),(?:(%\w+)|-?0x[0-9a-f]+\(%r[bs]p\))$")
_COUNT = re.compile(r"(add|sub)[lq]?\s+\$")
_LOCAL = re.compile(r"mov\s+-?0x[0-9a-f]+\(%r[bs]p\),")
_START = re.compile(r"xorl?\s+(%\w+),\1$|movl?\s+\$")
_LANE = re.compile(r"v?p(ins|ext)r[bwdq]\b|v?(extract|insert)ps\b")


def missing(compiler: str) -> str | None:
    """Why the code of this compiler cannot be read here; None if it can."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return f"only x86-64 code is read, and this is {platform.machine()}"
    for tool in (compiler, "objdump"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    return None


def scalar_loops(
    compiled: CompiledActivation, types: Sequence[DataType], compiler: str, flags: Sequence[str] = AVX2
) -> dict[str, str]:
    """The loops of an activation's C functions that were not vectorised, and what gave each away.

    Args:
        compiled: the activation.
        types: the array types whose functions are compiled; loops with tables are written in vectors, and not read.
        compiler: "gcc" or "clang".
        flags: after the target's own; they say for which instruction set.

    Raises:
        Error: the compiler or objdump is not here or fails, or there are fewer loops than functions.
    """
    target = targets.get("c")
    files = activation_files(compiled, target, types)
    with tempfile.TemporaryDirectory(prefix="symact-") as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / Path(path).name).write_text(text, encoding="utf-8")
        source = folder / f"{compiled.name}.c"
        found = read(compiled_object(source, compiler, [*target.settings["flags"], *flags]))
    if len(found) < sum(not type_.otherwise for type_ in types) * len(compiled.signatures):
        raise Error(f"{compiled.name}: {compiler} wrote {len(found)} loops, fewer than there are functions")
    return {loop: reason for loop, reason in found.items() if reason}


def compiled_object(source: Path, compiler: str, flags: Sequence[str]) -> Path:
    """The object file that the compiler makes of a source, beside it.

    Raises:
        Error: there is no such compiler, or it fails.
    """
    result = source.with_suffix(".o")
    _run([compiler, *flags, "-c", "-o", str(result), str(source)])
    return result


def read(object_file: Path) -> dict[str, str]:
    """For every function ``..._loop_...`` of an object file what is wrong with its loops, "" if all are vectors'."""
    listing = _run(["objdump", "-d", "--no-show-raw-insn", str(object_file)])
    functions: dict[str, list[tuple[int, str]]] = {}
    instructions: list[tuple[int, str]] = []
    for line in listing.splitlines():
        if match := _FUNCTION.match(line):
            instructions = functions.setdefault(match[1], [])
        elif _OTHER.match(line):
            instructions = []
        elif match := _INSTRUCTION.match(line):
            instructions.append((int(match[1], 16), match[2]))
    return {name: _reason(_innermost(code)) for name, code in functions.items()}


def _innermost(code: Sequence[tuple[int, str]]) -> list[list[str]]:
    """The loops that have no other one inside: from where a conditional jump leads back to, up to it."""
    places = {address: place for place, (address, _) in enumerate(code)}
    spans = []
    for place, (address, text) in enumerate(code):
        match = _BACK.match(text)
        if match and int(match[1], 16) <= address and int(match[1], 16) in places:
            spans.append((places[int(match[1], 16)], place))
    inner = [s for s in spans if not any(o != s and s[0] <= o[0] and o[1] <= s[1] for o in spans)]
    return [[text for _, text in code[first : last + 1]] for first, last in inner]


def _reason(loops: Sequence[Sequence[str]]) -> str:
    """What shows that a function's loops are not (only) loops over vectors; "" if nothing does."""
    if not loops:
        return "no loop"
    for loop in loops:
        # GCC combines AVX-512's masks in general registers, which is no arithmetic of elements
        masks = any("%k" in text for text in loop)
        for place, text in enumerate(loop[:-1]):
            if text.startswith("call"):
                return f"a call: {text}"
            if "gather" in text or "scatter" in text:
                return f"a gather: {text}"
            if text.startswith("j") and not _is_settled(place, loop):
                return f"a branch: {text}"
            if _SCALAR.match(text) or _LANE.match(text) or (_GENERAL.match(text) and not masks):
                return f"single numbers: {text}"
        if not any(register in text for text in loop for register in ("%xmm", "%ymm", "%zmm")):
            return "a loop without vectors"
    return ""


def _is_settled(place: int, loop: Sequence[str]) -> bool:
    """Whether a jump depends on no element: on registers that the loop does not write or counts with, or on locals.

    So it is for whether arrays are written past the caches, and for where they end.
    """
    match = _TEST.match(loop[place - 1])
    if match is None:
        return False
    before = [*loop[place - 2 :: -1], *loop[: place - 1 : -1]]  # the last one first, and round the loop
    return all(_is_counted(_number(register), before) for register in match.groups() if register is not None)


def _is_counted(register: str, before: Sequence[str]) -> bool:
    """Whether the instructions before do not write a register, but a local or a number into it, or for counting."""
    for text in before:
        if text.startswith(("test", "cmp")) or _number(text.rsplit(",", 1)[-1]) != register or _COUNT.match(text):
            continue
        return bool(_LOCAL.match(text) or _START.match(text))
    return True


def _number(register: str) -> str:
    """A general register by the name that its parts have in common: %eax is %rax's, %r8d %r8's."""
    return re.sub(r"^%[er]?|(?<=\d)[dwb]$", "", register)


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Error(f"{command[0]} is not installed", "install it, or name another compiler") from None
    if done.returncode != 0:
        raise Error(f"{command[0]} failed: {done.stderr.strip()[:300]}", f"the command was: {' '.join(command)}")
    return done.stdout
