"""symact's own kernels, every target that runs on NumPy arrays here at every level it has."""

from __future__ import annotations

from benchmarks.systems.base import Bound, Kernel, System, writing
from benchmarks.tasks import Arrays, Task
from symact import load, targets

#: The targets whose kernels take NumPy arrays, as tables call them.
_TARGETS = {"c": "symact C", "numpy": "symact NumPy"}


class Ours(System):
    """The kernels of one target at one level."""

    kind = "ours"

    def __init__(self, target: str, level: str) -> None:
        self.target, self.level = target, level
        self.name = f"{_TARGETS[target]} {level}"
        self.about = f'symact.load(..., target="{target}", level="{level}"), writes into the given array'

    def missing(self) -> str | None:
        """See `System`."""
        return next(one.missing for one in targets.available() if one.name == self.target)

    def version(self) -> str:
        """See `System`."""
        from symact import __version__

        return f"symact {__version__}, {targets.tool(self.target)}"

    def kernel(self, task: Task) -> Kernel:
        """See `System`."""
        kernels = load(task.activation, self.target, task.dtype, self.level)
        function = getattr(kernels, task.pass_)

        def bind(arrays: Arrays) -> Bound:
            read = [arrays.x] if arrays.gradient is None else [arrays.x, arrays.gradient]
            return writing(arrays, lambda: function(*read, out=arrays.out))

        return bind


SYSTEMS = tuple(
    Ours(target, level) for target in _TARGETS for level in dict.fromkeys(t.level for t in targets.get(target).types)
)
