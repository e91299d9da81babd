"""The catalogue's CuPy kernels: compiled by NVIDIA's compiler, executed as PTX, their machine code looked through."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from entries import ENTRIES

from symact import catalog, targets
from symact.kernel import store
from symact.kernel.compiled import OPTIONAL_PASSES, PASSES
from symact.targets.accuracy import program
from symact.verification import accuracy, execution, record
from symact.verification.accuracy import OUTPUTS
from symact.verification.cuda import gates, kernels, nvrtc, sass
from symact.verification.cuda.kernels import Batch, Wanted
from symact.verification.cuda.ptx import parse
from symact.verification.cuda.translate import translate
from symact.verification.execution import cupy
from symact.verification.execution.cupy import LABEL

pytestmark = pytest.mark.usefixtures("compiler")

NAMES = catalog.names()
DTYPES = ("float16", "bfloat16", "float32", "float64")
ROWS = record.read(Path(__file__).resolve().parents[3] / "generated" / "ACCURACY.json")

#: What float32 kernels shall reach with every approximation of the hardware correctly rounded, in ULP.
GOAL = 2.0


@lru_cache
def batch(dtype: str, architecture: str, names: tuple[str, ...] = tuple(NAMES)) -> Batch:
    activations = [store.compiled(catalog.get(name)) for name in names]
    return kernels.build([Wanted(one, pass_, dtype) for one in activations for pass_ in one.signatures], architecture)


@pytest.mark.slow
def test_every_float32_kernel_passes_the_gates_on_hopper() -> None:
    found = batch("float32", "sm_90")
    assert gates.problems(found.compiled, "float32", "sm_90") == []
    assert len(found.code) == len(found.wanted) >= len(NAMES) * len(PASSES)


@pytest.mark.parametrize(
    ("number", "dtype", "architecture"),
    [(5 * i, dtype, nvrtc.ARCHITECTURES[(2 * i + j) % 4]) for i, dtype in enumerate(DTYPES) for j in (0, 1)],
)
def test_some_kernels_pass_the_gates_everywhere(number: int, dtype: str, architecture: str) -> None:
    """A part; scripts/record_cost.py holds all of them against the gates before it writes anything."""
    found = batch(dtype, architecture, (NAMES[number % len(NAMES)],))
    assert gates.problems(found.compiled, dtype, architecture) == []


@pytest.mark.slow
def test_kernels_compiled_together_are_those_compiled_alone() -> None:
    together = batch("float32", "sm_90")
    alone = batch("float32", "sm_90", ("gelu",))
    for name, code in alone.code.items():
        assert [(one.opcode, one.predicate) for one in together.code[name].instructions] == [
            (one.opcode, one.predicate) for one in code.instructions
        ]


@pytest.mark.parametrize("pass_", ["forward", "derivative"])
@pytest.mark.parametrize("name", ENTRIES)
def test_float32_on_the_cpu(name: str, pass_: str) -> None:
    """The contract holds but for what the record says, and no error exceeds what it says, or else the goal."""
    compiled = store.compiled(catalog.get(name))
    key = (name, "cupy", "float32", "accurate", pass_)
    row = next((each for each in ROWS if tuple(each[part] for part in record.KEY) == key), None)
    known = row is not None and row["program"] == program(compiled, "cupy", "float32", "accurate", pass_)
    machines = {
        one.pass_: own
        for one, own in batch("float32", "sm_90").executable()
        if (one.activation.name, one.pass_) == (name, pass_)
    }
    how = cupy.simulation(compiled, targets.get("cupy").type("float32", "accurate"), machines)
    plan = accuracy.Plan(catalog.get(name))
    plan.execute(accuracy.Subject("cupy", "float32", pass_), how)
    (found,) = plan.measure(count=800, seed=3)
    assert found.executed == LABEL
    recorded = row if known and row is not None else {"violations": 0, "failures": 0, "max_ulp": 0.0}
    assert len(found.violations) <= recorded["violations"], "\n".join(map(str, found.violations))
    assert found.accuracy.failures == 0 or recorded["failures"]
    # Another sample than the recorded one may be worse, by a bit, or next to a root by more.
    limit = max(GOAL, 1.5 * recorded.get("nominal_ulp", recorded["max_ulp"]) + 0.5)
    nominal = found.accuracy.max_ulp if found.nominal_ulp is None else found.nominal_ulp
    assert nominal <= limit


@pytest.mark.parametrize(("dtype", "goal"), [("float16", 0.501), ("bfloat16", 0.55), ("float64", 2.0)])
def test_the_other_dtypes_on_the_cpu(dtype: str, goal: float) -> None:
    """One activation whose forward pass is simple enough for any program."""
    (found,) = accuracy.run("softsign", "cupy", dtype, "forward", count=2000)
    assert found.executed == LABEL
    assert found.violations == ()
    assert found.accuracy.max_ulp <= goal
    assert found.accuracy.method == ("sampled" if dtype == "float64" else "exhaustive")


def test_backward_takes_gradients_as_ieee_says() -> None:
    (found,) = accuracy.run("softsign", "cupy", "float32", "backward", count=1000)
    assert found.violations == ()


def test_what_is_computed_from_the_output_is_tried_in_all_ways_of_the_output_too() -> None:
    how = execution.of(store.compiled(catalog.get("softplus")), "cupy", "float32")
    ways = [run.ways["forward"] for run in how.different("backward_from_output")]
    assert set(ways) == {run.ways["forward"] for run in how.runs}
    assert len(set(ways)) > 1, "there is something that PTX leaves open"


def test_both_outputs_and_parameters_come_through() -> None:
    """elu with another alpha: the value and the derivative are those of the passes alone."""
    kernels_ = execution.of(store.compiled(catalog.get("elu")), "cupy", "float32").runs[0].kernels
    x = np.linspace(-4, 4, 41, dtype=np.float32)
    y, slope = kernels_.value_and_derivative(x, alpha=0.25)
    np.testing.assert_array_equal(y, kernels_.forward(x, alpha=0.25))
    np.testing.assert_array_equal(slope, kernels_.derivative(x, alpha=0.25))
    np.testing.assert_allclose(y, np.where(x > 0, x, 0.25 * np.expm1(x)), rtol=1e-6)


#: Activations in whose kernels there is something to be fused, and some others.
FUSED = ("softplus", "tanh", "mish", "logsig", "gelu")


@lru_cache
def assembler() -> str | None:
    found = importlib.util.find_spec("nvidia")
    places = found.submodule_search_locations or [] if found else []
    return next((str(path) for place in places for path in Path(place).glob("cuda_nvcc/bin/ptxas")), None)


def assembled(ptx: str, architecture: str) -> dict[str, sass.Code]:
    program_ = assembler()
    if program_ is None:
        pytest.skip("ptxas is not installed: pip install nvidia-cuda-nvcc-cu12")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.ptx").write_text(ptx)
        subprocess.run([program_, f"-arch={architecture}", "in.ptx", "-o", "out"], cwd=folder, check=True)
        return sass.disassemble((Path(folder) / "out").read_bytes())


def opcodes(code: sass.Code) -> list[str]:
    return [one.opcode for one in code.instructions]


def products(code: sass.Code) -> int:
    """How many fused products there are; a sum with RZ, which is 0, is a product alone."""
    fused = [one for one in code.instructions if one.name in ("FFMA", "DFMA")]
    return sum(one.operands.rpartition(",")[2].lstrip("-") != "RZ" for one in fused)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_what_is_executed_is_what_the_machine_code_is_made_of(dtype: str) -> None:
    """NVRTC's machine code is its PTX assembled; and the assembler fuses no more than the translation expects.

    Forbidden to fuse (every sum and product with .rn) it makes fewer fused instructions, at most by the number of sums
    that the translation takes for fusible.
    """
    found = batch(dtype, "sm_90", FUSED)
    free = assembled(found.compiled.ptx, "sm_90")
    strict = re.sub(r"\b(mul|add|sub)((?:\.ftz)?\.f(?:32|64))\b", r"\1.rn\2", found.compiled.ptx)
    forced = assembled(strict, "sm_90")
    fusible = translate(parse(found.compiled.ptx)).fusible
    fused = 0
    for name, code in found.code.items():
        assert opcodes(free[name]) == opcodes(code)
        more = products(free[name]) - products(forced[name])
        assert more <= fusible[name], name
        fused += more > 0
    assert fused > 0, "there is something to be fused"


def test_every_pass_has_its_outputs_checked() -> None:
    assert set(OUTPUTS) == {*PASSES, *OPTIONAL_PASSES}
    rows: list[Any] = [row for row in ROWS if row["target"] == "cupy"]
    assert all(LABEL in row["tool"] for row in rows)
