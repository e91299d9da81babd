"""Machine code is read as it is, and what a thread executes is counted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from symact.errors import Error
from symact.verification.cuda import nvrtc, sass
from symact.verification.cuda.count import count
from symact.verification.cuda.gates import occupancy
from symact.verification.cuda.sass import WIDTH, Code, Instruction


def code(*lines: str) -> Code:
    """Machine code from lines "predicate opcode operands", branches leading to line numbers."""
    found = []
    for i, line in enumerate(lines):
        predicate = line.split()[0] if line.startswith("@") else ""
        opcode, _, operands = line.removeprefix(predicate).strip().partition(" ")
        if opcode in ("BRA", "CALL.REL.NOINC") and operands.split(",")[-1].isdigit():
            *before, to = operands.split(",")
            operands = ",".join([*before, hex(int(to) * WIDTH)])
        found.append(Instruction(i * WIDTH, predicate, opcode, operands))
    return Code("k", tuple(found), 20, 0)


PROLOGUE: Sequence[str] = ("S2R R0,SR_TID.X", "ISETP.GE.AND P0,PT,R0,UR4,PT", "@P0 EXIT")
EPILOGUE: Sequence[str] = ("STG.E desc[UR6][R2.64],R4", "EXIT", "BRA 99", "NOP", "NOP")


def test_a_straight_kernel_is_counted_once_without_padding() -> None:
    found = count(code(*PROLOGUE, "LDG.E R4,desc[UR6][R2.64]", "FFMA.FTZ R4,R4,R4,R4", "MUFU.RCP R4,R4", *EPILOGUE))
    assert found.most == {"float32": 1, "special": 1, "integer": 1, "memory": 2, "uniform": 1, "control": 2}
    assert (found.total, found.least, found.accesses, found.registers) == (8, 8, 2, 20)


def test_both_sides_of_a_branch_count_and_the_shortest_way_is_known() -> None:
    """Lines: 0-2 prologue, 3 load, 4 branch to 8, 5-7 long side, 8 store."""
    long_side = ["FADD R4,R4,R4", "FMUL R4,R4,R4", "FMUL R4,R4,R5"]
    found = count(code(*PROLOGUE, "LDG.E R4,[R2.64]", "@P1 BRA 8", *long_side, *EPILOGUE))
    assert found.most["float32"] == 3
    assert (found.total, found.least) == (10, 7)
    other_way = count(code(*PROLOGUE, "LDG.E R4,[R2.64]", "BRA !P1,8", *long_side, *EPILOGUE))
    assert (other_way.total, other_way.least) == (10, 7)


def test_what_leads_to_a_slow_path_is_left_out_and_other_functions_are_not() -> None:
    call = ["@!P1 BRA 7", "MOV R4,0x50", "CALL.REL.NOINC $__internal_0_$__cuda_sm3x_div_rn_slowpath"]
    rare = count(code(*PROLOGUE, "LDG.E R4,[R2.64]", *call, *EPILOGUE))
    assert rare.total == 7
    named = [line.replace("_slowpath", "_pow") for line in call]
    assert count(code(*PROLOGUE, "LDG.E R4,[R2.64]", *named, *EPILOGUE)).total == 9


def test_a_loop_is_counted_once_and_may_be_left_by_a_call() -> None:
    body = ["LDG.E R4,[R2.64]", "STG.E [R2.64],R4", "@P0 CALL.REL.NOINC 7", "BRA 3", "EXIT"]
    assert count(code(*PROLOGUE, *body)).total == 8
    assert count(code(*PROLOGUE, *body)).least == 7


def test_an_unknown_instruction_is_an_error_and_so_is_a_kernel_without_a_store() -> None:
    with pytest.raises(Error, match="k has the unknown machine instructions QFMA"):
        count(code(*PROLOGUE, "QFMA R4,R4,R4,R4", *EPILOGUE))
    with pytest.raises(Error, match="k stores nothing"):
        count(code(*PROLOGUE, "FADD R4,R4,R4", "EXIT"))


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
def test_registers_and_spills_are_those_of_the_compiler(architecture: str) -> None:
    """A kernel that may take few registers spills; one with an array of its own has that in local memory."""
    plain = 'extern "C" __global__ void plain(float *x) { x[threadIdx.x] *= 2.0f; }\n'
    values = ", ".join(f"x[{i} * blockDim.x]" for i in range(64))
    local = f"""
extern "C" __global__ void local_array(float *x, int n) {{
    float own[64] = {{ {values} }};
    for (int i = 0; i < n; ++i) own[i * n % 64] += own[i];
    x[threadIdx.x] = own[n];
}}
"""
    found = sass.disassemble(nvrtc.compile_source(plain + local, architecture).cubin)
    assert found["plain"].frame == 0
    assert 4 <= found["plain"].registers <= 16
    assert found["local_array"].frame == 256
    assert {"STL", "LDL"} <= {one.name for one in found["local_array"].instructions}
    assert {"LDG", "STG", "EXIT"} <= {one.name for one in found["plain"].instructions}


@pytest.mark.usefixtures("compiler")
def test_what_is_no_machine_code_is_an_error() -> None:
    with pytest.raises(Error, match="nvdisasm failed"):
        sass.disassemble(b"no ELF file")


@pytest.mark.parametrize(
    ("registers", "architecture", "share"),
    [(32, "sm_90", 1), (33, "sm_90", 0.75), (64, "sm_75", 1), (255, "sm_80", 0.125)],
)
def test_registers_limit_how_many_threads_there_is_room_for(registers: int, architecture: str, share: float) -> None:
    """65536 registers, given out eight at a time to each thread of blocks of 128."""
    assert occupancy(registers, architecture) == share
