"""The picture of errors over the real line: for each pass the whole line by bit patterns, and the middle as it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from symact.report import plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from symact.oracle.formats import Format
    from symact.verification.accuracy import Curve

    Map = Callable[[NDArray[Any]], NDArray[Any]]

#: How far the middle of the line reaches.
WINDOW = 8.0

#: Columns of a panel; each shows the largest and the mean error of its inputs.
_COLUMNS = 300

#: Errors up to here are drawn on a linear scale, larger ones on a logarithmic one.
_LINEAR = 3.0

_COLOURS = ("#0b5fa5", "#c8501e", "#3c8d3c", "#7b3fa0")
_TITLES = {"y": "f", "dydx": "f'", "d2ydx2": "f''"}


def draw(curves: Sequence[Curve], name: str, format: Format, kind: str) -> bytes:
    """The picture, as the bytes of a file. Same input, same bytes.

    Args:
        curves: of passes of one or several implementations in one format, those of a pass next to each other.
        name: of the activation.
        format: of the arrays.
        kind: "png", "svg" or "pdf".

    Raises:
        Error: matplotlib is not installed.
    """
    passes = [list(group) for _, group in groupby(curves, key=lambda curve: (curve.subject.pass_, curve.output))]

    def paint(figure: Figure) -> None:
        figure.suptitle(f"{name}, {format.name}: errors in units in the last place", x=0.01, ha="left")
        rows = figure.subplots(len(passes), 2, squeeze=False, sharey="row", width_ratios=(3, 2))
        top = float(format.ordinals(_array([format.max]))[0])
        for (whole, middle), group in zip(rows, passes, strict=True):
            _panel(whole, group, lambda x: format.ordinals(x) / top, 1.0)
            _panel(middle, group, lambda x: x, WINDOW)
            whole.set_title(f"{group[0].subject.pass_}, {_TITLES[group[0].output]}: the whole line, by bit patterns")
            middle.set_title("the middle of the line")
            _scale(whole, group)
            _ticks(whole, format, top)
        entries: dict[str, Any] = {}
        for axes in rows.flat:
            handles, labels = axes.get_legend_handles_labels()
            entries.update(zip(labels, handles, strict=True))
        whose = {_label(curve) for curve in curves}
        figure.legend(list(entries.values()), list(entries), loc="outside lower left", ncols=len(whose))

    return plot.rendered(paint, (11, 2.8 * len(passes) + 0.8), "errors", kind)


def _panel(axes: Axes, curves: Sequence[Curve], place: Map, reach: float) -> None:
    """The errors of several implementations: the largest of each column as an area, the mean as a line in it."""
    import numpy as np

    edges = np.linspace(-reach, reach, _COLUMNS + 1)
    for number, curve in enumerate(curves):
        at = place(curve.x)
        column = np.searchsorted(edges, at, side="right") - 1
        inside = (column >= 0) & (column < _COLUMNS)
        numeric = inside & np.isfinite(curve.errors)
        largest, total, count = np.zeros(_COLUMNS), np.zeros(_COLUMNS), np.zeros(_COLUMNS)
        np.maximum.at(largest, column[numeric], curve.errors[numeric])
        np.add.at(total, column[numeric], curve.errors[numeric])
        np.add.at(count, column[numeric], 1.0)
        largest[count == 0] = np.nan  # no input, no error
        colour = _COLOURS[number % len(_COLOURS)]
        axes.stairs(largest, edges, fill=True, color=colour, alpha=0.35, linewidth=0)
        axes.stairs(largest, edges, color=colour, linewidth=0.8, label=f"{_label(curve)}: largest")
        mean = np.divide(total, count, out=np.full(_COLUMNS, np.nan), where=count > 0)
        middles = (edges[1:] + edges[:-1]) / 2
        axes.plot(middles, mean, color=colour, linewidth=0.8, linestyle=(0, (2, 2)), label=f"{_label(curve)}: mean")
        failed = np.unique(column[inside & ~np.isfinite(curve.errors)])
        if len(failed):
            axes.plot(
                middles[failed],
                np.full(len(failed), 0.96 - 0.06 * number),
                "s",
                color=colour,
                markeredgewidth=0,
                markersize=3,
                transform=axes.get_xaxis_transform(),
                label=f"{_label(curve)}: wrong NaN, infinity or sign of 0",
            )
    axes.axhline(0.5, color=plot.FAINT, linewidth=0.8, zorder=0)
    axes.set_xlim(-reach, reach)


def _label(curve: Curve) -> str:
    target, _, _, level = curve.subject
    return f"symact, target {target}, level {level}" if level else target


def _scale(axes: Axes, curves: Sequence[Curve]) -> None:
    """The vertical axis, which both panels of a row share."""
    import numpy as np

    largest = max(float(np.max(curve.errors, where=np.isfinite(curve.errors), initial=0.0)) for curve in curves)
    if largest > _LINEAR:
        axes.set_yscale("symlog", linthresh=1.0, linscale=1.0)
        decades = range(0, math.ceil(math.log10(largest)) + 1)
        axes.set_ylim(0, 10.0 ** (decades[-1] + 0.6))
        axes.set_yticks([0.0, *(10.0**power for power in decades[:: math.ceil(len(decades) / 6)])])
        axes.minorticks_off()
    else:
        axes.set_ylim(0, max(0.6, 1.15 * largest))
    axes.set_ylabel("ULP")


def _ticks(axes: Axes, format: Format, top: float) -> None:
    """Powers of ten where their bit patterns are."""
    step = int(float(f"{format.emax * 0.30103 / 2:.1g}"))
    values = [10.0**power for power in (-step, 0, step)]
    signed = [-value for value in reversed(values)] + [0.0] + values
    axes.set_xticks(format.ordinals(_array([format.nearest(Fraction(value)) for value in signed])) / top)
    names = [f"$10^{{{-step}}}$", "1", f"$10^{{{step}}}$"]
    axes.set_xticklabels([f"\N{MINUS SIGN}{name}" for name in reversed(names)] + ["0", *names])


def _array(values: Sequence[float]) -> NDArray[Any]:
    import numpy as np

    return np.array(values, np.float64)
