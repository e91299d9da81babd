"""What other compilers and instruction sets make of C's float32 kernels, at all 2**32 inputs.

The record, `symact.verification.record`, is about the compiler and flags that users get here by default. These are
other builds of the same sources. They are measured beside the proved kernel of the default build
(`symact.verification.beside`), and what is found stands in generated/BUILDS.json and generated/BUILDS.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from symact.errors import Error
from symact.kernel.compiled import CompiledActivation
from symact.targets.accuracy import program
from symact.verification import execution
from symact.verification.beside import TARGET, Finding, Other
from symact.verification.exhaustive import variables
from symact.verification.record import KEY, Row, proved


class Build(NamedTuple):
    """A way to compile C sources.

    Attributes:
        name: for readers.
        environment: the variables that make it.
    """

    name: str
    environment: tuple[tuple[str, str], ...]


#: Without FMA there is nothing to contract. Flags that ask for AVX2 keep the sources from choosing a set at run time;
#: tables are chosen at run time in any case.
BUILDS = (
    Build("clang", (("CC", "clang"), ("CFLAGS", ""))),
    Build("gcc without FMA", (("CC", "gcc"), ("CFLAGS", "-march=haswell -mno-fma -DSYMACT_NO_TABLES"))),
    Build("gcc without contraction", (("CC", "gcc"), ("CFLAGS", "-DSYMACT_CONTRACT=0 -ffp-contract=off"))),
    Build("clang without FMA", (("CC", "clang"), ("CFLAGS", "-march=haswell -mno-fma -DSYMACT_NO_TABLES"))),
    Build("gcc with AVX2", (("CC", "gcc"), ("CFLAGS", "-march=haswell -DSYMACT_NO_TABLES"))),
    Build("clang with AVX2", (("CC", "clang"), ("CFLAGS", "-march=haswell -DSYMACT_NO_TABLES"))),
)


def offered(compiled: CompiledActivation, build: Build, levels: Iterable[str]) -> list[Other]:
    """What a build has of an activation: the levels that can be compiled, as `beside.run` takes them."""
    found = []
    for level in levels:
        try:
            with variables(build.environment):
                execution.of(compiled, TARGET, "float32", level)
        except Error:
            continue
        found.append(Other(TARGET, level, build.environment))
    return found


def row(compiled: CompiledActivation, build: Build, found: Finding, known: Iterable[Row], day: date) -> Row:
    """What the document has of one kernel of a build.

    Args:
        compiled: the activation's programs.
        build: how it was built.
        found: what was measured.
        known: the record, which has the errors of the default build.
        day: that of the measurement.
    """
    measured = found.measurement
    kernel = (measured.name, measured.target, measured.dtype, measured.level, measured.pass_)
    printed = program(compiled, *kernel[1:])
    default = [each for each in known if _names(each) == kernel and each["program"] == printed and proved(each)]
    return {
        **dict(zip(KEY, kernel, strict=True)),
        "build": build.name,
        "flags": dict(build.environment)["CFLAGS"],
        "program": printed,
        "default": default[0]["max_ulp"] if default else None,
        "max_ulp": math.ceil(measured.accuracy.max_ulp * 10_000) / 10_000,
        "exact": found.exact,
        "worst": measured.accuracy.worst if found.exact else None,
        "different": found.different,
        "failures": measured.accuracy.failures,
        "violations": len(measured.violations),
        "date": day.isoformat(),
        "tool": measured.tool,
    }


def merged(rows: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """The rows in order, new ones in the place of old ones of the same kernel and build."""
    found = {_key(each): each for each in (*rows, *new)}
    return [found[key] for key in sorted(found)]


def _key(each: Row) -> tuple[str, ...]:
    return (*_names(each), each["build"])


def _names(each: Row) -> tuple[str, ...]:
    return tuple(each[name] for name in KEY)


def to_markdown(rows: Sequence[Row]) -> str:
    """The tables for readers."""
    names = [build.name for build in BUILDS if any(each["build"] == build.name for each in rows)]
    lines = [
        "# Other builds of C's float32 kernels",
        "",
        "Made by `scripts/record_builds.py` from `BUILDS.json`; do not edit. The largest errors in ULP at all 2^32",
        "inputs with other compilers and flags, and beside them that of the default build (GCC, for the processor that",
        "measured, which has AVX-512). At level `accurate` in brackets: how many of the 2^32 results are other ones",
        "than with the default build. 'at most': the result at the default build's worst input is another, and no",
        "larger error was found. Empty: not measured.",
        "",
    ]
    lines += [f"- {build.name}: {_flags(build)}" for build in BUILDS if build.name in names]
    wrong = sum(each["failures"] + each["violations"] for each in rows)
    lines += ["", f"Wrong NaNs, infinities or signs of zeros, and breaches of the contract: {wrong}."]
    for level in sorted({each["level"] for each in rows}):
        own = [each for each in rows if each["level"] == level]
        cells = [["activation", "pass", "default", *names], ["---"] * (3 + len(names)), *_lines(own, names)]
        lines += ["", f"## {level}", "", *(f"| {' | '.join(line)} |" for line in cells)]
    return "\n".join(lines) + "\n"


def _flags(build: Build) -> str:
    given = dict(build.environment)
    return f"`CC={given['CC']}" + (f' CFLAGS="{given["CFLAGS"]}"`' if given["CFLAGS"] else "`")


def _lines(rows: Sequence[Row], names: Sequence[str]) -> Iterator[list[str]]:
    kernels: dict[tuple[str, ...], dict[str, Row]] = {}
    for each in rows:
        kernels.setdefault(_names(each), {})[each["build"]] = each
    for key, found in sorted(kernels.items()):
        default = next((each["default"] for each in found.values() if each["default"] is not None), None)
        shown = "" if default is None else f"{default:.6g}"
        yield [key[0], key[-1], shown, *(_cell(found[name]) if name in found else "" for name in names)]


def _cell(each: Row) -> str:
    error = f"{each['max_ulp']:.6g}" if each["exact"] else f"at most {each['max_ulp']:.6g}"
    return f"{error} ({each['different']})" if each["level"] == "accurate" else error
