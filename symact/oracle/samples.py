"""Inputs on which implementations are measured: the same every time, and where errors hide."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from symact.oracle.formats import Float64s, Format, Integers, get
from symact.oracle.memory import remembered
from symact.oracle.oracle import Oracle

#: Shares of the strata, the rest goes to the regions around thresholds and breakpoints.
_EVERYWHERE, _MODERATE, _CENTRE, _WIDE = 0.15, 0.25, 0.35, 0.15

#: How many numbers before and after each breakpoint, and how many in each gap between thresholds, are taken.
_BESIDE, _IN_GAP = 8, 24

#: How many bit patterns are looked at to find where results overflow or become subnormal.
_GRID = 513


def special(format: Format | str) -> Float64s:
    """Both zeros, infinities, extremes of the normal and subnormal ranges, units, and NaN."""
    format = get(format)
    positive = [0.0, format.smallest_subnormal, format.smallest_normal, 1.0, format.max, np.inf]
    return np.array([*positive, *(-value for value in positive), np.nan])


def inputs(format: Format | str, count: int = 10_000, oracle: Oracle | None = None, seed: int = 0) -> Float64s:
    """Deterministic stratified inputs, numbers of the format as float64.

    All exponents of both signs, the range where activations bend more densely, both sides of each breakpoint, and
    where the function crosses into overflow and through the subnormals.

    Args:
        format: a `Format` or its name.
        count: how many, at least the special values and the regions around thresholds.
        oracle: the function, for its breakpoints and thresholds; None leaves those out.
        seed: another seed gives other inputs.
    """
    format = get(format)
    generator = np.random.default_rng(seed)
    parts = [special(format)]
    if oracle is not None:
        parts.append(format.neighbours(oracle.breakpoints, _BESIDE))
        parts.append(around_thresholds(oracle, format))
    left = max(count - sum(map(len, parts)), 0)
    shares = [int(left * share) for share in (_EVERYWHERE, _MODERATE, _CENTRE, _WIDE)]
    shares.append(left - sum(shares))
    # From where exp overflows or underflows onwards nothing new happens: the largest |x| whose exp is in range.
    reach = -format.quantum * np.log(2)
    drawn = [
        format.random(shares[0], generator),
        _signed(np.exp2(generator.uniform(-40, 12, shares[1])), generator),
        generator.uniform(-12, 12, shares[2]),
        generator.uniform(-reach, reach, shares[3]),
        _signed(generator.uniform(0, 2, shares[4]), generator),
    ]
    parts += [_in_format(values, format) for values in drawn]
    return np.concatenate(parts)


def _signed(values: Float64s, generator: np.random.Generator) -> Float64s:
    return np.copysign(values, generator.uniform(-1, 1, len(values)))


def _in_format(values: Float64s, format: Format) -> Float64s:
    if format.name == "bfloat16":  # NumPy has no rounding to it; cutting off bits serves to choose inputs
        values = (values.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32).astype(np.float64)
    return format.decode(format.encode(values.clip(-format.max, format.max)))


@remembered
def around_thresholds(oracle: Oracle, format: Format) -> Float64s:
    """Inputs around and between the points where |f| crosses into overflow, the subnormals, or zero."""
    top = int(format.ordinals(np.array([format.max]))[0])
    # Regularly spaced bit patterns cover every exponent of both signs.
    grid = np.unique(np.linspace(-top, top, _GRID).astype(np.int64))
    level = _levels(grid, oracle, format)
    edges = np.unique(np.concatenate([_crossings(grid, level, limit, oracle, format) for limit in (1, 2, 3)]))
    if not len(edges):
        return np.zeros(0)
    beside = (edges[:, None] + np.arange(-_BESIDE, _BESIDE + 1)).ravel()
    between = _gaps(edges.tolist(), oracle, format)
    chosen = np.unique(np.concatenate([beside, between]))
    return format.from_ordinals(chosen[np.abs(chosen) <= top])


def _crossings(grid: Integers, level: Integers, limit: int, oracle: Oracle, format: Format) -> Integers:
    """The two neighbours between which the level passes a limit, wherever two points of the grid enclose them."""
    above = level >= limit
    (found,) = np.nonzero(above[1:] != above[:-1])
    low, high = grid[found], grid[found + 1]
    while (high - low > 1).any():
        middle = low + (high - low) // 2
        same = (_levels(middle, oracle, format) >= limit) == above[found]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.concatenate([low, high])


def _gaps(edges: Sequence[int], oracle: Oracle, format: Format) -> Integers:
    """Points inside each stretch between two crossings on which results are subnormal."""
    found = [np.zeros(0, np.int64)]
    for low, high in pairwise(edges):
        if _levels(np.array([low + (high - low) // 2]), oracle, format)[0] == 1:
            found.append(np.linspace(low, high, _IN_GAP).astype(np.int64))
    return np.concatenate(found)


def _levels(ordinals: Integers, oracle: Oracle, format: Format) -> Integers:
    """0 where the rounded result is 0, 1 subnormal, 2 normal, 3 infinite or NaN."""
    with np.errstate(invalid="ignore"):
        size = np.abs(oracle.reference(format.from_ordinals(ordinals), format).rounded)
    thresholds = np.array([format.smallest_subnormal, format.smallest_normal, np.inf])
    return np.searchsorted(thresholds, size, side="right").astype(np.int64)
