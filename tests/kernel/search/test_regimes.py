"""The division of samples among formulas."""

from __future__ import annotations

import numpy as np

from symact.kernel.search.regimes import stretches


def test_the_cheapest_formula_that_reaches_the_next_one_is_taken_between() -> None:
    """The one that reaches farthest is dearer here, and no better: the next formula takes over before it ends."""
    allowed = np.zeros((4, 20), bool)
    allowed[0, :8] = True
    allowed[1, 4:16] = True
    allowed[2, 6:13] = True
    allowed[3, 11:] = True
    found = stretches(allowed, [5, 30, 10, 5], 3, errors=np.zeros((4, 20)))
    assert found is not None
    assert [which for which, *_ in found] == [0, 2, 3]
    assert [which for which, *_ in stretches(allowed, [5, 30, 10, 5], 3) or []] == [0, 1, 3]
    assert all(allowed[which, start:end].all() for which, start, end, _ in found)
    assert [start for _, start, *_ in found][1:] == [end for _, _, end, _ in found][:-1]


def test_one_formula_takes_over_where_the_error_of_the_other_begins_to_rise() -> None:
    """And not where it is just allowed, for it may be worse between the samples."""
    allowed = np.ones((2, 20), bool)
    allowed[0, 15:] = allowed[1, :5] = False
    errors = np.ones((2, 20))
    errors[0, 9:] = np.linspace(1.05, 2, 11)
    boundaries = [stretches(allowed, [5, 5], 2, errors=given) for given in (errors, None)]
    assert boundaries == [[(0, 0, 7, 7), (1, 7, 20, None)], [(0, 0, 10, 10), (1, 10, 20, None)]]
