"""Runs with made-up timings, whose ratios are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.accuracy import Errors
from benchmarks.results import Case, Run, SystemInfo, SystemResult
from benchmarks.systems.base import Kind
from benchmarks.tasks import Task

KINDS: dict[str, Kind] = {
    "limit": "limit",
    "symact C accurate": "ours",
    "symact C fast": "ours",
    "symact NumPy accurate": "ours",
    "NumPy": "peer",
    "torch eager": "peer",
    "gone": "peer",
}


def errors(timed: float, everywhere: float | None = None, wrong: int = 0) -> dict[str, Errors]:
    """Largest errors on both samples; `wrong` results on the second."""
    largest = timed if everywhere is None else everywhere
    return {"timed": Errors(100, timed, "0x1p+0", 0, 0), "everywhere": Errors(50, largest, "0x1p+1", wrong, 0)}


def case(
    speeds: Mapping[str, float | Sequence[float | None]],
    ulps: Mapping[str, float | dict[str, Errors]],
    *,
    name: str = "tanh",
    pass_: str = "forward",
    dtype: str = "float32",
    elements: int = 1 << 24,
    threads: int = 1,
) -> Case:
    """A case with speeds in units of the limit's: one for all rounds, or one a round (None: sat out).

    The machine is half as fast in the second of three rounds, for everybody.
    """
    slowness = (1.0, 2.0, 1.0)
    systems = {"limit": SystemResult([0.01 * s for s in slowness])}
    for system, given in speeds.items():
        rounds = given if isinstance(given, Sequence) else [given] * 3
        seconds = [None if r is None else 0.01 * s / r for r, s in zip(rounds, slowness, strict=True)]
        ulp = ulps.get(system, 0.5)
        systems[system] = SystemResult(seconds, ulp if isinstance(ulp, dict) else errors(ulp))
    return Case(Task(name, pass_, dtype, elements, threads), systems)


def run(*cases: Case) -> Run:
    """A run of these cases on a machine with a cache of 1 MiB a core; the system "gone" is missing."""
    missing = {"gone": "not installed (pip install gone)"}
    systems = {
        name: SystemInfo(kind, f"what {name} is", f"{name} 1.0", missing.get(name)) for name, kind in KINDS.items()
    }
    settings = {"command": "python -m benchmarks", "rounds": 3, "seed": 0, "cache": 1 << 20, "keeps_pages": True}
    return Run({"processor": "made up"}, settings, systems, cases)
