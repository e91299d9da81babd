"""`symact generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symact.cli.options import All, Expression, KernelName, Name, Settings, Source, chosen, nothing_with_all


def generate(
    name: Name = None,
    *,
    everything: All = False,
    expression: Expression = None,
    source: Source = None,
    settings: Settings = None,
    called: KernelName = None,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="TARGET", help="See `symact targets`; repeat for more. [default: all]"),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the targets' folders go.")] = Path("generated"),
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; show the differences and exit 1 where DIR is stale."),
    ] = False,
) -> None:
    """Write kernels as source files, a folder for each target."""
    from symact import catalog, targets
    from symact.kernel import store
    from symact.targets import emit

    if everything:
        nothing_with_all(name, expression, source, settings, called)
        compiled = [store.compiled(entry) for entry in catalog.entries()]
    else:
        compiled = [store.compiled(chosen(name, expression, source, settings, called))]
    asked = list(target or targets.names())
    files: dict[str, str] = {}
    for each in asked:
        files |= targets.generate_tree(compiled, each) if everything else targets.generate(compiled[0], each)
    complete = asked if everything else []
    if check:
        differences = emit.compare(files, out, complete)
        for found in differences:
            print(f"{found.kind}: {out / found.path}\n{found.diff}", end="")
        if not differences:
            print(f"{len(files)} files in {out} are up to date")
        raise typer.Exit(1 if differences else 0)
    changed = emit.write(files, out, complete)
    print(f"{len(files)} files in {out}, {len(changed)} of them changed")
