"""The measuring process: tasks come in as JSON on stdin, a JSON line for each goes out on stdout.

All systems run in this one process, which its parent has confined to as many processors as threads are compared
(`benchmarks.measuring`), so that also those that cannot be told their number of threads keep to it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.accuracy import Errors, errors, samples
from benchmarks.results import Case, SystemResult
from benchmarks.systems import all_systems
from benchmarks.systems.base import Bound, Kernel, System
from benchmarks.tasks import Arrays, Task, arrays
from benchmarks.timing import interleave
from symact.errors import Error


def main() -> None:
    """Measure what stdin asks for."""
    # Libraries that print must not print between the results.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    order = json.load(sys.stdin)
    systems = {name: all_systems()[name] for name in order["systems"]}
    measure = Measuring(systems, order["rounds"], order["seed"])
    for task in order["tasks"]:
        case = measure(Task(**task))
        json.dump(
            {
                name: {
                    "seconds": found.seconds,
                    "lacks": found.lacks,
                    "errors": {sample: one.to_dict() for sample, one in found.errors.items()},
                }
                for name, found in case.systems.items()
            },
            answers,
        )
        answers.write("\n")
        answers.flush()


class Measuring:
    """Measures tasks one after the other; errors are measured once for the tasks that differ in size only."""

    def __init__(self, systems: Mapping[str, System], rounds: int, seed: int) -> None:
        self._systems, self._rounds, self._seed = systems, rounds, seed
        self._errors: dict[tuple[str, str, str, str], Mapping[str, Errors]] = {}

    def __call__(self, task: Task) -> Case:
        """Everybody's results on a task."""
        given = arrays(task, self._seed)
        kernels: dict[str, Kernel] = {}
        bound: dict[str, list[Bound]] = {}
        lacks: dict[str, str] = {}
        for name, system in self._systems.items():
            try:
                kernels[name] = system.kernel(task)
                bound[name] = _bind(system, kernels[name], given, task)
                for part in bound[name]:
                    part.call()  # what is compiled at the first call is compiled now
            except Exception as error:
                # A peer may fail in its own way; that is a result, and no reason to lose everybody else's.
                bound.pop(name, None)
                lacks[name] = error.message if isinstance(error, Error) else f"{type(error).__name__}: {error}"[:200]
            _check_subnormals(name)
        seconds = interleave(
            {name: [part.call for part in parts] for name, parts in bound.items()}, self._rounds, self._seed
        )
        self._measure_errors(task, given, bound, kernels)
        return Case(
            task,
            {
                name: SystemResult(lacks=lacks[name])
                if name in lacks
                else SystemResult(seconds[name], self._errors.get(_key(task, name), {}))
                for name in self._systems
            },
        )

    def _measure_errors(
        self, task: Task, given: Arrays, bound: Mapping[str, list[Bound]], kernels: Mapping[str, Kernel]
    ) -> None:
        open_ = [name for name in bound if self._systems[name].kind != "limit" and _key(task, name) not in self._errors]
        if not open_:
            return
        timed, everywhere = samples(task, given, self._seed)
        for name in open_:
            again = _bind(self._systems[name], kernels[name], everywhere.arrays, task)
            self._errors[_key(task, name)] = {
                sample.name: errors(_results(parts), task, sample)
                for sample, parts in ((timed, bound[name]), (everywhere, again))
            }


def _bind(system: System, kernel: Kernel, given: Arrays, task: Task) -> list[Bound]:
    """The kernel with all elements, or with a slice for each of the callers."""
    parts = given.slices(task.threads) if system.threading == "callers" else [given]
    return [kernel(part) for part in parts]


def _results(parts: list[Bound]) -> np.ndarray[Any, np.dtype[Any]]:
    return np.concatenate([part.result() for part in parts])


def _key(task: Task, name: str) -> tuple[str, str, str, str]:
    return task.name, task.pass_, task.dtype, name


def _check_subnormals(name: str) -> None:
    """Stop where a system has switched off subnormal numbers for everybody: the others' errors would be its own."""
    if np.array([5e-324]) * np.array([1.0]) == 0:
        raise RuntimeError(f"{name} has switched off subnormal numbers in the whole process")


def order(tasks: list[Task], systems: list[str], rounds: int, seed: int) -> str:
    """What `main` reads from stdin."""
    return json.dumps({"tasks": [asdict(task) for task in tasks], "systems": systems, "rounds": rounds, "seed": seed})


if __name__ == "__main__":
    main()
