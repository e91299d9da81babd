"""What is known of a function of ``t`` as t -> oo: its class with parameters, its leading term, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The parameters that belong to each class.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "dead": (),
    "constant": ("limit", "approach"),
    "growing": ("growth",),
    "superexponential": ("order",),
    "exponential": ("rate",),
    "stretched-exponential": ("order",),
    "lognormal": ("order",),
    "power": ("index", "log_index"),
    "slowly-varying": (),
    "oscillating": (),
    "undetermined": (),
}

#: Whether the classes that vanish do so more slowly than every exponential; the others have no answer.
_SUBEXPONENTIAL = {
    "stretched-exponential": True,
    "lognormal": True,
    "power": True,
    "slowly-varying": True,
    "exponential": False,
    "superexponential": False,
}


@dataclass(frozen=True)
class Tail:
    """The behaviour of a function g(t) as t -> oo.

    Attributes:
        kind: the class, a key of `PARAMETERS`.
        leading: the function to which g is asymptotically equal, SymPy text in ``t``; None where there is none.
        parameters: exactly the class's parameters: exact values as SymPy text, ``approach`` as a `Tail` or None.
        evidence: "method", how it was derived, and "checked", what confirmed it.
        reason: why the class is undetermined, only then.
    """

    kind: str
    leading: str | None = None
    parameters: Mapping[str, str | Tail | None] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None

    def __post_init__(self) -> None:
        if tuple(self.parameters) != PARAMETERS[self.kind]:
            raise TypeError(f"a tail of class {self.kind} has the parameters {PARAMETERS[self.kind]}")
        if (self.reason is not None) != (self.kind == "undetermined"):
            raise TypeError("a reason belongs to an undetermined tail, and to no other")

    @property
    def subexponential(self) -> bool | None:
        """Whether exp(eps*t)*abs(g) -> oo for every eps > 0, for a g that vanishes; else None."""
        return _SUBEXPONENTIAL.get(self.kind)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        document: dict[str, Any] = {"class": self.kind, "subexponential": self.subexponential}
        for name, value in self.parameters.items():
            document[name] = value.to_dict() if isinstance(value, Tail) else value
        document["leading"] = self.leading
        document["evidence"] = dict(self.evidence)
        if self.reason is not None:
            document["reason"] = self.reason
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Tail:
        """The tail of a JSON form."""
        parameters = {name: document[name] for name in PARAMETERS[document["class"]]}
        return cls(
            document["class"],
            document["leading"],
            {name: cls.from_dict(value) if isinstance(value, dict) else value for name, value in parameters.items()},
            document["evidence"],
            document.get("reason"),
        )
