"""How a target's kernels are run where they are measured.

Most targets run here, once, as their users run them. A target whose kernels cannot (they need a device), or whose
results depend on more than the kernel (hardware that leaves them open within bounds), has a module
``symact/verification/execution/NAME.py`` with a function::

    def execution(compiled, target, type_) -> Execution: ...

Everything that measures goes through `of`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact import targets
from symact.kernel.compiled import CompiledActivation
from symact.oracle.formats import Float64s, Format
from symact.oracle.oracle import Oracle
from symact.targets.loaded import Loaded

#: By how many of the smallest subnormals a result may miss the smallest normal number and count as flushed: it is the
#: kernel's own rounding error that decides on which side of that number it is.
_MARGIN = 8


@dataclass(frozen=True)
class Run:
    """One way in which the kernels may come out.

    Attributes:
        name: what is special about it; empty where there is only one.
        kernels: as functions of NumPy arrays.
        nominal: whether every approximation of the hardware is correctly rounded in it.
        ways: pass -> what the run comes down to there; runs of which that is equal give the same results.
    """

    name: str
    kernels: Loaded
    nominal: bool = True
    ways: Mapping[str, Hashable] = field(default_factory=dict)


@dataclass(frozen=True)
class Execution:
    """How kernels of one dtype are run here.

    Attributes:
        runs: all ways in which they may come out; what is reported is the worst of them.
        label: what has to be said beside every result, such as "not GPU-tested"; empty where nothing has to.
        tool: what turned the sources into running code, with its version.
        flushes: whether the target takes subnormal numbers of the arrays' format for zeros.
    """

    runs: tuple[Run, ...]
    label: str
    tool: str
    flushes: bool = False

    @property
    def parameters(self) -> Mapping[str, float]:
        """The parameter values in force, as the kernels take them."""
        return self.runs[0].kernels.parameters

    @property
    def passes(self) -> tuple[str, ...]:
        """The names of the passes that there are."""
        return self.runs[0].kernels.passes

    def different(self, pass_: str) -> list[Run]:
        """The runs that may give different results in a pass."""
        found: dict[Hashable, Run] = {}
        for number, run in enumerate(self.runs):
            found.setdefault(run.ways.get(pass_, number), run)
        return list(found.values())

    def judged(self, implementation: Callable[..., Any], oracle: Oracle, format: Format) -> Callable[..., Any]:
        """A pass with one result, in which what the target flushes by right is replaced, see `unflushed`.

        Args:
            implementation: the pass: takes the inputs, for backward also the incoming gradients.
            oracle: the function that it should compute.
            format: of the arrays.
        """
        if not self.flushes:
            return implementation
        oracle = Oracle(oracle.branches)  # what the other one remembers is wanted again

        def forgiving(*given: NDArray[Any]) -> NDArray[Any]:
            x, *factor = (format.decode(array) for array in given)

            def right(at: NDArray[np.intp]) -> Float64s:
                return oracle.reference(x[at], format, *(one[at] for one in factor)).rounded

            def slope(at: NDArray[np.intp]) -> Float64s:
                return oracle.reference(x[at], format).rounded

            return unflushed(implementation, given, format, right, slope)

        return forgiving


def unflushed(
    implementation: Callable[..., Any],
    given: Sequence[NDArray[Any]],
    format: Format,
    right: Callable[[NDArray[np.intp]], Float64s],
    slope: Callable[[NDArray[np.intp]], Float64s],
) -> NDArray[Any]:
    """A pass's results where its target flushes subnormal numbers; what it flushes by right is replaced.

    That is, where the right result is subnormal, one that is off by no more than the smallest normal number and has
    the right sign (a term of a sum may have been flushed); the result at 0 where the input is subnormal, to within
    the smallest normal number; and in a backward pass where f' is subnormal a zero, or NaN for an infinite gradient.
    Anything else stays wrong.

    Args:
        implementation: the pass, with one result.
        given: the inputs, for a backward pass also the incoming gradients.
        format: of the arrays.
        right, slope: the correctly rounded results, and for a backward pass f', at the inputs with these numbers.
    """
    got = np.array(implementation(*given))
    x, values = format.decode(given[0]), format.decode(got)
    small = 2 * format.smallest_normal + _MARGIN * format.smallest_subnormal
    (doubtful,) = np.nonzero((np.abs(values) < small) | (np.abs(x) < small) | np.isnan(values))
    if len(doubtful):
        chosen, *factor = (array[doubtful] for array in given)
        at_zero = implementation(np.copysign(np.zeros_like(chosen), chosen), *factor)
        expected = right(doubtful)
        slopes = slope(doubtful) if factor else expected
        got[doubtful] = forgiven(got[doubtful], expected, slopes, x[doubtful], at_zero, format=format)
    return got


def forgiven(
    got: NDArray[Any], right: Float64s, slope: Float64s, x: Float64s, at_zero: NDArray[Any], *, format: Format
) -> NDArray[Any]:
    """Results in which those that were flushed by right are replaced by the right ones.

    Args:
        got: the results, in the format's dtype.
        right: the correctly rounded ones.
        slope: for a backward pass the correctly rounded f', else the right results again.
        x: the inputs.
        at_zero: the results at zeros of the inputs' signs.
        format: of the arrays.
    """
    values = format.decode(got)
    smallest = format.smallest_normal
    border = smallest + _MARGIN * format.smallest_subnormal
    with np.errstate(invalid="ignore"):
        same = np.signbit(values) == np.signbit(right)
        result = same & (np.abs(right) < border) & (np.abs(values - right) <= border)
        product = same & (values == 0) | np.isnan(values) & np.isinf(right)
        there = format.decode(at_zero)
        input_ = (np.abs(values - there) <= smallest) | np.isnan(values) & np.isnan(there)
    flushed = result | product & (np.abs(slope) < border) | input_ & (np.abs(x) < smallest)
    return np.where(flushed, format.encode(right), got)


def of(compiled: CompiledActivation, target: str, dtype: str, level: str = "accurate") -> Execution:
    """How a target's kernels are run here.

    Raises:
        Error: no such target, dtype or level, or the kernels cannot be run here; the message says why.
    """
    module = f"{__name__}.{target}"
    if importlib.util.find_spec(module) is None:
        kernels = targets.load(compiled, target, dtype, level)
        return Execution((Run("", kernels),), "", targets.tool(target))
    own = targets.get(target)
    found: Execution = importlib.import_module(module).execution(compiled, own, own.type(dtype, level))
    return found


def missing(target: str) -> str | None:
    """Why a target's kernels cannot be run here, in whatever way; None if they can."""
    module = f"{__name__}.{target}"
    if importlib.util.find_spec(module) is not None:
        reason: str | None = importlib.import_module(module).missing()
        return reason
    return next(one.missing for one in targets.available() if one.name == target)
