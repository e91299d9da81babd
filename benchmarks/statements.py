"""What symact says about its speed, each statement checked against a run, case by case.

To add one, write a function of a run and a case that gives a `Verdict`, or None where it says nothing about the case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.accuracy import SAMPLES
from benchmarks.results import Case, Run

#: Functions of which less is asked: two elementary functions one after the other, or an error function.
_DEMANDING = ("gelu", "mish", "softplus")
#: Saturating functions of |x| alone, which tables in registers can bring to the limit.
_SATURATING = ("tanh", "logistic", "logsig")

#: A peer at this part of the limit cannot be beaten by more than noise.
_AT_THE_LIMIT = 0.9

_ACCURATE, _FAST = "symact C accurate", "symact C fast"
_NUMPY_ACCURATE, _NUMPY_FAST, _TEXTBOOK = "symact NumPy accurate", "symact NumPy fast", "NumPy"


@dataclass(frozen=True)
class Verdict:
    """Whether a statement holds in a case, and the figures that say so."""

    holds: bool
    figure: str


@dataclass(frozen=True)
class Statement:
    """A statement and how it is checked, and what the names of the systems begin with that it is about."""

    text: str
    check: Callable[[Run, Case], Verdict | None]
    about: str = "symact C"


@dataclass(frozen=True)
class Finding:
    """A statement with the verdicts of all cases that it is about."""

    text: str
    verdicts: tuple[tuple[Case, Verdict], ...]

    @property
    def misses(self) -> list[tuple[Case, Verdict]]:
        """The cases in which it does not hold."""
        return [(case, verdict) for case, verdict in self.verdicts if not verdict.holds]

    def lines(self) -> list[str]:
        """The misses as text, those of one figure together."""
        by_figure: dict[str, list[str]] = {}
        for case, verdict in self.misses:
            by_figure.setdefault(verdict.figure, []).append(str(case.task))
        return [f"{'; '.join(tasks)}: {figure}" for figure, tasks in by_figure.items()]


def check(run: Run) -> list[Finding]:
    """Every statement with its verdicts on a run; no verdicts where nothing that it is about took part."""
    found = []
    for statement in STATEMENTS:
        present = any(name.startswith(statement.about) for case in run.cases for name in case.systems)
        verdicts = ((case, statement.check(run, case)) for case in run.cases if present)
        found.append(Finding(statement.text, tuple((case, verdict) for case, verdict in verdicts if verdict)))
    return found


def _main(run: Run, case: Case) -> bool:
    """One thread, out of cache."""
    return case.task.threads == 1 and run.place(case.task) == "out of cache"


def _absent(case: Case, name: str) -> Verdict | None:
    """The verdict where a system of ours did not take part."""
    if name in case.measured():
        return None
    result = case.systems.get(name)
    return Verdict(False, f"{name}: {result.lacks}" if result and result.lacks else f"there is no {name}")


def _share(run: Run, case: Case, name: str, least: float) -> Verdict:
    absent = _absent(case, name)
    if absent:
        return absent
    share = case.of_limit(name).median
    return Verdict(share >= least, f"{share:.3f} of the limit, {least:.2f} is asked")


def _accurate_share(run: Run, case: Case) -> Verdict | None:
    if not _main(run, case):
        return None
    demanding = case.task.name in _DEMANDING and case.task.dtype == "float32"
    return _share(run, case, _ACCURATE, 0.25 if demanding else 0.33)


def _fast_share(run: Run, case: Case) -> Verdict | None:
    if not _main(run, case) or case.task.dtype != "float32":
        return None
    return _share(run, case, _FAST, 0.35 if case.task.name in _DEMANDING else 0.65)


def _ahead(case: Case, name: str, peers: list[str], least: float) -> Verdict:
    """Whether a system is `least` times as fast as each peer, or as fast but for noise where that is at the limit."""
    if not peers:
        return Verdict(True, "no such peer")
    worst: tuple[float, Verdict] | None = None
    for peer in peers:
        ratio = case.ratio(name, peer)
        noise = case.of_limit(peer).median >= _AT_THE_LIMIT
        asked = "not behind by more than noise" if noise else f"{least:.2f}"
        holds = ratio.upper >= 1 if noise else ratio.median >= least
        spread = f"{ratio.lower:.2f} to {ratio.upper:.2f}"
        margin = ratio.upper if noise else ratio.median / least
        if worst is None or (holds, margin) < (worst[1].holds, worst[0]):
            worst = margin, Verdict(holds, f"{ratio.median:.2f} times {peer} ({spread}), asked: {asked}")
    assert worst is not None
    return worst[1]


def _accurate_ahead(run: Run, case: Case) -> Verdict | None:
    if not _main(run, case):
        return None
    # A peer counts as accurate by the inputs that are timed, though it may fail elsewhere.
    most = 1.0 if case.task.dtype == "float32" else 2.0
    accurate = [peer for peer in run.peers(case) if case.error(peer, "timed") <= most]
    return _absent(case, _ACCURATE) or _ahead(case, _ACCURATE, accurate, 1.0)


def _fast_ahead(run: Run, case: Case) -> Verdict | None:
    if not _main(run, case) or case.task.dtype != "float32":
        return None
    return _absent(case, _FAST) or _ahead(case, _FAST, run.peers(case), 1.1)


def _tables(run: Run, case: Case) -> Verdict | None:
    task = case.task
    about = task.name in _SATURATING and task.pass_ in ("forward", "derivative") and task.dtype == "float32"
    if not _main(run, case) or not about:
        return None
    levels = [name for name in run.ours(case) if max(case.error(name, sample) for sample in SAMPLES) <= 1]
    if not levels:
        return Verdict(False, "no level is within 1 ULP")
    best = max(levels, key=case.speed)
    share = case.of_limit(best).median
    return Verdict(share >= _AT_THE_LIMIT, f"{best}: {share:.3f} of the limit, {_AT_THE_LIMIT:.2f} is asked")


def _unbeaten(run: Run, case: Case) -> Verdict | None:
    ours = run.ours(case)
    if not ours:
        return None
    for peer in run.peers(case):
        for sample in SAMPLES:
            error = case.error(peer, sample)
            if all(case.ratio(peer, name).median > 1 and error < case.error(name, sample) for name in ours):
                fastest = max(ours, key=case.speed)
                times = case.ratio(peer, fastest).median
                return Verdict(False, f"{peer}: {error:.3g} ULP ({sample}), {times:.2f} times {fastest}")
    return Verdict(True, "none")


def _threads(run: Run, case: Case) -> Verdict | None:
    if case.task.threads != 2 or run.place(case.task) != "out of cache":
        return None
    alone = run.with_threads(case, 1)
    if alone is None or _absent(case, _ACCURATE):
        return None
    one, two = (found.of_limit(_ACCURATE).median for found in (alone, case))
    return Verdict(two > one, f"{two:.3f} of the limit with 2 threads, {one:.3f} with 1")


def _numpy_fast(run: Run, case: Case) -> Verdict | None:
    place = run.place(case.task)
    if case.task.threads != 1 or case.task.dtype != "float32" or not place or _TEXTBOOK not in case.measured():
        return None
    least = 2.0 if place == "out of cache" else 1.0
    return _absent(case, _NUMPY_FAST) or _ahead(case, _NUMPY_FAST, [_TEXTBOOK], least)


def _numpy_accurate(run: Run, case: Case) -> Verdict | None:
    if not _main(run, case) or _TEXTBOOK not in case.measured():
        return None
    return _absent(case, _NUMPY_ACCURATE) or _ahead(case, _NUMPY_ACCURATE, [_TEXTBOOK], 1.0)


STATEMENTS = (
    Statement(
        "accurate: at least 0.33 of the limit, 1 thread, out of cache (float32: 0.25 for gelu, mish, softplus)",
        _accurate_share,
    ),
    Statement(
        "accurate: ahead of every peer whose error is at most 1 ULP in float32, 2 ULP in float64, 1 thread, out of "
        "cache",
        _accurate_ahead,
    ),
    Statement(
        "fast: at least 0.65 of the limit (gelu, mish, softplus 0.35), float32, 1 thread, out of cache", _fast_share
    ),
    Statement("fast: at least 1.1 times the best peer of any accuracy, float32, 1 thread, out of cache", _fast_ahead),
    Statement(
        "a level within 1 ULP reaches 0.9 of the limit for tanh, logistic, logsig and their derivatives, float32, "
        "1 thread, out of cache",
        _tables,
    ),
    Statement("no peer is both faster and more accurate than every level, on either sample", _unbeaten),
    Statement("accurate: with 2 threads closer to the limit than with 1, out of cache", _threads),
    Statement(
        "NumPy fast: twice the textbook out of cache, never slower in cache, float32, 1 thread",
        _numpy_fast,
        "symact NumPy",
    ),
    Statement("NumPy accurate: not slower than the textbook, 1 thread, out of cache", _numpy_accurate, "symact NumPy"),
)
