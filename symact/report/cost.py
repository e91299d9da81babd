"""What kernels cost, for a terminal, in Markdown, and as a picture: the kernels below the GPUs' rooflines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from symact.report import plot
from symact.report.content import Document

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The architecture whose instructions are shown class by class.
_SHOWN = "sm_90"

_COLOURS = ("#0b5fa5", "#c8501e", "#3c8d3c", "#7a4fa3", "#a08000", "#222222")
_MARKS = ("o", "s", "^", "D", "v", "P")


def print_cost(document: Document) -> None:
    """Print a cost document to stdout, without trailing blanks."""
    console = Console(highlight=False)
    console.begin_capture()
    console.print(_title(document), style="bold")
    console.print(_said(document))
    for title, columns, rows in _tables(document):
        console.print()
        console.print(title, style="bold")
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for number, column in enumerate(columns):
            table.add_column(column, justify="right" if number else "left", no_wrap=not number)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    console.print()
    console.print(_READING)
    for line in console.end_capture().splitlines():
        print(line.rstrip())


def markdown(document: Document) -> str:
    """A cost document as Markdown."""
    lines = [f"# {_title(document)}", "", _said(document)]
    for title, columns, rows in _tables(document):
        lines += ["", f"## {title}", "", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", _READING])


_READING = (
    "From the shortest way through the code to both sides of every branch. Ratios are least times at the GPU's peak "
    "rates, instructions over memory; * above 1: for some data at least the instructions are the limit."
)


def _title(document: Document) -> str:
    return f"{document['name']}, target {document['target']}, {document['dtype']}: cost of an element"


def _said(document: Document) -> str:
    recorded = ", from the record" if document["recorded"] else ""
    return f"{document['modelled']} ({document['compiler']}{recorded})"


def _tables(document: Document) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Title, columns and rows of each table; a column a pass."""
    shown = [one for one in document["kernels"] if one["architecture"] == _SHOWN]
    passes = [one["pass"] for one in shown]
    instructions = [one["instructions"] for one in shown]
    rows = [["instructions", *(_span(one["least"], one["most"]) for one in instructions)]]
    for class_ in _classes(instructions):
        rows.append([f"  {class_}", *(str(one["classes"].get(class_, 0)) for one in instructions)])
    rows.append(["registers", *(str(one["registers"]) for one in shown)])
    rows.append(["bytes", *(str(one["bytes"]) for one in shown)])
    headings = ["", *(pass_.replace("_", " ") for pass_ in passes)]
    yield f"Machine code for {_SHOWN}", headings, rows
    rows = []
    for gpu in document["gpus"]:
        found = {one["pass"]: one for one in gpu["kernels"]}
        rows.append([gpu["name"], *(_bound(found[pass_]) for pass_ in passes)])
    yield "Instructions over memory", headings, rows


def _classes(instructions: Sequence[Mapping[str, Any]]) -> list[str]:
    """All classes, the largest first."""
    totals: Counter[str] = Counter()
    for one in instructions:
        totals.update(one["classes"])
    return [class_ for class_, _ in totals.most_common()]


def _span(least: int, most: int) -> str:
    return str(most) if least == most else f"{least}-{most}"


def _bound(found: Mapping[str, Any]) -> str:
    """The ratios of a kernel on a GPU, and a star where it is limited by instructions."""
    low = found["instructions_ps"]["least"] / found["memory_ps"]
    high = found["ratio"]
    numbers = f"{high:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f}-{high:.2f}"
    return f"{numbers}{' ' if found['bound'] == 'memory' else '*'}"


def draw(document: Document, format_: str) -> bytes:
    """The picture of a cost document, as the bytes of a file. Same input, same bytes.

    Args:
        document: what `symact.verification.cost.to_dict` returns.
        format_: "png", "svg" or "pdf".

    Raises:
        Error: matplotlib is not installed.
    """

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_title(f"{_title(document)}\n{_said(document)}")
        _rooflines(axes, document)

    return plot.rendered(paint, (8, 5.2), document["name"], format_)


def _rooflines(axes: Axes, document: Document) -> None:
    """Instructions a second over instructions a byte: a GPU's roof, and on it the kernels."""
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    kernels = {(one["architecture"], one["pass"]): one for one in document["kernels"]}
    passes = list(dict.fromkeys(one["pass"] for one in document["kernels"]))
    densities = [one["instructions"]["most"] / one["bytes"] for one in document["kernels"]]
    low, high = min(densities) / 2.5, max(densities) * 2
    for gpu, colour in zip(document["gpus"], cycle(_COLOURS), strict=False):
        peak = gpu["instructions_per_cycle"] * gpu["multiprocessors"] * gpu["clock_mhz"] * 1e6
        bandwidth = gpu["bandwidth_gb_per_s"] * 1e9
        xs = [low, *([peak / bandwidth] if low < peak / bandwidth < high else []), high]
        axes.loglog(xs, [min(peak, x * bandwidth) for x in xs], color=colour, linewidth=1.2, label=gpu["name"])
        for pass_, mark in zip(passes, cycle(_MARKS), strict=False):
            one = kernels[gpu["architecture"], pass_]
            density = one["instructions"]["most"] / one["bytes"]
            axes.plot(density, min(peak, density * bandwidth), color=colour, marker=mark, markersize=5)
    for pass_, mark in zip(passes, cycle(_MARKS), strict=False):
        axes.plot([], [], color=plot.FAINT, marker=mark, linestyle="none", label=pass_.replace("_", " "))
    axes.set_xlabel("instructions a byte, both sides of every branch executed")
    axes.set_ylabel("instructions of a thread a second, at most")
    axes.xaxis.set_major_locator(FixedLocator([digit * 10**power for power in range(-1, 4) for digit in (1, 2, 5)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xlim(low, high)
    axes.grid(which="major", color=plot.FAINT, linewidth=0.3)
    axes.legend(fontsize=8)
