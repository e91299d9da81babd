"""`symact accuracy`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symact import Activation, Error
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
    write,
)

if TYPE_CHECKING:
    from symact.verification.accuracy import Measurement, Plan, Subject

#: How many inputs a picture shows.
_SHOWN = 1 << 17


def accuracy(
    name: Name = None,
    *,
    expression: Expression = None,
    source: Source = None,
    settings: Settings = None,
    called: KernelName = None,
    target: Annotated[str, typer.Option(metavar="TARGET", help="One that runs here, see `symact targets`.")] = "c",
    dtype: Annotated[str, typer.Option(metavar="DTYPE", help="Of the arrays.")] = "float32",
    level: Annotated[str, typer.Option(metavar="LEVEL", help="Of the kernels' accuracy.")] = "accurate",
    pass_: Annotated[
        list[str] | None,
        typer.Option("--pass", metavar="PASS", help="Such as forward; repeat for more. [default: all]"),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="How many inputs, instead of 2**22 of float32 or 10**6 of float64; 16 bits are always tried in full.",
        ),
    ] = None,
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
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw the errors over the real line: .png, .svg or .pdf."),
    ] = None,
    format_: OutputFormat = Format.text,
) -> None:
    """Measure kernels against correctly rounded values and check their contract; exit 1 where one is broken."""
    from symact.oracle.formats import get
    from symact.report import plot
    from symact.verification import others
    from symact.verification.accuracy import MULTIPLYING, Plan, Subject, document

    kind = None if picture is None else plot.kind(picture)
    activation = chosen(name, expression, source, settings, called)
    every = exhaustive and get(dtype).width > 16
    if against is not None:
        if exhaustive:
            raise Error("--exhaustive measures symact's kernels alone", "leave --against out")
        plan = others.plan(activation, against, target, dtype, pass_ or others.PASSES, level=level)
    else:
        plan = Plan(activation)
        passes = pass_ or plan.execution(target, dtype, level).passes
        for one in passes:
            plan.add(Subject(target, dtype, one, level))
    if every:
        if dtype != "float32":
            raise Error(f"{dtype} has too many inputs to try them all", "leave --exhaustive out, or measure float32")
        passes = pass_ or [one for one in passes if one not in MULTIPLYING]
        found = _prove(activation, [Subject(target, dtype, one, level) for one in passes], jobs, scheduler)
    else:
        found = plan.measure(count=count, watch=lambda steps, total: progress(steps, "measuring", total))
    if picture is not None and kind is not None:
        write(picture, _picture(plan, dtype, pass_ or ("forward", "derivative"), kind))
    if format_ is Format.json:
        print(json.dumps(document(found), indent=2))
    elif against is not None:
        from symact.report.accuracy import print_against

        print_against([one.to_dict() for one in found])
    else:
        from symact.report.terminal import print_measurements

        print_measurements([one.to_dict() for one in found])
    own = [one for one in found if one.level]
    if any(one.violations or one.accuracy.failures for one in own):
        raise typer.Exit(1)


def _prove(activation: Activation, subjects: Sequence[Subject], jobs: int, scheduler: str | None) -> list[Measurement]:
    """All inputs of float32."""
    from symact.verification import exhaustive

    return [
        measurement
        for subject in subjects
        for measurement in exhaustive.run(
            activation,
            subject.target,
            subject.pass_,
            level=subject.level,
            jobs=jobs,
            scheduler=scheduler,
            watch=lambda ranges, total: progress(ranges, "ranges", total),
        )
    ]


def _picture(plan: Plan, dtype: str, passes: Sequence[str], kind: str) -> bytes:
    from symact.oracle.formats import get
    from symact.oracle.samples import line
    from symact.report import errors

    curves = plan.curves(passes, lambda format: line(format, _SHOWN, errors.WINDOW))
    if not curves:
        raise Error("backward has no picture: it depends on two numbers", "add --pass derivative, or leave --pass out")
    return errors.draw(curves, plan.activation.name, get(dtype), kind)
