"""Write symact/kernel/coefficients.json: the polynomials behind symact's own erf, erfc and erfcx.

    python scripts/erf_coefficients.py            write the table
    python scripts/erf_coefficients.py --check    exit 1 where the table in the package differs

Two polynomials, each the truncated Chebyshev series of its function, computed with 60 digits, which is within a
few per cent of the best one of that degree. The error of truncation stands beside the coefficients; both lie below a
quarter of a unit in the last place of a double.

``small``: (erf(x)/x - 1) as a polynomial in z = x^2 for 0 <= z <= 1.

``tail``: erfcx(x) * (x + 1/2) as a polynomial in q = (x - k)/(x + k), which maps all x >= 0 to -1 <= q < 1, after
M. M. Shepherd and J. G. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < oo",
Mathematics of Computation 36 (1981) 249-253. The factor x + 1/2 in place of 1 + 2x cannot overflow. k is near
7/2, where double precision needs the smallest degree, and such that the constant term is almost exactly a double.

The script needs mpmath alone, which SymPy brings along.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import mpmath
from mpmath import mpf

TABLE = Path(__file__).resolve().parent.parent / "symact" / "kernel" / "coefficients.json"
DIGITS = 30
SERIES = 48


def chebyshev(function: Callable[[mpf], mpf], count: int) -> list[mpf]:
    """The first `count` Chebyshev coefficients of a function on [-1, 1], from its values at `count` nodes."""
    angles = [mpmath.pi * (j + mpf(1) / 2) / count for j in range(count)]
    values = [function(mpmath.cos(angle)) for angle in angles]
    series = [
        2 * mpmath.fsum(v * mpmath.cos(i * a) for v, a in zip(values, angles, strict=True)) / count
        for i in range(count)
    ]
    series[0] /= 2
    return series


def monomials(series: list[mpf], scale: mpf, shift: mpf) -> list[mpf]:
    """Coefficients, constant first, in t of a Chebyshev series in scale*t + shift."""

    def times_argument(p: list[mpf]) -> list[mpf]:
        moved = [mpf(0), *(scale * c for c in p)]
        return [m + shift * c for m, c in zip(moved, [*p, mpf(0)], strict=True)]

    before, current = [mpf(1)], times_argument([mpf(1)])
    total = [mpf(0)] * len(series)
    for coefficient in series:
        for i, c in enumerate(before):
            total[i] += coefficient * c
        doubled = [2 * c for c in times_argument(current)]
        padded = before + [mpf(0)] * (len(doubled) - len(before))
        before, current = current, [d - p for d, p in zip(doubled, padded, strict=True)]
    return total


def entry(series: list[mpf], degree: int, scale: mpf, shift: mpf, facts: dict[str, str]) -> dict[str, object]:
    """One polynomial of the table."""
    return {
        **facts,
        "degree": degree,
        "truncation": mpmath.nstr(mpmath.fsum(abs(c) for c in series[degree + 1 :]), 2),
        "coefficients": [
            mpmath.nstr(c, DIGITS, strip_zeros=False) for c in monomials(series[: degree + 1], scale, shift)
        ],
    }


def table() -> dict[str, object]:
    """The document that stands in the package."""
    mpmath.mp.dps = 60
    k = mpf(449) / 128

    def small(u: mpf) -> mpf:
        x = mpmath.sqrt((u + 1) / 2)
        return mpmath.erf(x) / x - 1

    def tail(q: mpf) -> mpf:
        x = k * (1 + q) / (1 - q)
        return mpmath.exp(x * x) * mpmath.erfc(x) * (x + mpf(1) / 2)

    return {
        "about": "written by scripts/erf_coefficients.py, constant term first",
        "small": entry(
            chebyshev(small, SERIES), 12, mpf(2), mpf(-1),
            {"function": "erf(x)/x - 1", "variable": "z = x^2", "interval": "0 <= z <= 1"},
        ),
        "tail": entry(
            chebyshev(tail, SERIES), 23, mpf(1), mpf(0),
            {"function": "erfcx(x)*(x + 1/2)", "variable": "q = (x - k)/(x + k)", "interval": "x >= 0", "k": "449/128"},
        ),
    }  # fmt: skip


def main() -> int:
    """Write the table, or compare it with --check."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="write nothing; exit 1 where the table differs")
    check = arguments.parse_args().check
    text = json.dumps(table(), indent=1) + "\n"
    if check:
        same = TABLE.read_text(encoding="utf-8") == text
        print("current" if same else "differs: run scripts/erf_coefficients.py", file=sys.stderr)
        return 0 if same else 1
    TABLE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
