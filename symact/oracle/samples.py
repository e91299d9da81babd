"""Inputs on which implementations are measured: the same every time, and where errors hide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from symact.oracle.formats import FORMATS, Float64s, Format, Integers, get
from symact.oracle.memory import remembered
from symact.oracle.oracle import Oracle

#: Shares of the strata after the regions around thresholds, breakpoints and landmarks; the rest goes to [-2, 2].
_EVERYWHERE, _MODERATE, _CENTRE, _WIDE = 0.15, 0.25, 0.35, 0.15

#: The share that is spread around landmarks.
_LANDMARKS = 0.1

#: How many numbers before and after each breakpoint, and how many in each gap between thresholds, are taken.
_BESIDE, _IN_GAP = 8, 24

#: How many bit patterns are looked at to find where results overflow or become subnormal.
_GRID = 513

#: Where roots are looked for besides: as far out, and so many points to each 1.
_ROOTS_WITHIN, _ROOTS_STEPS = 16, 32


def special(format: Format | str) -> Float64s:
    """Both zeros, infinities, extremes of the normal and subnormal ranges, units, and NaN."""
    format = get(format)
    positive = [0.0, format.smallest_subnormal, format.smallest_normal, 1.0, format.max, np.inf]
    return np.array([*positive, *(-value for value in positive), np.nan])


def inputs(
    format: Format | str,
    count: int = 10_000,
    oracle: Oracle | None = None,
    seed: int = 0,
    landmarks: Sequence[float] | Float64s = (),
) -> Float64s:
    """Deterministic stratified inputs, numbers of the format as float64.

    All exponents of both signs, the range where activations bend more densely, both sides of each breakpoint and
    landmark, and where the function crosses into overflow and through the subnormals.

    Args:
        format: a `Format` or its name.
        count: how many, at least the special values and the regions around thresholds.
        oracle: the function, for its breakpoints and thresholds; None leaves those out.
        seed: another seed gives other inputs.
        landmarks: points around which inputs lie the more densely the nearer, such as `roots`.
    """
    format = get(format)
    generator = np.random.default_rng(seed)
    parts = [special(format)]
    if oracle is not None:
        parts.append(format.neighbours(oracle.breakpoints, _BESIDE))
        parts.append(around_thresholds(oracle, format))
    if len(landmarks):
        parts.append(format.neighbours(landmarks, _BESIDE))
        centres = np.resize(np.asarray(landmarks, np.float64), int(_LANDMARKS * count))
        parts.append(around(format, centres, generator))
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


def around(format: Format, centres: Float64s, generator: np.random.Generator) -> Float64s:
    """For each centre a number of the format beside it: from the next one to a binade away, the nearer the likelier.

    Args:
        format: of the numbers.
        centres: finite, shape (n,); they need not be numbers of the format.
        generator: draws.
    """
    top = int(format.ordinals(np.array([format.max]))[0])
    steps = np.exp2(generator.uniform(0, format.precision, len(centres))).astype(np.int64)
    steps = np.where(generator.random(len(centres)) < 0.5, -steps, steps)
    return format.from_ordinals((format.ordinals(_in_format(centres, format)) + steps).clip(-top, top))


def gradients(format: Format | str, count: int, seed: int = 0) -> Float64s:
    """Incoming gradients for a backward pass, numbers of the format as float64: as networks have them, and scaled.

    Half of them are normally distributed around 0; the rest have any exponent from that of losses that were scaled
    up to keep gradients normal to that of gradients about to vanish.
    """
    format = get(format)
    generator = np.random.default_rng([seed, 1])
    scale = np.exp2(generator.uniform(-1, 1, count) * min(format.emax, 64) / 2)
    drawn = generator.normal(size=count) * np.where(generator.random(count) < 0.5, 1.0, scale)
    return _in_format(drawn, format)


def line(format: Format | str, count: int, window: float) -> Float64s:
    """Inputs for a picture, ascending numbers of the format as float64: half of them spread over all bit patterns.

    Args:
        format: a `Format` or its name.
        count: about how many.
        window: the other half are spread over the line from minus this to this.
    """
    format = get(format)
    inside = format.ordinals(_in_format(np.linspace(-window, window, count // 2), format))
    return format.from_ordinals(np.union1d(_spread(format, count // 2), inside))


@remembered
def roots(oracle: Oracle) -> Float64s:
    """The float64 numbers beside which the function changes its sign, other than 0, as far as a grid shows them."""
    format = FORMATS["float64"]
    near = np.linspace(-_ROOTS_WITHIN, _ROOTS_WITHIN, 2 * _ROOTS_WITHIN * _ROOTS_STEPS + 1)
    grid = np.concatenate([format.ordinals(near), _spread(format, _GRID)])

    def positive(ordinals: Integers) -> NDArray[np.bool_]:
        return oracle.reference(format.from_ordinals(ordinals), format).rounded > 0

    found = _changes(np.unique(grid), positive)
    return format.from_ordinals(np.unique(found[np.abs(found) > 1]))


def _spread(format: Format, count: int) -> Integers:
    """Ordinals of finite numbers, evenly from the first to the last."""
    top = int(format.ordinals(np.array([format.max]))[0])
    return np.array([-top + 2 * top * k // (count - 1) for k in range(count)], np.int64)


def _signed(values: Float64s, generator: np.random.Generator) -> Float64s:
    return np.copysign(values, generator.uniform(-1, 1, len(values)))


def _in_format(values: Float64s, format: Format) -> Float64s:
    """Numbers of the format next to the values, not always the nearest: they serve as inputs."""
    if format.name == "bfloat16":  # NumPy has no rounding to it
        values = (values.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32).astype(np.float64)
    return format.decode(format.encode(values.clip(-format.max, format.max)))


@remembered
def around_thresholds(oracle: Oracle, format: Format) -> Float64s:
    """Inputs around and between the points where |f| crosses into overflow, the subnormals, or zero."""
    top = int(format.ordinals(np.array([format.max]))[0])
    # Regularly spaced bit patterns cover every exponent of both signs.
    grid = np.unique(np.linspace(-top, top, _GRID).astype(np.int64))

    def reaches(limit: int) -> Callable[[Integers], NDArray[np.bool_]]:
        return lambda ordinals: _levels(ordinals, oracle, format) >= limit

    edges = np.unique(np.concatenate([_changes(grid, reaches(limit)) for limit in (1, 2, 3)]))
    if not len(edges):
        return np.zeros(0)
    beside = (edges[:, None] + np.arange(-_BESIDE, _BESIDE + 1)).ravel()
    between = _gaps(edges.tolist(), oracle, format)
    chosen = np.unique(np.concatenate([beside, between]))
    return format.from_ordinals(chosen[np.abs(chosen) <= top])


def _changes(grid: Integers, predicate: Callable[[Integers], NDArray[np.bool_]]) -> Integers:
    """The two neighbours between which a predicate changes, wherever two points of the grid enclose them."""
    holds = predicate(grid)
    (found,) = np.nonzero(holds[1:] != holds[:-1])
    low, high = grid[found], grid[found + 1]
    while (high - low > 1).any():
        middle = low + (high - low) // 2
        same = predicate(middle) == holds[found]
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
