"""The tails of activations given as text, and of expressions made to mislead, against keys derived by hand."""

from __future__ import annotations

import pytest
import tail_keys

from symact import analyze, grammar
from symact.analysis.tail import Tail

FAMILIES, ADVERSARIAL = tail_keys.keys("families.toml"), tail_keys.keys("adversarial.toml")

#: Activations that go through the whole analysis too, one or more of a kind.
SAMPLE = ("selu", "mish", "algebraic", "three_logarithms", "omega", "sinlu", "hardelish")


@pytest.mark.parametrize("end", tail_keys.ENDS)
@pytest.mark.parametrize("name", FAMILIES)
def test_family(name: str, end: str) -> None:
    entry = FAMILIES[name]
    tail_keys.check(tail_keys.tail(entry["expression"], tail_keys.ENDS[end]), *tail_keys.expected(entry, end))


@pytest.mark.parametrize("end", tail_keys.ENDS)
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_adversarial(name: str, end: str) -> None:
    entry = ADVERSARIAL[name]
    tail_keys.check(tail_keys.tail(entry["expression"], tail_keys.ENDS[end]), *tail_keys.expected(entry, end))


@pytest.mark.parametrize("name", SAMPLE)
def test_whole_analysis(name: str) -> None:
    entry = FAMILIES[name]
    analysis = analyze(grammar.parse(entry["expression"]), cache=False)
    for end, there in (("right", "+oo"), ("left", "-oo")):
        tail_keys.check(analysis.tails[there], *tail_keys.expected(entry, end))
    assert not analysis.budget.unfinished


def test_keys_are_many_and_few_are_undetermined() -> None:
    assert len(FAMILIES) >= 100
    assert len(ADVERSARIAL) >= 60
    keys = [tail_keys.expected(entry, end)[0] for entry in ADVERSARIAL.values() for end in tail_keys.ENDS]
    assert sum(key[0] == "undetermined" for key in keys) <= 0.15 * len(keys)


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (["exponential", "2", "exp(-2*t)"], Tail("exponential", "exp(-t)", {"rate": "1"})),
        (["exponential", "1", "2*exp(-t)"], Tail("exponential", "exp(-t)", {"rate": "1"})),
        (["power", "1", "1", "1/(t*log(t))"], Tail("power", "1/(t*log(t))", {"index": "1", "log_index": "0"})),
        (["constant", "1"], Tail("constant", "1", {"limit": "1", "approach": Tail("dead", "0")})),
        (["constant", "1"], Tail("constant", "2", {"limit": "2", "approach": None})),
    ],
    ids=str,
)
def test_a_wrong_tail_is_noticed(key: list[str], found: Tail) -> None:
    with pytest.raises(AssertionError):
        tail_keys.check(found, key)
