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
        **{f"{name} cache": text for name, text in caches().items()},
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
    }
    return {label: text for label, text in found.items() if text}


def processors() -> list[int]:
    """The processors that this process may use; only their number means something where a system cannot say which."""
    affinity = getattr(os, "sched_getaffinity", None)
    return sorted(affinity(0)) if affinity else list(range(os.cpu_count() or 1))


def caches() -> dict[str, str]:
    """Sizes of the data caches as the system reports them: {"L1": "48K", ...}; empty where it does not."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (_line(folder / name) for name in ("level", "type", "size"))
        if kind != "Instruction" and level and size:
            found[f"L{level}"] = size
    return found


def cache_bytes(level: str) -> int | None:
    """The size of a cache such as "L2", or None where the system does not say."""
    text = caches().get(level)
    if text is None:
        return None
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1])
    return int(text[:-1]) * unit if unit else int(text)


def load() -> str:
    """How busy the machine is: the mean number of running processes in the last minute."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else ""


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


def _line(path: Path) -> str:
    return _text(path).strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
