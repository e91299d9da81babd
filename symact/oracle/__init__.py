"""Correctly rounded values of the definition, and errors measured against them.

`Oracle` is imported when it is first asked for, because it needs SymPy and Arb; `FORMATS` needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symact.oracle.formats import FORMATS, Format

if TYPE_CHECKING:
    from symact.oracle.oracle import Oracle, Reference

__all__ = ["FORMATS", "Format", "Oracle", "Reference"]


def __getattr__(name: str) -> Any:
    if name in ("Oracle", "Reference"):
        from symact.oracle import oracle

        return getattr(oracle, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
