"""PyTorch on the CPU: its own functions where it has them, else the textbook formula; eager and compiled."""

from __future__ import annotations

import shutil
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from benchmarks.python_text import array_function
from benchmarks.systems.base import Bound, Kernel, System, absence, needed
from benchmarks.tasks import Arrays, Task
from benchmarks.textbook import called, program, words
from symact.errors import Error
from symact.verification.others import Torch

_TEXTS = {
    **called("torch.NAME"),
    "abs": "torch.abs({0})",
    "copysign": "torch.sign({1})",
    "min": "torch.where({1} < {0}, {1}, {0})",
    "max": "torch.where({1} > {0}, {1}, {0})",
    "pow": "({0} ** {1})",
    "and": "({0} & {1})",
    "or": "({0} | {1})",
    "select": "torch.where({0}, {1}, {2})",
}


class _PyTorch(System):
    """What both ways share."""

    threading = "own"

    def missing(self) -> str | None:
        """See `System`."""
        return absence("torch")

    def version(self) -> str:
        """See `System`."""
        return f"torch {needed('torch').__version__}"

    def kernel(self, task: Task) -> Kernel:
        """See `System`."""
        torch = needed("torch")
        torch.set_num_threads(task.threads)
        if task.pass_ == "derivative":
            raise Error("it differentiates by backward passes only")
        function = self._made(function_of(task), task)

        def bind(arrays: Arrays) -> Bound:
            x = torch.from_numpy(arrays.x)
            if arrays.gradient is None:

                def call() -> Any:
                    return function(x)
            else:
                gradient = torch.from_numpy(arrays.gradient)
                leaf = x.detach().requires_grad_()
                y = function(leaf)

                def call() -> Any:
                    return torch.autograd.grad(y, leaf, gradient, retain_graph=True)[0]

            return Bound(call, lambda: call().detach().numpy())

        return bind

    @abstractmethod
    def _made(self, function: Callable[[Any], Any], task: Task) -> Callable[[Any], Any]:
        """The function as this way calls it."""


class Eager(_PyTorch):
    """Called as it is."""

    name = "torch eager"
    about = (
        "torch.nn.functional where it has the function, else the textbook formula; "
        "backward: torch.autograd.grad of a retained graph, nothing of the forward pass; allocates its result"
    )

    def _made(self, function: Callable[[Any], Any], task: Task) -> Callable[[Any], Any]:
        return function


class Compiled(_PyTorch):
    """The same function under torch.compile."""

    name = "torch.compile"
    about = "the same function under torch.compile(fullgraph=True, dynamic=False), backward as for eager"

    def missing(self) -> str | None:
        """See `System`."""
        without = None if shutil.which("g++") or shutil.which("clang++") else "torch.compile needs a C++ compiler"
        return super().missing() or without

    def _made(self, function: Callable[[Any], Any], task: Task) -> Callable[[Any], Any]:
        torch = needed("torch")
        torch._dynamo.reset()  # it gives up after some functions that came from one line
        needed("torch._inductor.config").cpp.threads = task.threads
        needed("torch._functorch.config").donated_buffer = False  # so that a graph can be gone through again
        compiled: Callable[[Any], Any] = torch.compile(function, fullgraph=True, dynamic=False)
        return compiled


def function_of(task: Task) -> Callable[[Any], Any]:
    """PyTorch's own function, else the textbook formula in PyTorch's words."""
    library = Torch()
    activation = task.activation
    if activation.name in library.NAMES:
        return library.function(activation, {p.name: float(p.value) for p in activation.parameters})
    formula = program(task.name, task.dtype, "forward")
    return array_function(formula, words("PyTorch", _TEXTS), task.dtype, {"torch": library.torch})


SYSTEMS = (Eager(), Compiled())
