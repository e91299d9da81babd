"""A run as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from benchmarks import accuracy, tasks, timing
from benchmarks.results import BEYOND, Case, Run
from benchmarks.statements import Finding
from benchmarks.systems.limits import REFERENCE

#: Cases that belong into one table have this in common.
_Shape = tuple[str, int, int]


def markdown(run: Run, findings: list[Finding], pictures: Iterable[str]) -> str:
    """The whole document.

    Args:
        run: what was measured.
        findings: of `statements.check`.
        pictures: names of picture files that stand beside the document.
    """
    parts = [
        "# Speed and error beside other implementations",
        f"Written by `{run.settings['command']}`; benchmarks/README.md says how, and benchmarks.json has every figure. "
        "Speeds hold for this machine and these versions. Compare within a table: all of it was measured in one run, "
        "interleaved.",
        *(f"![Speed against error, {name.partition('-')[2].partition('.')[0]}]({name})" for name in pictures),
        *_overviews(run),
        *_statements(findings),
        *_details(run),
        *_setting(run),
    ]
    return "\n\n".join(parts) + "\n"


def shape(case: Case) -> _Shape:
    """dtype, size and number of threads of a case."""
    return case.task.dtype, case.task.elements, case.task.threads


def shapes(run: Run) -> list[_Shape]:
    """Those that were measured: float32 first, the largest first, fewest threads first."""
    found = {shape(case) for case in run.cases}
    return sorted(found, key=lambda s: (tasks.DTYPES.index(s[0]), s[2], -s[1]))


def title(run: Run, of: _Shape) -> str:
    """A shape as a heading."""
    case = next(case for case in run.cases if shape(case) == of)
    dtype, elements, threads = of
    place = run.place(case.task)
    where = f"{tasks.size(elements)} elements" + (f" ({place})" if place else "")
    return f"{dtype}, {where}, {threads} thread" + ("s" if threads > 1 else "")


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; the first column holds names, the others figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(_escaped(cell) for cell in line)} |" for line in lines)


def ulp(case: Case, name: str, sample: str) -> str:
    """The largest error of a system on a sample, and how many results are wrong altogether."""
    errors = case.systems[name].errors[sample]
    size = errors.max_ulp
    text = f"{size:.2f}" if size < 10 else f"{size:.0f}" if size < 1000 else f"{size:.0e}".replace("e+0", "e")
    return f"{text}, {errors.wrong} wrong" if errors.wrong else text


def _statements(findings: list[Finding]) -> Iterator[str]:
    yield "## What is said, and where it does not hold"
    yield table(
        ["statement", "holds in"],
        [[f.text, _count(len(f.verdicts) - len(f.misses), len(f.verdicts))] for f in findings],
    )
    for finding in findings:
        if finding.misses:
            yield f"Does not hold: *{finding.text}*"
            yield "\n".join(f"- {line}" for line in finding.lines())


def _count(held: int, of: int) -> str:
    return f"{held} of {of}" if of else "not measured"


def _overviews(run: Run) -> Iterator[str]:
    yield "## Overview"
    yield (
        f"Parts of the limit's speed (*{REFERENCE}*: a copy; backward: a product of two arrays), and in brackets the "
        "largest error in ULP on the timed inputs. *Beyond*: peers of which no level of symact is as fast and as "
        "accurate."
    )
    for of in shapes(run):
        yield f"### {title(run, of)}"
        for pass_ in tasks.PASSES:
            cases = [case for case in run.cases if shape(case) == of and case.task.pass_ == pass_]
            if cases:
                yield _overview(run, pass_, cases)


def _overview(run: Run, pass_: str, cases: list[Case]) -> str:
    ours = [name for name, kind in run.kinds.items() if kind == "ours" and any(name in c.measured() for c in cases)]
    rows = []
    for case in cases:
        peers = run.peers(case)
        most = 1 if case.task.dtype == "float32" else 2
        accurate = [peer for peer in peers if case.error(peer, "timed") <= most]
        beyond = run.unmatched(case, "timed")
        rows.append(
            [
                case.task.name,
                f"{case.speed(REFERENCE):.2f}",
                *(_short(case, name) if name in case.measured() else "" for name in ours),
                *(f"{best[0]}: {_short(case, best[0])}" if best else "none" for best in (accurate, peers)),
                ", ".join(beyond) if beyond else "none",
            ]
        )
    bound = "1 ULP" if cases[0].task.dtype == "float32" else "2 ULP"
    return table([pass_, f"{REFERENCE}, 1e9/s", *ours, f"best peer within {bound}", "best peer", "beyond"], rows)


def _short(case: Case, name: str) -> str:
    return f"{case.of_limit(name).median:.2f} ({ulp(case, name, 'timed')})"


def _details(run: Run) -> Iterator[str]:
    of, *_ = shapes(run)
    yield f"## Every system: {title(run, of)}"
    yield (
        "Speed in 1e9 elements a second (median), as part of the limit's (median and quartiles over the rounds), and "
        "as a multiple of the best peer's; largest errors in ULP on the two samples."
    )
    cases = [case for case in run.cases if shape(case) == of]
    for name, group in groupby(cases, key=lambda case: case.task.name):
        for case in group:
            yield f"### {name}, {case.task.pass_}"
            yield _detail(run, case)


def _detail(run: Run, case: Case) -> str:
    peers = run.peers(case)
    rows = []
    for name in sorted(case.measured(), key=case.speed, reverse=True):
        part = case.of_limit(name)
        multiple = f"{case.ratio(name, peers[0]).median:.2f}" if peers else ""
        samples = [ulp(case, name, s) if s in case.systems[name].errors else "" for s in accuracy.SAMPLES]
        shown = f"**{name}**" if run.kinds[name] == "ours" else f"*{name}*" if run.kinds[name] == "limit" else name
        rows.append(
            [
                shown,
                f"{case.speed(name):.3f}",
                f"{part.median:.3f} ({part.lower:.3f} to {part.upper:.3f})",
                multiple,
                *samples,
            ]
        )
    lacking = [f"{name}: {result.lacks}" for name, result in case.systems.items() if result.lacks]
    shown = table(["system", "1e9/s", "of limit", "of best peer", *accuracy.SAMPLES], rows)
    return shown + ("\n\n" + "\n".join(f"- {line}" for line in lacking) if lacking else "")


def _setting(run: Run) -> Iterator[str]:
    yield "## How it was measured"
    cache = run.settings["cache"]
    lines = [
        f"{run.settings['rounds']} rounds. In each, every system runs once, in a new order; a call of more than "
        f"{timing.LONGEST} s sits rounds out, but runs {timing.FEWEST} times at least; a short one is repeated for "
        f"{timing.SHORTEST * 1000:g} ms. Compilation and first calls are not timed.",
        "Ratios are taken round by round, and their median and quartiles are shown.",
        f"Inputs are normally distributed with standard deviation {tasks.SPREAD:g}, incoming gradients with 1, from "
        f"seed {run.settings['seed']}.",
        "Threads: the process may use as many processors as threads are compared. C, numba, NumPy and symact are "
        "called by so many threads at once, each with a slice; the others divide the work themselves.",
        "Memory: whoever can writes into a given array. "
        + (
            "What others allocate comes from memory that the process keeps (glibc's allocator is set so), so that "
            "nobody pays for fresh pages."
            if run.settings["keeps_pages"]
            else "What others allocate may be fresh memory here, for which they pay."
        ),
        f"In cache: all arrays fit into {cache / 2**20:g} MiB, the largest cache that a core has for itself; out of "
        f"cache: they take {BEYOND} times as much or more."
        + (
            f" The cache that all cores share, {run.machine['L3 cache']}, may still hold them; what it gives is the "
            "limit's speed."
            if "L3 cache" in run.machine
            else ""
        ),
        *(f"Errors, *{name}*: {text}." for name, text in accuracy.SAMPLES.items()),
        "Errors are against the exact value of the definition, from ball arithmetic, in units of its last place: a "
        "tail that a formula loses by cancellation counts in full. *Wrong*: NaN or infinity where there should be a "
        "number, or the other way round. The sign of a zero counts nowhere here.",
    ]
    yield "\n".join(f"- {line}" for line in lines)
    yield "## Machine"
    yield "\n".join(f"- {label}: {text}" for label, text in run.machine.items())
    yield "## Systems"
    yield table(
        ["system", "version", "what it is"],
        [[name, info.missing or info.version, info.about] for name, info in run.systems.items()],
    ).replace("---:", "---")
    missing = [name for name, info in run.systems.items() if info.missing]
    yield f"Not measured, because missing here: {', '.join(missing) if missing else 'none'}."


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
