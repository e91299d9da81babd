"""Kernels against the published limits of GPUs: is the memory slower, or are the instructions?

Both times are the least there can be, by peak figures: all bytes at the full bandwidth, and all instructions as fast as
the multiprocessors issue and execute them, perfectly overlapped. Their ratio says which limit is met first.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from symact.verification.cost import KernelCost


@dataclass(frozen=True)
class Gpu:
    """Published figures of a GPU.

    Attributes:
        name: such as "H100 SXM".
        architecture: such as "sm_90".
        multiprocessors: how many.
        clock: in MHz.
        bandwidth: of its memory in GB/s (1e9 bytes).
        source: of these figures.
        rates: class of instructions -> operations a cycle of one multiprocessor; "issue" for all together.
    """

    name: str
    architecture: str
    multiprocessors: int
    clock: int
    bandwidth: int
    source: str
    rates: Mapping[str, int]

    @property
    def cycles(self) -> float:
        """Cycles of all multiprocessors in a second."""
        return self.multiprocessors * self.clock * 1e6


@dataclass(frozen=True)
class Bound:
    """A kernel on a GPU, each time for one element in picoseconds.

    Attributes:
        pass_: which.
        memory: for its bytes.
        least, most: for the instructions of the shortest way and of all blocks.
        unit: what limits `most`: "issue", or the class of instructions whose unit is the slowest.
    """

    pass_: str
    memory: float
    least: float
    most: float
    unit: str

    @property
    def ratio(self) -> float:
        """How many times as long as the memory the instructions take, all blocks executed."""
        return self.most / self.memory

    @property
    def limit(self) -> str:
        """ "memory", "instructions", or "either" where it depends on which branches the data take."""
        if self.most <= self.memory:
            return "memory"
        return "instructions" if self.least > self.memory else "either"

    def to_dict(self) -> dict[str, Any]:
        """Its entry in the JSON document."""
        return {
            "pass": self.pass_,
            "memory_ps": round(self.memory, 3),
            "instructions_ps": {"least": round(self.least, 3), "most": round(self.most, 3)},
            "ratio": round(self.ratio, 3),
            "bound": self.limit,
            "unit": self.unit,
        }


def bound(kernel: KernelCost, gpu: Gpu) -> Bound:
    """The least times for an element."""
    cycles = {class_: kernel.most[class_] / gpu.rates[class_] for class_ in kernel.most if class_ in gpu.rates}
    cycles["issue"] = kernel.total / gpu.rates["issue"]
    unit = max(cycles, key=lambda one: cycles[one])
    picoseconds = 1e12 / gpu.cycles
    return Bound(
        pass_=kernel.pass_,
        memory=kernel.bytes / gpu.bandwidth * 1e3,
        least=kernel.least / gpu.rates["issue"] * picoseconds,
        most=cycles[unit] * picoseconds,
        unit=unit,
    )


@lru_cache
def gpus() -> tuple[Gpu, ...]:
    """All GPUs whose figures are known here."""
    document = tomllib.loads(files("symact.verification.cost").joinpath("gpus.toml").read_text(encoding="utf-8"))
    return tuple(Gpu(**entry, rates=document["rates"][entry["architecture"]]) for entry in document["gpu"])


def architectures() -> tuple[str, ...]:
    """The architectures of these GPUs, each once."""
    return tuple(dict.fromkeys(gpu.architecture for gpu in gpus()))
