"""Interleaved timing: in each round every system runs once, in a new order, so that what disturbs one disturbs all."""

from __future__ import annotations

import gc
import math
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

#: A measurement lasts at least so many seconds: a short call is repeated.
SHORTEST = 2e-3

#: A call longer than this runs in every second, third ... round only, as often as it is longer, but in `FEWEST` rounds.
LONGEST = 0.1
FEWEST = 5

#: Threads of one system wait so many seconds for each other to start.
_PATIENCE = 60

#: Seconds of a call, round by round; None where a slow system sat out.
Seconds = list[float | None]

Call = Callable[[], object]


def interleave(systems: Mapping[str, Sequence[Call]], rounds: int, seed: int = 0) -> dict[str, Seconds]:
    """Time systems against each other.

    Args:
        systems: name -> its calls, one a thread; all of them together are the work. They were called before, so that
            nothing is compiled here.
        rounds: how often each is measured.
        seed: of the order within rounds.

    Returns:
        Seconds for all of a system's work, for each round.
    """
    order = random.Random(seed)
    most = max(map(len, systems.values()), default=1)
    with ThreadPoolExecutor(max_workers=most) as pool:
        once = {name: _run(calls, 1, pool) for name, calls in systems.items()}
        repeats = {name: max(1, math.ceil(SHORTEST / max(seconds, 1e-9))) for name, seconds in once.items()}
        found: dict[str, Seconds] = {name: [] for name in systems}
        collected = gc.isenabled()
        gc.disable()
        try:
            for number in range(rounds):
                names = list(systems)
                order.shuffle(names)
                for name in names:
                    if number % stride(once[name], rounds):
                        found[name].append(None)
                    else:
                        found[name].append(_run(systems[name], repeats[name], pool))
        finally:
            if collected:
                gc.enable()
    return found


def stride(seconds: float, rounds: int) -> int:
    """1 if a call of that length takes part in every round, 2 if in every second one, and so on."""
    return max(1, min(math.ceil(seconds / LONGEST), rounds // FEWEST))


def _run(calls: Sequence[Call], repeats: int, pool: ThreadPoolExecutor) -> float:
    """Seconds for one repetition; several calls start together, and the last one's end counts."""
    if len(calls) == 1:
        start, end = _repeat(calls[0], repeats)
        return (end - start) / repeats
    gate = threading.Barrier(len(calls), timeout=_PATIENCE)

    def run(call: Call) -> tuple[float, float]:
        gate.wait()
        return _repeat(call, repeats)

    ran = list(pool.map(run, calls))
    return (max(end for _, end in ran) - min(start for start, _ in ran)) / repeats


def _repeat(call: Call, repeats: int) -> tuple[float, float]:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return start, time.perf_counter()
