"""Measure other builds of C's float32 kernels at all 2**32 inputs: generated/BUILDS.json and generated/BUILDS.md.

    python scripts/record_builds.py --jobs 2                                   all builds and levels; hours
    python scripts/record_builds.py --build clang --level accurate --jobs 2    one of them
    python scripts/record_builds.py --missing --jobs 2                         only what has no row of today's program

The accurate kernels of the default build have to be proved first (`scripts/record_accuracy.py --exhaustive`).
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from symact import Error, catalog, targets
from symact.files import write_whole
from symact.kernel import store
from symact.verification import beside, builds, record

FOLDER = Path(__file__).resolve().parents[1] / "generated"


def note(new: list[record.Row], folder: Path) -> None:
    """Write both files with some rows more."""
    compiled = {entry.name: store.compiled(entry) for entry in catalog.entries()}
    rows = builds.merged(record.current(record.read(folder / "BUILDS.json"), compiled), new)
    for name, text in (("BUILDS.json", record.to_json(rows)), ("BUILDS.md", builds.to_markdown(rows))):
        write_whole(folder / name, text)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="activations; the whole catalogue by default")
    levels = [type_.level for type_ in targets.get(beside.TARGET).types if type_.dtype == "float32"]
    known = [build.name for build in builds.BUILDS]
    parser.add_argument("--build", action="append", choices=known, help="repeat for more; by default all")
    parser.add_argument("--level", action="append", choices=levels, help="repeat for more; by default all")
    parser.add_argument("--pass", action="append", dest="passes", choices=beside.PASSES, help="repeat for more")
    parser.add_argument("--missing", action="store_true", help="leave out what has a row of today's program")
    parser.add_argument("--jobs", type=int, default=1, help="processes; -1 for one a core")
    parser.add_argument("--scheduler", help="another backend of joblib, such as dask")
    given = parser.parse_args()
    chosen = [build for build in builds.BUILDS if build.name in (given.build or known)]
    for name in given.names or catalog.names():
        compiled = store.compiled(catalog.get(name))
        done = {
            (row["level"], row["pass"], row["build"])
            for row in record.current(record.read(FOLDER / "BUILDS.json"), {name: compiled})
        }
        offers = [(build, one) for build in chosen for one in builds.offered(compiled, build, given.level or levels)]
        for pass_ in given.passes or beside.PASSES:
            work = [(b, one) for b, one in offers if not given.missing or (one.level, pass_, b.name) not in done]
            if not work:
                continue
            others = [one for _, one in work]
            rows = record.read(FOLDER / "ACCURACY.json")
            try:
                found = beside.run(name, pass_, others, rows=rows, jobs=given.jobs, scheduler=given.scheduler)
            except Error as error:
                print(f"{name} {pass_}: {error}", flush=True)
                continue
            day = datetime.now(UTC).date()
            new = [builds.row(compiled, build, one, rows, day) for (build, _), one in zip(work, found, strict=True)]
            note(new, FOLDER)
            for row in new:
                shown = (
                    "activation",
                    "level",
                    "pass",
                    "build",
                    "max_ulp",
                    "exact",
                    "different",
                    "failures",
                    "violations",
                )
                print(*(row[key] for key in shown), flush=True)


if __name__ == "__main__":
    main()
