"""The systems that are compared. A module here adds its own by a tuple ``SYSTEMS``; nothing else has to be edited.

Modules import what they compare with when they are asked for a kernel; what is not installed is only named.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from benchmarks.systems.base import System
from symact.errors import Error


@lru_cache
def all_systems() -> dict[str, System]:
    """Name -> system: limits first, then ours, then peers in alphabetical order."""
    found: dict[str, System] = {}
    for module in pkgutil.iter_modules(__path__):
        for system in getattr(importlib.import_module(f"{__name__}.{module.name}"), "SYSTEMS", ()):
            if system.name in found:
                raise Error(f"two systems are called '{system.name}'")
            found[system.name] = system
    order = ("limit", "ours", "peer")
    return dict(sorted(found.items(), key=lambda item: (order.index(item[1].kind), item[0].lower())))


def chosen(names: list[str]) -> dict[str, System]:
    """The systems of these names, with the limits, which every ratio needs; all where no name is given.

    A name means every system whose name starts with it, such as "torch".

    Raises:
        Error: a name fits none.
    """
    systems = all_systems()
    for name in names:
        if not any(system.startswith(name) for system in systems):
            raise Error(f"there is no system '{name}'", f"there are {', '.join(systems)}")
    return {
        name: system
        for name, system in systems.items()
        if not names or system.kind == "limit" or any(name.startswith(start) for start in names)
    }
