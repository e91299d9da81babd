"""Every PTX instruction that is known computes what its definition says, against exact arithmetic with fractions.

A kernel for each instruction, all in one PTX text, goes the whole way: parsed, translated, compiled, executed.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache, partial
from itertools import product
from math import inf, isinf, isnan, nan

import mpmath
import numpy as np
import pytest
from exact import add, divide, flushed, fraction, fused, multiply, number, root, rounded, ulp, whole

from symact.verification.cuda import machine
from symact.verification.cuda.instructions import FLOAT_COMPARISONS, INTEGER_COMPARISONS, KNOWN, Known
from symact.verification.cuda.ptx import SIZES

pytestmark = pytest.mark.usefixtures("host")

Bits = tuple[int, ...]
Value = int | float

#: Numbers that make float32 instructions do what is special about them, as bit patterns.
FLOATS32 = [
    *(0x00000000, 0x00000001, 0x00400000, 0x007FFFFF, 0x00800000, 0x00800001, 0x33800000, 0x3F000000, 0x3F7FFFFF),
    *(0x3F800000, 0x3F800001, 0x3FC00000, 0x40490FDB, 0x4B400001, 0x4EFFFFFF, 0x4F000000, 0x4F7FFFFF, 0x5F000000),
    *(0x7E800000, 0x7EFFFFFF, 0x7F7FFFFF, 0x7F800000, 0x7FC00000, 0x7F800001),
]
FLOATS64 = [
    *(0x0, 0x1, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x3CA0000000000000, 0x3FE0000000000000, 0x3FEFFFFFFFFFFFFF),
    *(0x3FF0000000000000, 0x3FF0000000000001, 0x400921FB54442D18, 0x41DFFFFFFFC00000, 0x41E0000000000000),
    *(0x4330000000000001, 0x43E0000000000000, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, 0x7FF8000000000000),
]
INTEGERS = {bits: [0, 1, 2, 5, (1 << (bits - 1)) - 1, 1 << (bits - 1), (1 << bits) - 1] for bits in (8, 16, 32, 64)}


def width(type_: str) -> int:
    return 8 * SIZES[type_]


def stored(type_: str) -> str:
    """The type of registers that hold a type."""
    return type_ if type_ in ("f32", "f64", "pred") else f"b{max(width(type_), 16)}"


def kernel(name: str, opcode: str, result: str, operands: Sequence[str]) -> str:
    """PTX that applies an instruction to each element of arrays of its operands."""
    registers = "".join(f".reg .{stored(type_)} %{chr(97 + i)};\n" for i, type_ in enumerate((result, *operands)))
    loads, arguments = "", []
    for i, type_ in enumerate(operands):
        place = f"%{chr(98 + i)}"
        loads += f"mad.lo.u64 %address, %i, {SIZES[type_]}, %p{i + 1};\n"
        loads += f"ld.global.b{width(type_)} {place}, [%address];\n"
        arguments.append(place)
    return f"""
.visible .entry {name}(.param .u64 out, .param .u64 in1, .param .u64 in2, .param .u64 in3, .param .u64 in4,
    .param .u64 count)
{{
.reg .pred %more; .reg .b64 %i; .reg .b64 %n; .reg .b64 %address; .reg .b64 %p<5>;
{registers}
ld.param.u64 %p0, [out]; ld.param.u64 %p1, [in1]; ld.param.u64 %p2, [in2]; ld.param.u64 %p3, [in3];
ld.param.u64 %p4, [in4]; ld.param.u64 %n, [count];
mov.u64 %i, 0;
$again:
{loads}
{opcode} %a, {", ".join(arguments)};
mad.lo.u64 %address, %i, {SIZES[result]}, %p0;
st.global.b{width(result)} [%address], %a;
add.u64 %i, %i, 1;
setp.lt.u64 %more, %i, %n;
@%more bra $again;
ret;
}}
"""


def kernels() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Opcode -> the types of its result and operands as they are loaded, for all that take no truth values."""
    found = {}
    for opcode, known in KNOWN.items():
        operands = tuple(type_.partition(">")[0] for type_ in known.operands)
        if "pred" not in (known.result, *operands) and ".cc" not in opcode and opcode[:4] not in CARRIES:
            found[opcode] = (result_type(opcode, known), operands)
    return found


#: Instructions that read the carry.
CARRIES = ("addc", "subc", "madc")


def result_type(opcode: str, known: Known) -> str:
    """The type that the instruction names for its result; the table may compute in a wider one."""
    if opcode.startswith("mul.hi"):
        return opcode.rpartition(".")[2]
    return known.result


TESTED = kernels()


@lru_cache
def machines() -> dict[str, machine.Machine]:
    texts = [kernel(f"k{i}", opcode, *types) for i, (opcode, types) in enumerate(TESTED.items())]
    return machine.load(".version 8.8\n.target sm_90\n.address_size 64\n" + "".join(texts))


def execute(opcode: str, inputs: Sequence[Bits], direction: int = 0) -> list[int]:
    """The bit patterns of an instruction's results."""
    result, operands = TESTED[opcode]
    columns = [np.array(column, f"u{SIZES[t]}") for column, t in zip(zip(*inputs, strict=True), operands, strict=True)]
    out = np.zeros(len(inputs), f"u{SIZES[result]}")
    pointers = [out.ctypes.data, *(column.ctypes.data for column in columns), *[0] * (4 - len(columns))]
    own = machines()[f"k{list(TESTED).index(opcode)}"]
    own.run([struct.pack("<Q", value) for value in (*pointers, len(inputs))], [direction] * len(own.approximations))
    return [int(value) for value in out]


def operands_of(types: Sequence[str], seed: str) -> list[Bits]:
    """Combinations of special operands and random ones."""
    generator = random.Random(seed)
    special = [list(specials(type_)) for type_ in types]
    found: list[Bits] = list(product(*special)) if len(types) < 3 else []
    for _ in range(400):
        found.append(tuple(draw(generator, type_, pool) for type_, pool in zip(types, special, strict=True)))
    return found


def specials(type_: str) -> Iterator[int]:
    pool = {"f32": FLOATS32, "f64": FLOATS64}.get(type_) or INTEGERS[width(type_)]
    yield from pool
    if type_ in ("f32", "f64"):
        yield from (value | 1 << (width(type_) - 1) for value in pool)


def draw(generator: random.Random, type_: str, pool: Sequence[int]) -> int:
    if generator.random() < 0.2:
        return generator.choice(pool)
    if type_ in ("f32", "f64") and generator.random() < 0.6:
        value = generator.uniform(-4, 4) * 2.0 ** generator.randint(-3, 3)
        return int.from_bytes(struct.pack("<f" if type_ == "f32" else "<d", value), "little")
    return generator.getrandbits(width(type_))


def same(got: int, wanted: float, type_: str) -> bool:
    """The same number, zeros with their sign; a NaN of float32 is CUDA's own."""
    if isnan(wanted):
        return got == 0x7FFFFFFF if type_ == "f32" else isnan(number(got, type_))
    value = number(got, type_)
    return value == wanted and math.copysign(1, value) == math.copysign(1, wanted)


def arithmetic(name: str, way: str, type_: str) -> Callable[..., float]:
    """The exact counterpart of an arithmetic instruction."""
    return {
        "add": partial(add, type_=type_, way=way),
        "sub": lambda a, b: add(a, -b, type_, way),
        "mul": partial(multiply, type_=type_, way=way),
        "fma": partial(fused, type_=type_, way=way),
        "div": partial(divide, type_=type_),
        "rcp": lambda a: divide(1.0, a, type_),
        "sqrt": partial(root, type_=type_),
        "abs": abs,
        "neg": lambda a: -a,
        "min": lambda a, b: b if isnan(a) else a if isnan(b) else min(a, b, key=lambda v: (v, math.copysign(1, v))),
        "max": lambda a, b: b if isnan(a) else a if isnan(b) else max(a, b, key=lambda v: (v, math.copysign(1, v))),
        "copysign": lambda a, b: math.copysign(b, a),
    }[name]


ARITHMETIC = ("add", "sub", "mul", "fma", "div", "rcp", "sqrt", "abs", "neg", "min", "max", "copysign")
FLOAT_ARITHMETIC = [
    opcode
    for opcode in TESTED
    if opcode.split(".")[0] in ARITHMETIC and opcode[-3:] in ("f32", "f64") and "approx" not in opcode
]


def test_the_list_is_what_compilers_write() -> None:
    assert {"add.rz.ftz.f32", "fma.rm.ftz.f32", "mul.f64", "min.NaN.f32", "sqrt.rn.f64", "div.rn.f32"} <= set(
        FLOAT_ARITHMETIC
    )
    assert len(FLOAT_ARITHMETIC) > 70


@pytest.mark.parametrize("opcode", FLOAT_ARITHMETIC)
def test_float_arithmetic(opcode: str) -> None:
    parts = opcode.split(".")
    name, type_, ftz = parts[0], parts[-1], "ftz" in parts
    way = next((part for part in parts if part in ("rn", "rz", "rm", "rp")), "rn")
    exact = arithmetic(name, way, type_)
    inputs = operands_of(TESTED[opcode][1], opcode)
    if name == "fma":  # sums that nearly cancel
        for a, b in product(FLOATS32[6:16], repeat=2) if type_ == "f32" else []:
            near = number(a, "f32") * number(b, "f32")
            inputs.append((a, b, int.from_bytes(struct.pack("<f", -near), "little")))
    for bits, got in zip(inputs, execute(opcode, inputs), strict=True):
        values = [number(each, type_) for each in bits]
        if ftz:
            values = [flushed(value) for value in values]
        wanted = nan if "NaN" in parts and any(map(isnan, values)) else exact(*values)
        wanted = flushed(wanted) if ftz else wanted
        if name == "copysign" and isnan(wanted):
            continue  # whatever NaN
        assert same(got, wanted, type_), (bits, got, wanted)


@pytest.mark.parametrize("opcode", [o for o in TESTED if o.startswith("cvt.") and "sat" not in o])
def test_conversions(opcode: str) -> None:
    parts = opcode.split(".")
    to, source, ftz = parts[-2], parts[-1], "ftz" in parts
    way = next((part for part in parts if part in ("rni", "rzi", "rmi", "rpi")), None)
    inputs = (
        [(bits,) for bits in range(0, 1 << 16, 37)] if source in ("f16", "bf16") else operands_of((source,), opcode)
    )
    if source == "f32" and to in ("f16", "bf16"):
        inputs += [(bits,) for bits in range(0x33000000, 0x48000000, 0x3FFF7)] + [(0x477FEFFF,), (0x477FF000,)]
    for (bits,), got in zip(inputs, execute(opcode, inputs), strict=True):
        value: Value = number(bits, source) if "f" in source else integer(bits, source)
        if ftz and source == "f32":
            value = flushed(float(value))
        if "f" not in to:
            wanted_integer = to_integer(value, to, way)
            assert got == wanted_integer % (1 << width(to)), (bits, got, wanted_integer)
            continue
        wanted = to_float(value, to, way)
        wanted = flushed(wanted) if ftz and to == "f32" and way is None else wanted
        if to in ("f16", "bf16"):
            assert got == 0x7FFF if isnan(wanted) else same(got, wanted, to), (bits, got, wanted)
        else:
            assert same(got, wanted, to), (bits, got, wanted)


def integer(bits: int, type_: str) -> int:
    return bits - (1 << width(type_)) if type_[0] == "s" and bits >> (width(type_) - 1) else bits


def to_integer(value: Value, type_: str, way: str | None) -> int:
    """As CUDA converts: the nearest there is, 0 for NaN in 32 bits and the smallest in 64."""
    low = -(1 << (width(type_) - 1)) if type_[0] == "s" else 0
    high = low + (1 << width(type_)) - 1
    if isinstance(value, int):
        return value
    if isnan(value):
        return low if width(type_) == 64 else 0
    if isinf(value):
        return high if value > 0 else low
    assert way is not None
    return min(max(whole(Fraction(value), way), low), high)


def to_float(value: Value, type_: str, way: str | None) -> float:
    if isinstance(value, int):
        return rounded(Fraction(value), type_) if value else 0.0
    if isnan(value) or isinf(value) or value == 0:
        return value
    if way is None:
        return rounded(Fraction(value), type_)
    return math.copysign(float(whole(Fraction(value), way)), value)


@pytest.mark.parametrize("opcode", ["cvt.sat.f32.f32", "cvt.ftz.sat.f32.f32"])
def test_saturation(opcode: str) -> None:
    inputs = operands_of(("f32",), opcode)
    for (bits,), got in zip(inputs, execute(opcode, inputs), strict=True):
        value = number(bits, "f32")
        wanted = 0.0 if isnan(value) or value <= 0 else min(value, 1.0)
        assert same(got, flushed(wanted) if "ftz" in opcode else wanted, "f32")


#: Approximation -> the function, and the largest error that the PTX ISA allows: in ULP, relative, or absolute.
APPROXIMATIONS = {
    "ex2.approx.f32": (lambda a: mpmath.mpf(2) ** a, "ulp", 2),
    "rcp.approx.f32": (lambda a: 1 / a, "ulp", 1),
    "div.approx.f32": (lambda a, b: a / b, "ulp", 2),
    "sqrt.approx.f32": (mpmath.sqrt, "relative", 2.0**-23),
    "rsqrt.approx.f32": (lambda a: 1 / mpmath.sqrt(a), "relative", 2**-22.9),
    "lg2.approx.f32": (lambda a: mpmath.log(a, 2), "log", 2.0**-22),
    "tanh.approx.f32": (mpmath.tanh, "relative", 2.0**-11),
    "rcp.approx.ftz.f64": (lambda a: 1 / a, "relative", 2.0**-18),
    "rsqrt.approx.ftz.f64": (lambda a: 1 / mpmath.sqrt(a), "relative", 2.0**-18),
}


@pytest.mark.parametrize("opcode", APPROXIMATIONS)
def test_approximations(opcode: str) -> None:
    """Not moved they are rounded correctly; moved they are off by about what is allowed, and not by more."""
    function, kind, allowed = APPROXIMATIONS[opcode]
    type_ = opcode[-3:]
    generator = random.Random(opcode)
    count = len(TESTED[opcode][1])
    inputs: list[Bits] = []
    while len(inputs) < 300:
        values = [generator.uniform(0.01, 8) * 2.0 ** generator.randint(-6, 6) for _ in range(count)]
        if opcode.startswith(("ex2", "tanh")):
            values = [generator.uniform(-20, 20)]
        packed = [struct.pack("<f" if type_ == "f32" else "<d", value) for value in values]
        inputs.append(tuple(int.from_bytes(each, "little") for each in packed))
    outside = 0.0
    with mpmath.workprec(200):
        results = {direction: execute(opcode, inputs, direction) for direction in (-1, 0, 1)}
        for i, bits in enumerate(inputs):
            values = [number(each & ~0xFFFFFFFF if type_ == "f64" else each, type_) for each in bits]
            exact = fraction(function(*map(mpmath.mpf, values)))
            if type_ == "f32":
                assert number(results[0][i], type_) == rounded(exact, "f32")
            unit = {
                "ulp": ulp(exact, "f32") * allowed,
                "relative": abs(exact) * Fraction(allowed),
                "log": Fraction(allowed) * (1 if 0.5 < values[0] < 2 else abs(exact)),
            }[kind]
            for direction in (-1, 1):
                error = abs(Fraction(number(results[direction][i], type_)) - exact)
                rounding = ulp(exact, "f32") if type_ == "f32" else 0  # of the moved value, which may be a binade up
                assert error <= unit + rounding
                outside = max(outside, float(error / unit))
    assert outside > 0.6, "the bound is not made use of"


@pytest.mark.parametrize("direction", [-1, 0, 1])
@pytest.mark.parametrize(
    ("opcode", "table"),
    [
        ("ex2.approx.ftz.f32", [(-inf, 0.0), (-0.0, 1.0), (0.0, 1.0), (inf, inf), (3.0, 8.0), (-127.0, 0.0)]),
        ("rcp.approx.ftz.f32", [(-inf, -0.0), (-0.0, -inf), (0.0, inf), (inf, 0.0), (1e-40, inf)]),
        ("sqrt.approx.ftz.f32", [(-inf, nan), (-1.0, nan), (-0.0, -0.0), (0.0, 0.0), (inf, inf)]),
        ("rsqrt.approx.ftz.f32", [(-inf, nan), (-1.0, nan), (-0.0, -inf), (0.0, inf), (inf, 0.0)]),
        ("lg2.approx.ftz.f32", [(-inf, nan), (-1.0, nan), (-0.0, -inf), (0.0, -inf), (inf, inf)]),
        ("tanh.approx.f32", [(-inf, -1.0), (-0.0, -0.0), (0.0, 0.0), (inf, 1.0)]),
    ],
)
def test_approximations_are_exact_where_the_isa_says_so(
    opcode: str, table: list[tuple[float, float]], direction: int
) -> None:
    inputs = [(int.from_bytes(struct.pack("<f", value), "little"),) for value, _ in table]
    for got, (_, wanted) in zip(execute(opcode, inputs, direction), table, strict=True):
        assert same(got, wanted, "f32")
    assert same(execute(opcode, [(0x7FC00000,)], direction)[0], nan, "f32")


def test_an_approximation_is_never_moved_past_zero_or_infinity() -> None:
    values = [(bits,) for bits in (0xC3140000, 0x42FFFFFF, 0xC2FC0000, 0x7E7FFFFF, 0x00800000, 0x7EFFFFFF)]
    for opcode, direction in product(("ex2.approx.f32", "rcp.approx.f32"), (-1, 1)):
        assert not any(isnan(number(got, "f32")) for got in execute(opcode, values, direction))


INTEGER_INSTRUCTIONS: dict[str, Callable[..., int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul.lo": lambda a, b: a * b,
    "mad.lo": lambda a, b, c: a * b + c,
    "mul.wide": lambda a, b: a * b,
    "mad.wide": lambda a, b, c: a * b + c,
    "min": min,
    "max": max,
    "neg": lambda a: -a,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "not": lambda a: ~a,
}


@pytest.mark.parametrize("opcode", [o for o in TESTED if o.rpartition(".")[0] in INTEGER_INSTRUCTIONS and o[-3] != "f"])
def test_integer_arithmetic(opcode: str) -> None:
    name, _, type_ = opcode.rpartition(".")
    result, types = TESTED[opcode]
    inputs = operands_of(types, opcode)
    for bits, got in zip(inputs, execute(opcode, inputs), strict=True):
        signed = [integer(each, f"{type_[0]}{width(t)}") for each, t in zip(bits, types, strict=True)]
        assert got == INTEGER_INSTRUCTIONS[name](*signed) % (1 << width(result)), (bits, got)


@pytest.mark.parametrize("type_", ["s32", "u32", "s64", "u64"])
def test_upper_halves_of_products(type_: str) -> None:
    inputs = operands_of((type_, type_), type_)
    for (a, b), got in zip(inputs, execute(f"mul.hi.{type_}", inputs), strict=True):
        exact = integer(a, type_) * integer(b, type_) >> width(type_)
        assert got == exact % (1 << width(type_))


@pytest.mark.parametrize("opcode", [o for o in TESTED if o.startswith(("shl", "shr"))])
def test_shifts_by_more_than_the_width_too(opcode: str) -> None:
    type_ = opcode[4:]
    inputs = [(a, n) for a, _ in operands_of((type_, "u32"), opcode)[::7] for n in (0, 1, 15, 16, 31, 32, 63, 64, 200)]
    for (a, n), got in zip(inputs, execute(opcode, inputs), strict=True):
        value = integer(a, type_)
        exact = value << n if opcode.startswith("shl") else value >> n
        assert got == exact % (1 << width(type_)), (a, n, got)


def test_bit_fields() -> None:
    generator = random.Random(3)
    for bits in (32, 64):
        numbers = [(generator.getrandbits(bits), generator.getrandbits(bits)) for _ in range(300)]
        inputs = [(a, b, generator.randint(0, bits + 3), generator.randint(0, bits + 3)) for a, b in numbers]
        for (a, b, start, length), got in zip(inputs, execute(f"bfi.b{bits}", inputs), strict=True):
            picture = list(f"{b:0{bits}b}"[::-1])
            for i in range(length):
                if start + i < bits and i < bits:
                    picture[start + i] = str(a >> i & 1)
            assert got == int("".join(picture[::-1]), 2)
        values = [(0,), (1,), ((1 << bits) - 1,)]
        values += [(generator.getrandbits(generator.randint(1, bits)),) for _ in range(50)]
        for (a,), got in zip(values, execute(f"clz.b{bits}", values), strict=True):
            assert got == bits - a.bit_length()
    inputs = [(generator.getrandbits(32), generator.getrandbits(32), generator.randint(0, 40)) for _ in range(200)]
    for (low, high, n), left, right in zip(
        inputs, execute("shf.l.wrap.b32", inputs), execute("shf.r.wrap.b32", inputs), strict=True
    ):
        whole_ = high << 32 | low
        assert left == (whole_ << (n % 32) >> 32) % (1 << 32)
        assert right == (whole_ >> (n % 32)) % (1 << 32)


@lru_cache
def comparisons() -> dict[str, machine.Machine]:
    """A kernel for each comparison of two numbers; its result is 1 or 0."""
    texts = [".version 8.8\n.target sm_90\n.address_size 64\n"]
    for name, type_ in COMPARED:
        body = kernel(_entry(name, type_), "selp.u32", "u32", (type_.removeprefix("ftz."), type_.removeprefix("ftz.")))
        body = body.replace(
            "selp.u32 %a, %b, %c;", f".reg .pred %found; setp.{name}.{type_} %found, %b, %c; selp.u32 %a, 1, 0, %found;"
        )
        texts.append(body)
    return machine.load("".join(texts))


def _entry(name: str, type_: str) -> str:
    return f"{name}_{type_.replace('.', '_')}"


COMPARED = [
    *product(FLOAT_COMPARISONS, ("f32", "ftz.f32", "f64")),
    *product(("eq", "ne", "lt", "le", "gt", "ge"), ("s32", "u32", "s64", "u64")),
    *product(("lo", "ls", "hi", "hs"), ("u32", "u64")),
]


def test_all_comparisons_are_there() -> None:
    assert {name for name, _ in COMPARED} == FLOAT_COMPARISONS.keys() | INTEGER_COMPARISONS.keys()


@pytest.mark.parametrize(("name", "type_"), COMPARED)
def test_comparisons(name: str, type_: str) -> None:
    plain = type_.removeprefix("ftz.")
    inputs = operands_of((plain, plain), f"{name}{type_}")
    columns = [np.array(column, f"u{SIZES[plain]}") for column in zip(*inputs, strict=True)]
    out = np.zeros(len(inputs), "u4")
    pointers = [out.ctypes.data, *(column.ctypes.data for column in columns), 0, 0, len(inputs)]
    comparisons()[_entry(name, type_)].run([struct.pack("<Q", value) for value in pointers])
    for bits, got in zip(inputs, out, strict=True):
        a, b = (number(each, plain) if "f" in plain else integer(each, plain) for each in bits)
        if type_.startswith("ftz"):
            a, b = flushed(float(a)), flushed(float(b))
        assert got == compare(name, a, b), (name, a, b)


def compare(name: str, a: Value, b: Value) -> bool:
    unordered = isnan(a) or isnan(b)
    if name in ("num", "nan"):
        return unordered == (name == "nan")
    if unordered:
        return name.endswith("u")
    base = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}.get(name, name[:2])
    return {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[base]


def test_every_known_instruction_is_tested_here_or_with_the_control_flow() -> None:
    """Logic of truth values and carries are in test_translate.py."""
    others = {o for o in KNOWN if o.endswith(".pred") or ".cc" in o or o[:4] in CARRIES}
    tested = {
        *FLOAT_ARITHMETIC,
        *(o for o in TESTED if o.startswith(("cvt.", "shl", "shr", "bfi", "clz", "shf", "mul.hi"))),
        *(o for o in TESTED if o.rpartition(".")[0] in INTEGER_INSTRUCTIONS),
        *APPROXIMATIONS,
        *(o.replace(".approx", ".approx.ftz") for o in APPROXIMATIONS),
    }
    assert KNOWN.keys() - tested - others == set()
