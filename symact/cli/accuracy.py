"""`symact accuracy`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from symact import Error
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
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="All 2**32 inputs of float32; goes on where it was interrupted.")
    ] = False,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes for --exhaustive; -1 for one a core.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another joblib backend for --exhaustive, such as dask.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="WHOM", help="torch, jax or numpy-naive: measure their function too, beside symact's."),
    ] = None,
    format_: OutputFormat = Format.text,
) -> None:
    """Measure kernels against correctly rounded values and check their contract; exit 1 where one is broken."""
    from symact.kernel.compiled import PASSES
    from symact.oracle.formats import get
    from symact.verification import others
    from symact.verification.accuracy import run

    activation = chosen(name, expression, source, settings, called)
    if against is not None:
        if exhaustive:
            raise Error("--exhaustive measures symact's kernels alone", "leave --against out")
        found = [
            measurement.to_dict()
            for each in progress(pass_ or list(others.PASSES), "passes")
            for measurement in (
                others.run(activation, against, target, dtype, each, count=count),
                *run(activation, target, dtype, each, count=count),
            )
        ]
    elif exhaustive and get(dtype).width > 16:
        from symact.verification import exhaustive as every

        if dtype != "float32":
            raise Error(f"{dtype} has too many inputs to try them all", "leave --exhaustive out, or measure float32")
        found = [
            measurement.to_dict()
            for each in pass_ or [name for name in PASSES if name != "backward"]
            for measurement in every.run(
                activation,
                target,
                each,
                jobs=jobs,
                scheduler=scheduler,
                watch=lambda ranges, total: progress(ranges, "ranges", total),
            )
        ]
    else:
        found = [
            measurement.to_dict()
            for each in progress(pass_ or list(PASSES), "passes")
            for measurement in run(activation, target, dtype, each, count=count)
        ]
    if format_ is Format.json:
        print(json.dumps({"schema": 1, "measurements": found}, indent=2))
    elif against is not None:
        from symact.report.accuracy import print_against

        print_against(found)
    else:
        from symact.report import terminal

        terminal.print_measurements(found)
        for each in found:
            if each["accuracy"]["proof"]:
                print(f"{each['pass']}: {each['output']}: {each['accuracy']['proof']}")
    own = [each for each in found if each["target"] == target]
    if any(each["violations"] or each["accuracy"]["failures"] for each in own):
        raise typer.Exit(1)
