"""`symact analyze`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symact.cli.options import Expression, KernelName, Name, Settings, Source, chosen, write

if TYPE_CHECKING:
    from symact import Activation
    from symact.report.content import Evaluator, Report


class ReportFormat(StrEnum):
    """The forms of the report; json is the analysis document itself."""

    text = "text"
    json = "json"
    markdown = "markdown"
    latex = "latex"


def analyze(
    name: Name = None,
    *,
    expression: Expression = None,
    source: Source = None,
    settings: Settings = None,
    called: KernelName = None,
    format_: Annotated[ReportFormat, typer.Option("--format", help="How to print.")] = ReportFormat.text,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw f, f', f'' and the tails: .png, .svg or .pdf."),
    ] = None,
) -> None:
    """Report on an activation: derivatives, tails, smoothness, shape, and what they do to gradients."""
    import symact

    if picture is not None:
        from symact.report import plot

        kind = plot.kind(picture)
    activation = chosen(name, expression, source, settings, called)
    document = symact.analyze(activation).to_dict()
    if picture is not None:
        write(picture, plot.draw(document, _evaluator(document), kind))
    match format_:
        case ReportFormat.json:
            print(json.dumps(document, indent=2))
        case ReportFormat.text:
            from symact.report import terminal

            terminal.print_report(_report(activation, document))
        case ReportFormat.markdown:
            from symact.report import markdown

            print(markdown.text(_report(activation, document)))
        case ReportFormat.latex:
            from symact.report import latex

            print(latex.text(_report(activation, document)))


def _evaluator(document: Mapping[str, Any]) -> Evaluator:
    """Makes functions of numbers of the document's formulas, at its parameters' values."""
    from symact.symbolic import numeric

    return lambda formula, variable: numeric.function(formula, variable, document["parameters"])


def _report(activation: Activation, document: Mapping[str, Any]) -> Report:
    """The report's content, with the claims that concern the activation."""
    from symact import catalog
    from symact.report import content
    from symact.verification import claims

    known = activation == catalog.find(activation.name)
    concerning = claims.concerning(activation.name) if known else []
    return content.report(document, _evaluator(document), activation.summary, activation.reference, concerning)
