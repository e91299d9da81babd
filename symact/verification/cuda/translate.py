"""PTX as C that computes the same, one function a kernel.

A kernel's function goes through its elements alone, as one block of one thread: that is what a kernel with a loop over
its elements does when it is launched so. Its memory is the memory of this process.

PTX leaves two things open. The results of approximations are known within a bound only, and a product may be fused
with the sum that it goes into where neither has a rounding modifier; whether it is, is up to the assembler that makes
machine code of PTX. The C function takes both as arguments.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from symact.errors import Error
from symact.verification.cuda.instructions import FLOAT_COMPARISONS, INTEGER_COMPARISONS, KNOWN, Known
from symact.verification.cuda.ptx import SIZES, Block, Function, Instruction, Item, Label, Module, Registers, Variable

#: Bits of a type, with which it is kept.
_STORED = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t", 8: "uint64_t"}

_FLOATS = {"f32": "float", "f64": "double"}

#: One block of one thread.
_SPECIAL = {
    **{f"%{name}.{axis}": "0u" for name in ("tid", "ctaid") for axis in "xyz"},
    **{f"%{name}.{axis}": "1u" for name in ("ntid", "nctaid") for axis in "xyz"},
}

_ADDRESS = re.compile(r"\[\s*(%?[\w$]+)\s*(?:\+\s*(-?\d+))?\s*\]")
_FLOAT = re.compile(r"0([fd])([0-9A-Fa-f]+)$")
_INTEGER = re.compile(r"-?(?:0x[0-9A-Fa-f]+|\d+)U?$")
_MEMORY = re.compile(r"(ld|st)\.(param|global|local|const)(?:\.nc)?(?:\.v([24]))?\.(\w+)$")
_SETP = re.compile(r"setp\.([a-z]+)(?:\.(and|or|xor))?(\.ftz)?\.(\w+)$")
_JOIN = {"and": "&&", "or": "||", "xor": "^"}
_FUSIBLE = re.compile(r"(add|sub)((?:\.ftz)?\.f(?:32|64))$")
_PLAIN = re.compile(r"(?:mov|selp)\.(pred|[bus](?:16|32|64)|f32|f64)$")


@dataclass(frozen=True)
class Approximation:
    """An instruction whose result on hardware is known within a bound only.

    Attributes:
        number: its place among all of the translation.
        opcode: such as "ex2.approx.ftz.f32".
    """

    number: int
    opcode: str


@dataclass(frozen=True)
class Translation:
    """The C text of a module.

    Attributes:
        text: a C99 source with some of GNU's extensions, to be compiled beside ``ptx.h``.
        approximations: kernel -> those it may execute, in functions that it calls too.
        fusible: kernel -> how many sums in it may be fused with a product.
        total: how many approximations there are in the whole module.
    """

    text: str
    approximations: dict[str, tuple[Approximation, ...]]
    fusible: dict[str, int]
    total: int

    def symbol(self, kernel: str) -> str:
        """The C name of a kernel's function.

        Its arguments are ``const unsigned char *const *``, the bytes of each parameter, ``const int8_t *``, the
        direction (-1, 0 or 1) of each approximation by its number, and ``int``, whether products are fused.
        """
        return f"run_{kernel}"


def translate(module: Module) -> Translation:
    """The C text of a module.

    Raises:
        Error: an instruction, a register or an operand is not known here; nothing is guessed.
    """
    outside = {variable.name: f"V_{variable.name}" for variable in module.variables}
    approximations: list[Approximation] = []
    writers = {f.name: _Writer(module, f, outside, approximations) for f in module.functions.values()}
    bodies = {name: writer.definition() for name, writer in writers.items()}
    lines = ['#include "ptx.h"', ""]
    lines += [_declared(variable) for variable in module.variables]
    lines += [f"{writer.signature()};" for name, writer in writers.items() if not module.functions[name].entry]
    lines += bodies.values()
    calls = {name: writer.calls for name, writer in writers.items()}
    reached = {name: _reached(name, calls) for name, function in module.functions.items() if function.entry}
    return Translation(
        text="\n".join(lines) + "\n",
        approximations={n: tuple(a for f in writers if f in r for a in writers[f].own) for n, r in reached.items()},
        fusible={name: sum(writers[function].fusible for function in r) for name, r in reached.items()},
        total=len(approximations),
    )


def _reached(name: str, calls: dict[str, set[str]]) -> set[str]:
    """A function and all that it calls."""
    seen, ahead = {name}, [name]
    while ahead:
        for called in calls[ahead.pop()] - seen:
            seen.add(called)
            ahead.append(called)
    return seen


def _declared(variable: Variable) -> str:
    """A variable's definition; aligned for whatever is read from it."""
    data = f" = {{{', '.join(map(str, variable.data))}}}" if variable.data else ""
    static = "" if variable.space in ("param", "local") else "static "
    align = f"__attribute__((aligned({max(variable.align, 8)})))"
    return f"{static}unsigned char V_{variable.name}[{variable.size}] {align}{data};"


@dataclass(frozen=True)
class _Product:
    """What goes into a sum: the product in a register that one instruction writes, or its negative."""

    register: str
    negative: bool


class _Products:
    """The sums of a function that may be fused with a product.

    Where a product is computed its factors are kept, for they may have changed when the sum comes.
    """

    def __init__(self, body: Block) -> None:
        instructions = list(_instructions(body))
        writes = Counter(part.strip() for one in instructions for part in _written(one))
        self._once = {one.operands[0]: one for one in instructions if one.operands and writes[one.operands[0]] == 1}
        sums = [(one, found) for one in instructions if (found := _FUSIBLE.match(one.opcode)) is not None]
        self._into = {id(one): self._in(one, f"mul{found[2]}") for one, found in sums}
        kept = {product.register for _, product in filter(None, self._into.values())}
        #: Register of a product that goes into some sum -> its C type.
        self.kept = {register: _FLOATS[self._once[register].opcode.rpartition(".")[2]] for register in sorted(kept)}

    def into(self, sum_: Instruction) -> tuple[int, _Product] | None:
        """The place of the operand of a sum that is a product, and that; the first where both are."""
        return self._into.get(id(sum_))

    def _in(self, sum_: Instruction, opcode: str) -> tuple[int, _Product] | None:
        for at in (1, 2):
            step, negative = self._once.get(sum_.operands[at]), False
            while step is not None and step.opcode == f"neg{opcode.removeprefix('mul')}":
                step, negative = self._once.get(step.operands[1]), not negative
            if step is not None and step.opcode == opcode and not step.guard:
                return at, _Product(step.operands[0], negative)
        return None


def _instructions(block: Block) -> Iterator[Instruction]:
    for item in block.items:
        if isinstance(item, Instruction):
            yield item
        elif isinstance(item, Block):
            yield from _instructions(item)


def _written(instruction: Instruction) -> list[str]:
    """The registers that an instruction writes."""
    if instruction.opcode.startswith("st.") or not instruction.operands:
        return []
    return instruction.operands[0].strip("{}").split(",")


class _Writer:
    """Writes one function.

    Attributes:
        own: the approximations in it.
        fusible: how many sums in it may be fused with a product.
        calls: the functions that it calls.
    """

    def __init__(
        self, module: Module, function: Function, outside: dict[str, str], approximations: list[Approximation]
    ) -> None:
        self.module = module
        self.function = function
        self.approximations = approximations
        self.own: list[Approximation] = []
        self.fusible = 0
        self.products = _Products(function.body)
        self.calls: set[str] = set()
        #: Scopes from the outermost one on: register -> type, and variable -> C name.
        self.registers: list[dict[str, str]] = []
        self.variables: list[dict[str, str]] = [outside]

    def signature(self) -> str:
        if self.function.entry:
            arguments = "const unsigned char *const *parameters, const int8_t *moves, int fused"
            return f"void run_{self.function.name}({arguments})"
        pointers = [f"unsigned char *V_{v.name}" for v in (*self.function.results, *self.function.parameters)]
        return f"static void F_{self.function.name}({', '.join([*pointers, 'const int8_t *moves', 'int fused'])})"

    def definition(self) -> str:
        passed = [*self.function.results, *self.function.parameters]
        self.variables.append({v.name: f"V_{v.name}" for v in passed})
        lines = ["    uint32_t carry = 0, ignored;", "    (void)carry, (void)ignored, (void)moves, (void)fused;"]
        lines += [f"    {type_} {', '.join(_factors(name))};" for name, type_ in self.products.kept.items()]
        if self.function.entry:
            lines += [
                f"    const unsigned char *V_{v.name} = parameters[{i}];"
                for i, v in enumerate(self.function.parameters)
            ]
        lines += self._block(self.function.body)
        return "\n".join([self.signature(), "{", *lines, "}", ""])

    def _block(self, block: Block) -> Iterator[str]:
        self.registers.append({})
        self.variables.append({})
        for item in block.items:
            try:
                yield from (f"    {line}" for line in self._item(item))
            except Error as error:
                raise Error(f"PTX of {self.function.name}: {item}: {error.message}", error.hint) from None
        self.registers.pop()
        self.variables.pop()

    def _item(self, item: Item) -> Iterable[str]:
        match item:
            case Registers():
                self.registers[-1].update(dict.fromkeys(item.names, item.type))
                return self._declare(item)
            case Variable():
                self.variables[-1][item.name] = f"V_{item.name}"
                return [_declared(item)]
            case Label():
                return [f"L_{_plain(item.name)}:;"]
            case Block():
                return ["{", *self._block(item), "}"]
            case Instruction():
                lines = self._instruction(item)
                if not item.guard:
                    return lines
                negated, register = item.guard.startswith("!"), item.guard.removeprefix("!")
                return [f"if ({'!' * negated}{self._read(register, 'pred')}) {{", *lines, "}"]

    def _declare(self, registers: Registers) -> list[str]:
        stored = _FLOATS.get(registers.type, _STORED[SIZES[registers.type]])
        names = [f"{_register(name)} = 0" for name in registers.names]
        return [f"{stored} {', '.join(names)};"] if names else []

    def _instruction(self, item: Instruction) -> list[str]:
        opcode, operands = item.opcode, item.operands
        known = KNOWN.get(opcode)
        if known is not None:
            kept = self._keep(item) if operands and operands[0] in self.products.kept else []
            return [*kept, self._computed(known, item)]
        if opcode in ("bra", "bra.uni"):
            return [f"goto L_{_plain(_only(operands))};"]
        if opcode == "ret":
            return ["return;"]
        if opcode == "call.uni":
            return [self._call(operands)]
        if opcode.startswith("cvta."):
            return [self._write(operands[0], "u64", self._read(operands[1], "u64"))]
        memory, setp, plain = (pattern.match(opcode) for pattern in (_MEMORY, _SETP, _PLAIN))
        if memory is not None:
            return self._memory(memory[1], memory[4], int(memory[3] or 1), operands)
        if setp is not None:
            return [self._setp(setp[1], setp[2], setp[3] is not None, setp[4], operands)]
        if plain is not None:
            return self._moved(opcode.partition(".")[0], plain[1], operands)
        raise Error("this instruction is not modelled", "add it to symact/verification/cuda/instructions.py")

    def _computed(self, known: Known, item: Instruction) -> str:
        operands = item.operands
        if len(operands) != 1 + len(known.operands):
            raise Error(f"it has {len(operands)} operands instead of {1 + len(known.operands)}")
        direction = ""
        if known.approximate:
            self.own.append(Approximation(len(self.approximations), item.opcode))
            self.approximations.append(self.own[-1])
            direction = f"moves[{self.own[-1].number}]"
        sources = []
        for operand, type_ in zip(operands[1:], known.operands, strict=True):
            narrow, _, wide = type_.partition(">")  # read as one type, computed with in another
            text = self._read(operand, narrow)
            sources.append(f"(({_c(wide)}){text})" if wide else text)
        text = known.expression.format(*sources, direction=direction)
        return self._write(operands[0], known.result, self._fused(item) + text)

    def _fused(self, item: Instruction) -> str:
        """The beginning of a choice between a sum fused with the product that goes into it, and what follows."""
        found, sum_ = self.products.into(item), _FUSIBLE.match(item.opcode)
        if found is None or sum_ is None:
            return ""
        at, product = found
        other = self._read(item.operands[3 - at], sum_[2].rpartition(".")[2])
        subtracted = sum_[1] == "sub"
        sign = "-" if product.negative ^ (subtracted and at == 2) else ""
        other = f"-{other}" if subtracted and at == 1 else other
        self.fusible += 1
        a, b = _factors(product.register)
        return f"fused ? fma_rn{sum_[2].replace('.', '_')}({sign}{a}, {b}, {other}) : "

    def _keep(self, item: Instruction) -> list[str]:
        """The factors of a product, kept for a sum to come."""
        type_ = item.opcode.rpartition(".")[2]
        return [
            f"{kept} = {self._read(operand, type_)};"
            for kept, operand in zip(_factors(item.operands[0]), item.operands[1:], strict=True)
        ]

    def _moved(self, name: str, type_: str, operands: tuple[str, ...]) -> list[str]:
        """A move, of the halves of a register too, or a selection between two registers."""
        if name == "selp":
            yes, no, condition = (self._read(o, t) for o, t in zip(operands[1:], (type_, type_, "pred"), strict=True))
            return [self._write(operands[0], type_, f"{condition} ? {yes} : {no}")]
        to, source = operands
        if source.startswith("{"):
            halves = [part.strip() for part in source.strip("{}").split(",")]
            width = 8 * SIZES[type_] // len(halves)
            parts = [f"(uint64_t){self._read(half, f'u{width}')} << {width * i}" for i, half in enumerate(halves)]
            return [self._write(to, f"u{8 * SIZES[type_]}", " | ".join(parts))]
        if to.startswith("{"):
            halves = [part.strip() for part in to.strip("{}").split(",")]
            width = 8 * SIZES[type_] // len(halves)
            text = self._read(source, f"u{8 * SIZES[type_]}")
            kept = [(i, half) for i, half in enumerate(halves) if half != "_"]
            # Read as a whole first, for a half may be the source.
            writes = [self._write(half, f"u{width}", f"whole >> {width * i}") for i, half in kept]
            return ["{", f"uint64_t whole = {text};", *writes, "}"]
        return [self._write(to, type_, self._read(source, type_))]

    def _memory(self, name: str, type_: str, count: int, operands: tuple[str, ...]) -> list[str]:
        """Loads and stores, of several neighbours too."""
        place, registers = (operands[1], operands[0]) if name == "ld" else operands
        found = _ADDRESS.fullmatch(place)
        if found is None or type_ not in SIZES:
            raise Error(f"'{place}' is no address, or {type_} no type")
        base = self._read(found[1], "u64")
        listed = [part.strip() for part in registers.strip("{}").split(",")]
        if len(listed) != count:
            raise Error(f"it has {len(listed)} registers instead of {count}")
        lines = []
        for i, register in enumerate(listed):
            address = f"{base} + ({int(found[2] or 0) + i * SIZES[type_]})"
            if name == "ld":
                lines.append(self._write(register, type_, f"LOAD({_c(type_)}, {address})"))
            else:
                lines.append(f"STORE({_c(type_)}, {address}, {self._read(register, type_)});")
        return lines

    def _setp(self, comparison: str, join: str | None, ftz: bool, type_: str, operands: tuple[str, ...]) -> str:
        texts = FLOAT_COMPARISONS if type_ in _FLOATS else INTEGER_COMPARISONS
        if comparison not in texts or type_ not in SIZES or "|" in operands[0]:
            raise Error("this comparison is not modelled")
        a, b = (self._read(operand, type_) for operand in operands[1:3])
        if ftz:
            a, b = f"flush({a})", f"flush({b})"
        result = f"({texts[comparison].format(a, b)})"
        if join is not None:
            result = f"{result} {_JOIN[join]} {self._guard(operands[3])}"
        elif len(operands) != 3:
            raise Error(f"it has {len(operands)} operands instead of 3")
        return self._write(operands[0], "pred", result)

    def _guard(self, operand: str) -> str:
        return f"{'!' * operand.startswith('!')}{self._read(operand.removeprefix('!'), 'pred')}"

    def _call(self, operands: tuple[str, ...]) -> str:
        """A call ``(results), function, (parameters)``."""
        name = next((operand for operand in operands if operand in self.module.functions), None)
        if name is None:
            raise Error("the function that is called is not in the module")
        self.calls.add(name)
        listed = [o for operand in operands if operand != name for o in operand.strip("()").split(",")]
        pointers = [self._variable(operand.strip()) for operand in listed]
        return f"F_{name}({', '.join([*pointers, 'moves', 'fused'])});"

    def _variable(self, name: str) -> str:
        for scope in reversed(self.variables):
            if name in scope:
                return scope[name]
        raise Error(f"{name} is not declared")

    def _type(self, register: str) -> str:
        for scope in reversed(self.registers):
            if register in scope:
                return scope[register]
        raise Error(f"the register {register} is not declared")

    def _read(self, operand: str, type_: str) -> str:
        """An operand as a C expression of a PTX type."""
        if operand in _SPECIAL:
            return f"(({_c(type_)}){_SPECIAL[operand]})"
        if operand.startswith("%"):
            stored = self._type(operand)
            name = _register(operand)
            if type_ in _FLOATS:
                return name if stored == type_ else f"{type_}_of({self._sized(operand, stored, type_)})"
            if stored in _FLOATS:
                return f"(({_c(type_)})bits_{stored}({self._sized(operand, stored, type_)}))"
            return f"(({_c(type_)}){name})"
        number = _FLOAT.match(operand)
        if number is not None:
            if (number[1], type_[-2:]) not in (("f", "32"), ("d", "64")):
                raise Error(f"the number {operand} is of another type than {type_}")
            text = f"0x{number[2]}u" if number[1] == "f" else f"0x{number[2]}ull"
            return f"{type_}_of({text})" if type_ in _FLOATS else f"(({_c(type_)}){text})"
        if _INTEGER.match(operand):
            value = int(operand.rstrip("U"), 0) % (1 << 64)
            return f"(({_c(type_)}){value}ull)"
        return f"((uint64_t)(uintptr_t){self._variable(operand)})"

    def _sized(self, operand: str, stored: str, type_: str) -> str:
        """The C name of a register whose bits are taken for another type of the same size."""
        if SIZES[stored] != SIZES[type_]:
            raise Error(f"the register {operand} is {stored} and is read as {type_}")
        return _register(operand)

    def _write(self, register: str, type_: str, text: str) -> str:
        """The assignment of a C expression of a PTX type to a register, whose type may be another one."""
        stored = self._type(register)
        name = _register(register)
        if stored in _FLOATS and type_ not in _FLOATS:
            self._sized(register, stored, type_)
            return f"{name} = {stored}_of({text});"
        if type_ in _FLOATS and stored not in _FLOATS:
            self._sized(register, stored, type_)
            return f"{name} = bits_{type_}({text});"
        if stored != type_ and type_ in _FLOATS:
            raise Error(f"the register {register} is {stored} and gets {type_}")
        return f"{name} = {text};" if type_ in (*_FLOATS, "pred") else f"{name} = ({_c(type_)})({text});"


def _c(type_: str) -> str:
    """The C type of a PTX type."""
    if type_ in _FLOATS:
        return _FLOATS[type_]
    stored = _STORED[SIZES[type_]]
    return stored.removeprefix("u") if type_.startswith("s") else stored


def _plain(name: str) -> str:
    """A PTX name as C allows it."""
    return name.replace("$", "_")


def _register(name: str) -> str:
    return f"R_{_plain(name.removeprefix('%'))}"


def _factors(register: str) -> tuple[str, str]:
    """The C names of the factors that are kept of a product."""
    name = _plain(register.removeprefix("%"))
    return f"A_{name}", f"B_{name}"


def _only(operands: tuple[str, ...]) -> str:
    if len(operands) != 1:
        raise Error(f"it has {len(operands)} operands instead of 1")
    return operands[0]
