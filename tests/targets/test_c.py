"""The C target: builds without a warning, links, computes what mpmath computes, writes nothing but its arrays."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import mpmath
import pytest
from compilers import COMPILERS, FIRST_COMPILER
from programs import logistic, logsig, softplus

from symact import catalog, targets
from symact.kernel import store
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.compiled import CompiledActivation, KernelParameter
from symact.kernel.program import Builder, Kernel
from symact.targets.emit import write
from symact.targets.printer import body

WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror"

pytestmark = pytest.mark.skipif(not COMPILERS, reason="no C compiler here")


def hand_made() -> list[CompiledActivation]:
    return [logistic(), logsig(), softplus()]


def vectorised() -> CompiledActivation:
    """An activation whose loops a compiler vectorises, for nothing in them calls the C library."""
    return store.compiled(catalog.get("relu"))


NAMES = ["logistic", "logsig", "softplus", "relu"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    for path, text in targets.generate_tree([*hand_made(), vectorised()], "c").items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return folder / "c"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


PROGRAM = r"""
#include "symact.h"
#include <stdio.h>
int main(void)
{
    const double x[3] = {-2.5, 0.0, 3.0};
    double y[3], dydx[3];
    symact_softplus_value_and_derivative_f64(3, x, y, dydx, 2.0);
    for (int i = 0; i < 3; ++i) printf("%.17g %.17g\n", y[i], dydx[i]);
    return 0;
}
"""


@pytest.mark.parametrize("compiler", FIRST_COMPILER)
def test_make_builds_libraries_that_a_program_links(tree: Path, tmp_path: Path, compiler: str) -> None:
    shutil.copytree(tree, tmp_path / "c")
    run("make", f"CC={compiler}", f"CFLAGS={WARNINGS} -O0", cwd=tmp_path / "c")
    (tmp_path / "main.c").write_text(PROGRAM)
    for library in ("libsymact.a", "libsymact.so"):
        run(compiler, "-std=c99", "-Ic", "main.c", f"c/{library}", "-lm", "-o", "main", cwd=tmp_path)
        check_softplus(run("./main", cwd=tmp_path, LD_LIBRARY_PATH=str(tmp_path / "c")).split())


def check_softplus(lines: list[str]) -> None:
    """The numbers that PROGRAM prints."""
    with mpmath.workdps(40):
        expected = [
            value
            for x in (-2.5, 0.0, 3.0)
            for value in (mpmath.log1p(mpmath.exp(2 * mpmath.mpf(x))) / 2, 1 / (1 + mpmath.exp(-2 * mpmath.mpf(x))))
        ]
        for got, value in zip(map(float, lines), expected, strict=True):
            assert abs(got - value) <= 2 * 2**-52 * value


def test_make_honours_the_users_flags(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tree, tmp_path / "c")
    said = run("make", "-n", "CC=my-cc", "CFLAGS=-O1 -g", "LDFLAGS=-Wl,-z,now", cwd=tmp_path / "c")
    compiles = [line for line in said.splitlines() if " -c " in line]
    assert len(compiles) == len(NAMES)
    assert all(line.startswith("my-cc ") and " -O1 -g " in line and " -fPIC " in line for line in compiles)
    assert any("-shared" in line and "-Wl,-z,now" in line for line in said.splitlines())


@pytest.mark.parametrize("compiler", FIRST_COMPILER)
@pytest.mark.parametrize("name", NAMES)
def test_a_pair_of_files_stands_alone(tree: Path, tmp_path: Path, compiler: str, name: str) -> None:
    for ending in ("c", "h"):
        shutil.copy(tree / f"{name}.{ending}", tmp_path)
    for level in ("-O0", "-O3"):
        run(compiler, "-std=c99", level, *WARNINGS.split(), "-c", f"{name}.c", cwd=tmp_path)


def test_all_sources_may_be_one_translation_unit(tmp_path: Path) -> None:
    compiled = [store.compiled(catalog.get(name)) for name in ("gelu", "logsig", "tanh")]
    names = [path for path in targets.generate_tree([*compiled, error_function()], "c") if path.endswith(".c")]
    write(targets.generate_tree([*compiled, error_function()], "c"), tmp_path)
    (tmp_path / "all.c").write_text("".join(f'#include "{name}"\n' for name in names))
    run(COMPILERS[0], "-std=c99", *WARNINGS.split(), "-c", "all.c", cwd=tmp_path)


def error_function() -> CompiledActivation:
    """An activation that, like gelu, needs functions of its own: erf itself, with itself in place of derivatives."""
    b = Builder()
    y = b("erf", b.input("x"))
    outputs = {"forward": ["y"], "derivative": ["dydx"], "value_and_derivative": ["y", "dydx"]}
    outputs |= {"backward": ["grad_x"], "second_derivative": ["d2ydx2"]}
    kernels = {
        name: b.kernel(name, ("x", "grad_y") if name == "backward" else ("x",), (), dict.fromkeys(out, y))
        for name, out in outputs.items()
    }
    return dataclasses.replace(logsig(), name="erf", programs=dict.fromkeys(ARITHMETICS, kernels))


def test_the_header_can_be_included_from_cpp(tree: Path, tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("no C++ compiler here")
    (tmp_path / "main.cpp").write_text('#include "symact.h"\nint main() { symact_logsig_forward_f32(0, 0, 0); }\n')
    run("gcc", "-std=c99", "-O2", "-c", tree / "logsig.c", cwd=tmp_path)
    run("g++", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{tree}", "main.cpp", "logsig.o", cwd=tmp_path)


@pytest.mark.parametrize("flag", ["-ffast-math", "-ffinite-math-only", "-Ofast"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_fast_math_is_refused(tree: Path, compiler: str, flag: str) -> None:
    done = subprocess.run(
        [compiler, flag, "-fsyntax-only", "logsig.c"], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "compile without -ffast-math" in done.stderr


def test_headers_say_what_a_reader_must_know(tree: Path) -> None:
    for name in ("logistic", "logsig", "softplus"):
        for ending in ("c", "h"):
            head = (tree / f"{name}.{ending}").read_text().split("*/")[0]
            assert "SPDX-License-Identifier: 0BSD" in head
            assert f"templates/c/NAME.{ending}.jinja" in head
            assert "Do not edit" in head
            assert "0123456789abcdef" in head
    header = (tree / "softplus.h").read_text()
    assert "void symact_softplus_forward_f32(size_t n, const float *x, float *y, float beta);" in header
    assert (
        "void symact_softplus_backward_f64"
        "(size_t n, const double *x, const double *grad_y, double *grad_x, double beta);" in header
    )
    assert header.count("not measured") == 25


def test_text_of_a_user_cannot_leave_its_comment(tree: Path, tmp_path: Path) -> None:
    hostile = dataclasses.replace(
        logsig(), summary="*/ #error out /* \\", definition="x */ y", reference="??/\n*/ int z;"
    )
    for path, text in targets.generate(hostile, "c").items():
        (tmp_path / Path(path).name).write_text(text)
    run(COMPILERS[0], "-std=c99", *WARNINGS.split(), "-c", "logsig.c", cwd=tmp_path)


def test_a_parameter_may_be_called_like_a_keyword(tmp_path: Path) -> None:
    kernels = {
        name: Kernel.from_dict(json.loads(json.dumps(kernel.to_dict()).replace('"beta"', '"double"')))
        for name, kernel in softplus().signatures.items()
    }
    parameters = (KernelParameter("double", "1", "positive", ""),)
    compiled = dataclasses.replace(softplus(), programs=dict.fromkeys(ARITHMETICS, kernels), parameters=parameters)
    for path, source in targets.generate(compiled, "c").items():
        (tmp_path / Path(path).name).write_text(source)
    run(COMPILERS[0], "-std=c99", *WARNINGS.split(), "-c", "softplus.c", cwd=tmp_path)
    assert "double double_" in (tmp_path / "softplus.h").read_text()


def test_generating_twice_gives_the_same_bytes() -> None:
    assert targets.generate(logsig(), "c") == targets.generate(logsig(), "c")
    text = "".join(targets.generate(logsig(), "c").values())
    assert not re.search(r"20\d\d-\d\d|/home/|/tmp/", text)


@pytest.mark.parametrize("operation", ["erfc", "exp", "log1p", "tanh"])
def test_elementary_functions_are_written_out_and_not_the_c_librarys(operation: str) -> None:
    b = Builder()
    kernel = b.kernel("forward", ("x",), (), {"y": b(operation, b.input("x"))})
    for arithmetic in {type_.arithmetic for type_ in targets.get("c").types}:
        printed = body(kernel, targets.get("c").operations, arithmetic)
        assert printed.outputs["y"] == f"own_{operation}_{arithmetic}(fused, x)"
