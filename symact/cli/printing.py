"""What the commands that print reports share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symact.cli.options import ReportFormat

if TYPE_CHECKING:
    from symact.report.content import Evaluator, Report


def evaluator(document: Mapping[str, Any]) -> Evaluator:
    """Makes functions of numbers of an analysis document's formulas, at its parameters' values."""
    from symact.symbolic import numeric

    return lambda formula, variable: numeric.function(formula, variable, document["parameters"])


def print_report(report: Report, format_: ReportFormat) -> None:
    """Print a report in one of its typeset forms (json is none)."""
    match format_:
        case ReportFormat.markdown:
            from symact.report import markdown

            print(markdown.text(report))
        case ReportFormat.latex:
            from symact.report import latex

            print(latex.text(report))
        case _:
            from symact.report import terminal

            terminal.print_report(report)
