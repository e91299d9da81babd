"""A run as a picture: speed against error, a panel a function, a point a system."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

from benchmarks.report import shape, shapes, title
from benchmarks.results import Case, Run
from symact.report.plot import FAINT, rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Panels beside each other, and in a picture with many.
_COLUMNS, _MORE_COLUMNS, _MANY = 3, 4, 9

#: Errors are drawn from and up to; larger ones, and results that are wrong altogether, stand at the edge.
_LEAST, _MOST = 0.4, 1e5
#: Speeds are drawn from and up to these parts of the limit; slower ones stand at the edge.
_SLOWEST, _FASTEST = 0.01, 1.6

#: An error larger than this somewhere among all inputs makes a point hollow.
_LOST = 100.0

#: Ours have one colour a language, all levels together; peers one colour a package.
_OURS = ("#0b5fa5", "#45a5e0")
_PEERS = ("#c8501e", "#3c8d3c", "#8a5aa8", "#c79a00", "#7a6a58", "#d0608c")
_MARKERS = ("o", "s", "D", "^", "v")
_BEYOND: dict[str, Any] = {"color": "#c8501e", "alpha": 0.06, "linewidth": 0, "zorder": 0}


def draw(run: Run, pass_: str, format_: str) -> bytes | None:
    """The picture of a pass in the run's first shape (see `report.shapes`), or None where it was not measured.

    Args:
        run: what was measured.
        pass_: one of `tasks.PASSES`.
        format_: "png", "svg" or "pdf".

    Raises:
        Error: matplotlib is not installed.
    """
    of, *_ = shapes(run)
    cases = [case for case in run.cases if shape(case) == of and case.task.pass_ == pass_]
    if not cases:
        return None
    styles = _styles(run, cases)
    columns = min(_COLUMNS if len(cases) <= _MANY else _MORE_COLUMNS, len(cases))
    rows = math.ceil(len(cases) / columns)

    def paint(figure: Figure) -> None:
        figure.suptitle(f"{pass_}: {title(run, of)}", x=0.01, ha="left")
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for index, axes in enumerate(grid.flat):
            if index < len(cases):
                _panel(axes, run, cases[index], styles)
            else:
                axes.set_axis_off()
        figure.supxlabel("largest error on the timed inputs, ULP (left is better)", fontsize=9)
        figure.supylabel("part of the limit's speed (up is better)", fontsize=9)
        _legend(figure, styles)

    return rendered(paint, (3.3 * columns + 2.2, 2.5 * rows + 0.9), f"{pass_}", format_)


def _styles(run: Run, cases: list[Case]) -> dict[str, dict[str, Any]]:
    """Name -> how its point looks."""
    present = {name for case in cases for name in case.measured()}
    families: dict[str, list[str]] = {}
    for name, kind in run.kinds.items():
        if kind != "limit" and name in present:
            families.setdefault(_family(name, kind), []).append(name)
    found = {}
    colours = {"ours": iter(_OURS), "peer": cycle(_PEERS)}
    for names in families.values():
        kind = run.kinds[names[0]]
        colour = next(colours[kind])
        for marker, name in zip(cycle(_MARKERS), names, strict=False):
            found[name] = {
                "color": colour,
                "marker": marker,
                "markersize": 9 if kind == "ours" else 5.5,
                "markeredgewidth": 1.6 if kind == "ours" else 1.1,
                "zorder": 4 if kind == "ours" else 3,
            }
    return found


def _family(name: str, kind: str) -> str:
    """What shares a colour: "torch" for "torch.compile", "symact C" for every level of it."""
    words = name.replace(".", " ").split()
    return " ".join(words[:2] if kind == "ours" else words[:1])


def _panel(axes: Axes, run: Run, case: Case, styles: Mapping[str, Mapping[str, Any]]) -> None:
    axes.set_title(case.task.name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(_LEAST * 0.8, _MOST * 1.6)
    axes.set_ylim(_SLOWEST * 0.85, _FASTEST)
    axes.set_xticks([0.5, 1, 10, 100, 1e3, 1e4, _MOST], ["½", "1", "10", "100", "10³", "10⁴", "≥10⁵"])
    axes.set_yticks([_SLOWEST, 0.03, 0.1, 0.3, 1], [f"≤{_SLOWEST:g}", "0.03", "0.1", "0.3", "1"])
    axes.minorticks_off()
    axes.axhline(1, color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.grid(which="major", color=FAINT, linewidth=0.25, zorder=0)
    _frontier(axes, run, case)
    for name, style in styles.items():
        if name in case.measured():
            x, y = _point(case, name)
            lost = case.error(name, "everywhere") > _LOST
            axes.plot([x], [y], linestyle="none", fillstyle="none" if lost else "full", **style)


def _point(case: Case, name: str) -> tuple[float, float]:
    error = min(max(case.error(name, "timed"), _LEAST), _MOST)
    return error, max(case.of_limit(name).median, _SLOWEST)


def _frontier(axes: Axes, run: Run, case: Case) -> None:
    """Shade where no level of ours is as fast and as accurate."""
    edges, heights, best = [_LEAST * 0.5], [], _SLOWEST * 0.5
    for x, y in sorted(_point(case, name) for name in run.ours(case)):
        if y > best:
            edges.append(x)
            heights.append(best)
            best = y
    if heights:
        edges.append(_MOST * 2)
        heights.append(best)
        axes.stairs([_FASTEST] * len(heights), edges, baseline=heights, fill=True, **_BEYOND)


def _legend(figure: Figure, styles: Mapping[str, Mapping[str, Any]]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Line2D([], [], linestyle="none", label=name, **style) for name, style in styles.items()]
    handles += [
        Line2D([], [], color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)), label="limit: copy, or product"),
        Line2D(
            *([], []),
            linestyle="none",
            marker="o",
            fillstyle="none",
            color=FAINT,
            label=f"hollow: over {_LOST:.0f} ULP or\nNaN on other inputs",
        ),
        Patch(label="no level of symact is as\nfast and as accurate", **_BEYOND),
    ]
    figure.legend(handles=handles, loc="outside right upper")
