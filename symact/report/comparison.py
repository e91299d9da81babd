"""A comparison as a person reads it: tables, and one picture with logarithmic scales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from symact.report import content, plot
from symact.report.content import Document, Evaluator, Formula, Inline, Report, Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#0b5fa5", "#c8501e", "#3c8d3c", "#7b3fa0", "#b08900", "#008080", "#c2185b", "#555555")
_STYLES = ("solid", "dashed", "dotted")

_MEANING = (
    "Over the next: the limit of |f'| divided by |f'| of the next row. ",
    Formula("oo"),
    " means heavier than every multiple of the next, 1 that both are the same in the end. Here t = |x|.",
)


def report(document: Document) -> Report:
    """The report on a comparison document: for each end, or for both together, the tails in their order."""
    if list(_rows(document, "-oo")) == list(_rows(document, "+oo")):
        sections: tuple[Section, ...] = (_section(document, "+oo", "Far from 0 on both sides"),)
    else:
        sections = tuple(_section(document, end, f"x → {name}") for end, name in (("-oo", "-∞"), ("+oo", "∞")))
    return Report("; ".join(document["analyses"]), "f' of each, the heaviest tail first", "", sections)


def _section(document: Document, end: str, title: str) -> Section:
    columns: tuple[Inline, ...] = (("f' is close to",), ("f' therefore",), ("over the next",))
    notes: tuple[Inline, ...] = (_MEANING,)
    if end in document["unfinished"]:
        notes = ((f"The order is as given; finding it {document['unfinished'][end]}.",), *notes)
    return Section(title, tuple(_rows(document, end)), columns, notes)


def _rows(document: Document, end: str) -> Iterator[tuple[Inline, ...]]:
    for place in document["order"][end]:
        tail = document["analyses"][place["label"]]["tails"][end]
        ratio: Inline = ("-",) if place["ratio"] is None else (Formula(place["ratio"]),)
        yield (place["label"],), content.leading(tail), content.behaviour(tail), ratio


def draw(document: Document, evaluators: Mapping[str, Evaluator], format_: str) -> bytes:
    """The picture of a comparison document: abs(f') over t = abs(x), on each side where they differ.

    Args:
        document: what `Comparison.to_dict` returns.
        evaluators: by label, what makes functions of an analysis's formulas.
        format_: "png", "svg" or "pdf".

    Raises:
        Error: matplotlib is not installed.
    """
    analyses = document["analyses"]
    shapes = [analysis["shape"] or {} for analysis in analyses.values()]
    ends = ("+oo",) if all(shape.get("odd") or shape.get("even") for shape in shapes) else ("-oo", "+oo")

    def paint(figure: Figure) -> None:
        for axes, end in zip(figure.subplots(1, len(ends), squeeze=False)[0], ends, strict=True):
            _draw_tails(axes, document, end, evaluators)

    return plot.rendered(paint, (4.5 * len(ends) + 1, 4.5), "comparison", format_)


def _draw_tails(axes: Axes, document: Document, end: str, evaluators: Mapping[str, Evaluator]) -> None:
    sign = 1 if end == "+oo" else -1
    for number, (label, analysis) in enumerate(document["analyses"].items()):
        if analysis["derivative"] is None:
            continue
        derivative = evaluators[label](analysis["derivative"]["expression"], "x")
        seen = [(t, size) for t in plot.DISTANCES if (size := abs(derivative(sign * t))) >= plot.SMALLEST]
        colour, style = _COLOURS[number % len(_COLOURS)], _STYLES[number // len(_COLOURS) % len(_STYLES)]
        # Where all of it is 0 or too small, its name alone stands in the legend.
        name = label if seen else f"{label}: 0"
        axes.loglog([t for t, _ in seen], [s for _, s in seen], color=colour, linestyle=style, label=name)
    axes.set_title(f"|f'| as x → {'∞' if sign > 0 else '-∞'}")
    axes.set_xlabel("t = |x|")
    axes.set_ylim(bottom=plot.SMALLEST)
    axes.legend()
    axes.grid(which="major", color=plot.FAINT, linewidth=0.3)
