"""`symact cost`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from symact import Error
from symact.cli.options import Expression, KernelName, Name, Settings, Source, chosen, write


class CostFormat(StrEnum):
    """How costs are printed."""

    text = "text"
    json = "json"
    markdown = "markdown"


def cost(
    name: Name = None,
    *,
    expression: Expression = None,
    source: Source = None,
    settings: Settings = None,
    called: KernelName = None,
    target: Annotated[str, typer.Option(metavar="TARGET", help="Only cupy has a cost model.")] = "cupy",
    dtype: Annotated[str, typer.Option(metavar="DTYPE", help="Of the arrays.")] = "float32",
    pass_: Annotated[
        list[str] | None,
        typer.Option("--pass", metavar="PASS", help="Such as forward; repeat for more. [default: all]"),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--compile", help="Compile here, instead of taking the catalogue's figures from the record.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw the kernels below the GPUs' rooflines: .png, .svg or .pdf."),
    ] = None,
    format_: Annotated[CostFormat, typer.Option("--format", help="How to print.")] = CostFormat.text,
) -> None:
    """Count the machine instructions of CuPy kernels and model what limits them on GPUs; needs no GPU."""
    from symact.report import cost as report
    from symact.report import plot
    from symact.verification import cost as model

    if target != model.TARGET:
        raise Error(f"target {target} has no cost model", f"use {model.TARGET}")
    kind = plot.kind(picture) if picture is not None else None
    activation = chosen(name, expression, source, settings, called)
    document = model.to_dict(model.of(activation, dtype, pass_ or None, fresh=fresh))
    if picture is not None and kind is not None:
        write(picture, report.draw(document, kind))
    if format_ is CostFormat.json:
        print(json.dumps(document, indent=2))
    elif format_ is CostFormat.markdown:
        print(report.markdown(document))
    else:
        report.print_cost(document)
