"""The division of samples among formulas."""

from __future__ import annotations

import numpy as np

from symact.kernel.regimes import stretches


def test_the_cheapest_formula_that_reaches_the_next_one_is_taken_between() -> None:
    """The one that reaches farthest is dearer here, and no better: the next formula takes over before it ends."""
    allowed = np.zeros((4, 20), bool)
    allowed[0, :8] = True
    allowed[1, 4:16] = True
    allowed[2, 6:13] = True
    allowed[3, 11:] = True
    found = stretches(allowed, [5, 30, 10, 5], 3, by_cost=True)
    assert found is not None
    assert [which for which, *_ in found] == [0, 2, 3]
    assert [which for which, *_ in stretches(allowed, [5, 30, 10, 5], 3) or []] == [0, 1, 3]
    assert all(allowed[which, start:end].all() for which, start, end, _ in found)
    assert [start for _, start, *_ in found][1:] == [end for _, _, end, _ in found][:-1]
