"""What a CuPy kernel costs an element: machine instructions, registers, bytes; a model, nothing measured on a GPU.

Instructions are counted in the machine code that NVIDIA's compiler makes (`symact.verification.cuda`). Those of the
catalogue are in a checked-in record (`symact.verification.cost.record`), which needs no compiler.
`symact.verification.cost.roofline` holds them against published figures of GPUs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symact import catalog, targets
from symact.activation import Activation
from symact.errors import Error
from symact.kernel import store
from symact.kernel.compiled import CompiledActivation
from symact.oracle.formats import get

#: The only target whose costs are modelled.
TARGET = "cupy"

#: What is said in every report.
LABEL = "modelled from machine code and published figures; nothing was measured on a GPU"


@dataclass(frozen=True)
class KernelCost:
    """What one pass costs an element on one architecture.

    Attributes:
        pass_: which.
        architecture: such as "sm_90".
        registers: of a thread.
        local: bytes of local memory of a thread; 0: nothing is spilled.
        most: class of instructions -> how many, if both sides of every branch are executed; see
            `symact.verification.cuda.count`.
        least: how many instructions the shortest way has.
        bytes: read from arrays and written to them.
    """

    pass_: str
    architecture: str
    registers: int
    local: int
    most: Mapping[str, int]
    least: int
    bytes: int

    @property
    def total(self) -> int:
        """All instructions of `most`."""
        return sum(self.most.values())


@dataclass(frozen=True)
class Cost:
    """What an activation's kernels cost.

    Attributes:
        name: of the activation.
        dtype: of the arrays.
        compiler: what made the machine code.
        recorded: whether the figures come from the checked-in record.
        kernels: of each pass and architecture.
    """

    name: str
    dtype: str
    compiler: str
    recorded: bool
    kernels: tuple[KernelCost, ...]


def of(
    activation: Activation | str,
    dtype: str = "float32",
    passes: Iterable[str] | None = None,
    *,
    fresh: bool = False,
) -> Cost:
    """The cost of an activation's kernels on the architectures of all GPUs that are known here.

    Args:
        activation: a definition, a catalogue name, or an expression in ``x``.
        dtype: of the arrays.
        passes: some of those that the activation has; None for all.
        fresh: whether the kernels are compiled here even if the checked-in record has them.

    Raises:
        Error: an unknown pass or dtype; or the compiler is not installed where it is needed.
    """
    from symact.verification.cost import record

    type_ = targets.get(TARGET).type(dtype, "accurate")
    compiled = store.compiled(catalog.resolve(activation), [type_.arithmetic])
    passes = tuple(compiled.signatures if passes is None else passes)
    for pass_ in passes:
        if pass_ not in compiled.signatures:
            raise Error(f"{compiled.name} has no pass '{pass_}'", f"use one of {', '.join(compiled.signatures)}")
    found = None if fresh else record.find(compiled, dtype, passes)
    if found is not None:
        return found
    reason = missing()
    if reason is not None:
        known = "" if fresh else " is not in the record, and"
        raise Error(f"{compiled.name} in {dtype}{known} cannot be compiled: {reason}")
    return compute([compiled], dtype, passes)[0]


def compute(
    activations: Sequence[CompiledActivation],
    dtype: str,
    passes: Iterable[str] | None = None,
    only: Sequence[str] | None = None,
) -> list[Cost]:
    """The costs of kernels that are compiled here, all together.

    Args:
        activations: of which kernels; no two of one name.
        dtype: of the arrays.
        passes: some of those that the activation has; None for all.
        only: for which architectures; None for those of all GPUs that are known.

    Raises:
        Error: the compiler or the disassembler is not installed.
    """
    from symact.verification.cost.roofline import architectures
    from symact.verification.cuda import kernels, nvrtc
    from symact.verification.cuda.count import count

    chosen = None if passes is None else tuple(passes)
    wanted = [kernels.Wanted(one, pass_, dtype) for one in activations for pass_ in chosen or one.signatures]
    found: dict[str, list[KernelCost]] = {activation.name: [] for activation in activations}
    for architecture in only or architectures():
        batch = kernels.build(wanted, architecture)
        for one, name in zip(batch.wanted, batch.names, strict=True):
            counted = count(batch.code[name])
            found[one.activation.name].append(
                KernelCost(
                    pass_=one.pass_,
                    architecture=architecture,
                    registers=counted.registers,
                    local=counted.frame,
                    most=counted.most,
                    least=counted.least,
                    bytes=counted.accesses * get(dtype).width // 8,
                )
            )
    return [Cost(name, dtype, nvrtc.tool(), False, tuple(costs)) for name, costs in found.items()]


def missing() -> str | None:
    """Why kernels cannot be compiled and counted here; None if they can."""
    from symact.verification.cuda import nvrtc, sass

    return nvrtc.missing() or sass.missing()


def to_dict(cost: Cost) -> dict[str, Any]:
    """The JSON document; ``cost.schema.json`` describes it."""
    from symact.verification.cost.roofline import bound, gpus

    return {
        "schema": 1,
        "name": cost.name,
        "target": TARGET,
        "dtype": cost.dtype,
        "modelled": LABEL,
        "compiler": cost.compiler,
        "recorded": cost.recorded,
        "kernels": [
            {
                "pass": one.pass_,
                "architecture": one.architecture,
                "registers": one.registers,
                "local_bytes": one.local,
                "bytes": one.bytes,
                "instructions": {"least": one.least, "most": one.total, "classes": dict(one.most)},
            }
            for one in cost.kernels
        ],
        "gpus": [
            {
                "name": gpu.name,
                "architecture": gpu.architecture,
                "multiprocessors": gpu.multiprocessors,
                "clock_mhz": gpu.clock,
                "instructions_per_cycle": gpu.rates["issue"],
                "bandwidth_gb_per_s": gpu.bandwidth,
                "source": gpu.source,
                "kernels": [bound(one, gpu).to_dict() for one in cost.kernels if one.architecture == gpu.architecture],
            }
            for gpu in gpus()
        ],
    }
