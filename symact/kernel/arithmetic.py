"""In which arithmetic a program is evaluated, and how good its results have to be.

A form that is right to the last digit in one arithmetic loses some in another, and what a short format cannot show need
not be computed. So an activation has programs for each arithmetic, searched for by the error in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symact.kernel.program import Kernel
from symact.oracle.formats import FORMATS, Format


@dataclass(frozen=True)
class Arithmetic:
    """How a program's steps are computed.

    Attributes:
        name: what targets call it.
        meaning: one line.
        compute: the format of every step.
        result: the format that results are rounded to in the end, and whose numbers the inputs are. Where it is
            shorter than `compute`, inputs are far from the ends of `compute`'s range and its last digits do not matter.
        may_flush: whether targets may take subnormal numbers for 0, as CUDA does in float32.
        is_quick: whether an ULP or two may be given for speed, and digits beside a root.
        is_fused: whether programs are chosen for processors that have vectors and fuse products with sums, where a
            division takes as long as many other operations.
    """

    name: str
    meaning: str
    compute: str
    result: str
    may_flush: bool = False
    is_quick: bool = False
    is_fused: bool = False

    @property
    def is_paired(self) -> bool:
        """Whether pairs of numbers are at hand, whose low parts are the whole result where digits cancel."""
        return self.name == "paired"

    @property
    def format(self) -> Format:
        """The format of every step."""
        return FORMATS[self.compute]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of every step."""
        return np.dtype(self.compute)

    @property
    def is_wide(self) -> bool:
        """Whether results are rounded to a shorter format than they are computed in."""
        return self.compute != self.result

    @cached_property
    def functions(self) -> Mapping[str, Kernel]:
        """symact's own elementary functions in this arithmetic: operation -> program with the result ``y``."""
        from symact.kernel.functions import FUNCTIONS

        return FUNCTIONS.get(self.name, {})


#: The arithmetics that every activation has programs for, by name.
ARITHMETICS: Mapping[str, Arithmetic] = {
    arithmetic.name: arithmetic
    for arithmetic in (
        Arithmetic("wide", "float64 for results of at most 24 bits", "float64", "float32", is_fused=True),
        Arithmetic("float64", "float64 for float64 results", "float64", "float64"),
        Arithmetic(
            "paired", "float64 in pairs of numbers where single ones lose digits", "float64", "float64", is_fused=True
        ),
        Arithmetic("mixed", "float64, in pairs only in passes that need it", "float64", "float64"),
        Arithmetic("float32", "float32 for float32 results", "float32", "float32", may_flush=True),
        Arithmetic(
            "fast", "float32 for float32 results, for speed", "float32", "float32", is_quick=True, is_fused=True
        ),
    )
}

#: That of the programs that look coefficients up, which some activations have besides (see `symact.kernel.piecewise`).
TABLE = Arithmetic("table", "float32 with coefficients from tables", "float32", "float32")

#: Those of short programs for usual inputs (see `symact.kernel.search.usual`), which some passes have besides, by name.
#: Each is computed as the arithmetic in its name is, but by the language's own functions.
USUAL: Mapping[str, Arithmetic] = {
    arithmetic.name: arithmetic
    for arithmetic in (
        Arithmetic("usual_wide", "float64 for float32 results, usual inputs", "float64", "float32"),
        Arithmetic("usual_mixed", "float64 for float64 results, usual inputs", "float64", "float64"),
        Arithmetic("usual_float32", "float32 for float32 results, usual inputs", "float32", "float32", is_quick=True),
    )
}

#: Whose programs are searched for and stored.
SEARCHED = (*ARITHMETICS, *USUAL)

#: All that a target may have words for.
WRITTEN: Mapping[str, Arithmetic] = {**ARITHMETICS, TABLE.name: TABLE, **USUAL}


def ordinary(usual: str) -> str:
    """The arithmetic of the programs that take over from those of a usual one."""
    return usual.removeprefix("usual_")
