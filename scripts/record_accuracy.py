"""Measure kernels of the catalogue and note the results in generated/ACCURACY.json and generated/ACCURACY.md.

    python scripts/record_accuracy.py --jobs 2                            every pass, sampled; 16-bit dtypes in full
    python scripts/record_accuracy.py --missing --jobs 2                  only what has no row of today's program
    python scripts/record_accuracy.py gelu --exhaustive --target c --level accurate --pass derivative --jobs 2
    python scripts/record_accuracy.py gelu --exhaustive --target c --dtype float32 --missing          beside accurate
    DASK_SCHEDULER_ADDRESS=tcp://host:8786 python scripts/record_accuracy.py --exhaustive --target c --scheduler dask
    python scripts/record_accuracy.py --merge other/ACCURACY.json         what was measured elsewhere

Each result is noted as soon as it is there. Afterwards `symact generate --all` puts the figures into the headers.
"""

from __future__ import annotations

import argparse
import fcntl
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from symact import Error, catalog, targets
from symact.files import write_whole
from symact.kernel import store
from symact.verification import beside, execution, exhaustive, farm, record
from symact.verification.accuracy import MULTIPLYING, OUTPUTS, Measurement, Subject, survey

#: Rows, or what went wrong.
Found = list[record.Row] | str

FOLDER = Path(__file__).resolve().parents[1] / "generated"


def note(new: Sequence[record.Row], folder: Path) -> None:
    """Add rows to both files; another process that does the same has to wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        compiled = {entry.name: store.compiled(entry) for entry in catalog.entries()}
        known = record.read(folder / "ACCURACY.json")
        rows = record.merged(*(record.current(part, compiled) for part in (known, new)))
        for name, text in (("ACCURACY.json", record.to_json(rows)), ("ACCURACY.md", record.to_markdown(rows))):
            write_whole(folder / name, text)


def subjects(name: str, given: argparse.Namespace) -> Iterator[Subject]:
    """What the command line asks for, of one activation, as far as it can run here."""
    for target in targets.available():
        if target.name not in given.target if given.target else target.missing:
            continue
        for type_ in targets.get(target.name).types:
            if type_.dtype not in (given.dtype or [type_.dtype]) or type_.level not in (given.level or [type_.level]):
                continue
            try:
                compiled = store.compiled(catalog.get(name), [type_.arithmetic])
                execution.of(compiled, target.name, type_.dtype, type_.level)
            except Error as error:
                print(f"{name} {target.name} {type_.dtype} {type_.level}: {error}", flush=True)
                continue
            for pass_ in (one for one in given.passes or compiled.signatures if one in compiled.signatures):
                yield Subject(target.name, type_.dtype, pass_, type_.level)


def missing(name: str, chosen: Iterable[Subject], known: Collection[record.Row]) -> list[Subject]:
    """Those of an activation's passes that have no row of today's program, made with today's tool."""
    compiled = store.compiled(catalog.get(name))
    made = {
        tuple(row[key] for key in ("target", "dtype", "pass", "level")): row["tool"]
        for row in record.current(known, {name: compiled})
    }
    return [
        one
        for one in chosen
        if one not in made or made[one] != execution.of(compiled, one.target, one.dtype, one.level).tool
    ]


def rows(name: str, measurements: Sequence[Measurement]) -> list[record.Row]:
    """The record's rows, one for all outputs of a pass."""
    compiled, day = store.compiled(catalog.get(name)), datetime.now(UTC).date()
    passes = groupby(measurements, key=lambda one: (one.target, one.dtype, one.pass_, one.level))
    return [record.row(compiled, list(outputs), day) for _, outputs in passes]


def sampled(work: tuple[str, list[Subject], int | None, int]) -> Found:
    """The rows of one activation from samples, or what went wrong."""
    name, chosen, count, seed = work
    try:
        return rows(name, survey(name, chosen, count=count, seed=seed))
    except Error as error:
        return f"{name}: {error}"


def proved(name: str, subject: Subject, given: argparse.Namespace) -> Found:
    """The row of one pass from all inputs of float32, each judged by itself, or what went wrong."""
    target, _, pass_, level = subject
    try:
        found = exhaustive.run(name, target, pass_, level=level, jobs=given.jobs, scheduler=given.scheduler)
        return rows(name, found)
    except Error as error:
        return f"{name} {target} {level} {pass_}: {error}"


def compared(name: str, pass_: str, chosen: Sequence[Subject], given: argparse.Namespace) -> Iterator[Found]:
    """The rows of one pass of several kernels from all inputs of float32, beside the one that is proved."""
    others = [beside.Other(one.target, one.level) for one in chosen]
    known = record.read(given.into / "ACCURACY.json")
    try:
        found = beside.run(name, pass_, others, rows=known, jobs=given.jobs, scheduler=given.scheduler)
    except Error as error:
        yield f"{name} {pass_}: {error}"
        return
    for one in found:
        if one.exact:
            yield rows(name, [one.measurement])
        else:
            bound = f"its largest error is at most {one.measurement.accuracy.max_ulp:.4f} ULP; --direct finds it"
            yield f"{name} {one.measurement.target} {one.measurement.level} {pass_}: {bound}"


def at_all_inputs(name: str, chosen: Sequence[Subject], given: argparse.Namespace) -> Iterator[Found]:
    """The rows of an activation's float32 passes that have one input; what can be compared is, if not asked for."""
    compiled = store.compiled(catalog.get(name))
    chosen = [one for one in chosen if one.dtype == "float32" and one.pass_ not in MULTIPLYING]
    others = [one for one in chosen if not given.direct and beside.possible(compiled, one.target, one.level, one.pass_)]
    for subject in chosen:
        if subject not in others:
            yield proved(name, subject, given)
    for pass_ in beside.PASSES:
        together = [one for one in others if one.pass_ == pass_]
        if together:
            yield from compared(name, pass_, together, given)


def everything(given: argparse.Namespace) -> Iterator[Found]:
    """What the command line asks for, piece by piece."""
    chosen = {name: list(subjects(name, given)) for name in given.names or catalog.names()}
    if given.missing:
        known = [row for row in record.read(given.into / "ACCURACY.json") if not given.exhaustive or record.proved(row)]
        chosen = {name: missing(name, own, known) for name, own in chosen.items()}
    if given.exhaustive:
        for name, own in chosen.items():
            yield from at_all_inputs(name, own, given)
        return
    work = [(name, own, given.count, given.seed) for name, own in chosen.items() if own]
    if given.jobs == 1 and given.scheduler is None:
        yield from map(sampled, work)
    else:
        yield from farm.each(sampled, work, given.jobs, given.scheduler)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="activations; the whole catalogue by default")
    parser.add_argument("--target", action="append", help="repeat for more; by default what runs here as it is")
    parser.add_argument("--dtype", action="append", help="repeat for more; by default all of the target")
    parser.add_argument("--pass", action="append", dest="passes", choices=list(OUTPUTS), help="repeat for more")
    parser.add_argument("--level", action="append", help="repeat for more; by default all of the target")
    parser.add_argument("--count", type=int, help="how many inputs of a sample, instead of 2**22 or 10**6")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other inputs")
    parser.add_argument("--exhaustive", action="store_true", help="float32 alone, at all 2**32 inputs")
    parser.add_argument("--direct", action="store_true", help="judge every input, also beside kernels that are proved")
    parser.add_argument("--missing", action="store_true", help="leave out what has a row of today's program")
    parser.add_argument("--jobs", type=int, default=1, help="processes; -1 for one a core")
    parser.add_argument("--scheduler", help="another backend of joblib, such as dask")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER", help="where the record is")
    parser.add_argument("--merge", type=Path, metavar="FILE", help="measure nothing, take the rows of another record")
    given = parser.parse_args()
    if given.merge:
        note(record.read(given.merge), given.into)
        return
    for found in everything(given):
        if isinstance(found, str):
            print(found, flush=True)
            continue
        note(found, given.into)
        for row in found:
            print(*(row[key] for key in (*record.KEY, "max_ulp", "method", "failures", "violations")), flush=True)


if __name__ == "__main__":
    main()
