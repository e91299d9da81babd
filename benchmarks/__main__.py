"""``python -m benchmarks``: measure, write the results, check what is said about them."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from pathlib import Path

from benchmarks import machine, measuring, picture, report, results, statements, tasks
from benchmarks.results import Run
from benchmarks.systems import all_systems, chosen
from symact import Error, catalog
from symact.files import write_whole

#: Sizes by name; "in" fits into the second cache of every usual core with three arrays of float64.
SIZES = {"in": 1 << 15, "out": 1 << 24}

#: Assumed where the system does not say how large the second cache is.
_CACHE = 1 << 20


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        return _run(given)
    except Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare symact's kernels with other implementations: speed and error, in one run.",
        epilog="Writes benchmarks.json, benchmarks.md and a picture for each pass. "
        "Exit codes: 0 done, 1 --check found what does not hold, 2 a wrong input.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="activations; the whole catalogue by default")
    parser.add_argument("--pass", action="append", dest="passes", choices=tasks.PASSES, help="repeat for more")
    parser.add_argument("--dtype", action="append", dest="dtypes", choices=tasks.DTYPES, help="repeat for more")
    parser.add_argument(
        "--size", action="append", metavar="N", help="elements: a number, 2^K, 'in' or 'out' of cache; repeat for more"
    )
    parser.add_argument("--threads", action="append", type=int, metavar="N", help="repeat for more; 1 and 2 by default")
    parser.add_argument(
        "--system", action="append", default=[], metavar="NAME", help="systems whose name starts so; all by default"
    )
    parser.add_argument(
        "--fresh-pages",
        action="store_true",
        help="leave the allocator as it is: who allocates large arrays pays for their pages, as programs usually do",
    )
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of inputs and orders")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"), metavar="FOLDER", help="(%(default)s)")
    parser.add_argument("--picture", choices=("svg", "png", "pdf"), default="svg", help="format of the pictures")
    parser.add_argument("--from", type=Path, dest="source", metavar="FILE", help="read results, measure nothing")
    parser.add_argument("--check", action="store_true", help="list which statements do not hold; exit 1 if any")
    parser.add_argument("--list", action="store_true", help="list the systems, and which of them are missing here")
    return parser


def _run(given: argparse.Namespace) -> int:
    if given.list:
        for name, info in measuring.information(all_systems()).items():
            print(f"{name}: {info.missing or info.version}\n    {info.about}")
        return 0
    run = results.read(given.source) if given.source else _measured(given)
    findings = statements.check(run)
    _write(run, findings, given.out, given.picture)
    if not given.check:
        return 0
    _print(findings)
    return int(any(finding.misses for finding in findings))


def _measured(given: argparse.Namespace) -> Run:
    """Measure; after each case all results so far are written, so that an interrupted run is not lost."""
    if given.rounds < 1:
        raise Error(f"{given.rounds} rounds measure nothing", "give at least 1")
    todo = list(
        tasks.grid(
            given.names or catalog.names(),
            given.passes or list(tasks.PASSES),
            given.dtypes or list(tasks.DTYPES),
            sorted({_size(text) for text in given.size or SIZES}, reverse=True),
            sorted(set(given.threads or (1, 2))),
        )
    )
    systems = measuring.information(chosen(given.system))
    here = [name for name, info in systems.items() if info.missing is None]
    for name, info in systems.items():
        if info.missing:
            print(f"missing: {name}: {info.missing}", file=sys.stderr)
    described = {**machine.describe(), "load before": machine.load()}
    keep_pages = measuring.can_keep_pages() and not given.fresh_pages
    settings = {
        "command": _command(given),
        "rounds": given.rounds,
        "seed": given.seed,
        "cache": machine.caches().get("L2", _CACHE),
        "keeps_pages": keep_pages,
    }
    run = Run(described, settings, systems, ())
    start = time.monotonic()
    for case in measuring.run(todo, here, given.rounds, given.seed, keep_pages=keep_pages):
        run = Run(described, settings, systems, (*run.cases, case))
        write_whole(given.out / "benchmarks.json", _json(run))
        done, seconds = len(run.cases), time.monotonic() - start
        left = seconds / done * (len(todo) - done)
        print(f"[{done}/{len(todo)}, {left / 60:.0f} min left] {case.task}", file=sys.stderr, flush=True)
    return Run({**described, "load after": machine.load()}, settings, systems, run.cases)


def _size(text: str) -> int:
    """A number of elements."""
    if text in SIZES:
        return SIZES[text]
    base, power, exponent = text.partition("^")
    if not base.isdecimal() or (power and not (base == "2" and exponent.isdecimal() and int(exponent) < 40)):
        raise Error(f"'{text}' is no size", f"give a number, 2^20, or one of {', '.join(SIZES)}")
    return 1 << int(exponent) if power else int(base)


def _write(run: Run, findings: list[statements.Finding], folder: Path, format_: str) -> None:
    if not run.cases:
        raise Error("nothing was measured")
    pictures = []
    for pass_ in tasks.PASSES:
        drawn = picture.draw(run, pass_, format_)
        if drawn is not None:
            pictures.append(f"benchmarks-{pass_}.{format_}")
            write_whole(folder / pictures[-1], drawn)
    write_whole(folder / "benchmarks.json", _json(run))
    write_whole(folder / "benchmarks.md", report.markdown(run, findings, pictures))


def _json(run: Run) -> str:
    return json.dumps(run.to_dict(), indent=1) + "\n"


def _command(given: argparse.Namespace) -> str:
    """The command that measures the same again, without where it writes."""
    parts = ["python", "-m", "benchmarks", *given.names]
    for option, values in (
        ("--pass", given.passes),
        ("--dtype", given.dtypes),
        ("--size", given.size),
        ("--threads", given.threads),
        ("--system", given.system),
        ("--rounds", [given.rounds]),
        ("--seed", [given.seed]),
    ):
        for value in values or ():
            parts += [option, str(value)]
    if given.fresh_pages:
        parts.append("--fresh-pages")
    return shlex.join(parts)


def _print(findings: list[statements.Finding]) -> None:
    for finding in findings:
        total, missed = len(finding.verdicts), len(finding.misses)
        print(f"{finding.text}: " + (f"{total - missed} of {total}" if total else "not measured"))
        for line in finding.lines():
            print(f"    not {line}")


if __name__ == "__main__":
    sys.exit(main())
