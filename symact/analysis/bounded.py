"""The analysis under a time limit and from the cache, without SymPy in this process."""

from __future__ import annotations

import math
from typing import Any

from symact.activation import Activation
from symact.analysis import cache, document, process, request
from symact.analysis.record import Analysis
from symact.errors import Error

#: The time limit where none is given, in seconds.
TIMEOUT = 20.0


def analyze(activation: Activation, timeout: float | None = TIMEOUT, cached: bool = True) -> Analysis:
    """Everything symact decides about an activation within a time.

    Args:
        activation: a definition. One in Python whose expression text cannot say is analysed here, without a limit.
        timeout: seconds, not counting the start of a process; None for no limit.
        cached: whether a stored analysis will do, and this one is stored if it is complete.

    Raises:
        Error: see `symact.analysis.analyze`; or the limit is no time.
    """
    check(timeout)
    question = request.of(activation)
    if question is None:
        return _analyzed_here(activation)
    try:
        found, unfinished = answered("analysis", question, document.SECTIONS, timeout, cached)
    except process.StartError:
        return _analyzed_here(activation)
    return document.read(document.assembled(activation, found, unfinished, timeout))


def _analyzed_here(activation: Activation) -> Analysis:
    from symact import analysis

    return analysis.analyze(activation)


def check(timeout: float | None) -> None:
    """Raises Error where a time limit is none."""
    if timeout is not None and not 0 < timeout < math.inf:
        raise Error(f"the time limit of {timeout:g} s is no time", "give a positive number of seconds")


def answered(
    task: str, question: Any, names: tuple[str, ...], timeout: float | None, cached: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """The parts of a worker's answer, from the cache where it is there, and why others of these names are missing.

    Raises:
        Error: the question is wrong.
        StartError: no worker can be started.
    """
    key = [task, question]
    found: dict[str, Any] | None = cache.load(key) if cached else None
    if found is not None:
        return found, {}
    outcome = process.run(task, question, timeout)
    missing = [name for name in names if name not in outcome.parts]
    unfinished = {name: outcome.failed.get(name, outcome.stopped or "missing") for name in missing}
    if cached and not unfinished:
        cache.store(key, outcome.parts)
    return outcome.parts, unfinished
