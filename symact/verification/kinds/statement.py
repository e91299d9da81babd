"""What cannot be computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from symact.activation import Activation
from symact.errors import Error
from symact.verification.kinds.base import Finding, Kind


@dataclass(frozen=True)
class Fact:
    """An assertion that a statement leans on."""

    subject: Activation
    kind: Kind


@dataclass(frozen=True)
class Statement(Kind, name="statement"):
    """A statement that computation cannot settle: its verdict and reason are the file's.

    Attributes:
        reason: why it cannot be computed, or the condition under which it is true; one sentence.
        verdict: undecided, or qualified if the reason states a condition.
        facts: what in the reason can be computed; if one of them does not hold the verdict falls back to undecided.
    """

    reason: str
    verdict: Literal["undecided", "qualified"] = "undecided"
    facts: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        if self.verdict == "qualified" and not self.facts:
            raise Error("a qualified statement needs facts", "give what can be computed as [[claim.facts]]")

    def decide(self, subject: Activation) -> Finding:
        checked = []
        for fact in self.facts:
            finding = fact.kind.decide(fact.subject)
            if finding.verdict != "confirmed":
                reason = f"{self.reason}; but the fact it leans on is {finding.verdict}: {finding.reason}"
                return Finding("undecided", reason, finding.witness)
            checked.append(f"{fact.subject.name}: {finding.reason}")
        return Finding(self.verdict, "; ".join([self.reason, *checked]))
