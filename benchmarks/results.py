"""Results of a run: plain records that are written as JSON and read again, and the ratios that everything else uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.accuracy import Errors
from benchmarks.systems.base import Kind
from benchmarks.systems.limits import REFERENCE
from benchmarks.tasks import Task
from benchmarks.timing import Seconds
from symact.errors import Error

#: Version of the JSON document.
SCHEMA = 1

#: How many times the cache a task's arrays take at least where they are out of cache.
BEYOND = 8

Place = Literal["in cache", "out of cache"]


@dataclass(frozen=True)
class Quartiles:
    """Median and quartiles of some figures."""

    lower: float
    median: float
    upper: float


@dataclass(frozen=True)
class SystemResult:
    """What one system did on one task.

    Attributes:
        seconds: of a call, round by round; None where it sat out. Empty where it could not take part.
        errors: sample -> errors; empty for limits.
        lacks: why it could not take part, else None.
    """

    seconds: Seconds = field(default_factory=list)
    errors: Mapping[str, Errors] = field(default_factory=dict)
    lacks: str | None = None


@dataclass(frozen=True)
class Case:
    """A task with everybody's results, by the systems' names."""

    task: Task
    systems: Mapping[str, SystemResult]

    def measured(self, kind: Kind | None = None, kinds: Mapping[str, Kind] | None = None) -> list[str]:
        """The systems that took part; with `kind`, those of that kind (`kinds` says of which each is)."""
        names = [name for name, result in self.systems.items() if result.seconds]
        return names if kind is None or kinds is None else [name for name in names if kinds[name] == kind]

    def seconds(self, name: str) -> Quartiles:
        """A system's time for a call."""
        return quartiles([s for s in self.systems[name].seconds if s is not None])

    def speed(self, name: str) -> float:
        """Elements a second, in 1e9; the median."""
        return self.task.elements / self.seconds(name).median / 1e9

    def ratio(self, name: str, other: str) -> Quartiles:
        """How many times as fast as another a system is, compared round by round."""
        pairs = zip(self.systems[name].seconds, self.systems[other].seconds, strict=True)
        return quartiles([b / a for a, b in pairs if a is not None and b is not None])

    def of_limit(self, name: str) -> Quartiles:
        """Speed as a part of the limit's."""
        return self.ratio(name, REFERENCE)

    def error(self, name: str, sample: str) -> float:
        """The largest error in ULP on a sample; infinite where a result is wrong altogether."""
        return self.systems[name].errors[sample].worst


@dataclass(frozen=True)
class SystemInfo:
    """A system as the report lists it; `missing` says why it could not run, else it is None."""

    kind: Kind
    about: str
    version: str
    missing: str | None


@dataclass(frozen=True)
class Run:
    """A whole run.

    Attributes:
        machine: what it ran on, label -> text.
        settings: how it was measured: command, rounds, seed, "cache" (bytes of the cache that a core has for itself),
            "keeps_pages" (whether memory that a system allocates is there already).
        systems: name -> what it is, missing ones too.
        cases: in the order in which they were measured.
    """

    machine: Mapping[str, str]
    settings: Mapping[str, Any]
    systems: Mapping[str, SystemInfo]
    cases: tuple[Case, ...]

    @property
    def kinds(self) -> dict[str, Kind]:
        """Name -> kind of each system."""
        return {name: info.kind for name, info in self.systems.items()}

    def ours(self, case: Case) -> list[str]:
        """Our systems that took part in a case."""
        return case.measured("ours", self.kinds)

    def peers(self, case: Case) -> list[str]:
        """The peers that took part in a case, the fastest first."""
        return sorted(case.measured("peer", self.kinds), key=case.speed, reverse=True)

    def place(self, task: Task) -> Place | None:
        """Where the arrays of a task lie; None where they are between."""
        cache = self.settings["cache"]
        if task.bytes <= cache:
            return "in cache"
        return "out of cache" if task.bytes >= BEYOND * cache else None

    def with_threads(self, case: Case, threads: int) -> Case | None:
        """The same task with another number of threads, or None where that was not measured."""
        wanted = replace(case.task, threads=threads)
        return next((other for other in self.cases if other.task == wanted), None)

    def unmatched(self, case: Case, sample: str) -> list[str]:
        """The peers of which no level of ours is as fast and as accurate: those beyond our frontier."""
        ours = self.ours(case)
        return [
            peer
            for peer in self.peers(case)
            if not any(
                case.ratio(name, peer).median >= 1 and case.error(name, sample) <= case.error(peer, sample)
                for name in ours
            )
        ]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, with the figures that follow from the seconds, for those who read nothing else."""
        return {
            "schema": SCHEMA,
            "machine": dict(self.machine),
            "settings": dict(self.settings),
            "systems": {name: asdict(info) for name, info in self.systems.items()},
            "cases": [self._case(case) for case in self.cases],
        }

    def _case(self, case: Case) -> dict[str, Any]:
        document = asdict(case.task)
        document["pass"] = document.pop("pass_")
        peers = self.peers(case)
        systems: dict[str, Any] = {}
        for name, result in case.systems.items():
            if not result.seconds:
                systems[name] = {"lacks": result.lacks}
                continue
            systems[name] = {
                "speed": case.speed(name),
                "of_limit": asdict(case.of_limit(name)) if REFERENCE in case.measured() else None,
                "of_best_peer": case.ratio(name, peers[0]).median if peers else None,
                "errors": {sample: errors.to_dict() for sample, errors in result.errors.items()},
                "seconds": result.seconds,
            }
        return {**document, "best_peer": peers[0] if peers else None, "systems": systems}


def quartiles(values: list[float]) -> Quartiles:
    """Median and quartiles.

    Raises:
        Error: there are no values.
    """
    if not values:
        raise Error("two systems were never timed in the same round", "give more --rounds")
    lower, median, upper = np.percentile(values, [25, 50, 75])
    return Quartiles(float(lower), float(median), float(upper))


def from_dict(document: Mapping[str, Any]) -> Run:
    """The inverse of `Run.to_dict`.

    Raises:
        Error: it is no document of a run, or of another version.
    """
    if document.get("schema") != SCHEMA or "cases" not in document:
        raise Error("this is no result of the benchmarks", f"a document with schema {SCHEMA} is needed")
    return Run(
        machine=document["machine"],
        settings=document["settings"],
        systems={name: SystemInfo(**info) for name, info in document["systems"].items()},
        cases=tuple(case_from_dict(case) for case in document["cases"]),
    )


def case_from_dict(document: Mapping[str, Any]) -> Case:
    """A case of the JSON document; figures that follow from the seconds are not read."""
    words = ("dtype", "elements", "threads")
    task = Task(name=document["name"], pass_=document["pass"], **{word: document[word] for word in words})
    systems = {
        name: SystemResult(
            seconds=list(entry.get("seconds", ())),
            errors={sample: Errors.from_dict(found) for sample, found in entry.get("errors", {}).items()},
            lacks=entry.get("lacks"),
        )
        for name, entry in document["systems"].items()
    }
    return Case(task, systems)


def read(path: Path) -> Run:
    """The run that a file holds.

    Raises:
        Error: the file cannot be read or is no result of a run.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Error(f"'{path}' cannot be read: {error}") from None
    return from_dict(document)
