"""Kernels of the naively typed activations of tests/kernel/naive.toml: how long the search takes, and their errors.

    python scripts/naive_texts.py [--write] [TEXT ...]

For each text the programs that C and NumPy need are searched for, loaded and measured, f and f'. Prints the table of
docs/naive-texts.md; with --write it is put there. Exit code 1 where a bound is missed or a search takes 10 s.
"""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from symact import catalog, targets  # noqa: E402
from symact.activation import Activation  # noqa: E402
from symact.files import write_whole  # noqa: E402
from symact.kernel import store  # noqa: E402
from symact.verification.accuracy import Measurement, Subject, survey  # noqa: E402

_PAGE = ROOT / "docs" / "naive-texts.md"

#: Target and dtype -> the bound in ULP, in the order of the table.
BOUNDS = {("c", "float32"): 0.55, ("numpy", "float32"): 1.0, ("c", "float64"): 2.0, ("numpy", "float64"): 4.0}

_SECONDS, _COUNT = 10.0, 20_000

_HEAD = """# Naively typed activations

Nobody has to write an activation in a form that is stable: kernels are searched for by measured error. Below are texts
as one types them, from [`tests/kernel/naive.toml`](../tests/kernel/naive.toml), with the largest errors of the kernels
that `symact.load(TEXT, target, dtype)` gives, in units in the last place, f and f'. In plain float64 most of these
texts overflow, cancel or become NaN somewhere. Bounds: float32 0.55 in C and 1 in NumPy, float64 2 in C and 4 in NumPy.

Each cell is a sample of {count} inputs over all exponents, with the worst ones searched around. The search's seconds
are processor time, of all programs that a target and dtype needs, for the slowest of the four. This page is written by
`python scripts/naive_texts.py --write`.
"""


def seconds(activation: Activation) -> float:
    """The longest of the searches that a target and dtype need, in processor time."""
    longest = 0.0
    for target, dtype in reversed(BOUNDS):  # the largest first: what one has found another need not search for
        start = time.process_time()
        store.compiled(activation, targets.get(target).type(dtype, "accurate").arithmetics)
        longest = max(longest, time.process_time() - start)
    return longest


def measurements(activation: Activation) -> Iterator[tuple[float, Measurement]]:
    """The bound, and the measurements of f and f', for each target and dtype."""
    subjects = [Subject(*kind, pass_) for kind in BOUNDS for pass_ in ("forward", "derivative")]
    for found in survey(activation, subjects, count=_COUNT):
        yield BOUNDS[found.target, found.dtype], found


def row(text: str) -> tuple[str, list[str]]:
    """A line of the table, and what is wrong."""
    activation = catalog.resolve(text)
    longest = seconds(activation)
    wrong = [] if longest < _SECONDS else [f"the search took {longest:.1f} s"]
    cells = [f"`{text}`", f"{longest:.1f}"]
    for bound, one in measurements(activation):
        figure = one.accuracy.max_ulp
        cells.append(f"{figure:.3g}")
        if figure > bound or one.accuracy.failures or one.violations:
            at = one.accuracy.worst["x"] if one.accuracy.worst else ""
            what = f"{one.target} {one.dtype} {one.pass_}"
            wrong.append(f"{what}: {figure:.3g} ULP at {at}, {one.accuracy.failures} failures")
            wrong += [str(violation) for violation in one.violations[:2]]
    return f"| {' | '.join(cells)} |", wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="*", help="by default all of the list")
    parser.add_argument("--write", action="store_true", help="write docs/naive-texts.md; other texts' lines stay")
    given = parser.parse_args(arguments)
    listed = tomllib.loads((ROOT / "tests" / "kernel" / "naive.toml").read_text(encoding="utf-8"))["texts"]
    names = [f"{target} {dtype} {f}" for target, dtype in BOUNDS for f in ("f", "f'")]
    head = [_HEAD.format(count=_COUNT), f"| text | seconds | {' | '.join(names)} |", "|---" * (2 + len(names)) + "|"]
    print(*head, sep="\n")
    known = _PAGE.read_text(encoding="utf-8").splitlines()
    lines = {text: [line for line in known if line.startswith(f"| `{text}` |")] for text in listed}
    missed = {text: [line for line in known if line.startswith(f"- `{text}`: ")] for text in listed}
    for text in given.texts or listed:
        line, wrong = row(text)
        lines[text], missed[text] = [line], [f"- `{text}`: {each}" for each in wrong]
        print(line, *wrong, sep="\n", flush=True)
        if given.write:
            bad = [*chain(*missed.values())]
            page = [*head, *chain(*lines.values()), *(["", "Missed:", "", *bad] if bad else [])]
            write_whole(_PAGE, "\n".join(page) + "\n")
    return any(missed[text] for text in given.texts or listed)


if __name__ == "__main__":
    sys.exit(main())
