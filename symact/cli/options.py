"""What several commands share: the options that name an activation, and writing files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from symact import Activation, Error, catalog, parse

T = TypeVar("T")


class Format(StrEnum):
    """How a command without a typeset report prints."""

    text = "text"
    json = "json"


Name = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="An activation of the catalogue (`symact list`).", show_default=False),
]
Expression = Annotated[
    str | None,
    typer.Option(
        "--expr", metavar="TEXT", help="An expression in x, such as 'x*tanh(log(1 + exp(x)))'; - reads stdin."
    ),
]
Source = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="Run this Python file first; it registers activations."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter's value, such as beta=0.5; repeat for more."),
]
KernelName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What to call the --expr (default: custom).")
]
OutputFormat = Annotated[Format, typer.Option("--format", help="How to print.")]


def chosen(
    name: str | None,
    expression: str | None,
    source: Path | None,
    settings: Sequence[str] | None,
    called: str | None,
) -> Activation:
    """The one activation that a command line names.

    Raises:
        Error: none or several are named, or the name, the expression, the file or a parameter is wrong.
    """
    values = _values(settings or ())
    if expression is not None:
        if name is not None or source is not None:
            raise Error("--expr cannot be combined with a name or --from", "give one of them")
        text = _stdin() if expression == "-" else expression
        return parse(text.strip(), values, called or "custom")
    if called is not None:
        raise Error("--name is for an --expr", "a catalogue entry has its name")
    if source is not None:
        registered = catalog.load_file(source)
        if name is None:
            if len(registered) > 1:
                names = ", ".join(entry.name for entry in registered)
                raise Error(f"'{source}' registers several activations", f"name one of {names}")
            return registered[0].with_values(values)
    if name is None:
        raise Error("no activation is named", "give a name from `symact list`, or --expr 'x/(1 + abs(x))'")
    return catalog.get(name).with_values(values)


def _stdin() -> str:
    """All of standard input."""
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise Error("standard input is not text in UTF-8") from None


def _values(settings: Sequence[str]) -> dict[str, str]:
    """The settings' names and values, as text."""
    values: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise Error(f"--set {setting} has no value", "write --set beta=0.5")
        values[name.strip()] = value.strip()
    return values


def progress(items: Sequence[T], unit: str) -> Iterable[T]:
    """The items, with a progress bar on stderr while they are gone through, if that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, description=unit, console=console, transient=True) if console.is_terminal else items


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: into a temporary neighbour first, which then takes its name.

    Raises:
        Error: the place cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise Error(f"cannot write '{path}': {error.strerror or error}", "choose another place") from None
