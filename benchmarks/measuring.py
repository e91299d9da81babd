"""Runs the measuring processes, one for each number of threads, and collects what they find."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from benchmarks import machine, worker
from benchmarks.results import Case, SystemInfo, case_from_dict
from benchmarks.systems.base import System
from benchmarks.tasks import Task
from symact.errors import Error

#: Settings of glibc's allocator: large blocks come from the heap and stay there. Else each new 64 MB array would be
#: fresh pages from the kernel, which takes longer than to compute it, and only systems that write into a given array
#: would be spared. With this, nobody pays for pages.
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_ARENA_MAX": "1"}


def can_keep_pages() -> bool:
    """Whether `ALLOCATOR` means something here."""
    return "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {})


def information(systems: Mapping[str, System]) -> dict[str, SystemInfo]:
    """What each system is, and whether it is here."""
    found = {}
    for name, system in systems.items():
        missing = system.missing()
        found[name] = SystemInfo(system.kind, system.about, "" if missing else system.version(), missing)
    return found


def run(tasks: list[Task], systems: list[str], rounds: int, seed: int, *, keep_pages: bool = True) -> Iterator[Case]:
    """The cases, each as soon as it is measured; tasks of one number of threads are best given together.

    Args:
        tasks, systems: what is measured of whom.
        rounds, seed: how often, and for inputs and orders.
        keep_pages: whether memory stays with the process (see `ALLOCATOR`).

    Raises:
        Error: there are fewer processors than threads, or a measuring process ends before it has answered.
    """
    available = machine.processors()
    for threads, group in groupby(tasks, key=lambda task: task.threads):
        if threads > len(available):
            raise Error(f"{threads} threads are asked for, and there are {len(available)} processors here")
        yield from _measured(list(group), systems, rounds, seed, available[-threads:], keep_pages=keep_pages)


def _measured(
    tasks: list[Task], systems: list[str], rounds: int, seed: int, processors: list[int], *, keep_pages: bool
) -> Iterator[Case]:
    root = Path(__file__).resolve().parents[1]
    environment = {
        **os.environ,
        **(ALLOCATOR if keep_pages else {}),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")])),
        "OMP_NUM_THREADS": str(len(processors)),
        "NUMEXPR_MAX_THREADS": str(len(processors)),
        "JAX_PLATFORMS": "cpu",
    }
    with confined(processors):
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(worker.order(tasks, systems, rounds, seed))
        process.stdin.close()
        for task in tasks:
            line = process.stdout.readline()
            if not line:
                code = process.wait()
                how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
                raise Error(f"the measuring process ended ({how}) at: {task}", "its own message stands above")
            yield _case(task, json.loads(line))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _case(task: Task, systems: Mapping[str, object]) -> Case:
    words = {"name": task.name, "pass": task.pass_, "dtype": task.dtype}
    return case_from_dict({**words, "elements": task.elements, "threads": task.threads, "systems": systems})


@contextmanager
def confined(processors: list[int]) -> Iterator[None]:
    """Processes that are started inside use these processors only, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
