"""How level `fast` in C loses digits beside the root z of an f' in float32, from all inputs around it.

    python scripts/beside_roots.py            silu, gelu, gelu_tanh and mish
    python scripts/beside_roots.py silu

Beyond a distance of |z|/4: the largest error. Below it, down to |z|/2**18: the largest error times 4 d/|z|, where d is
the distance; an upper bound, for the error of each sixteenth of an octave is multiplied with the largest d there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from symact import catalog
from symact.kernel import store
from symact.oracle.oracle import Oracle
from symact.oracle.samples import roots
from symact.verification import execution
from symact.verification.accuracy import oracles
from symact.verification.certified import Table
from symact.verification.exhaustive import Task, by_oracle, judge

#: Distances, as parts of |z|: beyond the first nothing is lost, within the last nothing is promised.
FAR, NEAR, STEPS = 2.0**-2, 2.0**-18, 16

#: The bit pattern after that of infinity; that of -0.
END, NEGATIVE = 0x7F800001, 0x80000000


def pattern(x: float) -> int:
    return int(np.float32(x).view(np.uint32))


def largest(task: Task, oracle: Oracle, first: int, end: int) -> float:
    """The largest error at the bit patterns from `first` to `end`, which is not one of them."""
    if end <= first:
        return 0.0
    judged, pairs = judge(task, task.kernel(), first, end - first)
    return (judged + by_oracle(oracle, pairs)).largest


def slices(z: float) -> Iterator[tuple[float, float, float]]:
    """The least and the largest magnitude of a slice on one side of -z, and its largest distance as a part of z."""
    for step in range(int(STEPS * np.log2(FAR / NEAR))):
        far, near = (FAR * 2 ** (-k / STEPS) for k in (step, step + 1))
        yield z * (1 + near), z * (1 + far), far
        yield z * (1 - far), z * (1 - near), far


def main() -> None:
    """Print a line for each activation."""
    for name in sys.argv[1:] or ["silu", "gelu", "gelu_tanh", "mish"]:
        activation = catalog.get(name)
        compiled = store.compiled(activation)
        how = execution.of(compiled, "c", "float32", "fast")
        oracle = oracles(activation, how.parameters)[1]
        task = Task.of(compiled, how, Table(oracle), target="c", level="fast", pass_="derivative")
        z = -float(max(root for root in roots(oracle) if root < 0))
        inside, outside = pattern(-z * (1 - FAR)), pattern(-z * (1 + FAR))
        sides = [(0, END), (NEGATIVE, inside), (outside + 1, NEGATIVE + END)]
        beyond = max(largest(task, oracle, *side) for side in sides)
        beside = max(
            largest(task, oracle, pattern(-low), pattern(-high) + 1) * part / FAR for low, high, part in slices(z)
        )
        print(
            f"{name}: z = {-z:.9g}, beyond |z|/4 {beyond:.4f} ULP, within {beside:.4f} ULP times |z|/(4 d)", flush=True
        )


if __name__ == "__main__":
    main()
