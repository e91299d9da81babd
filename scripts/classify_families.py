"""Analyse every activation of tests/analysis/families.toml from its text: what is found, and how long it takes.

    python scripts/classify_families.py [--write]

Each runs through `symact.analyze`, without the cache, from two threads, so in two worker processes. Prints the table
of docs/families.md; with --write it is put there. Exit code 1 where a tail differs from its key, or an analysis takes
10 s or all of them 3 min. Close the machine to other work while it measures.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "analysis")]

import tail_keys  # noqa: E402

import symact  # noqa: E402
from symact.analysis.record import ENDS, Analysis  # noqa: E402
from symact.analysis.tail import Tail  # noqa: E402
from symact.files import write_whole  # noqa: E402

_PAGE = ROOT / "docs" / "families.md"

_MOST, _MOST_OF_ALL = 10.0, 180.0

_HEAD = """# Activations by the tails of their derivatives

What `symact analyze --expr TEXT` finds for the activations of
[`tests/analysis/families.toml`](../tests/analysis/families.toml), where the same is derived by hand; `t` is `abs(x)`.
This page is written by `python scripts/classify_families.py --write`.
"""


def analysed(expression: str) -> tuple[Analysis, float]:
    """The analysis and the seconds it took."""
    start = time.perf_counter()
    analysis = symact.analyze(symact.parse(expression), cache=False, timeout=60.0)
    return analysis, time.perf_counter() - start


def mistakes(analysis: Analysis, entry: dict[str, Any]) -> list[str]:
    """What differs from the key, or was not finished."""
    found = [f"{section}: {reason}" for section, reason in analysis.budget.unfinished.items()]
    for end, there in (("right", "+oo"), ("left", "-oo")):
        try:
            tail_keys.check(analysis.tails[there], *tail_keys.expected(entry, end))
        except AssertionError as error:
            found.append(f"{there}: {error}")
    return found


def cell(tail: Tail) -> str:
    """A tail in a cell of the table."""
    if tail.kind == "constant":
        below = tail.parameters["approach"]
        return f"constant {tail.leading}" + (f"; the rest: {cell(below)}" if isinstance(below, Tail) else "")
    parameters = [f"{name.replace('_', ' ')} {value}" for name, value in tail.parameters.items() if value != "0"]
    words = " ".join([tail.kind, *(f"({', '.join(parameters)})" for _ in parameters[:1])])
    return words if tail.leading in (None, "0") else f"{words}: `{tail.leading}`"


def main() -> int:
    """Print the page; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/families.md")
    write = parser.parse_args().write
    families = tail_keys.keys("families.toml")
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(analysed, [entry["expression"] for entry in families.values()]))
    total = time.perf_counter() - start
    wrong = {
        name: faults
        for (name, entry), (analysis, _) in zip(families.items(), found, strict=True)
        if (faults := mistakes(analysis, entry))
    }
    slowest = max(seconds for _, seconds in found)
    rows = [
        " | ".join(
            (
                f"| {name}",
                f"`{entry['expression']}`",
                *(cell(analysis.tails[end]) for end in ENDS),
                f"{seconds:.2f} |",
            )
        )
        for (name, entry), (analysis, seconds) in zip(families.items(), found, strict=True)
    ]
    undetermined = [n for (n, _), (a, _) in zip(families.items(), found, strict=True) if "undetermined" in str(a.tails)]
    page = "\n".join(
        [
            _HEAD,
            f"All {len(families)} whole analyses, one after another in two processes, took {total:.0f} s with the start"
            f" of the processes,\nthe slowest {slowest:.1f} s. A tail, or what is left of one, is undetermined in:"
            f" {', '.join(undetermined) or 'none'}.\n",
            "| name | f(x) | f' at +oo | f' at -oo | seconds |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )
    print(page)
    if write:
        write_whole(_PAGE, page + "\n")
    for name, faults in wrong.items():
        print(f"{name}: {'; '.join(faults)}", file=sys.stderr)
    return int(bool(wrong) or slowest >= _MOST or total >= _MOST_OF_ALL)


if __name__ == "__main__":
    sys.exit(main())
