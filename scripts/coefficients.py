"""Write symact/kernel/functions/coefficients.json: the polynomials behind symact's own elementary functions.

    python scripts/coefficients.py            write the table
    python scripts/coefficients.py --check    exit 1 where the table in the package differs

Every entry approximates its function with the smallest largest error, relative to what stands in `relative to`, found
by Remez' exchange with 60 digits (E. Ya. Remez, 1934; for quotients with the equations made linear in the error, as in
E. W. Cheney, "Introduction to Approximation Theory", 1966, chapter 5). The reached error stands beside the
coefficients as a power of 2.

``tail`` is erfcx(x) * (x + 1/2) as a polynomial in q = (x - k)/(x + k), which maps all x >= 0 to -1 <= q < 1, after
M. M. Shepherd and J. G. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < oo",
Mathematics of Computation 36 (1981) 249-253. The factor x + 1/2 in place of 1 + 2x cannot overflow. k is near
7/2, where double precision needs the smallest degree, and such that the constant term is almost exactly a double.

The script needs mpmath alone, which SymPy brings along.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import mpmath
from mpmath import mpf

from symact.files import write_whole

TABLE = Path(__file__).resolve().parent.parent / "symact" / "kernel" / "functions" / "coefficients.json"
DIGITS = 25

#: Points of the grid on which the error's extremes are looked for, for each coefficient.
_DENSITY = 40

#: The exchange ends when the largest error is within this of the levelled one.
_LEVEL = mpf("1.0005")

#: What both parts of the quotient for erfcx(a/sqrt(2)) are multiplied by before they are rounded to float32: of 512
#: factors from 1 to 2 one with which a float32 evaluation at 60,000 points of 0 <= a < 14.84 is off by little, where
#: products are not fused with sums (3.7 ULP) and where they are (3.4 ULP).
_ERFCX_HALF_SCALE = 1 + mpf(496) / 512

Function = Callable[[mpf], mpf]


def _nodes(low: mpf, high: mpf, count: int) -> list[mpf]:
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle - half * mpmath.cospi(mpf(i) / (count - 1)) for i in range(count)]


def _alternating(errors: Sequence[mpf], count: int) -> list[int]:
    """The places of `count` neighbouring extremes of alternating sign, the largest ones."""
    found: list[int] = []
    start = 0
    for i in range(1, len(errors) + 1):
        if i == len(errors) or (errors[i] > 0) != (errors[start] > 0):
            found.append(max(range(start, i), key=lambda k: abs(errors[k])))
            start = i
    while len(found) > count:
        found.pop(0 if abs(errors[found[0]]) < abs(errors[found[-1]]) else -1)
    assert len(found) == count, "the error does not alternate often enough"
    return found


def polynomial(f: Function, scale: Function, degree: int, low: mpf, high: mpf) -> tuple[list[mpf], mpf]:
    """Coefficients, constant first, and the largest error of the best polynomial, relative to `scale`."""
    count = degree + 2
    points = _nodes(low, high, count)
    grid = _nodes(low, high, _DENSITY * count)
    exact = [(f(x), scale(x)) for x in grid]
    while True:
        matrix, right = mpmath.matrix(count, count), mpmath.matrix(count, 1)
        for i, x in enumerate(points):
            for k in range(degree + 1):
                matrix[i, k] = x**k
            matrix[i, degree + 1] = (-1) ** i * scale(x)
            right[i] = f(x)
        solution = mpmath.lu_solve(matrix, right)
        coefficients = [solution[k] for k in range(degree + 1)]
        errors = [(v - mpmath.polyval(coefficients[::-1], x)) / s for x, (v, s) in zip(grid, exact, strict=True)]
        worst = max(map(abs, errors))
        if worst <= _LEVEL * abs(solution[degree + 1]):
            return coefficients, worst
        points = [grid[k] for k in _alternating(errors, count)]


def quotient(f: Function, above: int, below: int, low: mpf, high: mpf) -> tuple[list[mpf], list[mpf], mpf]:
    """Numerator, denominator (its constant is 1) and largest relative error of the best quotient of such degrees."""
    count = above + below + 2
    points = _nodes(low, high, count)
    grid = _nodes(low, high, _DENSITY * count)
    exact = [f(x) for x in grid]
    numerator, denominator, error = [mpf(0)], [mpf(1)], mpf(0)
    while True:
        for _ in range(30):
            matrix, right = mpmath.matrix(count, count), mpmath.matrix(count, 1)
            for i, x in enumerate(points):
                value, sign = f(x), (-1) ** i
                for k in range(above + 1):
                    matrix[i, k] = x**k
                for k in range(1, below + 1):
                    matrix[i, above + k] = -value * (1 + sign * error) * x**k
                matrix[i, count - 1] = -value * sign * mpmath.polyval(denominator[::-1], x)
                right[i] = value * (1 + sign * error)
            solution = mpmath.lu_solve(matrix, right)
            numerator = [solution[k] for k in range(above + 1)]
            denominator = [mpf(1), *(solution[above + k] for k in range(1, below + 1))]
            error += solution[count - 1]
            if abs(solution[count - 1]) < abs(error) * mpf("1e-12"):
                break
        errors = [
            mpmath.polyval(numerator[::-1], x) / mpmath.polyval(denominator[::-1], x) / v - 1
            for x, v in zip(grid, exact, strict=True)
        ]
        worst = max(map(abs, errors))
        if worst <= _LEVEL * abs(error):
            return numerator, denominator, worst
        points = [grid[k] for k in _alternating(errors, count)]


def _text(values: Sequence[mpf]) -> list[str]:
    return [mpmath.nstr(c, DIGITS, strip_zeros=False, min_fixed=-8, max_fixed=8) for c in values]


def _entry(about: str, relative: str, interval: str, error: mpf, **lists: Sequence[mpf]) -> dict[str, object]:
    return {
        "function": about,
        "interval": interval,
        "relative to": relative,
        "error": f"2**{float(mpmath.log(error, 2)):.1f}",
        **{name: _text(values) for name, values in lists.items()},
    }


def _expm1(r: mpf) -> mpf:
    """(exp(r) - 1)/r."""
    return mpmath.expm1(r) / r if r else mpf(1)


def _exp2(r: mpf) -> mpf:
    """(exp(r) - 1 - r)/r^2."""
    return (mpmath.expm1(r) - r) / r**2 if abs(r) > mpf("1e-20") else mpf(1) / 2 + r / 6


def _log1p(f: mpf) -> mpf:
    """log(1 + f)/f."""
    return mpmath.log1p(f) / f if f else mpf(1)


def _log1p_cubic(f: mpf) -> mpf:
    """(log(1 + f) - f + f^2/2)/f^3."""
    return (mpmath.log1p(f) - f + f**2 / 2) / f**3 if abs(f) > mpf("1e-15") else mpf(1) / 3 - f / 4


def _log1p_square(f: mpf) -> mpf:
    """(log(1 + f) - f)/f^2."""
    return (mpmath.log1p(f) - f) / f**2 if abs(f) > mpf("1e-15") else f / 3 - mpf(1) / 2


def _atanh_cubic(z: mpf) -> mpf:
    """(log((1 + s)/(1 - s)) - 2s)/s^3 with z = s^2."""
    s = mpmath.sqrt(z)
    return (2 * mpmath.atanh(s) - 2 * s) / s**3 if z > mpf("1e-30") else mpf(2) / 3 + 2 * z / 5


def _atan(z: mpf) -> mpf:
    """atan(u)/u with z = u^2."""
    u = mpmath.sqrt(z)
    return mpmath.atan(u) / u if u else mpf(1)


def _erf(z: mpf) -> mpf:
    """erf(x)/x with z = x^2."""
    x = mpmath.sqrt(z)
    return mpmath.erf(x) / x if x else 2 / mpmath.sqrt(mpmath.pi)


def _erfcx(a: mpf) -> mpf:
    if a < 30:
        return mpmath.exp(a * a) * mpmath.erfc(a)
    z = 1 / (2 * a * a)  # Abramowitz & Stegun 7.1.23
    series = mpmath.fsum((-z) ** k * mpmath.fac2(2 * k - 1) for k in range(20))
    return series / (a * mpmath.sqrt(mpmath.pi))


def _erfcx_entry(above: int) -> dict[str, object]:
    """erfcx on the half line: in s = a/(a + 2) it is (1 - s) times a quotient, multiplied out to powers of a."""
    two = mpf(2)

    def f(s: mpf) -> mpf:
        if s == 1:
            return 1 / (two * mpmath.sqrt(mpmath.pi))
        return _erfcx(two * s / (1 - s)) / (1 - s)

    numerator, denominator, error = quotient(f, above, above, mpf(0), mpf(1))

    def expanded(powers: Sequence[mpf]) -> list[mpf]:
        """sum c_k a^k (a + 2)^(n - k), the constant first."""
        n = len(powers) - 1
        total = [mpf(0)] * (n + 1)
        for k, c in enumerate(powers):
            for j in range(n - k + 1):
                total[k + j] += c * mpmath.binomial(n - k, j) * two ** (n - k - j)
        return total

    top, bottom = expanded(numerator), expanded(denominator)
    bottom = [two * c + d for c, d in zip([*bottom, mpf(0)], [mpf(0), *bottom], strict=True)]
    top = [two * c for c in top]
    first = bottom[0]
    return _entry(
        "erfcx(a)", "itself", "a >= 0", error, above=[c / first for c in top], below=[c / first for c in bottom]
    )


def _erfcx_half_entry() -> dict[str, object]:
    """erfcx(a/sqrt(2)) as a quotient whose coefficients lose little when they are rounded to float32."""

    def f(a: mpf) -> mpf:
        return _erfcx(a / mpmath.sqrt(2))

    end = mpf(15)
    exact = quotient(f, 4, 5, mpf(0), end)[:2]
    grid = [(a, f(a)) for a in _nodes(mpf(0), end, 100)]

    with mpmath.workprec(24):
        above, below = ([_ERFCX_HALF_SCALE * c for c in powers] for powers in exact)
    worst = max(abs(mpmath.polyval(above[::-1], a) / mpmath.polyval(below[::-1], a) / value - 1) for a, value in grid)
    return _entry("erfcx(a/sqrt(2))", "itself", "0 <= a <= 15", worst, above=above, below=below)


def table() -> dict[str, object]:
    """The document that stands in the package."""
    mpmath.mp.dps = 60
    half = mpmath.log(2) / 2 * mpf("1.0001")
    root = mpmath.sqrt(mpf(1) / 2) - 1, mpmath.sqrt(mpf(2)) - 1
    unit = mpf(0), mpf(1)
    atanh = mpf(0), (3 - 2 * mpmath.sqrt(mpf(2))) ** 2
    k = mpf(449) / 128

    def one(
        about: str,
        interval: str,
        f: Function,
        degree: int,
        ends: tuple[mpf, mpf],
        *,
        scale: Function | None = None,
        relative: str = "itself",
    ) -> dict[str, object]:
        coefficients, error = polynomial(f, scale or f, degree, *ends)
        return _entry(about, relative, interval, error, coefficients=coefficients)

    def leading(about: str, interval: str, f: Function, degree: int, ends: tuple[mpf, mpf]) -> dict[str, object]:
        """With a constant of exactly 1: next to 0, where results are ties of short formats, nothing may be lost."""

        def rest(x: mpf) -> mpf:
            h = x if abs(x) > mpf("1e-25") else mpf("1e-25")
            return (f(h) - 1) / h

        coefficients, error = polynomial(rest, lambda x: f(x) / max(abs(x), mpf(2) ** -12), degree - 1, *ends)
        return _entry(about, "itself", interval, error, coefficients=[mpf(1), *coefficients])

    def tail_about(k: mpf, shift: mpf, divisor: mpf | int = 1) -> Callable[[mpf], mpf]:
        def tail(q: mpf) -> mpf:
            x = k * (1 + q) / (1 - q) if q != 1 else mpf(10) ** 30
            return _erfcx(x / divisor) * (x + shift)

        return tail

    tail, tail_of_same = tail_about(k, mpf(1) / 2), tail_about(mpf(3) / 2, mpf(3) / 2)
    tail_half = tail_about(mpf(5), mpf(3) / 4, mpmath.sqrt(2))

    reduced, around_1 = "|r| <= ln(2)/2", "sqrt(1/2) <= 1 + f <= sqrt(2)"
    # Beside a term that is r or f itself, what an error counts for is its distance from that term.
    beside_r = {"scale": lambda r: 1 / max(r * r, mpf(2) ** -12), "relative": "1/r^2: the error of exp(r)"}
    beside_f = {
        "scale": lambda f: abs(_log1p(f)) / max(f * f, mpf(2) ** -12),
        "relative": "log(1 + f)/f^3: the error of log(1 + f)",
    }
    beside_square = {"scale": lambda f: abs(_log1p(f)) / max(abs(f), mpf(2) ** -12), "relative": "log(1 + f)/f^2"}
    return {
        "about": "written by scripts/coefficients.py, constant terms first",
        "wide": {
            "expm1": leading("(exp(r) - 1)/r", reduced, _expm1, 6, (-half, half)),
            "log1p": leading("log(1 + f)/f", around_1, _log1p, 11, root),
            "log1p_unit": leading("log(1 + a)/a", "0 <= a <= 1", _log1p, 11, unit),
            "atan": leading("atan(u)/u in z = u^2", "0 <= z <= 1", _atan, 11, unit),
            "erf": one("erf(x)/x in z = x^2", "0 <= z <= 1", _erf, 7, unit),
            "erfcx": _erfcx_entry(6),
        },
        "float64": {
            "exp": one("(exp(r) - 1 - r)/r^2", reduced, _exp2, 9, (-half, half), **beside_r),
            "exp_long": one("(exp(r) - 1 - r)/r^2", reduced, _exp2, 12, (-half, half), **beside_r),
            "log": one("(log((1 + s)/(1 - s)) - 2s)/s^3 in z = s^2", "z <= (3 - sqrt(8))^2", _atanh_cubic, 6, atanh),
            "atan": one("atan(u)/u in z = u^2", "0 <= z <= (sqrt(2) - 1)^2", _atan, 11,
                        (mpf(0), (mpmath.sqrt(mpf(2)) - 1) ** 2)),
            "erf": one("erf(x)/x - 1 in z = x^2", "0 <= z <= 1", lambda z: _erf(z) - 1, 12, unit, scale=_erf,
                       relative="erf(x)/x"),
            "tail": {**one("erfcx(x)*(x + 1/2) in q = (x - k)/(x + k)", "x >= 0", tail, 23, (mpf(-1), mpf(1))),
                     "k": "449/128"},
        },
        "paired": {
            "log": one("(log((1 + s)/(1 - s)) - 2s)/s^3 in z = s^2", "z <= 1/25", _atanh_cubic, 7,
                       (mpf(0), mpf(1) / 25)),
            "tail_half": {**one("erfcx(x/sqrt(2))*(x + 3/4) in q = (x - k)/(x + k)", "x >= 0", tail_half, 23,
                                (mpf(-1), mpf(1))), "k": "5"},
        },
        "float32": {
            "exp": one("(exp(r) - 1 - r)/r^2", reduced, _exp2, 4, (-half, half), **beside_r),
            "log": one("(log(1 + f) - f + f^2/2)/f^3", around_1, _log1p_cubic, 7, root, **beside_f),
            "atan": one("atan(u)/u in z = u^2", "0 <= z <= (sqrt(2) - 1)^2", _atan, 4,
                        (mpf(0), (mpmath.sqrt(mpf(2)) - 1) ** 2)),
            "erf": one("erf(x)/x - 1 in z = x^2", "0 <= z <= 1", lambda z: _erf(z) - 1, 6, unit, scale=_erf,
                       relative="erf(x)/x"),
            "tail": {**one("erfcx(x)*(x + 1/2) in q = (x - k)/(x + k)", "x >= 0", tail, 12, (mpf(-1), mpf(1))),
                     "k": "449/128"},
        },
        "fast": {
            "log1p": one("(log(1 + f) - f)/f^2", around_1, _log1p_square, 9, root, **beside_square),
            "log1p_unit": one("(log(1 + a) - a)/a^2", "0 <= a <= 1", _log1p_square, 8, unit, **beside_square),
            "erfcx": {
                **one("erfcx(x)*(x + k) in q = (x - k)/(x + k)", "x >= 0", tail_of_same, 10, (mpf(-1), mpf(1))),
                "k": "3/2",
            },
            "erfcx_half": _erfcx_half_entry(),
        },
    }  # fmt: skip


def main() -> int:
    """Write the table, or compare it with --check."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="write nothing; exit 1 where the table differs")
    check = arguments.parse_args().check
    text = json.dumps(table(), indent=1) + "\n"
    if check:
        same = TABLE.read_text(encoding="utf-8") == text
        print("current" if same else "differs: run scripts/coefficients.py", file=sys.stderr)
        return 0 if same else 1
    write_whole(TABLE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
