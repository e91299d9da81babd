"""CUDA's own functions, executed as PTX, against the same functions of libdevice executed by LLVM on this machine.

Both start from NVIDIA's code, and share nothing after it: here LLVM compiles libdevice's bitcode, and what only GPUs
have (directed rounding, approximations) is done in Python with fractions; there it goes through NVRTC and C.
"""

from __future__ import annotations

import ctypes
import importlib.util
import math
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from exact import add, divide, fraction, fused, multiply, rounded

from symact.verification.cuda import launch, machine, nvrtc
from symact.verification.cuda.source import source

llvm = pytest.importorskip("llvmlite.binding")

pytestmark = pytest.mark.usefixtures("compiler")

#: CUDA's function -> where it is tried: neither it nor what it is computed from gets subnormal, which CuPy flushes.
FUNCTIONS = {
    "float32": {
        "log1p": (-0.99, 1e30),
        "log": (1e-30, 1e30),
        "expm1": (-80.0, 80.0),
        "exp": (-80.0, 80.0),
        "tanh": (-20.0, 20.0),
        "atan": (-1e10, 1e10),
        "erf": (-6.0, 6.0),
        "erfc": (-6.0, 8.0),
    },
    "float64": {
        "log1p": (-0.99, 1e30),
        "log": (1e-30, 1e30),
        "expm1": (-80.0, 80.0),
        "exp": (-80.0, 80.0),
        "tanh": (-20.0, 20.0),
        "erf": (-6.0, 6.0),
        "erfc": (-6.0, 20.0),
    },
}
CASES = [(dtype, name) for dtype, names in FUNCTIONS.items() for name in names]

#: What LLVM has itself, or what is a sequence of what it has.
PLAIN = """
declare float @llvm.fma.f32(float, float, float)
declare double @llvm.fma.f64(double, double, double)
declare float @llvm.fabs.f32(float)
declare double @llvm.fabs.f64(double)
declare float @llvm.roundeven.f32(float)
declare float @llvm.trunc.f32(float)
declare float @llvm.floor.f32(float)
define i32 @__nvvm_reflect(ptr %name) { ret i32 0 }
define float @gpu.fma.rn.f(float %a, float %b, float %c) {
  %r = call float @llvm.fma.f32(float %a, float %b, float %c) ret float %r }
define double @gpu.fma.rn.d(double %a, double %b, double %c) {
  %r = call double @llvm.fma.f64(double %a, double %b, double %c) ret double %r }
define float @gpu.fabs.f32(float %a) { %r = call float @llvm.fabs.f32(float %a) ret float %r }
define double @gpu.fabs.f64(double %a) { %r = call double @llvm.fabs.f64(double %a) ret double %r }
define float @gpu.round.f(float %a) { %r = call float @llvm.roundeven.f32(float %a) ret float %r }
define float @gpu.trunc.f(float %a) { %r = call float @llvm.trunc.f32(float %a) ret float %r }
define float @gpu.add.rn.f(float %a, float %b) { %r = fadd float %a, %b ret float %r }
define float @gpu.mul.rn.f(float %a, float %b) { %r = fmul float %a, %b ret float %r }
define double @gpu.add.rn.d(double %a, double %b) { %r = fadd double %a, %b ret double %r }
define i32 @gpu.d2i.hi(double %a) {
  %b = bitcast double %a to i64 %c = lshr i64 %b, 32 %r = trunc i64 %c to i32 ret i32 %r }
define i32 @gpu.d2i.lo(double %a) { %b = bitcast double %a to i64 %r = trunc i64 %b to i32 ret i32 %r }
define double @gpu.lohi.i2d(i32 %lo, i32 %hi) {
  %a = zext i32 %lo to i64 %b = zext i32 %hi to i64 %c = shl i64 %b, 32 %d = or i64 %c, %a
  %r = bitcast i64 %d to double ret double %r }
"""


def power_of_two(a: float) -> float:
    """2 to a power, rounded to float32."""
    with mpmath.workprec(100):
        return rounded(fraction(mpmath.mpf(2) ** a), "f32")


def reciprocal(a: float) -> float:
    """The gross approximation for float64: of the upper 32 bits, with 20 bits of mantissa."""
    upper = np.float64(a).view(np.uint64) & np.uint64(0xFFFFFFFF00000000)
    exact = 1 / Fraction(float(upper.view(np.float64)))
    mantissa, exponent = math.frexp(float(exact))
    return math.ldexp(round(mantissa * 2**21) / 2**21, exponent)


#: What only a GPU has, in exact arithmetic: name -> types of the operands, function.
EXACT: dict[str, tuple[str, Callable[..., float]]] = {
    "add.rz.f": ("ff", lambda a, b: add(a, b, "f32", "rz")),
    "mul.rz.f": ("ff", lambda a, b: multiply(a, b, "f32", "rz")),
    "fma.rm.f": ("fff", lambda a, b, c: fused(a, b, c, "f32", "rm")),
    "saturate.f": ("f", lambda a: min(max(a, 0.0), 1.0)),
    "ex2.approx.f32": ("f", power_of_two),
    "rcp.approx.f": ("f", lambda a: divide(1.0, a, "f32")),
    "rcp.approx.d": ("d", reciprocal),
}
_C = {"f": ctypes.c_float, "d": ctypes.c_double}


@lru_cache
def engine() -> Any:
    """libdevice, compiled for this machine; what belongs to GPUs is replaced."""
    found = importlib.util.find_spec("nvidia")
    places = found.submodule_search_locations or [] if found else []
    files = [path for place in places for path in Path(place).glob("*/nvvm/libdevice/libdevice.10.bc")]
    if not files:
        pytest.skip("libdevice is not installed: pip install nvidia-cuda-nvcc-cu12")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    text = str(llvm.parse_bitcode(files[0].read_bytes()))
    definitions = dict(re.findall(r"^(?=define [^\n]*@(\w+)\()(define .*?^})", text, re.DOTALL | re.MULTILINE))
    needed = [f"__nv_{name}{'f' if dtype == 'float32' else ''}" for dtype, name in CASES]
    chosen: dict[str, str] = {}
    while needed:
        name = needed.pop()
        if name in definitions and name not in chosen:
            chosen[name] = re.sub(r"\) #\d+ \{", ") {", re.sub(r" #\d+$", "", definitions[name], flags=re.MULTILINE))
            needed += re.findall(r"@(__\w+)\(", chosen[name])
    body = "\n".join(chosen.values()).replace("@llvm.nvvm.", "@gpu.").replace(".ftz.", ".")  # nothing gets subnormal
    body = re.sub(r'asm "rcp\.approx\.f32 [^"]*", "[^"]*"', "@gpu.rcp.approx.f", re.sub(r", !\w+ !\d+| #\d+", "", body))
    constants = re.findall(r"^@[\w.]+ = .*$", text, re.MULTILINE)
    used = set(re.findall(r"@gpu\.[\w.]+(?=\()", body))
    own = {name for name in used if f"{name}(" not in PLAIN}
    assert own <= {f"@gpu.{name}" for name in EXACT}, "LLVM would stop the process"
    module = "\n".join([*constants, PLAIN, *map(declaration, sorted(own)), body])
    compiled = llvm.parse_assembly(module)
    machine_ = llvm.Target.from_default_triple().create_target_machine(opt=2)
    jit = llvm.create_mcjit_compiler(compiled, machine_)
    for name, (types, function) in EXACT.items():
        kind = ctypes.CFUNCTYPE(_C[types[0]], *(_C[type_] for type_ in types))
        _callbacks.append(kind(function))
        if f"@gpu.{name}" in own:
            address = ctypes.cast(_callbacks[-1], ctypes.c_void_p).value
            jit.add_global_mapping(compiled.get_function(f"gpu.{name}"), address)
    jit.finalize_object()
    return jit


_callbacks: list[Any] = []


def declaration(name: str) -> str:
    """The declaration of what is done in Python."""
    types = [{"f": "float", "d": "double"}[type_] for type_ in EXACT[name.removeprefix("@gpu.")][0]]
    return f"declare {types[0]} {name}({', '.join(types)})"


def inputs(low: float, high: float, dtype: str) -> np.ndarray:
    generator = np.random.default_rng(8)
    near = generator.uniform(max(low, -12), min(high, 12), 900)
    sizes = 10.0 ** generator.uniform(-25, np.log10(high), 600)
    signs = np.where((generator.random(600) < 0.5) & (-sizes > low), -1.0, 1.0)
    found = np.concatenate([near, sizes * signs]).astype(dtype)
    return found[(found >= low) & (found <= high)]


@pytest.mark.parametrize(("dtype", "name"), CASES)
def test_ptx_gives_what_libdevice_gives(dtype: str, name: str) -> None:
    import cupy

    low, high = FUNCTIONS[dtype][name]
    x = inputs(low, high, dtype)
    own = cupy.ElementwiseKernel("T x", "T y", f"y = {name}(x);", f"own_{name}")
    compiled = nvrtc.compile_source(source(own, dtype).text)
    got = np.empty_like(x)
    launch.run(machine.load(compiled.ptx)[f"own_{name}"], [x], [], [got])
    kind = ctypes.c_float if dtype == "float32" else ctypes.c_double
    address = engine().get_function_address(f"__nv_{name}{'f' if dtype == 'float32' else ''}")
    function = ctypes.CFUNCTYPE(kind, kind)(address)
    wanted = np.array([function(value) for value in x.tolist()], dtype)
    assert len(x) > 1000
    np.testing.assert_array_equal(got, wanted)
