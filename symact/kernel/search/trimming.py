"""Steps that a result can do without.

Arithmetic in pairs of numbers carries more digits through every step than the last rounding shows. Which of them
matter is found by trying: a step becomes one of its operands wherever every result stays good enough, and what is no
longer needed goes with it. This is precision tuning by measurement (C. Rubio-González et al., "Precimonious: Tuning
assistant for floating-point precision", SC 2013), with the exact values as its reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder, Kernel, constant_value
from symact.kernel.search.fresh import scattered
from symact.kernel.search.line import Line, Region
from symact.kernel.search.sampling import Sampling
from symact.kernel.search.score import Sample, cost, inputs

#: How large an error may become at the inputs where steps are tried, and at fresh ones; and how often these are drawn.
_LEVEL, _FRESH_LEVEL, _ROUNDS = 1.6, 1.75, 8

#: Inputs: samples of how many seeds; between which powers of two there are more, what happens in the middle, what in
#: the last digits of 1 + t or 1 + t^2, and what nowhere in particular; and how many each, tried and fresh.
_SEEDS, _EXPONENTS = 6, ((-10.0, 8.0), (-64.0, 64.0), (-1074.0, 1024.0))
_TRIED, _FRESH = (4000, 4000, 2000), (30_000, 20_000, 10_000)

#: How many inputs in the end, where an error is to be below that of the fresh ones.
_MANY = (300_000, 60_000, 20_000)

#: Around how many of the worst fresh ones more are drawn, how many each, and up to which parts of them away in turn;
#: and how many that are too bad join those where steps are tried, with others from closely around them.
_WORST, _AROUND, _REACHES, _FED_BACK = 16, 128, (2.0**-5, 2.0**-10), 200

#: Which operands of a step may stand in its place.
_OPERANDS = {"add": (0, 1), "sub": (0,), "mul": (0, 1)}

#: How far around the numbers that inputs are compared with there are more, each time as many as of what is nowhere in
#: particular.
_BESIDE_EDGES = (2.0**-4, 2.0**-8, 2.0**-11)

#: At how many places, between which powers of two, there are more where results are just below a power of two; up to
#: which part of them away from there, and one for how many of what is nowhere in particular.
_PLACES, _OCTAVES, _BELOW, _FEWER = 40, (-8.0, 5.0), 2.0**-6, 10

#: After so many trials what their steps gave is forgotten.
_REMEMBERED = 16

#: A step, and which other one is to stand in its place.
_Move = tuple[int, int]


class Trimming:
    """Leaves out of finished programs what their results can do without.

    Args:
        line: the function.
        arithmetic: in which programs are evaluated.
        sampling: of the function in this arithmetic.
        many: how many inputs of each kind a program is tried at in the end.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic, sampling: Sampling, *, many: Sequence[int] = _MANY) -> None:
        self._many = many
        self._arithmetic = arithmetic
        self._sampling = sampling
        self._line = line
        self._regions = [region for side in (1, -1) for region in line.regions(side)]

    def trimmed(self, kernel: Kernel) -> tuple[Kernel, float]:
        """A program that takes less and is good enough wherever the given one is, and its largest error.

        The given one comes back where none is found.
        """
        samples = [_fused(sample) for region in self._regions for sample in self._sampling.of(region)]
        samples += [_fused(self._drawn(region, -1, _TRIED)) for region in self._regions]
        for number in range(_ROUNDS):
            found = self._shortened(kernel, samples)
            worse = self._worse(kernel, found, number, _FRESH) or self._worse(kernel, found, number, self._many)
            if not worse:
                return found, max(float(sample.errors(found).max(initial=0.0)) for sample in samples)
            samples += worse
        return kernel, 0.0

    def _shortened(self, kernel: Kernel, samples: Sequence[Sample]) -> Kernel:
        """A cheaper program that is good enough on samples."""
        judged = judging(samples, [np.maximum(sample.errors(kernel), _LEVEL) for sample in samples])
        return shortened(
            kernel,
            lambda shorter: judged(shorter) if self._is_like(kernel, shorter) else None,
            lambda each: cost(each, self._arithmetic),
        )

    def _is_like(self, kernel: Kernel, other: Kernel) -> bool:
        """Whether two programs give the same at both zeros and beside them, at the infinities and NaN.

        Compilers may write -(a*c + d) as (-a)*c - d, which is another zero where products underflow.
        """
        x = np.array([0.0, -0.0, 5e-324, -5e-324, np.inf, -np.inf, np.nan])
        one, *others = (
            evaluate(each, {"x": x, **self._line.settings[0]}, self._arithmetic)[kernel.outputs[0][0]]
            for each in (kernel, other, _with_signs_inside(other))
        )
        return all(
            np.array_equal(one, two, equal_nan=True) and np.array_equal(np.signbit(one[:-1]), np.signbit(two[:-1]))
            for two in others
        )

    def _worse(self, kernel: Kernel, found: Kernel, number: int, counts: Sequence[int]) -> list[Sample]:
        """Fresh inputs, so many of them, at which a trimmed program is not good enough."""
        every = (self._worse_in(region, kernel, found, number, counts) for region in self._regions)
        return [sample for sample in every if sample is not None]

    def _worse_in(
        self, region: Region, kernel: Kernel, found: Kernel, number: int, counts: Sequence[int]
    ) -> Sample | None:
        generator = np.random.default_rng(number)
        edges = np.concatenate([scattered(_edges(kernel), generator, reach, counts[-1]) for reach in _BESIDE_EDGES])
        drawn = self._drawn(region, number, counts)
        below = self._below_powers(drawn, found, number, counts[-1] // _FEWER)
        samples = [_fused(drawn)]
        samples += [_fused(self._sampling.at(region, self._inside(region, t))) for t in (below, edges)]
        for reach in _REACHES:
            worst = np.concatenate([np.abs(s.x[np.argsort(s.errors(found))[-_WORST:]]) for s in samples[-3:]])
            around = self._inside(region, scattered(worst, generator, reach, _AROUND))
            samples.append(_fused(self._sampling.at(region, around)))
        bad = np.concatenate([s.x[s.errors(found) > np.maximum(s.errors(kernel), _FRESH_LEVEL)] for s in samples])
        chosen = np.abs(bad[:: max(1, len(bad) // _FED_BACK)])
        beside = scattered(chosen[:: max(1, len(chosen) // _WORST)], generator, _REACHES[-1], _AROUND)
        chosen = self._inside(region, np.concatenate([chosen, beside]))
        return _fused(self._sampling.at(region, chosen)) if len(bad) else None

    def _drawn(self, region: Region, number: int, counts: Sequence[int]) -> Sample:
        """Inputs of a region, so many of them between powers of two; others for each number."""
        lower, upper = self._line.bounds(region)
        first = _SEEDS * (number + 100)
        drawn = [inputs(lower, upper, np.float64, seed) for seed in range(first, first + _SEEDS)]
        generator = np.random.default_rng(first)
        powers = (2.0 ** generator.uniform(*ends, count) for ends, count in zip(_EXPONENTS, counts, strict=True))
        return self._sampling.at(region, self._inside(region, np.concatenate([*drawn, *powers])))

    def _below_powers(self, sample: Sample, kernel: Kernel, number: int, count: int) -> NDArray[np.float64]:
        """Sizes where results are just below a power of two: there a last place is least, and an error largest, in ULP.

        `count` of them for each of some powers of two that results pass between two of the sample's inputs.
        """
        generator = np.random.default_rng(number)
        t = np.abs(sample.x)
        y = evaluate(kernel, {"x": sample.x, **sample.parameters}, self._arithmetic)[kernel.outputs[0][0]]
        _, exponent = np.frexp(y)
        low, high = (2.0**octave for octave in _OCTAVES)
        (passed,) = np.nonzero((exponent[1:] != exponent[:-1]) & (t[1:] > low) & (t[1:] < high))
        passed = generator.permutation(passed)[:_PLACES]
        inwards = np.where(exponent[passed] < exponent[passed + 1], -1.0, 1.0)
        away = inwards * generator.uniform(0, _BELOW, (count, len(passed)))
        return np.asarray(t[passed] * (1 + away), np.float64).ravel()

    def _inside(self, region: Region, t: NDArray[np.float64]) -> NDArray[np.float64]:
        lower, upper = self._line.bounds(region)
        t = np.unique(t)
        return t[(t > lower) & (t < upper)]


def judging(samples: Sequence[Sample], allowed: Sequence[NDArray[np.float64]]) -> Callable[[Kernel], float | None]:
    """What says how far off a program is on samples: its largest error, or None where one is larger than allowed.

    An infinite one is allowed where errors do not count.
    """
    trials = 0

    def judged(kernel: Kernel) -> float | None:
        nonlocal samples, trials
        if trials % _REMEMBERED == 0:
            samples = [sample.forgetful() for sample in samples]
        trials += 1
        worst = 0.0
        for sample, most in zip(samples, allowed, strict=True):
            errors = sample.errors(kernel)
            if not (errors <= most).all():
                return None
            worst = max(worst, float(errors[np.isfinite(most)].max(initial=0.0)))
        return worst

    return judged


def shortened(kernel: Kernel, judged: Callable[[Kernel], float | None], price: Callable[[Kernel], float]) -> Kernel:
    """Steps given up for one of their operands, one after the other, in the order that leaves the cheapest program.

    Each of them takes from what is left of the error: so their order matters, and several ones are tried.

    Args:
        kernel: the program.
        judged: the largest error of a shorter one; None where it is not good enough.
        price: what a program takes.
    """

    def alone(move: _Move) -> Kernel:
        return _without(kernel, dict([move]))

    moves = [
        (index, step.operands[place])
        for index, step in enumerate(kernel.instructions)
        for place in _OPERANDS.get(step.operation, ())
    ]
    harm = {move: error for move in moves if (error := judged(alone(move))) is not None}
    moves = list(harm)
    orders = (
        moves,
        moves[::-1],
        sorted(moves, key=lambda move: price(alone(move))),
        sorted(moves, key=harm.__getitem__),
    )
    return min((_in_order(kernel, order, judged, price) for order in orders), key=price)


def _in_order(
    kernel: Kernel,
    moves: Iterable[_Move],
    judged: Callable[[Kernel], float | None],
    price: Callable[[Kernel], float],
) -> Kernel:
    """Each step given up where that saves something."""
    left: dict[int, int] = {}
    best, least = kernel, price(kernel)
    for index, operand in moves:
        if index in left:
            continue
        shorter = _without(kernel, {**left, index: operand})
        costs = price(shorter)
        if costs < least and judged(shorter) is not None:
            left[index] = operand
            best, least = shorter, costs
    return best


def _fused(sample: Sample) -> Sample:
    """The same inputs, errors with fused products too; nothing is remembered of programs."""
    return sample.with_fused(np.arange(len(sample.x)))


def _edges(kernel: Kernel) -> list[float]:
    """The numbers that anything is compared with: where one formula takes over from another."""
    steps = kernel.instructions
    compared = {i for step in steps if step.operation in ("lt", "le") for i in step.operands}
    values = (float(constant_value(steps[i].value)) for i in sorted(compared) if steps[i].operation == "const")
    return [value for value in values if np.isfinite(value)]


def _with_signs_inside(kernel: Kernel) -> Kernel:
    """A program with -a - c for -(a + c)."""
    b = Builder()
    for name in kernel.inputs:
        b.input(name)
    here: list[int] = []
    for step in kernel.instructions:
        total = kernel.instructions[step.operands[0]] if step.operation == "neg" else step
        if step is not total and total.operation == "add":
            first, second = (here[i] for i in total.operands)
            here.append(b("sub", b("neg", first), second))
        else:
            here.append(b.copy(step, here))
    return b.kernel(kernel.name, kernel.inputs, kernel.parameters, {name: here[i] for name, i in kernel.outputs})


def _without(kernel: Kernel, left: Mapping[int, int]) -> Kernel:
    """A program with some steps given up for what one of their operands is, and none that this has made idle."""
    b = Builder()
    for name in kernel.inputs:
        b.input(name)
    one, zero = b.const(1), b.const(0)
    here: list[int] = []
    for index, step in enumerate(kernel.instructions):
        operands = [here[operand] for operand in step.operands]
        match step.operation:
            case _ if index in left:
                here.append(here[left[index]])
            case "mul" if one in operands:
                here.append(operands[1 - operands.index(one)])
            case "sub" if operands[0] == operands[1]:
                here.append(zero)
            case "sub" if operands[1] == zero:
                here.append(operands[0])
            case _:
                here.append(b.copy(step, here))
    return b.kernel(kernel.name, kernel.inputs, kernel.parameters, {name: here[i] for name, i in kernel.outputs})
