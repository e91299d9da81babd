"""The record of a tail has exactly the keys of its class."""

from __future__ import annotations

import pytest

from symact.analysis.tail import PARAMETERS, Tail

EVIDENCE = {"method": "a derivation", "checked": "a computation"}


def test_power() -> None:
    tail = Tail("power", "t**(-2)", {"index": "2", "log_index": "0"}, EVIDENCE)
    assert tail.to_dict() == {
        "class": "power",
        "subexponential": True,
        "index": "2",
        "log_index": "0",
        "leading": "t**(-2)",
        "evidence": EVIDENCE,
    }


def test_approach_is_nested() -> None:
    approach = Tail("exponential", "-exp(-t)", {"rate": "1"}, EVIDENCE)
    tail = Tail("constant", "1", {"limit": "1", "approach": approach}, EVIDENCE)
    assert tail.to_dict()["approach"] == approach.to_dict()
    assert tail.subexponential is None
    assert approach.subexponential is False


def test_undetermined_has_a_reason() -> None:
    assert Tail("undetermined", None, {}, EVIDENCE, "why").to_dict()["reason"] == "why"
    with pytest.raises(TypeError):
        Tail("undetermined", None, {}, EVIDENCE)
    with pytest.raises(TypeError):
        Tail("dead", "0", {}, EVIDENCE, "why")


@pytest.mark.parametrize("kind", [kind for kind, names in PARAMETERS.items() if names])
def test_parameters_must_be_those_of_the_class(kind: str) -> None:
    with pytest.raises(TypeError):
        Tail(kind, "1", {}, EVIDENCE)
