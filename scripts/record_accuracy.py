"""Measure kernels of the catalogue and note the results in generated/ACCURACY.json and generated/ACCURACY.md.

    python scripts/record_accuracy.py                                     every pass, sampled; 16-bit dtypes in full
    python scripts/record_accuracy.py gelu --exhaustive --target c --pass derivative --jobs 2
    python scripts/record_accuracy.py --merge other/ACCURACY.json         what was measured elsewhere

Each result is noted as soon as it is there. Afterwards `symact generate --all` puts the figures into the headers.
"""

from __future__ import annotations

import argparse
import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

from symact import Error, catalog, targets
from symact.kernel import store
from symact.verification import exhaustive, record
from symact.verification.accuracy import OUTPUTS, run

FOLDER = Path(__file__).resolve().parents[1] / "generated"


def note(new: list[record.Row], folder: Path) -> None:
    """Add rows to both files; another process that does the same has to wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        compiled = {entry.name: store.compiled(entry) for entry in catalog.entries()}
        rows = record.current(record.merged(record.read(folder / "ACCURACY.json"), new), compiled)
        for name, text in (("ACCURACY.json", record.to_json(rows)), ("ACCURACY.md", record.to_markdown(rows))):
            temporary = folder / f".{name}.{os.getpid()}"
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(folder / name)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="activations; the whole catalogue by default")
    parser.add_argument("--target", action="append", help="repeat for more; by default what runs here")
    parser.add_argument("--dtype", action="append", help="repeat for more; by default all of the target")
    parser.add_argument("--pass", action="append", dest="passes", choices=list(OUTPUTS), help="repeat for more")
    parser.add_argument("--count", type=int, default=1 << 16, help="how many inputs of a sample")
    parser.add_argument("--exhaustive", action="store_true", help="float32 at all 2**32 inputs")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--scheduler")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER", help="where the record is")
    parser.add_argument("--merge", type=Path, metavar="FILE", help="measure nothing, take the rows of another record")
    given = parser.parse_args()
    if given.merge:
        note(record.read(given.merge), given.into)
        return
    here = {one.name: one.dtypes for one in targets.available() if one.missing is None}
    for name in given.names or catalog.names():
        compiled = store.compiled(catalog.get(name))
        for target in given.target or here:
            for dtype in given.dtype or here[target]:
                for pass_ in given.passes or OUTPUTS:
                    try:
                        if given.exhaustive and dtype == "float32" and pass_ != "backward":
                            found = exhaustive.run(name, target, pass_, jobs=given.jobs, scheduler=given.scheduler)
                        else:
                            found = run(name, target, dtype, pass_, count=given.count)
                    except Error as error:
                        print(f"{name} {target} {dtype} {pass_}: {error}", flush=True)
                        continue
                    row = record.row(compiled, found, datetime.now(UTC).date())
                    note([row], given.into)
                    print(name, target, dtype, pass_, row["max_ulp"], row["method"], row["failures"], flush=True)


if __name__ == "__main__":
    main()
