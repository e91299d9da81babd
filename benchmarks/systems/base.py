"""What a system is: a way to compute an activation, described and made callable."""

from __future__ import annotations

import importlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from numpy.typing import NDArray

from benchmarks.tasks import Arrays, Task
from symact.errors import Error

#: "ours": symact's kernels; "peer": somebody else's; "limit": what the memory allows, no function at all.
Kind = Literal["ours", "peer", "limit"]

#: "callers": as many threads of ours call it, each with a slice; "own": it has threads of its own and is called once.
Threading = Literal["callers", "own"]


@dataclass(frozen=True)
class Bound:
    """A kernel with its arrays.

    Attributes:
        call: computes all elements; returns when they are there.
        result: computes them and gives them as a NumPy array.
    """

    call: Callable[[], Any]
    result: Callable[[], NDArray[Any]]


#: A compiled pass. It can be bound to several arrays of the task's length, one after the other.
Kernel = Callable[[Arrays], Bound]


class System(ABC):
    """A way to compute activations.

    Attributes:
        name: in tables; unique.
        kind: see `Kind`.
        threading: see `Threading`.
        about: what exactly is called, and who allocates the results.
    """

    name: str
    kind: Kind = "peer"
    threading: Threading = "callers"
    about: str

    @abstractmethod
    def missing(self) -> str | None:
        """Why it cannot run here; None if it can."""

    @abstractmethod
    def version(self) -> str:
        """What computes, with its version."""

    @abstractmethod
    def kernel(self, task: Task) -> Kernel:
        """The task's pass, compiled where that can be done without arrays.

        Raises:
            Error: it has no such function, pass or dtype.
        """


def writing(arrays: Arrays, call: Callable[[], Any]) -> Bound:
    """A call that writes into the given array."""

    def result() -> NDArray[Any]:
        call()
        return arrays.out

    return Bound(call, result)


def optional(name: str) -> ModuleType | None:
    """A module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def needed(name: str) -> Any:
    """A module that `System.missing` has looked for.

    Raises:
        Error: it is not installed.
    """
    found = optional(name)
    if found is None:
        raise Error(f"{name} is not installed here", f"pip install {name}")
    return found


def absence(name: str) -> str | None:
    """Why a package cannot be used, None if it can; it is looked for and not imported."""
    return None if importlib.util.find_spec(name) else f"not installed (pip install {name})"
