"""The record of costs, generated/COST.json, and the same as a table, generated/COST.md, made by scripts/record_cost.py.

The document is ``{"schema": 1, "compiler": ..., "architectures": [...], "classes": [...], "rows": [...]}`` with a row
for each activation, dtype and pass::

    {"activation": "logsig", "dtype": "float32", "pass": "forward", "program": a fingerprint, "bytes": 8,
     "kernels": [[registers, local bytes, least instructions, [instructions of each class]], ... an architecture each]}

A row is valid for the program with that fingerprint.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from symact import targets
from symact.kernel.compiled import CompiledActivation
from symact.targets.accuracy import program
from symact.verification.cost import TARGET, Cost, KernelCost
from symact.verification.cost.roofline import Gpu, architectures, bound, gpus
from symact.verification.cuda.count import CLASSES

#: What names a row.
KEY = ("activation", "dtype", "pass")

Row = Mapping[str, Any]


def place() -> Path:
    """The file of the record."""
    return targets.data("generated") / "COST.json"


def find(compiled: CompiledActivation, dtype: str, passes: Sequence[str]) -> Cost | None:
    """The recorded cost of an activation's kernels; None where one of them is missing or of another program."""
    rows = _rows(place())
    found = [rows.get((compiled.name, dtype, pass_)) for pass_ in passes]
    kernels: list[KernelCost] = []
    for row, pass_ in zip(found, passes, strict=True):
        if row is None or row["program"] != program(compiled, TARGET, dtype, "accurate", pass_):
            return None
        kernels += costs(row)
    order = {name: i for i, name in enumerate(architectures())}
    kernels.sort(key=lambda one: order[one.architecture])
    return Cost(compiled.name, dtype, _document(place())["compiler"], True, tuple(kernels))


def costs(row: Row) -> list[KernelCost]:
    """The kernels of a row, one an architecture."""
    return [
        KernelCost(
            pass_=row["pass"],
            architecture=architecture,
            registers=registers,
            local=local,
            most={class_: number for class_, number in zip(CLASSES, numbers, strict=True) if number},
            least=least,
            bytes=row["bytes"],
        )
        for architecture, (registers, local, least, numbers) in zip(architectures(), row["kernels"], strict=True)
    ]


def rows(compiled: CompiledActivation, cost: Cost) -> list[Row]:
    """The rows of a cost that was computed, one a pass."""
    found: list[Row] = []
    for pass_ in dict.fromkeys(one.pass_ for one in cost.kernels):
        own = {one.architecture: one for one in cost.kernels if one.pass_ == pass_}
        found.append(
            {
                "activation": compiled.name,
                "dtype": cost.dtype,
                "pass": pass_,
                "program": program(compiled, TARGET, cost.dtype, "accurate", pass_),
                "bytes": next(iter(own.values())).bytes,
                "kernels": [
                    [one.registers, one.local, one.least, [one.most.get(class_, 0) for class_ in CLASSES]]
                    for one in (own[architecture] for architecture in architectures())
                ],
            }
        )
    return found


def to_json(found: Iterable[Row], compiler: str) -> str:
    """The document, a row a line."""
    lines = ",\n".join("  " + json.dumps(row) for row in sorted(found, key=key))
    head = {"schema": 1, "compiler": compiler, "architectures": list(architectures()), "classes": list(CLASSES)}
    return f'{json.dumps(head)[:-1]}, "rows": [\n{lines}\n]}}\n'


def read(path: Path) -> list[Row]:
    """The rows of a record; none where there is no file, or where it counts other classes or architectures."""
    return list(_rows(path).values())


def to_markdown(found: Sequence[Row], compiler: str) -> str:
    """The table for readers."""
    names = [gpu.name for gpu in gpus()]
    columns = ["activation", "pass", "dtype", "bytes", "instructions", "registers", *names]
    lines = [
        "# What the CuPy kernels cost",
        "",
        f"Made by `scripts/record_cost.py` from `COST.json` ({compiler}); do not edit. A model: nothing was measured",
        "on a GPU. `docs/cuda.md` says how instructions are counted. Instructions: an element on sm_90, from the",
        "shortest way to all blocks. Registers: the most of a thread on any architecture; nothing is spilled unless it",
        "says so. A GPU's column has the least time for the instructions over the least time for the memory: above 1",
        "(bold) the instructions are the limit, with both sides of every branch executed.",
        "",
        f"| {' | '.join(columns)} |",
        f"|{' --- |' * len(columns)}",
    ]
    for row in sorted(found, key=key):
        kernels = {one.architecture: one for one in costs(row)}
        hopper = kernels["sm_90"]
        spilled = max(one.local for one in kernels.values())
        span = str(hopper.total) if hopper.least == hopper.total else f"{hopper.least} to {hopper.total}"
        cells = [
            row["activation"],
            row["pass"],
            row["dtype"],
            row["bytes"],
            span,
            f"{max(one.registers for one in kernels.values())}{f', {spilled} bytes spilled' if spilled else ''}",
            *(_ratio(kernels[gpu.architecture], gpu) for gpu in gpus()),
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _ratio(kernel: KernelCost, gpu: Gpu) -> str:
    found = bound(kernel, gpu)
    return f"**{found.ratio:.2f}**" if found.limit != "memory" else f"{found.ratio:.2f}"


def key(row: Row) -> tuple[str, ...]:
    """What names a row: activation, dtype and pass."""
    return tuple(row[name] for name in KEY)


@lru_cache
def _document(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@lru_cache
def _rows(path: Path) -> dict[tuple[str, ...], Row]:
    if not path.is_file():
        return {}
    document = _document(path)
    if document["architectures"] != list(architectures()) or document["classes"] != list(CLASSES):
        return {}
    return {key(row): row for row in document["rows"]}
