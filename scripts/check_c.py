"""Check the C sources of the whole catalogue: their memory, and the code that compilers make of their loops.

    python scripts/check_c.py sanitizers [NAME ...]   address and undefined-behaviour sanitizers of GCC and Clang
    python scripts/check_c.py valgrind [NAME ...]     the same calls under valgrind, which sees AVX2 at most
    python scripts/check_c.py vectors [NAME ...]      the loops for AVX2 and AVX-512 are vectorised, all dtypes

The tests do this for a few entries, and for AVX2 for all. It takes minutes, and ends with 1 if anything was found.
`--without-sets` compiles for the instruction set that the compiler takes by itself alone: on x86-64 that is SSE2, for
which not all loops are vectorised.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from symact import catalog, targets
from symact.kernel.store import compiled
from symact.verification import memory, vectorised

COMPILERS = ("gcc", "clang")


def sanitizers(name: str, compiler: str, flags: list[str]) -> str:
    return memory.check(compiled(catalog.get(name)), compiler, (*memory.SANITIZERS, *flags))


def valgrind(name: str, compiler: str, flags: list[str]) -> str:
    # Valgrind 3.19 cannot read what Clang writes by itself, DWARF 5.
    return memory.check(compiled(catalog.get(name)), compiler, ("-O2", "-gdwarf-4", *flags), under=memory.VALGRIND)


def vectors(name: str, compiler: str, flags: list[str]) -> str:
    types = targets.get("c").types
    found = vectorised.scalar_loops(compiled(catalog.get(name)), types, compiler, flags)
    if not flags:
        found = {loop: reason for loop, reason in found.items() if not loop.endswith("_loop_flags")}
    return "clean" if not found else "\n".join(f"    {loop}: {reason}" for loop, reason in found.items())


CHECKS: dict[str, Callable[[str, str, list[str]], str]] = {
    "sanitizers": sanitizers,
    "valgrind": valgrind,
    "vectors": vectors,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--compiler", choices=COMPILERS, action="append", help="by default all that are here")
    parser.add_argument("--without-sets", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_intermixed_args()
    chosen = given.compiler or [c for c in COMPILERS if shutil.which(c)]
    flags = ["-DSYMACT_SETS=0"] if given.without_sets else []
    tasks = [(name, compiler, flags) for compiler in chosen for name in given.names or catalog.names()]
    failed = 0
    with ThreadPoolExecutor(given.jobs) as pool:
        results = pool.map(lambda task: CHECKS[given.check](*task), tasks)
        for (name, compiler, _), said in zip(tasks, results, strict=True):
            failed += said != "clean"
            print(f"{given.check} {compiler} {name}: {said}", flush=True)
    print(f"{len(tasks) - failed} of {len(tasks)} clean")
    return 1 if failed or not tasks else 0


if __name__ == "__main__":
    sys.exit(main())
