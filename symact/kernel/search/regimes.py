"""The division of sampled inputs into stretches with a formula each: the fewest, and the cheapest of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symact.kernel.search.candidates import Candidate
from symact.kernel.search.score import Sample


@dataclass(frozen=True)
class Regime:
    """The part of a region up to t = upper (None: up to the region's end) and what computes it."""

    candidate: Candidate
    upper: float | None
    error: float


def errors_of(regimes: Sequence[Regime], sample: Sample, size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the forms of a region at a sample's inputs, which are as large as `size` says."""
    found = np.zeros(len(size))
    lower = 0.0
    for regime in regimes:
        upper = np.inf if regime.upper is None else regime.upper
        here = (size >= lower) & (size < upper)
        found[here] = sample.errors(regime.candidate.kernel)[here]
        lower = upper
    return found


def stretches(
    allowed: NDArray[np.bool_], costs: Sequence[int], most: int, *, errors: NDArray[np.float64] | None = None
) -> list[tuple[int, int, int, int | None]] | None:
    """At most so many segments of the samples, each with a candidate that is allowed on all of it; None if more.

    The candidates are those that reach farthest, and one ends in the middle of where the next one may take over; or,
    given all errors, they are the cheapest that reach far enough, and end where the larger error of both is least.

    Returns (candidate, first sample, end, boundary): the boundary to the next segment lies between sample boundary - 1
    and sample boundary. The cheapest single candidate is returned where one is enough.
    """
    count = allowed.shape[1]
    whole = [i for i in range(len(costs)) if allowed[i].all()]
    if whole:
        return [(min(whole, key=lambda i: costs[i]), 0, count, None)]
    segments: list[tuple[int, int, int]] = []
    start = 0
    while start < count:
        ends = [_run(allowed[i], start) for i in range(len(costs))]
        best = max(range(len(costs)), key=lambda i: (ends[i], -costs[i]))
        if ends[best] == start or len(segments) == most:
            return None
        segments.append((best, start, ends[best]))
        start = ends[best]
    segments = _cheapest_between(segments, allowed, costs) if errors is not None else segments
    segments = _fewest_candidates(segments, allowed, costs)
    found: list[tuple[int, int, int, int | None]] = []
    start = 0
    for number, (which, _, end) in enumerate(segments):
        if number + 1 == len(segments):
            found.append((which, start, count, None))
            break
        following = allowed[segments[number + 1][0]]
        first = end
        while first - 1 > start and following[first - 1]:
            first -= 1
        last = end
        if errors is not None:
            before, after = errors[which, start:end], errors[segments[number + 1][0], start:end]
            first, last = (start + place for place in _least(before, after, max(first - start, 1)))
        middle = max((first + last) // 2, start + 1)
        found.append((which, start, middle, middle))
        start = middle
    return found


def _least(before: NDArray[np.float64], after: NDArray[np.float64], first: int) -> tuple[int, int]:
    """From and up to which boundary, `first` or later, the largest error on both sides is least."""
    rising = np.maximum.accumulate(before)[first - 1 :]
    falling = np.append(np.maximum.accumulate(after[::-1])[::-1][first:], 0.0)
    best = np.flatnonzero(np.maximum(rising, falling) <= np.maximum(rising, falling).min())
    return first + int(best[0]), first + int(best[-1])


def _cheapest_between(
    segments: list[tuple[int, int, int]], allowed: NDArray[np.bool_], costs: Sequence[int]
) -> list[tuple[int, int, int]]:
    """The segments with the cheapest candidates that reach from where they start to where the next one may."""
    found = list(segments)
    for number in range(len(found) - 1):
        _, start, end = found[number]
        following = allowed[found[number + 1][0]]
        first = end
        while first > start + 1 and following[first - 1]:
            first -= 1
        reaches = [i for i in range(len(costs)) if _run(allowed[i], start) >= first]
        which = min(reaches, key=lambda i: costs[i])
        end = min(end, _run(allowed[which], start))
        found[number] = (which, start, end)
        found[number + 1] = (found[number + 1][0], end, found[number + 1][2])
    return found


def _fewest_candidates(
    segments: list[tuple[int, int, int]], allowed: NDArray[np.bool_], costs: Sequence[int]
) -> list[tuple[int, int, int]]:
    """The segments with one segment's candidate in the place of another's where that will do: computed once.

    It will do where it is allowed from the segment's start to where the next segment's candidate may take over.
    """

    def price(found: Sequence[tuple[int, int, int]]) -> int:
        return sum(costs[which] for which in {which for which, *_ in found})

    found = list(segments)
    for number in range(len(found)):
        for other in sorted({which for which, *_ in found}):
            _, start, end = found[number]
            reach = min(_run(allowed[other], start), found[-1][2])
            changed = list(found)
            if reach < end:
                following = allowed[found[number + 1][0]] if number + 1 < len(found) else None
                if following is None or reach <= start or not following[reach:end].all():
                    continue
                changed[number + 1] = (found[number + 1][0], reach, found[number + 1][2])
                end = reach
            changed[number] = (other, start, end)
            if price(changed) < price(found):
                found = changed
    return found


def _run(row: NDArray[np.bool_], start: int) -> int:
    """The end of the run of allowed samples that begins at `start`."""
    (stops,) = np.nonzero(~row[start:])
    return start + int(stops[0]) if len(stops) else len(row)


def round_between(low: float, high: float) -> float:
    """A number with few bits in (low, high]."""
    for bits in range(1, 53):
        exponent = np.floor(np.log2(high)) - bits + 1
        candidate = float(np.floor(high / 2.0**exponent) * 2.0**exponent)
        if low < candidate <= high:
            return candidate
    return float(high)
