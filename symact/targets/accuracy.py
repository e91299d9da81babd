"""The measured errors that headers state: rows of ACCURACY.json, valid for exactly the programs they were measured on.

The document is ``{"schema": 1, "rows": [...]}`` with a row for each activation, target, dtype, level and pass::

    {"activation": "logsig", "target": "c", "dtype": "float32", "level": "accurate", "pass": "forward",
     "program": the `fingerprint`, "max_ulp": 0.518, "method": "all 2**32 inputs"}

``max_ulp`` is rounded up, and stated as it stands; where ``failures`` is there and not 0, how many results are no such
numbers is stated too. A row whose fingerprint is another one was measured on another program, so it is not stated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from symact import catalog, targets
from symact.kernel.compiled import CompiledActivation
from symact.kernel.program import Kernel
from symact.targets.defaults import default_programs
from symact.targets.printer import own_functions
from symact.targets.table import DataType, Operations

UNKNOWN = "not measured"


def fingerprint(kernel: Kernel, operations: Operations, arithmetic: str) -> str:
    """Hash of a program and of the programs of the operations that a target writes out for it."""
    own = own_functions([kernel], operations, arithmetic)
    programs = [kernel.to_dict(), *(program.to_dict() for program in own.values())]
    return hashlib.sha256(json.dumps(programs).encode()).hexdigest()[:16]


def program(compiled: CompiledActivation, target: str, dtype: str, level: str, pass_: str) -> str:
    """The fingerprint of what a target prints for a pass."""
    found = targets.get(target)
    return printed(compiled, found.operations, found.type(dtype, level), pass_)


def printed(compiled: CompiledActivation, operations: Operations, type_: DataType, pass_: str) -> str:
    """The same of a type of a target; with what is written besides: tables, short programs, those for the defaults."""
    own = fingerprint(compiled.programs[type_.arithmetic][pass_], operations, type_.arithmetic)
    tables = compiled.tables[type_.level].programs if type_.tables and type_.level in compiled.tables else {}
    usual = compiled.programs[type_.usual] if type_.usual else {}
    default = default_programs(compiled, operations, type_.arithmetic)
    besides = [programs[pass_] for programs in (tables, usual, default) if pass_ in programs]
    if pass_ == "value_and_derivative" and pass_ not in tables:  # each from its own table, where there is one
        besides += [tables[name] for name in ("forward", "derivative") if name in tables]
    if pass_ == "backward_from_output":  # it is given what forward gives
        besides += [programs["forward"] for programs in (tables, usual) if "forward" in programs]
    elif pass_ in usual:
        besides += own_functions([usual[pass_]], operations, type_.usual).values()
    if not besides:
        return own
    texts = [own, *(json.dumps(kernel.to_dict()) for kernel in besides)]
    return hashlib.sha256(" ".join(texts).encode()).hexdigest()[:16]


def is_recorded(compiled: CompiledActivation) -> bool:
    """Whether an activation is one of the catalogue at its parameters' own values, as all of the record is."""
    here = catalog.find(compiled.name)
    defaults = {p.name: Fraction(p.default) for p in compiled.parameters}
    return here is not None and defaults == {p.name: Fraction(str(p.value)) for p in here.parameters}


def stated(document: Path, *row: str) -> str:
    """What a header says of a pass: "0.518 (all 2**32 inputs)", or "not measured".

    Args:
        document: ACCURACY.json.
        row: activation, target, dtype, level, pass and program.
    """
    return _rows(document).get(row, UNKNOWN)


@lru_cache
def _rows(document: Path) -> dict[tuple[str, ...], str]:
    if not document.is_file():
        return {}
    rows = json.loads(document.read_text(encoding="utf-8"))["rows"]
    keys = ("activation", "target", "dtype", "level", "pass", "program")
    return {tuple(row[key] for key in keys): _words(row) for row in rows}


def _words(row: Mapping[str, Any]) -> str:
    failures = row.get("failures", 0)
    wrong = f", and {failures} wrong NaNs, infinities or signs of 0" if failures else ""
    return f"{row['max_ulp']} ({row['method']}){wrong}"
