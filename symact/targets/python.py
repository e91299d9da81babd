"""Generated Python sources in this process: what the targets that emit Python modules share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symact.kernel.compiled import CompiledActivation
from symact.targets.render import activation_files
from symact.targets.table import DataType, Target


def functions(compiled: CompiledActivation, target: Target, types: Sequence[DataType]) -> dict[str, Any]:
    """Pass -> the function or kernel that the generated module defines for it.

    The module's text is executed here; it comes from a template and from programs, never from a user.
    """
    ((path, text),) = activation_files(compiled, target, types).items()
    module: dict[str, Any] = {"__name__": f"symact_generated_{compiled.name}"}
    exec(compile(text, path, "exec"), module)
    return {name: module[public] for name, public in zip(compiled.signatures, module["__all__"], strict=True)}
