"""Which of several tails is heavier: by class, then by the limit of the ratio of the leading terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cmp_to_key, partial
from itertools import pairwise
from typing import Any

from sympy import Expr, Symbol

from symact.errors import Error
from symact.grammar import parse_expression
from symact.symbolic.leading import leading_term
from symact.symbolic.series import UndecidedError, sign_of

#: From the heaviest to the lightest: every tail of one class is beyond all bounds in comparison with those after it.
_CLASSES = (
    "growing",
    "constant",
    "slowly-varying",
    "power",
    "lognormal",
    "stretched-exponential",
    "exponential",
    "superexponential",
    "dead",
    "oscillating",
    "undetermined",
)

#: The classes whose members have no ratio with anything.
_WITHOUT_RATIO = ("dead", "oscillating", "undetermined")


def orders(tails: Mapping[str, Sequence[Sequence[str | None]]]) -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    """For each end its name, and a function that computes `order` of the tails there."""
    for end, of_end in tails.items():
        yield end, partial(order, of_end)


def order(tails: Sequence[Sequence[str | None]]) -> list[tuple[int, str | None]]:
    """The tails from the heaviest to the lightest.

    Args:
        tails: the class of each and its leading term in ``t``, SymPy text.

    Returns:
        For each place the index of the tail there, and the limit of its size over that of the next: exact text, "oo",
        or None where there is no such limit or it was not found.
    """

    @cache
    def ratio(first: int, second: int) -> Expr | None:
        return _ratio(tails[first], tails[second])

    def compare(first: int, second: int) -> int:
        by_class = _CLASSES.index(str(tails[first][0])) - _CLASSES.index(str(tails[second][0]))
        limit = None if by_class else ratio(first, second)
        return by_class if limit is None else -sign_of(limit - 1) if limit.is_finite else -1

    ordered = sorted(range(len(tails)), key=cmp_to_key(compare))
    limits = [ratio(first, second) for first, second in pairwise(ordered)]
    return list(zip(ordered, [None if limit is None else str(limit) for limit in [*limits, None]], strict=True))


def _ratio(first: Sequence[str | None], second: Sequence[str | None]) -> Expr | None:
    """The limit of abs(first/second)."""
    if first[0] in _WITHOUT_RATIO or second[0] in _WITHOUT_RATIO:
        return None
    t = Symbol("t", positive=True)
    try:
        leading = leading_term(parse_expression(f"({first[1]})/({second[1]})", {"t": t}), t)
    except (Error, UndecidedError):
        return None
    limit = leading.limit
    return -limit if leading.sign < 0 else limit
