"""`symact generate`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from symact import Error
from symact.cli.options import Expression, KernelName, Name, Settings, Source, chosen, write


def generate(
    name: Name = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="The whole catalogue.")] = False,
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

    if everything:
        if (name, expression, source, settings, called) != (None,) * 5:
            raise Error(
                "--all takes the whole catalogue as it is",
                "leave out the name and the options that change it",
            )
        compiled = [store.compiled(entry) for entry in catalog.entries()]
    else:
        compiled = [store.compiled(chosen(name, expression, source, settings, called))]
    files: dict[Path, str] = {}
    for each in target or targets.names():
        tree = targets.generate_tree(compiled, each) if everything else targets.generate(compiled[0], each)
        files.update({out / path: text for path, text in tree.items()})
    if check:
        differences = list(_differences(files, complete=everything))
        print("\n".join(differences) if differences else f"{len(files)} files in {out} are up to date")
        raise typer.Exit(1 if differences else 0)
    for path, text in files.items():
        write(path, text.encode())
    print(f"{len(files)} files written to {out}")


def _differences(files: Mapping[Path, str], complete: bool) -> Iterator[str]:
    """What is stale or missing; left over too, where the files are complete for their folders."""
    for path, text in files.items():
        if not path.is_file():
            yield f"missing: {path}"
            continue
        try:
            found = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise Error(f"cannot read '{path}': {error}") from None
        if found != text:
            yield f"stale: {path}"
            yield from difflib.unified_diff(
                found.splitlines(), text.splitlines(), f"{path} (found)", f"{path} (generated)", lineterm=""
            )
    if complete:
        # What a compiler or an interpreter leaves in these folders has other suffixes.
        suffixes = {path.suffix for path in files} - {""}
        for folder in sorted({path.parent for path in files}):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.suffix in suffixes and path not in files:
                    yield f"left over: {path}"
