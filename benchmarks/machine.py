"""What a run ran on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def describe() -> dict[str, str]:
    """Label -> text: processor, caches, memory, system, Python; what cannot be found is left out."""
    found = {
        "processor": _processor(),
        "processors to use": str(len(processors())),
        **{f"{name} cache": _size(size) for name, size in caches().items()},
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
    }
    return {label: text for label, text in found.items() if text}


def processors() -> list[int]:
    """The processors that this process may use; only their number means something where a system cannot say which."""
    affinity = getattr(os, "sched_getaffinity", None)
    return sorted(affinity(0)) if affinity else list(range(os.cpu_count() or 1))


def caches() -> dict[str, int]:
    """Bytes of the data caches as the system reports them: {"L1": 49152, ...}; empty where it does not."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (_text(folder / name).strip() for name in ("level", "type", "size"))
        if kind != "Instruction" and level and size[:-1].isdecimal() and size[-1] in units:
            found[f"L{level}"] = int(size[:-1]) * units[size[-1]]
    return found


def load() -> str:
    """How busy the machine is: the mean number of running processes in the last minute."""
    return f"{os.getloadavg()[0]:.2f} running processes" if hasattr(os, "getloadavg") else ""


def _size(count: int) -> str:
    return f"{count / 2**20:g} MiB" if count >= 1 << 20 else f"{count / 2**10:g} KiB"


def _processor() -> str:
    for line in _text(Path("/proc/cpuinfo")).splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return ""
    return f"{total / 2**30:.0f} GiB"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
