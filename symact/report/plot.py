"""The picture of an activation: f, f', f'', and the tails of f' beside their leading terms."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import takewhile
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from symact.errors import Error
from symact.report import formulas
from symact.report.content import Document, Evaluator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_KINDS = ("png", "svg", "pdf")
_WINDOW = 6.0
_POINTS = 400
#: Tails are drawn as far out as 10 to this power, and down to this value.
_FARTHEST = 6
SMALLEST = 1e-18
#: Where tails are computed.
DISTANCES = tuple(10 ** (power / 40) for power in range(-40, 40 * _FARTHEST + 1))
#: A tail that leaves the picture for more points than this has left it for good; fewer can be a zero of f'.
_PATIENCE = 10

_INK, FAINT = "#222222", "#999999"
_F, _FIRST, _SECOND = "#0b5fa5", "#c8501e", "#3c8d3c"


def kind(path: Path) -> str:
    """The picture's format, from the file's suffix.

    Raises:
        Error: no format that can be drawn.
    """
    suffix = path.suffix.removeprefix(".").lower()
    if suffix not in _KINDS:
        raise Error(f"cannot draw '{path}'", f"end the name in .{', .'.join(_KINDS)}")
    return suffix


def draw(document: Document, evaluator: Evaluator, format_: str) -> bytes:
    """The picture of an analysis document, as the bytes of a file. Same input, same bytes.

    Args:
        document: what `Analysis.to_dict` returns.
        evaluator: makes functions of the document's formulas.
        format_: "png", "svg" or "pdf".

    Raises:
        Error: matplotlib is not installed.
    """
    if not (document["derivative"] and document["second_derivative"]):
        raise Error("the derivatives, which the picture shows, were not finished", "give more time: --timeout SECONDS")

    def paint(figure: Figure) -> None:
        figure.suptitle(_title(document), x=0.01, ha="left")
        (function, derivatives), tails = figure.subplots(2, 2)
        _draw_function(function, document, evaluator)
        _draw_derivatives(derivatives, document, evaluator)
        for axes, end in zip(tails, ("-oo", "+oo"), strict=True):
            _draw_tail(axes, document, end, evaluator)

    return rendered(paint, (9, 6.6), document["name"], format_)


def rendered(paint: Callable[[Figure], None], size: tuple[float, float], salt: str, format_: str) -> bytes:
    """A picture as the bytes of a file.

    Args:
        paint: draws into a figure.
        size: width and height in inches.
        salt: makes the names inside an SVG file unique.
        format_: "png", "svg" or "pdf".

    Raises:
        Error: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise Error("pictures need matplotlib", "pip install 'symact[plot]'") from None
    with mpl.rc_context(
        {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": FAINT,
            "axes.titlesize": 10,
            "axes.titlelocation": "left",
            "xtick.color": _INK,
            "ytick.color": _INK,
            "font.size": 9,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "svg.hashsalt": salt,
        }
    ):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        buffer = io.BytesIO()
        # Nothing of the time of day goes into the file.
        figure.savefig(
            buffer,
            format=format_,
            dpi=160,
            metadata={"png": {}, "svg": {"Date": None}}.get(format_, {"CreationDate": None}),
        )
    return buffer.getvalue()


def _title(document: Document) -> str:
    settings = [f"{name} = {formulas.text(value)}" for name, value in document["parameters"].items()]
    return f"{document['name']}   f(x) = " + ",  ".join([formulas.text(document["expression"]), *settings])


def _draw_function(axes: Axes, document: Document, evaluator: Evaluator) -> None:
    value = evaluator(document["expression"], "x")
    for interval in (piece["interval"] for piece in document["derivative"]["pieces"]):
        xs = _samples(interval, evaluator)
        axes.plot(xs, [value(x) for x in xs], color=_F)
    for exact in {limit for limit in document["limits"].values() if limit not in (None, "oo", "-oo")}:
        axes.axhline(evaluator(exact, "x")(0), color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_title("f")
    _frame(axes)


def _draw_derivatives(axes: Axes, document: Document, evaluator: Evaluator) -> None:
    values: list[float] = []
    for key, name, colour, width in (("derivative", "f'", _FIRST, 2.4), ("second_derivative", "f''", _SECOND, 1.4)):
        label: str | None = name
        for piece in document[key]["pieces"]:
            value, xs = evaluator(piece["expression"], "x"), _samples(piece["interval"], evaluator)
            ys = [value(x) for x in xs]
            axes.plot(xs, ys, color=colour, linewidth=width, label=label)
            values += filter(isfinite, ys)
            label = None
    values.sort()
    lower, upper = values[len(values) // 50], values[-1 - len(values) // 50]
    if values[-1] - values[0] > 5 * (upper - lower) > 0:  # a pole would press everything else flat
        axes.set_ylim(lower - (upper - lower) / 4, upper + (upper - lower) / 4)
    axes.set_title("f' and f''")
    axes.legend()
    _frame(axes)


def _frame(axes: Axes) -> None:
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    axes.axvline(0, color=FAINT, linewidth=0.6, zorder=0)
    axes.set_xlim(-_WINDOW, _WINDOW)
    axes.set_xlabel("x")


def _draw_tail(axes: Axes, document: Document, end: str, evaluator: Evaluator) -> None:
    """|f'| beside its leading term; where f' tends to a constant, its distance from that."""
    tail, sign, drawn = document["tails"][end], 1 if end == "+oo" else -1, "|f'|"
    derivative = evaluator(document["derivative"]["expression"], "x")
    axes.set_title(f"f' as x → {'∞' if sign > 0 else '-∞'}:  {tail['class']}")
    axes.set_xlabel("t = |x|")
    limit = 0.0
    if tail["class"] == "constant":
        limit = evaluator(tail["limit"], "t")(0)
        drawn = f"|f' - {formulas.text(tail['limit'])}|" if limit else drawn
        tail = tail["approach"] or {"leading": None}
    # Below this the difference to the limit is rounding, not f'.
    smallest = max(SMALLEST, 4e-15 * abs(limit))
    seen: list[tuple[float, float]] = []
    outside = 0
    for t in DISTANCES:
        size = abs(derivative(sign * t) - limit)
        if smallest <= size <= 1 / smallest:
            seen.append((t, size))
            outside = 0
        else:
            outside += 1
        if seen and outside > _PATIENCE:
            break
    if not seen:
        axes.text(0.5, 0.5, f"f' = {limit:g}", transform=axes.transAxes, ha="center", color=_INK)
        axes.set_axis_off()
        return
    axes.loglog(*zip(*seen, strict=True), color=_FIRST, label=drawn)
    if tail["leading"]:
        leading = evaluator(tail["leading"], "t")
        # It says nothing about small t: from far out, as long as it has something to do with what is drawn.
        both = ((t, abs(leading(t)), size) for t, size in reversed(seen))
        close = [(t, value) for t, value, _ in takewhile(lambda p: 0.1 <= p[1] / p[2] <= 10, both)]
        if close:
            label = formulas.text(tail["leading"]).removeprefix("-")
            axes.loglog(*zip(*close, strict=True), color=_INK, linestyle=(0, (3, 2)), linewidth=1.2, label=label)
    axes.legend()
    axes.grid(which="major", color=FAINT, linewidth=0.3)


def _samples(interval: str, evaluator: Evaluator) -> list[float]:
    """Points inside an open interval (SymPy text), as far as it lies in the window."""
    lower, upper = (_clipped(end, evaluator) for end in formulas.ends(interval))
    if lower == upper:
        return []
    return [lower + (upper - lower) * (k + 0.5) / _POINTS for k in range(_POINTS)]


def _clipped(end: str, evaluator: Evaluator) -> float:
    """An interval's end as a number inside the window."""
    if end in ("oo", "-oo"):
        return _WINDOW if end == "oo" else -_WINDOW
    return min(max(evaluator(end, "x")(0), -_WINDOW), _WINDOW)
