"""How long symact's own commands take, and where the time goes: writes docs/own-speed.md.

    python scripts/own_speed.py

Each command runs in a fresh process several times; what is printed is the median. Shares are those of a profile, by the
package in which the time is spent, and hold for the profiled run alone: a profiler slows functions down unevenly.
"""

from __future__ import annotations

import os
import platform
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import symact
from symact.files import write_whole

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "own-speed.md"
ROUNDS = 5

#: What is measured, as arguments of Python; FOLDER is an empty folder each time, CACHE one that is filled already.
COMMANDS = {
    "`import symact`": ("-c", "import symact"),
    "`symact list`": ("-m", "symact", "list"),
    "`symact analyze logsig --no-cache`": ("-m", "symact", "analyze", "logsig", "--no-cache"),
    "`symact analyze logsig`, done before": ("-m", "symact", "analyze", "logsig"),
    "`symact generate --all`, into an empty folder": ("-m", "symact", "generate", "--all", "--out", "FOLDER"),
    "`symact generate --all`, nothing to change": ("-m", "symact", "generate", "--all", "--out", "FILLED"),
    "`symact verify article`": ("-m", "symact", "verify", "article"),
}

#: What is profiled, as Python code. An analysis is done in a process of its own; the profile is of the work there.
PROFILED = {
    "the work of `symact analyze logsig`": """
from symact import catalog
from symact.analysis.sections import sections
for _, compute in sections(catalog.get("logsig")):
    compute()
""",
    "`symact generate --all`": """
from symact import catalog, targets
from symact.kernel import store
activations = [store.compiled(entry) for entry in catalog.entries()]
for name in targets.names():
    targets.generate_tree(activations, name)
""",
}


def seconds(command: Sequence[str], filled: Path) -> tuple[float, float]:
    """Wall clock and processor time of one run."""
    with tempfile.TemporaryDirectory() as folder:
        here = {"FOLDER": folder, "FILLED": str(filled)}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, *(here.get(word, word) for word in command)],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def shares(code: str, folder: Path) -> dict[str, float]:
    """Package -> its part of the time that a profile of some code has; built-in functions count for their callers."""
    file = folder / "profile"
    subprocess.run([sys.executable, "-c", f"import cProfile; cProfile.run({code!r}, {str(file)!r})"], check=True)
    found: defaultdict[str, float] = defaultdict(float)
    entries = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    for (path, _, _), (_, _, own, _, callers) in entries.items():
        if path == "~":
            for (caller, _, _), (_, _, part, _) in callers.items():
                found[package(caller)] += part
        else:
            found[package(path)] += own
    whole = sum(found.values())
    return {name: part / whole for name, part in sorted(found.items(), key=lambda item: -item[1])}


def package(path: str) -> str:
    """The package of a source file; symact's own parts by themselves."""
    parts = Path(path).parts
    if "symact" in parts:
        below = parts[parts.index("symact") + 1 :]
        return f"symact.{below[0]}" if len(below) > 1 else "symact"
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    return "the standard library"


def page() -> str:
    """The document."""
    lines = [
        "# How long symact itself takes",
        "",
        f"Medians of {ROUNDS} runs in fresh processes, in seconds; written by `python scripts/own_speed.py`. "
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, symact "
        f"{symact.__version__}.",
        "",
        "| command | wall clock | processor |",
        "| --- | ---: | ---: |",
    ]
    with tempfile.TemporaryDirectory() as name:
        filled = Path(name) / "filled"
        for title, command in COMMANDS.items():
            seconds(command, filled)  # the first run fills caches of the file system, and those of analyses
            runs = [seconds(command, filled) for _ in range(ROUNDS)]
            wall, processor = (median(run[i] for run in runs) for i in (0, 1))
            lines.append(f"| {title} | {wall:.2f} | {processor:.2f} |")
        lines += ["", "Generating needs no search: the catalogue's programs are stored, and printed as they are.", ""]
        for title, code in PROFILED.items():
            lines += [
                f"Where the time of {title} goes, by a profile; imports are part of it:",
                "",
                "| package | share |",
                "| --- | ---: |",
            ]
            found = shares(code, Path(name))
            lines += [f"| {part} | {100 * share:.0f} % |" for part, share in found.items() if share >= 0.03]
            lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    text = page()
    write_whole(PAGE, text)
