"""Search for the catalogue's programs and store them in symact/kernel/programs.

    python scripts/search_programs.py [NAME ...]

Without names the whole catalogue is searched (about a second an entry). This is the only thing that changes the stored
programs; run it after a definition or a rewriting rule has changed, read the diff (each program's measured error stands
under "search"), and regenerate `generated/`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from symact import catalog
from symact.kernel.store import write

FOLDER = Path(__file__).parent.parent / "symact" / "kernel" / "programs"


def main() -> None:
    """Search for the activations named on the command line, or for all; remove what has left the catalogue."""
    for name in sys.argv[1:] or catalog.names():
        start = time.perf_counter()
        path = write(catalog.get(name), FOLDER)
        print(f"{path.name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    for path in FOLDER.glob("*.json"):
        if path.stem not in catalog.names():
            path.unlink()


if __name__ == "__main__":
    main()
