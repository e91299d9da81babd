"""`symact accuracy`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from symact.cli.options import (
    Expression,
    Format,
    KernelName,
    Name,
    OutputFormat,
    Settings,
    Source,
    chosen,
    progress,
)


def accuracy(
    name: Name = None,
    *,
    expression: Expression = None,
    source: Source = None,
    settings: Settings = None,
    called: KernelName = None,
    target: Annotated[str, typer.Option(metavar="TARGET", help="One that runs here, see `symact targets`.")] = "c",
    dtype: Annotated[str, typer.Option(metavar="DTYPE", help="Of the arrays.")] = "float32",
    pass_: Annotated[
        list[str] | None,
        typer.Option("--pass", metavar="PASS", help="Such as forward; repeat for more. [default: all]"),
    ] = None,
    count: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many inputs; 16-bit formats are always tried in full.")
    ] = 65536,
    format_: OutputFormat = Format.text,
) -> None:
    """Measure kernels against correctly rounded values and check their contract; exit 1 where one is broken."""
    from symact.kernel.compiled import PASSES
    from symact.verification.accuracy import run

    activation = chosen(name, expression, source, settings, called)
    found = [
        measurement.to_dict()
        for each in progress(pass_ or list(PASSES), "passes")
        for measurement in run(activation, target, dtype, each, count=count)
    ]
    if format_ is Format.json:
        print(json.dumps({"schema": 1, "measurements": found}, indent=2))
    else:
        from symact.report import terminal

        terminal.print_measurements(found)
    if any(each["violations"] or each["accuracy"]["failures"] for each in found):
        raise typer.Exit(1)
