"""Search for the catalogue's programs and store them in symact/kernel/programs.

    python scripts/search_programs.py [NAME ...] [--arithmetic NAME ...]

Without names the whole catalogue is searched (some seconds an entry, as many at once as there are processors). This is
the only thing that changes the stored programs; run it after a definition or a rewriting rule has changed, read the
diff (each program's measured error stands under "search"), and regenerate `generated/`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from symact import catalog
from symact.kernel.arithmetic import SEARCHED
from symact.kernel.store import write

FOLDER = Path(__file__).parent.parent / "symact" / "kernel" / "programs"


def stored(name: str, arithmetics: Sequence[str]) -> str:
    """Search for an activation's programs and store them; returns what to say about it."""
    start = time.perf_counter()
    path = write(catalog.get(name), FOLDER, arithmetics)
    return f"{path.name}: {time.perf_counter() - start:.1f} s"


def main() -> None:
    """Search for the activations named on the command line, or for all; remove what has left the catalogue."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("names", nargs="*", metavar="NAME")
    arguments.add_argument(
        "--arithmetic",
        nargs="+",
        choices=SEARCHED,
        default=SEARCHED,
        help="search for these alone; the other programs stay",
    )
    given = arguments.parse_args()
    with ProcessPoolExecutor() as processes:
        for line in processes.map(partial(stored, arithmetics=given.arithmetic), given.names or catalog.names()):
            print(line, file=sys.stderr)
    for path in FOLDER.glob("*.json"):
        if path.stem not in catalog.names():
            path.unlink()


if __name__ == "__main__":
    main()
