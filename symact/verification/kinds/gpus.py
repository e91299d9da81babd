"""Claims about speed on GPUs, by the cost model: nothing here is measured, so nothing is confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from symact import catalog
from symact.activation import Activation
from symact.errors import Error
from symact.verification import cost
from symact.verification.cost import KernelCost
from symact.verification.cost.roofline import Bound, Gpu, bound, gpus
from symact.verification.kinds.base import Finding, Kind

#: The architecture whose instructions the reason counts.
_COUNTED = "sm_90"


@dataclass(frozen=True)
class InstructionBound(Kind, name="instruction-bound"):
    """A pass's CuPy kernel takes longer for its instructions than for its memory traffic.

    Attributes:
        pass_: which.
        dtype: of the arrays.
        gpus: on which; all that are known if there are none.
        beside: activations whose same pass the reason names beside it.
    """

    pass_: Literal["forward", "derivative", "value_and_derivative", "backward", "second_derivative"] = "derivative"
    dtype: Literal["float16", "bfloat16", "float32", "float64"] = "float32"
    gpus: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = [gpu.name for gpu in gpus()]
        for name in self.gpus:
            if name not in known:
                raise Error(f"no figures are known of the GPU '{name}'", f"use some of {', '.join(known)}")
        for name in self.beside:
            catalog.get(name)

    def decide(self, subject: Activation) -> Finding:
        try:
            kernels = self._kernels(subject)
            others = {name: self._kernels(catalog.get(name)) for name in self.beside}
        except Error as error:
            return Finding("undecided", f"it needs the kernels' machine code: {error.message}")
        found = [
            (gpu, bound(kernels[gpu.architecture], gpu)) for gpu in gpus() if gpu.name in self.gpus or not self.gpus
        ]
        slow = [(gpu, one) for gpu, one in found if one.limit != "memory"]
        fast = [(gpu, one) for gpu, one in found if one.limit == "memory"]
        counted = f"{_instructions(kernels[_COUNTED])} instructions an element on {_COUNTED}"
        parts = [f"by a model, no measurement: {counted}"]
        if slow:
            parts.append(f"they take longer than the memory traffic, by the factor, on {_listed(slow)}")
        if fast:
            parts.append(f"the memory is the limit on {_listed(fast)}")
        if others:
            texts = (f"{name} {_instructions(its[_COUNTED])}" for name, its in others.items())
            parts.append(f"the same pass has beside it {', '.join(texts)}")
        reason = "; ".join(parts)
        if slow:
            return Finding("qualified", reason)
        gpu, one = max(found, key=lambda pair: pair[1].ratio)
        return Finding("refuted", reason, {"x": gpu.name, "printed": "more than 1", "true": f"{one.ratio:.2f}"})

    def _kernels(self, subject: Activation) -> dict[str, KernelCost]:
        """Architecture -> what the pass costs there."""
        found = cost.of(subject, self.dtype, [self.pass_])
        return {one.architecture: one for one in found.kernels}


def _instructions(kernel: KernelCost) -> str:
    return str(kernel.total) if kernel.least == kernel.total else f"{kernel.least} to {kernel.total}"


def _listed(found: Iterable[tuple[Gpu, Bound]]) -> str:
    return ", ".join(f"{gpu.name} ({_ratios(one)})" for gpu, one in found)


def _ratios(found: Bound) -> str:
    low, high = f"{found.least / found.memory:.2f}", f"{found.ratio:.2f}"
    return high if low == high else f"{low} to {high}"
