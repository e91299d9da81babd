"""What the targets read: an activation's chosen programs with all the text that a generated file prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symact.kernel.arithmetic import USUAL
from symact.kernel.program import Kernel

#: Version of the stored programs and of the generated files' format.
FORMAT = 2

#: The passes every activation has, in the order in which files list them.
PASSES = ("forward", "derivative", "value_and_derivative", "backward", "second_derivative")

#: The passes that only those activations have for which they are accurate.
OPTIONAL_PASSES = ("backward_from_output",)


@dataclass(frozen=True)
class KernelParameter:
    """A run-time scalar: its name, exact default as text, domain and meaning."""

    name: str
    default: str
    domain: str
    description: str


@dataclass(frozen=True)
class Tables:
    """Programs that look polynomials' coefficients up (see `symact.kernel.piecewise`).

    Attributes:
        programs: pass -> program, for some of `PASSES`. An output "outside" says where the others do not hold.
        parameters: the parameters' values for which the tables were made, exact text.
    """

    programs: Mapping[str, Kernel]
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class CompiledActivation:
    """An activation after the search: its programs, and the facts that headers print. No SymPy inside.

    Attributes:
        name: what kernels are called after.
        definition: the expression, SymPy syntax.
        derivative: f' in the form a person writes, SymPy syntax.
        second_derivative: f'' likewise.
        digest: hash of the definition.
        summary, reference: one line each.
        parameters: run-time scalars in order.
        programs: arithmetic -> pass -> program, for every name in `PASSES` and perhaps some in `OPTIONAL_PASSES`, and
            for those arithmetics (see `symact.kernel.arithmetic`) that were asked for. Short programs for usual
            inputs are there for some of `PASSES` only; their output "outside" says where the others do not hold.
        kinks: the value of f' at each point where it jumps, {"0": "0"}, exact text.
        tables: level -> further programs for some of the passes, where there are any.
        usual_parameters: the parameters' values for which the short programs were made, exact text.
    """

    name: str
    definition: str
    derivative: str
    second_derivative: str
    digest: str
    summary: str
    reference: str
    parameters: tuple[KernelParameter, ...]
    programs: Mapping[str, Mapping[str, Kernel]]
    kinks: Mapping[str, str]
    tables: Mapping[str, Tables] = field(default_factory=dict)
    usual_parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def signatures(self) -> Mapping[str, Kernel]:
        """Pass -> a kernel with its inputs and outputs, the same in every arithmetic."""
        return next(iter(self.programs.values()))

    def to_dict(self) -> dict[str, Any]:
        """The JSON document that is checked in for every catalogue entry (what is composed is not stored)."""
        return {
            "format": FORMAT,
            "name": self.name,
            "definition": self.definition,
            "derivative": self.derivative,
            "second_derivative": self.second_derivative,
            "digest": self.digest,
            "summary": self.summary,
            "reference": self.reference,
            "parameters": [
                {"name": p.name, "default": p.default, "domain": p.domain, "description": p.description}
                for p in self.parameters
            ],
            "kinks": dict(self.kinks),
            "usual_parameters": dict(self.usual_parameters),
            "programs": {
                arithmetic: {
                    name: self._twin(name, kernel, arithmetic) or kernel.to_dict()
                    for name, kernel in kernels.items()
                    if name != "backward" and not (arithmetic in USUAL and name == "value_and_derivative")
                }
                for arithmetic, kernels in self.programs.items()
            },
        }

    def _twin(self, pass_: str, kernel: Kernel, arithmetic: str) -> str | None:
        """The name of an arithmetic before this one that has the same program, to be named in its place."""
        before = list(self.programs)[: list(self.programs).index(arithmetic)]
        return next((other for other in before if self.programs[other].get(pass_) == kernel), None)
