"""Dear answers are computed once for each oracle and argument, and go with the oracle."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from symact import catalog
from symact.oracle import Oracle
from symact.oracle.memory import remembered
from symact.symbolic.branches import split


def oracle() -> Oracle:
    return Oracle(split(catalog.get("softsign")))


def test_one_answer_for_each_oracle_and_argument() -> None:
    asked: list[tuple[Oracle, float, list[float]]] = []

    @remembered
    def doubled(oracle: Oracle, factor: float, x: np.ndarray) -> np.ndarray:
        asked.append((oracle, factor, x.tolist()))
        return factor * x

    first, second = oracle(), oracle()
    x = np.array([1.0, 2.0])
    for _ in range(2):
        assert doubled(first, 2.0, x).tolist() == [2.0, 4.0]
        assert doubled(first, 3.0, x).tolist() == [3.0, 6.0]
        assert doubled(first, 2.0, -x).tolist() == [-2.0, -4.0]
        assert doubled(second, 2.0, x).tolist() == [2.0, 4.0]
    assert [(factor, values) for _, factor, values in asked] == [
        (2.0, [1.0, 2.0]),
        (3.0, [1.0, 2.0]),
        (2.0, [-1.0, -2.0]),
        (2.0, [1.0, 2.0]),
    ]


def test_what_is_kept_cannot_be_changed() -> None:
    @remembered
    def some(oracle: Oracle) -> np.ndarray:
        return np.zeros(2)

    with pytest.raises(ValueError, match="read-only"):
        some(oracle())[0] = 1.0


def test_answers_go_with_the_oracle() -> None:
    @remembered
    def some(oracle: Oracle) -> np.ndarray:
        return np.zeros(2)

    subject = oracle()
    answer = weakref.ref(some(subject))
    gc.collect()
    assert answer() is some(subject)
    del subject
    gc.collect()
    assert answer() is None
