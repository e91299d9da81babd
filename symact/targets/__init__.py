"""Targets: what turns chosen programs into source text, and source text into functions that can be called.

To add a target, make a folder ``templates/NAME/``; nothing else has to be edited:

1.  ``target.toml`` is the operation table and the list of array types; `symact.targets.table` says what stands in it.
2.  Every ``*.jinja`` file is a template. One whose file name has ``NAME`` in it is written once for each activation
    (``NAME.c.jinja`` gives ``c/logsig.c``), every other one once for the whole tree (``symact.h.jinja``); one that
    starts with ``_`` is there to be imported by others. What a template sees is documented at
    `symact.targets.render`: names, printed programs, facts for the header. A template arranges text and never
    computes; undefined names are errors.
3.  To run the kernels from Python, add a module ``symact/targets/NAME.py`` with two functions::

        def missing() -> str | None: ...                  # why it cannot run here, None if it can
        def load(compiled, target, type_) -> Loaded: ...  # see symact.targets.loaded

    A target without such a module only emits text.

`names` finds the folders; everything heavy is imported when it is needed.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from symact.errors import Error

if TYPE_CHECKING:
    from symact.kernel.compiled import CompiledActivation
    from symact.targets.loaded import Loaded
    from symact.targets.table import Target


@dataclass(frozen=True)
class Availability:
    """What `available` says of a target: what it is, what it emits, and why it cannot run here (None: it can)."""

    name: str
    description: str
    emits: str
    dtypes: tuple[str, ...]
    levels: tuple[str, ...]
    missing: str | None


def names() -> list[str]:
    """The names of all targets, in alphabetical order."""
    return sorted(path.parent.name for path in data("templates").glob("*/target.toml"))


@lru_cache
def get(name: str) -> Target:
    """The target of that name.

    Raises:
        Error: there is none; the message lists what there is.
    """
    from symact.targets.table import read

    if name not in names():
        raise Error(f"there is no target '{name}'", f"the targets are {', '.join(names())}")
    return read(data("templates") / name)


def generate(compiled: CompiledActivation, target: str) -> dict[str, str]:
    """The source files of one activation: relative path, such as ``c/logsig.h``, -> text. Same input, same bytes.

    Raises:
        Error: no such target, or it lacks an operation of the programs.
    """
    from symact.targets.render import activation_files

    return activation_files(compiled, get(target))


def generate_tree(activations: Iterable[CompiledActivation], target: str) -> dict[str, str]:
    """All files of a target's folder for several activations, those that are written once included."""
    from symact.targets.render import activation_files, shared_files

    compiled = list(activations)
    files = shared_files(compiled, get(target))
    for activation in compiled:
        for path, text in activation_files(activation, get(target)).items():
            if path in files:
                raise Error(f"target {target} cannot hold an activation named '{activation.name}'", f"{path} is taken")
            files[path] = text
    return files


def load(compiled: CompiledActivation, target: str = "c", dtype: str = "float32", level: str = "accurate") -> Loaded:
    """The activation's kernels as functions of arrays; see `symact.targets.loaded.Loaded`.

    Args:
        compiled: the activation's programs.
        target: one of `names`.
        dtype: of the arrays, such as "float32"; results have the same.
        level: of accuracy, such as "accurate".

    Raises:
        Error: no such target, dtype or level, or the target cannot run here; the message says why.
    """
    found = get(target)
    type_ = found.type(dtype, level)
    module = _module(target)
    if module is None:
        raise Error(f"target {target} emits sources and cannot be loaded", "load numpy or c")
    missing: str | None = module.missing()
    if missing is not None:
        raise Error(f"target {target} cannot run here: {missing}")
    if type_.otherwise and level not in compiled.tables:
        others = [each.level for each in found.types if each.dtype == dtype and not each.otherwise]
        raise Error(f"{compiled.name} has no level '{level}'", f"it has {', '.join(others)}")
    loaded: Loaded = module.load(compiled, found, type_)
    return loaded


def tool(name: str) -> str:
    """What turns a target's sources into running code here: a compiler or a library, with its version."""
    return str(_module(name).tool())  # type: ignore[union-attr]


def available() -> list[Availability]:
    """Each target with what it emits and whether it can run on this machine."""
    result = []
    for name in names():
        target, module = get(name), _module(name)
        result.append(
            Availability(
                name=name,
                description=target.description,
                emits=target.emits,
                dtypes=tuple(dict.fromkeys(t.dtype for t in target.types)),
                levels=tuple(dict.fromkeys(t.level for t in target.types)),
                missing="it emits sources only" if module is None else module.missing(),
            )
        )
    return result


@lru_cache
def data(name: str) -> Path:
    """A file or folder that stands at the top of a checkout, and inside the package once that is installed."""
    package = Path(__file__).resolve().parents[1]
    installed = package / name
    return installed if installed.exists() else package.parent / name


def _module(name: str) -> ModuleType | None:
    """The Python part of a target, if it has one."""
    module = f"{__name__}.{name}"
    return importlib.import_module(module) if importlib.util.find_spec(module) else None
