"""Answers about a function that are dear and asked for again, kept as long as its oracle lives."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from weakref import WeakKeyDictionary

import numpy as np

from symact.oracle.formats import Float64s
from symact.oracle.oracle import Oracle

P = ParamSpec("P")


def remembered(function: Callable[Concatenate[Oracle, P], Float64s]) -> Callable[Concatenate[Oracle, P], Float64s]:
    """A function of an oracle and further arguments that is computed once for each of them; its arrays are read-only.

    The further arguments are hashable or arrays, and given by position.
    """
    answers: WeakKeyDictionary[Oracle, dict[Hashable, Float64s]] = WeakKeyDictionary()

    @wraps(function)
    def remembering(oracle: Oracle, /, *further: P.args, **named: P.kwargs) -> Float64s:
        assert not named, "arguments are given by position"
        key = tuple(map(_hashable, further))
        known = answers.setdefault(oracle, {})
        if key not in known:
            found = function(oracle, *further, **named)
            found.flags.writeable = False
            known[key] = found
        return known[key]

    return remembering


def _hashable(argument: Any) -> Hashable:
    return (argument.dtype.str, argument.tobytes()) if isinstance(argument, np.ndarray) else argument
