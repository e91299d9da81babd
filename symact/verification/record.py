"""The record of measured errors, generated/ACCURACY.json, and the same as a table, generated/ACCURACY.md.

What headers state is read from the JSON by `symact.targets.accuracy`, which describes a row. Here a row has more: the
worst input, the share of correctly rounded results, failures, how it was proved, the day and the compiler or library.
Only what was measured stands there; a row of another program than today's is dropped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from symact.kernel.compiled import CompiledActivation
from symact.oracle.formats import get
from symact.targets.accuracy import program
from symact.verification.accuracy import Measurement

Row = Mapping[str, Any]

#: The largest errors that the project aims at for f, f' and backward at the default level, by target and dtype.
GOALS: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("c", "float16"): {"forward": 0.5, "derivative": 0.5},
    ("c", "bfloat16"): {"forward": 0.5, "derivative": 0.5},
    ("c", "float32"): {"forward": 0.55, "derivative": 0.55, "backward": 0.55},
    ("c", "float64"): {"forward": 2.0, "derivative": 2.0, "backward": 5.0},
    ("numpy", "float16"): {"forward": 0.5, "derivative": 0.5},
    ("numpy", "bfloat16"): {"forward": 0.5, "derivative": 0.5},
    ("numpy", "float32"): {"forward": 1.0, "derivative": 1.0, "backward": 1.0},
    ("numpy", "float64"): {"forward": 4.0, "derivative": 4.0, "backward": 5.0},
    ("cupy", "float16"): {"forward": 0.501, "derivative": 0.501},
    ("cupy", "bfloat16"): {"forward": 0.55, "derivative": 0.55},
    ("cupy", "float32"): {"forward": 2.0, "derivative": 2.0},
}

#: What names a row.
KEY = ("activation", "target", "dtype", "level", "pass")

#: The method of a proof, with the format's width.
_EXHAUSTIVE = "all 2**{} inputs"

_BY_THE_ORACLE = "every result against the definition in ball arithmetic, or polynomials that are proved by it"


def row(compiled: CompiledActivation, found: Sequence[Measurement], day: date) -> Row:
    """One row of the record from the measurements of a pass, the worst of its outputs."""
    worst = max(found, key=lambda one: (one.accuracy.failures, one.accuracy.max_ulp))
    accuracy = worst.accuracy
    exhaustive = accuracy.method == "exhaustive"
    return {
        "activation": worst.name,
        "target": worst.target,
        "dtype": worst.dtype,
        "level": worst.level,
        "pass": worst.pass_,
        "output": worst.output,
        "program": program(compiled, worst.target, worst.dtype, worst.level, worst.pass_),
        "max_ulp": math.ceil(accuracy.max_ulp * 10_000) / 10_000,
        "method": _EXHAUSTIVE.format(get(worst.dtype).width) if exhaustive else f"{accuracy.inputs} inputs, sampled",
        "searched": accuracy.searched,
        "left_out": accuracy.left_out,
        "worst": accuracy.worst,
        "correctly_rounded": min(one.accuracy.correctly_rounded for one in found),
        "failures": sum(one.accuracy.failures for one in found),
        **({} if worst.nominal_ulp is None else {"nominal_ulp": math.ceil(worst.nominal_ulp * 10_000) / 10_000}),
        "violations": sum(len(one.violations) for one in found),
        "proof": accuracy.proof or _BY_THE_ORACLE,
        "date": day.isoformat(),
        "tool": worst.tool,
    }


def read(path: Path) -> list[Row]:
    """The rows of a record; none where there is no file."""
    return json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []


def merged(rows: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """The rows in order, new ones in the place of old ones of the same key.

    What is known of the same program stays: a sampled row does not replace an exhaustive one, and of two samples with
    the same tool the worse one stays, for the largest error of a sample is a lower bound of the true one.
    """
    found = {_key(each): each for each in rows}
    for each in new:
        old = found.get(_key(each))
        if old is None or not _stays(old, each):
            found[_key(each)] = each
    return [found[key] for key in sorted(found)]


def _stays(old: Row, new: Row) -> bool:
    """Whether an old row says more than a new one of the same key."""
    if old["program"] != new["program"] or proved(new):
        return False
    worse = (old["failures"], old["max_ulp"]) > (new["failures"], new["max_ulp"])
    return proved(old) or (old["tool"] == new["tool"] and worse)


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


def proved(each: Row) -> bool:
    """Whether all inputs were tried."""
    return str(each["method"]).startswith("all ")


def to_json(rows: Sequence[Row]) -> str:
    """The document, a row a line."""
    lines = ",\n".join("  " + json.dumps(each) for each in rows)
    return f'{{"schema": 1, "rows": [\n{lines}\n]}}\n'


def to_markdown(rows: Sequence[Row]) -> str:
    """The tables for readers: the largest errors of all, then one table for each activation."""
    lines = [
        "# Measured errors",
        "",
        "Made by `scripts/record_accuracy.py` from `ACCURACY.json`; do not edit. `docs/accuracy.md` tells how errors",
        "are measured and proved. ULP: units in the last place of the exact value; rounded right: the share of",
        "results that are the correctly rounded ones; failures: wrong NaNs, infinities and signs of zeros. The largest",
        "error of a sample is a lower bound of the true one; where all inputs were tried, it is proved. Of a kernel",
        "that was compared with a proved one at all inputs, as C's levels `fast` and `table` are, at least that share",
        "is rounded right. In brackets: with every approximation that the hardware makes correctly rounded, instead of",
        "as bad as it may be.",
        "",
        "## The largest error of each pass",
        "",
        *_table(("target", "dtype", "level", "pass", "largest ULP", "of", "at x", "failures", "rows"), _largest(rows)),
    ]
    lines += ["", "## Above the goals", "", *_misses(rows)]
    columns = ("pass", "dtype", "target", "level", "largest ULP", "at x", "rounded right", "failures", "measured")
    for name in sorted({each["activation"] for each in rows}):
        own = [_cells(each) for each in rows if each["activation"] == name]
        lines += ["", f"## {name}", "", *_table(columns, own)]
    return "\n".join(lines) + "\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    cells = [columns, ["---"] * len(columns), *rows]
    return [f"| {' | '.join(map(str, line))} |" for line in cells]


def _largest(rows: Sequence[Row]) -> Iterator[Sequence[object]]:
    """For each target, dtype, level and pass the row with the largest error, and how many rows there are."""
    names = ("target", "dtype", "level", "pass")
    groups: dict[tuple[str, ...], list[Row]] = {}
    for each in rows:
        groups.setdefault(tuple(each[name] for name in names), []).append(each)
    for key, group in sorted(groups.items()):
        worst = max(group, key=lambda each: each["max_ulp"])
        failures = sum(each["failures"] for each in group)
        yield *key, f"{worst['max_ulp']:.6g}", worst["activation"], _at(worst), failures, len(group)


def misses(rows: Iterable[Row]) -> list[Row]:
    """The rows with a larger error than the project aims at (`GOALS`), or with failures."""

    def aim(each: Row) -> float:
        goals = GOALS.get((each["target"], each["dtype"]), {}) if each["level"] == "accurate" else {}
        return goals.get(each["pass"], math.inf)

    return [each for each in rows if _nominal(each) > aim(each) or each["failures"] or each["violations"]]


def _nominal(each: Row) -> float:
    """The largest error, where hardware leaves results open with every approximation correctly rounded."""
    found: float = each.get("nominal_ulp", each["max_ulp"])
    return found


def _misses(rows: Iterable[Row]) -> Iterator[str]:
    found = misses(rows)
    aims = "; ".join(
        f"{target} {dtype}: {', '.join(f'{pass_} {goal:g}' for pass_, goal in goals.items())}"
        for (target, dtype), goals in GOALS.items()
    )
    yield f"The goals at level accurate, in ULP: {aims}."
    yield "Those of cupy are for errors in brackets, or where there are none for the largest."
    yield ""
    if not found:
        yield "None."
        return
    columns = ("activation", "pass", "dtype", "target", "level", "largest ULP", "at x", "rounded right", "failures")
    yield from _table(columns, ((each["activation"], *_cells(each)[:-1]) for each in found))


def _cells(each: Row) -> Sequence[object]:
    share = each["correctly_rounded"]
    return (
        *(each[name] for name in ("pass", "dtype", "target", "level")),
        f"{each['max_ulp']:.6g}" + (f" ({each['nominal_ulp']:.6g})" if "nominal_ulp" in each else ""),
        _at(each),
        "all" if share == 1 else f"{math.floor(share * 1e6) / 1e4:.4f} %",
        each["failures"],
        f"{each['method']}, {each['date']}, {each['tool']}",
    )


def _at(each: Row) -> str:
    worst = each["worst"]
    if not worst:
        return ""
    x, gradient = (f"{float.fromhex(worst[name]):.9g}" if name in worst else "" for name in ("x", "gradient"))
    return f"{x}, gradient {gradient}" if gradient else x
