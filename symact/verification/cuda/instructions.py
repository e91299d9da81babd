"""The PTX instructions that can be executed on the CPU, each with its types and the C function that computes it.

Only what stands here is known; any other instruction is refused, never guessed. The functions are in ``ptx.h``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

#: The rounding of floats to floats, and of floats to integers.
_ROUNDINGS = ("rn", "rz", "rm", "rp")
_TO_INTEGER = ("rni", "rzi", "rmi", "rpi")

_ONE, _TWO, _THREE = ("f32",), ("f32",) * 2, ("f32",) * 3


@dataclass(frozen=True)
class Known:
    """An instruction that computes one register from others.

    Attributes:
        expression: C text with ``{0}`` for the first source operand and so on.
        result: the PTX type of the destination.
        operands: those of the sources.
        approximate: whether the hardware's result is only known within a bound; the expression then has
            ``{direction}``, which is -1, 0 or 1.
    """

    expression: str
    result: str
    operands: tuple[str, ...]
    approximate: bool = False


def _call(opcode: str, result: str, operands: tuple[str, ...], approximate: bool = False) -> Known:
    """The function that is called as the instruction."""
    arguments = [f"{{{i}}}" for i in range(len(operands))] + ["{direction}"] * approximate
    return Known(f"{opcode.replace('.', '_')}({', '.join(arguments)})", result, operands, approximate)


def _float32() -> Iterator[tuple[str, Known]]:
    """Instructions on float32, each with and without .ftz."""
    for ftz in ("", ".ftz"):
        for name, operands in {"add": _TWO, "sub": _TWO, "mul": _TWO, "fma": _THREE}.items():
            for rounding in _ROUNDINGS:
                opcode = f"{name}.{rounding}{ftz}.f32"
                yield opcode, _call(opcode, "f32", operands)
            if name != "fma":
                yield f"{name}{ftz}.f32", _call(f"{name}.rn{ftz}.f32", "f32", operands)
        plain = {f"{name}.rn{ftz}.f32": _ONE for name in ("rcp", "sqrt")} | {f"div.rn{ftz}.f32": _TWO}
        plain |= {f"{name}{ftz}.f32": _ONE for name in ("abs", "neg")}
        plain |= {f"{name}{ftz}{nan}.f32": _TWO for name, nan in product(("min", "max"), ("", ".NaN"))}
        plain |= {f"cvt{ftz}.sat.f32.f32": _ONE}
        plain |= {f"cvt.{rounding}{ftz}.f32.f32": _ONE for rounding in _TO_INTEGER}
        for opcode, operands in plain.items():
            yield opcode, _call(opcode, "f32", operands)
        for name in ("ex2", "rcp", "sqrt", "rsqrt", "lg2"):
            opcode = f"{name}.approx{ftz}.f32"
            yield opcode, _call(opcode, "f32", _ONE, approximate=True)
        yield f"div.approx{ftz}.f32", _call(f"div.approx{ftz}.f32", "f32", _TWO, approximate=True)
        yield f"cvt{ftz}.f64.f32", _call(f"cvt{ftz}.f64.f32", "f64", _ONE)
        yield f"cvt.rn{ftz}.f32.f64", _call(f"cvt.rn{ftz}.f32.f64", "f32", ("f64",))
        for rounding, type_ in product(_TO_INTEGER, ("s32", "u32", "s64")):
            opcode = f"cvt.{rounding}{ftz}.{type_}.f32"
            yield opcode, _call(opcode, type_, _ONE)
    yield "tanh.approx.f32", _call("tanh.approx.f32", "f32", _ONE, approximate=True)
    yield "copysign.f32", _call("copysign.f32", "f32", _TWO)


def _float64() -> Iterator[tuple[str, Known]]:
    for name, count in {"add": 2, "sub": 2, "mul": 2, "fma": 3, "div": 2, "rcp": 1, "sqrt": 1}.items():
        opcode = f"{name}.rn.f64"
        yield opcode, _call(opcode, "f64", ("f64",) * count)
    for name in ("add", "sub", "mul"):
        yield f"{name}.f64", _call(f"{name}.rn.f64", "f64", ("f64", "f64"))
    for name, count in {"abs": 1, "neg": 1, "min": 2, "max": 2, "copysign": 2}.items():
        yield f"{name}.f64", _call(f"{name}.f64", "f64", ("f64",) * count)
    for name in ("rcp", "rsqrt"):
        opcode = f"{name}.approx.ftz.f64"
        yield opcode, _call(opcode, "f64", ("f64",), approximate=True)
    for rounding in _TO_INTEGER:
        yield f"cvt.{rounding}.f64.f64", _call(f"cvt.{rounding}.f64.f64", "f64", ("f64",))
        for type_ in ("s32", "u32", "s64"):
            yield f"cvt.{rounding}.{type_}.f64", _call(f"cvt.{rounding}.{type_}.f64", type_, ("f64",))


def _conversions() -> Iterator[tuple[str, Known]]:
    """Between integers of different widths, from integers to floats, and to and from 16-bit floats."""
    for to, source in product(("f32", "f64"), ("s32", "u32", "s64", "u64")):
        yield f"cvt.rn.{to}.{source}", _call(f"cvt.rn.{to}.{source}", to, (source,))
    integers = [f"{kind}{bits}" for kind in "su" for bits in (8, 16, 32, 64)]
    for to, source in product(integers, integers):
        yield f"cvt.{to}.{source}", Known("{0}", to, (source,))
    for half in ("f16", "bf16"):
        yield f"cvt.f32.{half}", _call(f"cvt.f32.{half}", "f32", ("b16",))
        yield f"cvt.rn.{half}.f32", _call(f"cvt.rn.{half}.f32", "b16", _ONE)
    yield "cvt.f64.f16", _call("cvt.f64.f16", "f64", ("b16",))


def _integers() -> Iterator[tuple[str, Known]]:
    for kind, bits in product("su", (16, 32, 64)):
        type_, unsigned = f"{kind}{bits}", f"u{bits}"
        # Sums and products wrap, so they are taken of unsigned numbers, whose overflow C defines.
        for name, sign in {"add": "+", "sub": "-", "mul.lo": "*"}.items():
            yield f"{name}.{type_}", Known(f"{{0}} {sign} {{1}}", unsigned, (unsigned, unsigned))
        yield f"mad.lo.{type_}", Known("{0} * {1} + {2}", unsigned, (unsigned,) * 3)
        yield f"min.{type_}", Known("{0} < {1} ? {0} : {1}", type_, (type_, type_))
        yield f"max.{type_}", Known("{0} > {1} ? {0} : {1}", type_, (type_, type_))
        if bits < 64:
            wide = f"{kind}{2 * bits}"
            yield f"mul.wide.{type_}", Known("{0} * {1}", wide, (f"{type_}>{wide}",) * 2)
            yield f"mad.wide.{type_}", Known("{0} * {1} + {2}", f"u{2 * bits}", (f"{type_}>u{2 * bits}",) * 2 + (wide,))
    for kind in "su":
        yield f"mul.hi.{kind}32", Known("{0} * {1} >> 32", f"{kind}64", (f"{kind}32>{kind}64",) * 2)
        yield f"mul.hi.{kind}64", _call(f"mul.hi.{kind}64", f"{kind}64", (f"{kind}64",) * 2)
    for bits in (16, 32, 64):
        yield f"neg.s{bits}", Known("0 - {0}", f"u{bits}", (f"u{bits}",))
        for name, sign in {"and": "&", "or": "|", "xor": "^"}.items():
            yield f"{name}.b{bits}", Known(f"{{0}} {sign} {{1}}", f"b{bits}", (f"b{bits}",) * 2)
        yield f"not.b{bits}", Known("~{0}", f"b{bits}", (f"b{bits}",))
        for name, type_ in (("shl", f"b{bits}"), ("shr", f"u{bits}"), ("shr", f"s{bits}")):
            yield f"{name}.{type_}", _call(f"{name}.{type_}", type_, (type_, "u32"))
    yield "shr.b32", _call("shr.u32", "u32", ("u32", "u32"))
    yield "shr.b64", _call("shr.u64", "u64", ("u64", "u32"))
    for bits in (32, 64):
        yield f"bfi.b{bits}", _call(f"bfi.b{bits}", f"b{bits}", (f"b{bits}", f"b{bits}", "u32", "u32"))
        yield f"clz.b{bits}", _call(f"clz.b{bits}", "u32", (f"b{bits}",))
    for way in "lr":
        yield f"shf.{way}.wrap.b32", _call(f"shf.{way}.wrap.b32", "b32", ("b32", "b32", "u32"))
    for name, text in {"and": "{0} & {1}", "or": "{0} | {1}", "xor": "{0} ^ {1}"}.items():
        yield f"{name}.pred", Known(text, "pred", ("pred", "pred"))
    yield "not.pred", Known("!{0}", "pred", ("pred",))


def _carries() -> Iterator[tuple[str, Known]]:
    """Sums of more words than one: .cc writes the carry, addc, subc and madc read it."""
    for type_ in ("u32", "s32"):
        for write, read in product((".cc", ""), ("", "c")):
            if not (write or read):
                continue
            tail = f"{'carry' if read else '0'}, {'&carry' if write else '&ignored'})"
            yield f"add{read}{write}.{type_}", Known("with_carry({0}, {1}, " + tail, "u32", ("u32", "u32"))
            yield f"sub{read}{write}.{type_}", Known("with_borrow({0}, {1}, " + tail, "u32", ("u32", "u32"))
            for half, shift in (("lo", 0), ("hi", 32)):
                text = f"with_carry((uint32_t)({{0}} * {{1}} >> {shift}), {{2}}, {tail}"
                yield f"mad{read}.{half}{write}.u32", Known(text, "u32", ("u32>u64", "u32>u64", "u32"))


#: Opcode -> what it computes.
KNOWN: dict[str, Known] = {
    opcode: known for part in (_float32, _float64, _conversions, _integers, _carries) for opcode, known in part()
}

_ORDER = {"eq": "==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

#: Comparison -> C text: of floats, where each is false if one is NaN, or true for those that end in u; of integers.
FLOAT_COMPARISONS = {
    **{name: f"{{0}} {sign} {{1}}" for name, sign in _ORDER.items()},
    "ne": "({0} < {1} || {0} > {1})",
    "equ": "!({0} < {1} || {0} > {1})",
    "neu": "{0} != {1}",
    "ltu": "!({0} >= {1})",
    "leu": "!({0} > {1})",
    "gtu": "!({0} <= {1})",
    "geu": "!({0} < {1})",
    "num": "({0} == {0} && {1} == {1})",
    "nan": "({0} != {0} || {1} != {1})",
}
INTEGER_COMPARISONS = {
    name: f"{{0}} {sign} {{1}}"
    for name, sign in {**_ORDER, "ne": "!=", "lo": "<", "ls": "<=", "hi": ">", "hs": ">="}.items()
}
