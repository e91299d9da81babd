"""Search for the catalogue's programs with tables and store them in symact/kernel/tables.

    python scripts/search_tables.py [NAME ...]

Without names the whole catalogue is searched (some seconds an entry, as many at once as there are processors). Run it
after a definition, a stored program or the search has changed, read the diff (what was chosen and its measured error
stand beside each program), and regenerate `generated/`.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from symact import catalog
from symact.kernel.store import write_tables

FOLDER = Path(__file__).parent.parent / "symact" / "kernel" / "tables"


def stored(name: str) -> str:
    """Search for an activation's tables and store them; returns what to say about it."""
    start = time.process_time()
    path = write_tables(catalog.get(name), FOLDER)
    return f"{path.name}: {time.process_time() - start:.1f} s{'' if path.is_file() else ', none'}"


def main() -> None:
    """Search for the activations named on the command line, or for all; remove what has left the catalogue."""
    with ProcessPoolExecutor() as processes:
        for line in processes.map(stored, sys.argv[1:] or catalog.names()):
            print(line, file=sys.stderr)
    for path in FOLDER.glob("*.json"):
        if path.stem not in catalog.names():
            path.unlink()


if __name__ == "__main__":
    main()
