"""What a measurement says: the largest and the mean error in ULP, and what is wrong altogether."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.oracle.formats import Float64s, Format, get
from symact.oracle.oracle import Reference
from symact.verification.bulk import Truth
from symact.verification.contract import Violation, compare

#: How many of the worst inputs are remembered, and how many are looked at once more by the oracle.
_WORST, _SETTLED = 1024, 64

#: How many examples of failures are kept.
_EXAMPLES = 20


@dataclass(frozen=True)
class Accuracy:
    """What a measurement found.

    Attributes:
        format: name of the format.
        method: "exhaustive" (every bit pattern) or "sampled".
        inputs: how many.
        searched: how many more were tried around the worst ones; they count for the largest error and for failures.
        left_out: how many inputs are judged by no number: of a backward pass that multiplies a rounded f' those where
            f' or the result is subnormal or 0.
        max_ulp, mean_ulp: of the numeric errors; failures are counted apart. The mean is None where it is not known.
        worst: the input with the largest numeric error (and the incoming gradient), the value there and the correctly
            rounded one, as exact hexadecimal text; None where there is no numeric result.
        correctly_rounded: share of the inputs with exactly the right result, signs of zeros included.
        failures: how many results are wrong NaNs, infinities or zeros of the wrong sign.
        examples: some of them.
        undecided: of how many results it is open whether they are correctly rounded; they do not count as that.
        proof: what the exact values were known from, where it was not the oracle alone.
    """

    format: str
    method: str
    inputs: int
    max_ulp: float
    mean_ulp: float | None
    worst: Mapping[str, str] | None
    correctly_rounded: float
    failures: int
    examples: tuple[Violation, ...] = ()
    undecided: int = 0
    proof: str = ""
    searched: int = 0
    left_out: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)


Index = slice | NDArray[Any]


@dataclass
class Points:
    """Some inputs of an implementation.

    Attributes:
        x: numbers of the format as float64, shape (n,).
        factor: the incoming gradients of a backward pass, of the same shape, or None.
    """

    x: Float64s
    factor: Float64s | None = None

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: Index) -> Points:
        return Points(self.x[index], None if self.factor is None else self.factor[index])

    def __add__(self, other: Points) -> Points:
        if self.factor is None or other.factor is None:
            return Points(np.concatenate([self.x, other.x]))
        return Points(np.concatenate([self.x, other.x]), np.concatenate([self.factor, other.factor]))


class Figures:
    """Collects the errors of one implementation over batches of inputs.

    Args:
        format: that of the results.

    Attributes:
        worst: the inputs with the largest errors so far, the largest first.
        errors: theirs.
    """

    def __init__(self, format: Format | str) -> None:
        self.format = get(format)
        self.worst: Points | None = None
        self.errors = np.zeros(0)
        self._values = np.zeros(0)
        self._total = 0.0
        self._inputs = self._numeric = self._rounded = self._failures = self._searched = self._left_out = 0
        self._examples: list[Violation] = []

    def add(self, points: Points, values: NDArray[Any], reference: Reference, left_out: int = 0) -> None:
        """Judge results of a sample.

        Args:
            points: the inputs.
            values: what the implementation gave, in the format's dtype.
            reference: the exact values.
            left_out: how many more inputs the sample had that are not judged.
        """
        numeric, same = self._judge(points, values, reference)
        self._total += float(numeric.sum())
        self._numeric += len(numeric)
        self._inputs += len(points) + left_out
        self._left_out += left_out
        self._rounded += int(same.sum())

    def add_searched(self, points: Points, values: NDArray[Any], reference: Reference) -> None:
        """Judge results at inputs that were looked for because they may be bad."""
        self._judge(points, values, reference)
        self._searched += len(points)

    def _judge(self, points: Points, values: NDArray[Any], reference: Reference) -> tuple[Float64s, NDArray[np.bool_]]:
        """The numeric errors, and which results are the correctly rounded ones."""
        errors = reference.errors(values)
        got = self.format.decode(values)
        numeric = np.isfinite(errors)
        if not numeric.all():
            self._failures += int((~numeric).sum())
            wrong = np.nonzero(~numeric)[0][:_EXAMPLES]
            examples = compare(values[wrong], reference[wrong], points.x[wrong])
            self._examples = [*self._examples, *examples][:_EXAMPLES]
        self._remember(points[numeric], errors[numeric], got[numeric])
        same = (got == reference.rounded) & (np.signbit(got) == np.signbit(reference.rounded))
        same |= np.isnan(got) & np.isnan(reference.rounded)
        return errors[numeric], same

    def _remember(self, points: Points, errors: Float64s, values: Float64s) -> None:
        if len(self.errors) == _WORST:
            larger = errors > self.errors[-1]
            points, errors, values = points[larger], errors[larger], values[larger]
        if len(errors) > _WORST:
            chosen = np.argpartition(errors, len(errors) - _WORST)[-_WORST:]
            points, errors, values = points[chosen], errors[chosen], values[chosen]
        if self.worst is not None:
            points = self.worst + points
            errors, values = np.concatenate([self.errors, errors]), np.concatenate([self._values, values])
        order = np.argsort(-errors, kind="stable")[:_WORST]
        self.worst, self.errors, self._values = points[order], errors[order], values[order]

    def apart(self, count: int) -> Points:
        """Some of the worst inputs, no two of them in the same sixteenth of a binade."""
        assert self.worst is not None
        places = self.format.ordinals(self.worst.x) >> max(self.format.precision - 5, 0)
        _, first = np.unique(places, return_index=True)
        return self.worst[np.sort(first)[:count]]

    def accuracy(self, truth: Truth, method: str = "sampled", proof: str = "") -> Accuracy:
        """The figures so far.

        Args:
            truth: what the worst results are measured against once more, best the oracle itself.
            method, proof: see `Accuracy`.
        """
        judged = self._inputs - self._left_out
        worst, largest = self._settled(truth)
        return Accuracy(
            format=self.format.name,
            method=method,
            inputs=self._inputs,
            max_ulp=largest,
            mean_ulp=self._total / self._numeric if self._numeric else 0.0,
            worst=worst,
            correctly_rounded=self._rounded / judged if judged else 1.0,
            failures=self._failures,
            examples=tuple(self._examples),
            proof=proof,
            searched=self._searched,
            left_out=self._left_out,
        )

    def _settled(self, truth: Truth) -> tuple[dict[str, str] | None, float]:
        """The worst input of all, and its error."""
        if self.worst is None or not len(self.worst):
            return None, 0.0
        points, values = self.worst[slice(_SETTLED)], self._values[:_SETTLED]
        reference = truth.reference(points.x, self.format, points.factor)
        errors = reference.errors(values)
        at = int(np.argmax(errors))
        found = {"x": points.x[at], "got": values[at], "expected": reference.rounded[at]}
        if points.factor is not None:
            found["gradient"] = points.factor[at]
        return {name: float(value).hex() for name, value in found.items()}, float(errors[at])


def measure(
    values: NDArray[Any], truth: Truth, format: Format | str, x: Float64s, factor: Float64s | None = None
) -> Accuracy:
    """The errors of an implementation's results.

    Args:
        values: what the implementation gave at `x`, in the format's dtype.
        truth: the function it should compute.
        format: a `Format` or its name.
        x: the inputs, numbers of the format as float64, shape (n,).
        factor: the incoming gradients of a backward pass, or None.
    """
    format = get(format)
    points = Points(x, factor)
    figures = Figures(format)
    figures.add(points, values, truth.reference(x, format, factor))
    return figures.accuracy(truth, "exhaustive" if factor is None and _is_every(x, format) else "sampled")


def _is_every(x: Float64s, format: Format) -> bool:
    """Whether the inputs are all numbers of the format, both zeros and NaN (of whatever payload)."""
    nan = np.isnan(x)
    payloads = 2 * ((1 << (format.precision - 1)) - 1)
    return (
        bool(nan.any()) and len(np.unique(format.encode(x[~nan]).view(format.bits))) == (1 << format.width) - payloads
    )
