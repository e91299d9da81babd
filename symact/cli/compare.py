"""`symact compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from symact.cli.options import NoCache, ReportFormat, Timeout, write
from symact.cli.printing import evaluator, print_report


def compare(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Names of the catalogue, or expressions in x.", show_default=False),
    ],
    *,
    format_: Annotated[ReportFormat, typer.Option("--format", help="How to print.")] = ReportFormat.text,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw |f'| of all with logarithmic scales: .png, .svg or .pdf."),
    ] = None,
    timeout: Timeout = 20.0,
    no_cache: NoCache = False,
) -> None:
    """Order activations by their gradients far from 0: whose tail is heavier, and by how much."""
    import symact
    from symact.report import comparison

    if picture is not None:
        from symact.report import plot

        kind = plot.kind(picture)
    document = symact.compare(*names, timeout=timeout, cache=not no_cache).to_dict()
    if picture is not None:
        evaluators = {label: evaluator(analysis) for label, analysis in document["analyses"].items()}
        write(picture, comparison.draw(document, evaluators, kind))
    if format_ is ReportFormat.json:
        print(json.dumps(document, indent=2))
    else:
        print_report(comparison.report(document), format_)
