"""How large errors may be: what is tried in turn in each arithmetic, and from where on nothing helps.

Levels are in ULP of the result's format.
"""

from __future__ import annotations

import numpy as np

from symact.kernel.arithmetic import Arithmetic

#: Where a few regimes leave digits out, so many are better: a function with roots without end has an expansion around
#: each of the first ones, and no formula is to give way to these far from them.
_MANY = 12

#: What is tried in turn for a region: an error level in ULP with the most regimes allowed to reach it. A second regime
#: doubles the work, so it has to be worth more than an ULP or two; more of them only follow noise.
_FULL = (
    *((2.0, 1), (4.0, 1), (4.0, 2), (8.0, 1), (8.0, 2), (32.0, 2)),
    *((level, _MANY) for level in (8.0, 32.0)),
    *((level, 2) for level in (256.0, 1e4, 1e7, np.inf)),
)

#: Wide programs are rounded once more in the end, so that their own error is to be a small part of an ULP.
_WIDE = (
    *((2.0**-6, 1), (2.0**-5, 1), (2.0**-5, 2), (2.0**-4, 2), (0.25, 2)),
    (0.25, _MANY),
    *((level, 2) for level in (4.0, 1e4, np.inf)),
)

#: Where pairs of numbers are at hand, the cheapest single formula that is good to 3/2 is taken, with them or without:
#: on more inputs than a sample has it may be somewhat worse. Errors of products end before the largest numbers do, so
#: that a third regime may be needed there, which has to be without pairs.
_PAIRED = (
    *((1.5, count) for count in (1, 2, 3)),
    *((level, 3) for level in (2.0, 4.0, 8.0, 32.0)),
    *((level, _MANY) for level in (4.0, 32.0)),
    *((level, 3) for level in (256.0, 1e4, 1e7, np.inf)),
)

#: Sizes beyond which formulas without pairs will do, and the error that these may have there.
WITHOUT_PAIRS, GOOD_THERE = 2.0**960, 1.25

#: Quick programs may be 4 ULP off; on more inputs than a sample has they are by a little more than here.
_QUICK = (
    *((level, 1) for level in (3.5, 4.0, 4.5, 5.0, 6.0, 8.0, 16.0)),
    *((level, 2) for level in (4.0, 8.0, 32.0)),
    *((level, _MANY) for level in (8.0, 32.0)),
    *((level, 2) for level in (256.0, 1e4, 1e7, np.inf)),
)

#: By the names of the arithmetics that programs are searched for in.
LADDERS = {"wide": _WIDE, "float64": _FULL, "paired": _PAIRED, "float32": _FULL, "fast": _QUICK}

#: Where every formula is worse than this, expansions are made; else where it is worse than the second level.
_TROUBLE = {"paired": 1.25}

#: Beyond this level fresh inputs do not help; beyond the other not even the size is right, and any zero is as good.
HOPELESS, NOTHING_RIGHT = 32.0, 2.0**64


def first_level(arithmetic: Arithmetic) -> float:
    """The error that is tried for before any other."""
    return LADDERS[arithmetic.name][0][0]


def trouble(arithmetic: Arithmetic) -> float:
    """The error from which on expansions are made where every formula has a larger one."""
    return _TROUBLE.get(arithmetic.name, LADDERS[arithmetic.name][1][0])
