"""The record of measured errors, generated/ACCURACY.json, and the same as a table, generated/ACCURACY.md.

What headers state is read from the JSON by `symact.targets.accuracy`, which describes a row. Here a row has more: the
worst input, the share of correctly rounded results, failures, how it was proved, the day and the compiler or library.
Only what was measured stands there; a row of another program than today's is dropped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from symact import targets
from symact.kernel.compiled import CompiledActivation
from symact.oracle.formats import get
from symact.targets.accuracy import program
from symact.verification.accuracy import Measurement

Row = Mapping[str, Any]

#: What names a row.
KEY = ("activation", "target", "dtype", "level", "pass")

#: The method of a proof, with the format's width.
_EXHAUSTIVE = "all 2**{} inputs"


def row(compiled: CompiledActivation, found: Sequence[Measurement], day: date) -> Row:
    """One row of the record from the measurements of a pass, the worst of its outputs."""
    worst = max(found, key=lambda one: (one.accuracy.failures, one.accuracy.max_ulp))
    accuracy = worst.accuracy
    exhaustive = accuracy.method == "exhaustive"
    return {
        "activation": worst.name,
        "target": worst.target,
        "dtype": worst.dtype,
        "level": "accurate",
        "pass": worst.pass_,
        "program": program(compiled, worst.target, worst.dtype, "accurate", worst.pass_),
        "max_ulp": math.ceil(accuracy.max_ulp * 10_000) / 10_000,
        "method": _EXHAUSTIVE.format(get(worst.dtype).width) if exhaustive else f"{accuracy.inputs} inputs, sampled",
        "worst": accuracy.worst,
        "correctly_rounded": min(one.accuracy.correctly_rounded for one in found),
        "failures": sum(one.accuracy.failures for one in found),
        "violations": sum(len(one.violations) for one in found),
        "proof": accuracy.proof or "every result against the definition in ball arithmetic",
        "date": day.isoformat(),
        "tool": targets.tool(worst.target),
    }


def read(path: Path) -> list[Row]:
    """The rows of a record; none where there is no file."""
    return json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []


def merged(rows: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """The rows in order, new ones in the place of old ones of the same key.

    A sampled row does not replace an exhaustive one of the same program.
    """
    found = {_key(each): each for each in rows}
    for each in new:
        old = found.get(_key(each))
        weaker = old is not None and old["program"] == each["program"] and _proved(old) and not _proved(each)
        if not weaker:
            found[_key(each)] = each
    return [found[key] for key in sorted(found)]


def current(rows: Iterable[Row], activations: Mapping[str, CompiledActivation]) -> list[Row]:
    """The rows that are about today's programs."""
    return [
        each
        for each in rows
        if each["activation"] in activations
        and each["program"]
        == program(activations[each["activation"]], *(each[key] for key in ("target", "dtype", "level", "pass")))
    ]


def _key(each: Row) -> tuple[str, ...]:
    return tuple(each[name] for name in KEY)


def _proved(each: Row) -> bool:
    return str(each["method"]).startswith("all ")


def to_json(rows: Sequence[Row]) -> str:
    """The document, a row a line."""
    lines = ",\n".join("  " + json.dumps(each) for each in rows)
    return f'{{"schema": 1, "rows": [\n{lines}\n]}}\n'


def to_markdown(rows: Sequence[Row]) -> str:
    """The table for readers."""
    columns = ("activation", "pass", "dtype", "target", "largest ULP", "at x", "rounded right", "failures", "measured")
    lines = [
        "# Measured errors",
        "",
        "Made by `scripts/record_accuracy.py` from `ACCURACY.json`; do not edit. `docs/accuracy.md` tells how errors",
        "are measured and proved. ULP: units in the last place of the exact value; rounded right: the share of results",
        "that are the correctly rounded ones; failures: wrong NaNs, infinities and signs of zeros.",
        "",
        f"| {' | '.join(columns)} |",
        f"|{' --- |' * len(columns)}",
    ]
    for each in rows:
        at = each["worst"]["x"] if each["worst"] else ""
        share = each["correctly_rounded"]
        cells = (
            each["activation"],
            each["pass"],
            each["dtype"],
            each["target"],
            f"{each['max_ulp']:g}",
            f"{float.fromhex(at):.9g}" if at else "",
            "all" if share == 1 else f"{math.floor(share * 1e6) / 1e4:.4f} %",
            each["failures"],
            f"{each['method']}, {each['date']}, {each['tool']}",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"
