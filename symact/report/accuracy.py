"""Two implementations of one function beside each other, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from symact.report.content import Document


def share(part: float) -> str:
    """A share in percent, cut off: not all is never 100."""
    return "all" if part == 1 else f"{int(part * 10_000) / 100:.2f} %"


def print_against(measurements: Sequence[Document]) -> None:
    """Print measured errors, a line an implementation and pass, to stdout."""
    console = Console(highlight=False)
    first = measurements[0]
    inputs = f"{first['accuracy']['inputs']} inputs, {first['accuracy']['method']}"
    console.print(f"{first['name']}, {first['dtype']}: {inputs}", style="bold")
    console.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("pass", no_wrap=True)
    table.add_column("kernel", no_wrap=True)
    for heading in ("largest ULP", "at x", "rounded right", "failures"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in measurements:
        found = each["accuracy"]
        table.add_row(
            each["pass"],
            each["target"],
            f"{found['max_ulp']:.4g}",
            f"{float.fromhex(found['worst']['x']):.7g}" if found["worst"] else "",
            share(found["correctly_rounded"]),
            str(found["failures"]),
        )
    console.print(table)
    for target, said in dict.fromkeys((each["target"], each["executed"]) for each in measurements if each["executed"]):
        console.print(f"{target}: {said}")
    for each in measurements:
        for wrong in each["violations"][:3]:
            words = f"{wrong['rule']}: x = {wrong['input']}: got {wrong['got']}, expected {wrong['expected']}"
            console.print(f"{each['pass']}, {each['target']}: {words}", style="red", soft_wrap=True)
