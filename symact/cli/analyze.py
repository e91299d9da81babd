"""`symact analyze`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symact.cli.options import (
    All,
    Expression,
    KernelName,
    Name,
    NoCache,
    ReportFormat,
    Settings,
    Source,
    Timeout,
    chosen,
    nothing_with_all,
    progress,
    write,
)
from symact.cli.printing import evaluator, print_report

if TYPE_CHECKING:
    from symact import Activation
    from symact.report.content import Report


def analyze(
    name: Name = None,
    *,
    everything: All = False,
    expression: Expression = None,
    source: Source = None,
    settings: Settings = None,
    called: KernelName = None,
    format_: Annotated[ReportFormat, typer.Option("--format", help="How to print.")] = ReportFormat.text,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw f, f', f'' and the tails: .png, .svg or .pdf."),
    ] = None,
    timeout: Timeout = 20.0,
    no_cache: NoCache = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="How many analyses of --all run at once.")] = 1,
) -> None:
    """Report on an activation: derivatives, tails, smoothness, shape, and what they do to gradients."""
    import symact

    if everything:
        nothing_with_all(name, expression, source, settings, called, picture)
        _print_all(_all(timeout, not no_cache, jobs), format_)
        return
    if picture is not None:
        from symact.report import plot

        kind = plot.kind(picture)
    activation = chosen(name, expression, source, settings, called, eager=False)
    document = symact.analyze(activation, timeout=timeout, cache=not no_cache).to_dict()
    if picture is not None:
        write(picture, plot.draw(document, evaluator(document), kind))
    if format_ is ReportFormat.json:
        print(json.dumps(document, indent=2))
    else:
        print_report(_report(activation, document), format_)


def _report(activation: Activation, document: Mapping[str, Any]) -> Report:
    """The report's content, with what the article claims about the activation."""
    from symact.report import content
    from symact.verification import claims

    mentions = claims.article_on(activation)
    return content.report(document, evaluator(document), activation.summary, activation.reference, mentions)


def _all(timeout: float, cached: bool, jobs: int) -> list[dict[str, Any]]:
    """The documents of the whole catalogue."""
    import symact
    from symact import catalog
    from symact.analysis import process

    entries = catalog.entries()
    with ThreadPoolExecutor(jobs) as threads:
        analyses = threads.map(lambda entry: symact.analyze(entry, timeout=timeout, cache=cached), entries)
        try:
            return [analysis.to_dict() for analysis in progress(analyses, "activations", len(entries))]
        except BaseException:  # Ctrl-C: no thread waits for its answer any longer
            threads.shutdown(wait=False, cancel_futures=True)
            process.stop_all()
            raise


def _print_all(documents: list[dict[str, Any]], format_: ReportFormat) -> None:
    if format_ is ReportFormat.json:
        print(json.dumps(documents, indent=2))
    else:
        from symact.report import overview

        print_report(overview.report(documents), format_)
