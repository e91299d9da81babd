"""PTX's control flow, scopes, calls and memory; what is left open; and that nothing unknown gets through."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

import numpy as np
import pytest

from symact.errors import Error
from symact.verification.cuda import machine
from symact.verification.cuda.ptx import parse
from symact.verification.cuda.translate import translate

pytestmark = pytest.mark.usefixtures("host")

HEAD = ".version 8.8\n.target sm_90\n.address_size 64\n"
REGISTERS = """
.reg .pred %p<6>; .reg .b16 %rs<4>; .reg .b32 %r<12>; .reg .f32 %f<8>; .reg .f64 %fd<4>; .reg .b64 %rd<12>;
"""


def run(body: str, values: Sequence[int], results: int, outside: str = "", fused: bool = False) -> list[int]:
    """The 64-bit results that a kernel stores at [%rd0], [%rd0+8] ...; [%rd1], [%rd1+8] ... hold the values."""
    text = f"""{HEAD}{outside}
.visible .entry k(.param .u64 out, .param .u64 in)
{{
{REGISTERS}
ld.param.u64 %rd0, [out]; ld.param.u64 %rd1, [in];
{body}
ret;
}}
"""
    given = np.array([value % (1 << 64) for value in values] or [0], np.uint64)
    out = np.zeros(results, np.uint64)
    own = machine.load(text)["k"]
    own.run([struct.pack("<Q", array.ctypes.data) for array in (out, given)], fused=fused)
    return [int(value) for value in out]


def test_carries_make_sums_and_differences_of_more_words() -> None:
    body = """
ld.global.v4.u32 {%r0, %r1, %r2, %r3}, [%rd1];
ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%rd1+16];
add.cc.u32 %r8, %r0, %r4; addc.cc.u32 %r9, %r1, %r5; addc.cc.u32 %r10, %r2, %r6; addc.u32 %r11, %r3, %r7;
st.global.v4.u32 [%rd0], {%r8, %r9, %r10, %r11};
sub.cc.u32 %r8, %r0, %r4; subc.cc.u32 %r9, %r1, %r5; subc.cc.u32 %r10, %r2, %r6; subc.u32 %r11, %r3, %r7;
st.global.v4.u32 [%rd0+16], {%r8, %r9, %r10, %r11};
"""
    generator = random.Random(1)
    cases = [(generator.getrandbits(128), generator.getrandbits(128)) for _ in range(20)]
    for a, b in [*cases, (2**128 - 1, 1), (0, 1), (2**96 - 1, 2**32)]:
        low, high, less, more = run(body, [a % 2**64, a >> 64, b % 2**64, b >> 64], 4)
        assert high << 64 | low == (a + b) % 2**128
        assert more << 64 | less == (a - b) % 2**128


def test_carries_make_products_of_more_words() -> None:
    """A product of 64 by 64 bits in words of 32, as libdevice has it, with and without the carry in."""
    body = """
ld.global.v2.u32 {%r0, %r1}, [%rd1];
ld.global.v2.u32 {%r2, %r3}, [%rd1+8];
mul.lo.u32 %r4, %r0, %r2;
mul.hi.u32 %r5, %r0, %r2;
mad.lo.cc.u32 %r5, %r0, %r3, %r5;
madc.hi.u32 %r6, %r0, %r3, 0;
mad.lo.cc.u32 %r5, %r1, %r2, %r5;
madc.hi.cc.u32 %r6, %r1, %r2, %r6;
madc.hi.u32 %r7, %r1, %r3, 0;
mad.lo.cc.u32 %r6, %r1, %r3, %r6;
addc.u32 %r7, %r7, 0;
st.global.v4.u32 [%rd0], {%r4, %r5, %r6, %r7};
"""
    generator = random.Random(2)
    cases = [(generator.getrandbits(64), generator.getrandbits(64)) for _ in range(20)]
    for a, b in [*cases, (2**64 - 1, 2**64 - 1), (2**32 - 1, 2**32 + 1)]:
        low, high = run(body, [a, b], 2)
        assert high << 64 | low == a * b


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_logic_of_truth_values_and_guards(a: int, b: int) -> None:
    body = """
ld.global.u64 %rd2, [%rd1]; ld.global.u64 %rd3, [%rd1+8];
setp.ne.s64 %p0, %rd2, 0; setp.ne.s64 %p1, %rd3, 0;
and.pred %p2, %p0, %p1; or.pred %p3, %p0, %p1; xor.pred %p4, %p0, %p1; not.pred %p5, %p0;
mov.u64 %rd4, 0;
@%p2 add.u64 %rd4, %rd4, 1;
@%p3 add.u64 %rd4, %rd4, 2;
@%p4 add.u64 %rd4, %rd4, 4;
@%p5 add.u64 %rd4, %rd4, 8;
@!%p0 add.u64 %rd4, %rd4, 16;
setp.ne.and.s64 %p2, %rd2, 0, %p1;
@%p2 add.u64 %rd4, %rd4, 32;
setp.eq.or.s64 %p2, %rd2, 0, !%p1;
@%p2 add.u64 %rd4, %rd4, 64;
mov.pred %p3, %p1;
selp.u64 %rd5, 128, 0, %p3;
add.u64 %rd4, %rd4, %rd5;
st.global.u64 [%rd0], %rd4;
"""
    wanted = [a and b, a or b, a ^ b, not a, not a, a and b, not a or not b, b]
    assert run(body, [a, b], 1) == [sum(bool(bit) << i for i, bit in enumerate(wanted))]


def test_loops_end_and_scopes_have_names_of_their_own() -> None:
    body = """
mov.u32 %r0, 0; mov.u32 %r1, 0;
$again:
add.s32 %r0, %r0, %r1;
{
.reg .b32 %r1; .reg .b32 %temp;
mov.b32 %r1, 7;
mov.b64 %rd2, {%r1, %r0};
mov.b64 {%temp, %r0}, %rd2;
}
add.s32 %r1, %r1, 1;
setp.lt.s32 %p0, %r1, 10;
@%p0 bra $again;
bra.uni $end;
mov.u32 %r0, 999;
$end:
cvt.u64.u32 %rd3, %r0;
st.global.u64 [%rd0], %rd3; st.global.u64 [%rd0+8], %rd2;
"""
    assert run(body, [], 2) == [45, 45 << 32 | 7]


def test_functions_are_called_with_their_own_memory() -> None:
    outside = """
.func (.param .b64 result) twice_plus(.param .b64 first, .param .b32 second);
.func (.param .b64 result) twice_plus(.param .b64 first, .param .b32 second)
{
.local .align 8 .b8 own[16];
.reg .b64 %a<4>; .reg .b32 %b;
mov.u64 %a3, own;
ld.param.u64 %a0, [first];
st.local.u64 [%a3+8], %a0;
ld.local.u64 %a1, [%a3+8];
add.u64 %a0, %a0, %a1;
ld.param.u32 %b, [second];
cvt.u64.u32 %a2, %b;
add.u64 %a0, %a0, %a2;
st.param.b64 [result+0], %a0;
ret;
}
.global .align 4 .b8 table[12] = {1, 0, 0, 0, 2, 0, 0, 0, 44, 1, 0, 0};
"""
    body = """
mov.u64 %rd4, table;
ld.global.nc.u32 %r0, [%rd4+8];
{ // callseq
.param .b64 param0; st.param.b64 [param0+0], 20;
.param .b32 param1; st.param.b32 [param1+0], %r0;
.param .b64 retval0;
call.uni (retval0), twice_plus, (param0, param1);
ld.param.b64 %rd5, [retval0+0];
}
st.global.u64 [%rd0], %rd5;
"""
    assert run(body, [], 1, outside) == [340]


def test_sixteen_bits_of_a_register_and_special_registers() -> None:
    body = """
ld.global.u16 %rs0, [%rd1]; mov.b32 %r0, {%rs0, %rs0};
mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x; mov.u32 %r3, %nctaid.x; mov.u32 %r4, %ctaid.x;
add.u32 %r1, %r1, %r2; add.u32 %r3, %r3, %r4;
mov.b64 %rd2, {%r0, %r1}; st.global.u64 [%rd0], %rd2; cvt.u64.u32 %rd3, %r3; st.global.u64 [%rd0+8], %rd3;
"""
    assert run(body, [0xABCD], 2) == [1 << 32 | 0xABCDABCD, 1]


def bits(value: float) -> int:
    return int.from_bytes(struct.pack("<f", value), "little")


@pytest.mark.parametrize(
    ("sum_", "wanted"),
    [
        ("add.f32 %f3, %f2, %f4", 2.0**-24),
        ("add.f32 %f3, %f4, %f2", 2.0**-24),
        ("sub.f32 %f3, %f2, %f5", 2.0**-24),
        ("sub.f32 %f3, %f5, %f2", -(2.0**-24)),
        ("neg.f32 %f6, %f2; sub.f32 %f3, %f4, %f6", 2.0**-24),
        ("add.rn.f32 %f3, %f2, %f4", 0.0),
        ("add.f32 %f3, %f7, %f4", 0.0),
    ],
)
def test_products_are_fused_only_where_ptx_leaves_it_open(sum_: str, wanted: float) -> None:
    """(1 + 2^-12)^2 is 1 + 2^-11 + 2^-24, the last of which a separate product loses."""
    body = f"""
mov.f32 %f0, 0f{bits(1 + 2.0**-12):08X};
mul.f32 %f2, %f0, %f0;
mul.rn.f32 %f7, %f0, %f0;
mov.f32 %f4, 0f{bits(-1 - 2.0**-11):08X}; mov.f32 %f5, 0f{bits(1 + 2.0**-11):08X};
{sum_};
mov.b32 %r0, %f3; cvt.u64.u32 %rd2, %r0; st.global.u64 [%rd0], %rd2;
"""
    assert run(body, [], 1)[0] & 0x7FFFFFFF == 0
    assert run(body, [], 1, fused=True) == [bits(wanted)]


def test_a_fused_product_has_the_factors_of_its_time() -> None:
    """(1 + 2^-12)^2 - 1 - 2^-11, the factor being something else when the sum comes."""
    body = f"""
mov.f32 %f0, 0f{bits(1 + 2.0**-12):08X}; mov.f32 %f4, 0f{bits(-1 - 2.0**-11):08X};
mul.f32 %f2, %f0, %f0;
mov.f32 %f0, 0f40400000;
add.f32 %f3, %f2, %f4;
mov.b32 %r0, %f3; cvt.u64.u32 %rd2, %r0; st.global.u64 [%rd0], %rd2;
"""
    assert run(body, [], 1, fused=True) == [bits(2.0**-24)]


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("mul.f32 %f2, %f0, %f1; add.f32 %f3, %f2, %f4; sub.f32 %f5, %f2, %f4", 2),
        ("mul.f32 %f2, %f0, %f1; mul.f32 %f2, %f1, %f1; add.f32 %f3, %f2, %f4", 0),
        ("@%p0 mul.f32 %f2, %f0, %f1; add.f32 %f3, %f2, %f4", 0),
        ("mul.ftz.f32 %f2, %f0, %f1; add.f32 %f3, %f2, %f4", 0),
        ("mul.f64 %fd2, %fd0, %fd1; add.f64 %fd3, %fd2, %fd2", 1),
    ],
)
def test_what_may_be_fused_is_counted(body: str, number: int) -> None:
    """A product that is written in two places, or not always, is not known where the sum is."""
    text = f"{HEAD}.visible .entry k(.param .u64 out)\n{{{REGISTERS}{body};ret;\n}}"
    assert translate(parse(text)).fusible == {"k": number}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sin.approx.f32 %f0, %f1", r"sin\.approx\.f32 %f0, %f1;: this instruction is not modelled"),
        ("fma.rn.relu.f16 %rs0, %rs1, %rs2, %rs3", "not modelled"),
        ("add.sat.f32 %f0, %f1, %f2", "not modelled"),
        ("div.full.f32 %f0, %f1, %f2", "not modelled"),
        ("add.rz.f64 %fd0, %fd1, %fd2", "not modelled"),
        ("atom.global.add.u32 %r0, [%rd0], 1", "not modelled"),
        ("ld.shared.u32 %r0, [%rd0]", "not modelled"),
        ("ld.volatile.global.u32 %r0, [%rd0]", "not modelled"),
        ("bar.sync 0", "not modelled"),
        ("add.s32 %r0, %r1", "it has 2 operands instead of 3"),
        ("add.s32 %r0, %r1, %r99", "the register %r99 is not declared"),
        ("add.f32 %f0, %f1, %fd0", "%fd0 is f64 and is read as f32"),
        ("add.f32 %f0, %f1, 0d3FF0000000000000", "another type"),
        ("mov.f32 %fd0, %f0", "is f64 and gets f32"),
        ("setp.lt.f32 %p0|%p1, %f0, %f1", "this comparison is not modelled"),
        ("setp.bigger.f32 %p0, %f0, %f1", "this comparison is not modelled"),
        ("setp.lt.f32 %p0, %f0, %f1, %p1", "it has 4 operands instead of 3"),
        ("ld.global.v2.u32 {%r0, %r1, %r2}, [%rd0]", "it has 3 registers instead of 2"),
        ("ld.global.u32 %r0, [nowhere]", "nowhere is not declared"),
        ("ld.global.u32 %r0, %rd0", "is no address"),
        ("call.uni (r), elsewhere, (p)", "not in the module"),
        ("mov.u32 %r0, %clock", "the register %clock is not declared"),
    ],
)
def test_nothing_unknown_gets_through(body: str, said: str) -> None:
    with pytest.raises(Error, match=said):
        run(f"{body};", [], 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int main() {}", "it names no target"),
        (HEAD + ".visible .entry k() { add.s32 %r0, %r1, %r2; ", "a scope is not closed"),
        (HEAD + ".visible .entry k() { add.s32 %r0, %r1", "unfinished statement"),
        (HEAD + ".visible .entry k() { .reg .f128 %q<3>; }", "no declaration of registers"),
        (HEAD + ".visible .entry k() { 7 = x; }", "is no instruction"),
        (HEAD + ".surfref s;", "is no declaration of a variable"),
    ],
)
def test_text_that_is_no_ptx_is_refused(text: str, said: str) -> None:
    with pytest.raises(Error, match=said):
        parse(text)


def test_a_kernel_wants_the_bytes_of_its_parameters() -> None:
    own = machine.load(HEAD + ".visible .entry k(.param .u64 out, .param .f32 number) { ret; }")["k"]
    with pytest.raises(Error, match=r"k has parameters of \[8, 4\] bytes and was given \[8\]"):
        own.run([bytes(8)])
