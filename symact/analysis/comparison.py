"""Several activations side by side: whose gradient has the heavier tail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from symact.activation import Activation
from symact.analysis import bounded, process
from symact.analysis.record import ENDS, Analysis, plain
from symact.errors import Error

#: The version of the document; it grows when a reader of the old one would go wrong.
SCHEMA = 1


@dataclass(frozen=True)
class Place:
    """A place in an order.

    Attributes:
        label: whose tail it is.
        ratio: the limit of abs(f') over that of the next place, exact text or "oo"; None at the last place, and where
            there is no limit or it was not found.
    """

    label: str
    ratio: str | None


@dataclass(frozen=True)
class Comparison:
    """Activations ordered by the tails of f'.

    Attributes:
        analyses: by label, in the order in which they were given.
        order: per end the labels from the heaviest tail to the lightest; tails that oscillate or are undetermined
            stand last.
        unfinished: the ends that were not ordered by ratios, and why; their order is that in which they were given.
    """

    analyses: Mapping[str, Analysis]
    order: Mapping[str, Sequence[Place]]
    unfinished: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        analyses = {label: analysis.to_dict() for label, analysis in self.analyses.items()}
        return {"schema": SCHEMA, "analyses": analyses, "order": plain(self.order), "unfinished": dict(self.unfinished)}


def label(activation: Activation) -> str:
    """What to call an activation in a comparison: its name with the parameters' values."""
    values = ", ".join(f"{p.name}={p.value}" for p in activation.parameters)
    return f"{activation.name}({values})" if values else activation.name


def compare(
    activations: Mapping[str, Activation], timeout: float | None = bounded.TIMEOUT, cached: bool = True
) -> Comparison:
    """Order activations by the tails of their derivatives.

    Args:
        activations: two or more, by what to call them.
        timeout: seconds for the analysis of each, and for the comparison; None for no limit.
        cached: whether stored results will do.

    Raises:
        Error: fewer than two are given, or one cannot be analysed.
    """
    if len(activations) < 2:
        raise Error("a comparison needs two different activations", "such as: symact compare logsig tanh")
    analyses = {label: bounded.analyze(each, timeout, cached) for label, each in activations.items()}
    labels = list(analyses)
    tails = {end: [(a.tails[end].kind, a.tails[end].leading) for a in analyses.values()] for end in ENDS}
    try:
        found, unfinished = bounded.answered("comparison", tails, ENDS, timeout, cached)
    except process.StartError:
        from symact.analysis import ratios

        found, unfinished = {end: order() for end, order in ratios.orders(tails)}, {}
    as_given = [(index, None) for index in range(len(labels))]
    order = {end: tuple(Place(labels[i], ratio) for i, ratio in found.get(end, as_given)) for end in ENDS}
    return Comparison(analyses, order, unfinished)


@cache
def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of the document; it leaves the analyses in it to their own."""
    text = files("symact.analysis").joinpath("comparison.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
