"""Whether single numbers are good enough for a pass in float64, or pairs of numbers have to be taken.

Pairs are right to about an ULP and cost several times as much where products cannot be fused with sums, as in NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.program import Kernel
from symact.kernel.search.score import Sample, inputs
from symact.oracle import Oracle

#: Beyond what the search looked at: inputs of both signs with so many seeds, some 30,000. Of a million inputs the worst
#: was up to 1.4 times as bad as the worst of these wherever it was above 4 ULP, and below 4 for all that pass.
_SEEDS = range(1000, 1024)
_MOST = 3.45

#: What the search's first choice has to be within for single numbers to be tried any further: a formula, several ones.
HOPEFUL = (4.0, _MOST)


def good_enough(single: Kernel, oracle: Oracle, parameters: Mapping[str, float]) -> bool:
    """Whether a program's results are expected to be within 4 ULP.

    Args:
        single: the program in arithmetic "float64".
        oracle: the function at these values of the parameters.
        parameters: name -> value, for those of the program.
    """
    return all(_within(single, oracle, parameters, seeds) for seeds in (_SEEDS[:2], _SEEDS[2:6], _SEEDS[6:]))


def _within(single: Kernel, oracle: Oracle, parameters: Mapping[str, float], seeds: Sequence[int]) -> bool:
    arithmetic = ARITHMETICS["float64"]
    t = np.unique(np.concatenate([inputs(0.0, np.inf, arithmetic.dtype, seed) for seed in seeds]))
    sample = Sample.of(arithmetic, oracle, np.concatenate([-t[::-1], t]), parameters)
    return float(sample.errors(single).max()) <= _MOST
