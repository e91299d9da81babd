"""CuPy kernels: on the device where there is one, else their PTX on the CPU."""

from __future__ import annotations

from itertools import product
from typing import Any

from symact.errors import Error
from symact.kernel.compiled import CompiledActivation
from symact.kernel.program import Kernel
from symact.oracle.formats import get
from symact.targets import cupy as device
from symact.targets.loaded import Loaded
from symact.targets.loaded import Run as Call
from symact.targets.table import DataType, Target
from symact.verification.cuda import kernels, launch, machine, nvrtc
from symact.verification.execution import Execution, Run

#: What every report of a simulated result says.
LABEL = "PTX executed on the CPU, not GPU-tested"

#: The architecture whose PTX is executed.
ARCHITECTURE = "sm_90"

#: From so many approximations on not every combination of their directions is tried.
_MANY = 2

#: Formats whose subnormal numbers are also subnormal in float32, where kernels compute and CUDA flushes them.
_FLUSHED = ("float32", "bfloat16")


def missing() -> str | None:
    """Why the kernels can neither run on a device nor be simulated; None if one of both works."""
    no_device = device.missing()
    if no_device is None:
        return None
    reason = nvrtc.missing() or machine.missing()
    return None if reason is None else f"{no_device}, and the kernels' PTX cannot be executed: {reason}"


def execution(compiled: CompiledActivation, target: Target, type_: DataType) -> Execution:
    """How the kernels are run here.

    Raises:
        Error: there is neither a device nor what the simulation needs.
    """
    reason = missing()
    if reason is not None:
        raise Error(f"target {target.name} cannot run here: {reason}")
    if device.missing() is None:
        run = Run("", _on_device(compiled, target, type_))
        return Execution((run,), "", device.tool(), type_.dtype in _FLUSHED)
    wanted = [kernels.Wanted(compiled, pass_, type_.dtype) for pass_ in compiled.signatures]
    batch = kernels.build(wanted, ARCHITECTURE)
    return simulation(compiled, type_, {one.pass_: own for one, own in batch.executable()})


def simulation(compiled: CompiledActivation, type_: DataType, machines: dict[str, machine.Machine]) -> Execution:
    """How kernels are run on the CPU, in all ways in which hardware may take what PTX leaves open.

    Args:
        compiled: the activation.
        type_: of the arrays.
        machines: pass -> its kernel.
    """
    runs = tuple(
        Run(
            name,
            _simulated(compiled, type_, machines, (fused, moves)),
            nominal=not any(moves),
            ways={pass_: tuple(_way(machines[one], (fused, moves)) for one in _involved(pass_)) for pass_ in machines},
        )
        for name, (fused, moves) in _patterns(machines).items()
    )
    return Execution(runs, LABEL, f"PTX of {ARCHITECTURE} by {nvrtc.tool()}, {LABEL}", type_.dtype in _FLUSHED)


#: How the open results of one kernel fall: whether products are fused into sums, and each approximation's direction.
Pattern = tuple[bool, tuple[int, ...]]


def _involved(pass_: str) -> tuple[str, ...]:
    """The passes whose kernels make a pass's results; y, where it is computed from that, comes from ours too."""
    return (pass_, "forward") if pass_ == "backward_from_output" else (pass_,)


def _way(kernel: machine.Machine, pattern: Pattern) -> Pattern:
    """As much of a pattern as makes a difference to a kernel."""
    fused, moves = pattern
    return fused and kernel.fusible > 0, moves[: len(kernel.approximations)]


def _patterns(machines: dict[str, machine.Machine]) -> dict[str, Pattern]:
    """All ways that are tried, by name; a kernel with fewer approximations leaves the last directions out."""
    most = max(len(one.approximations) for one in machines.values())
    directions = {"": (0,) * most}
    if most > _MANY:
        up, alternating = (1,) * most, tuple((-1) ** i for i in range(most))
        chosen = [up, tuple(-d for d in up), alternating, tuple(-d for d in alternating)]
    else:
        chosen = list(product((1, -1), repeat=most)) if most else []
    for moves in chosen:
        directions[f"approximations moved {''.join('-+'[d > 0] for d in moves)}"] = moves
    fusing = (False, True) if any(one.fusible for one in machines.values()) else (False,)
    return {
        ", ".join(filter(None, ("products fused" if fused else "", name))): (fused, moves)
        for fused in fusing
        for name, moves in directions.items()
    }


def _simulated(
    compiled: CompiledActivation, type_: DataType, machines: dict[str, machine.Machine], pattern: Pattern
) -> Loaded:
    """The kernels as functions of NumPy arrays, executed on the CPU."""
    fused, moves = pattern

    def run(name: str, kernel: Kernel) -> Call:
        inputs, arrays = len(kernel.inputs), len(kernel.inputs) + len(kernel.outputs)

        def call(*given: Any) -> None:
            read, written, parameters = given[:inputs], given[inputs:arrays], given[arrays:]
            launch.run(machines[name], read, parameters, written, directions=moves, fused=fused)

        return call

    runs = {name: run(name, kernel) for name, kernel in compiled.signatures.items()}
    return Loaded(compiled, type_.dtype, runs, scalar=get(type_.dtype).dtype.type, contiguous=True)


def _on_device(compiled: CompiledActivation, target: Target, type_: DataType) -> Loaded:
    """The kernels as functions of NumPy arrays, which go to the device and back."""
    import cupy

    def run(there: Call, kernel: Kernel) -> Call:
        inputs, arrays = len(kernel.inputs), len(kernel.inputs) + len(kernel.outputs)

        def call(*given: Any) -> None:
            copies = [cupy.asarray(array) for array in given[:arrays]]
            there(*copies, *given[arrays:])
            for output, result in zip(given[inputs:arrays], copies[inputs:], strict=True):
                output[...] = result.get()

        return call

    own = device.runs(compiled, target, type_)
    runs = {name: run(own[name], kernel) for name, kernel in compiled.signatures.items()}
    return Loaded(compiled, type_.dtype, runs, scalar=get(type_.dtype).dtype.type, contiguous=True)
