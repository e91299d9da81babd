"""What several commands share: the options that name an activation, and writing files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from symact import Activation, Error, catalog, grammar
from symact.files import write_whole

T = TypeVar("T")


class Format(StrEnum):
    """How a command without a typeset report prints."""

    text = "text"
    json = "json"


class ReportFormat(StrEnum):
    """The forms of a report; json is its document itself."""

    text = "text"
    json = "json"
    markdown = "markdown"
    latex = "latex"


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
All = Annotated[bool, typer.Option("--all", help="The whole catalogue.")]
Timeout = Annotated[
    float,
    typer.Option(metavar="SECONDS", help="Time for one analysis; what is not finished then is reported as that."),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither look results up nor keep them.")]
OutputFormat = Annotated[Format, typer.Option("--format", help="How to print.")]


def chosen(
    name: str | None,
    expression: str | None,
    source: Path | None,
    settings: Sequence[str] | None,
    called: str | None,
    *,
    eager: bool = True,
) -> Activation:
    """The one activation that a command line names.

    Args:
        name, expression, source, settings, called: the options of these names.
        eager: whether an expression is built at once; else what only SymPy finds wrong with it is raised later.

    Raises:
        Error: none or several are named, or the name, the expression, the file or a parameter is wrong.
    """
    values = _values(settings or ())
    if expression is not None:
        if name is not None or source is not None:
            raise Error("--expr cannot be combined with a name or --from", "give one of them")
        text = _stdin() if expression == "-" else expression
        return (grammar.parse if eager else grammar.declare)(text.strip(), values, called or "custom")
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


def nothing_with_all(*options: object) -> None:
    """Raises Error where --all is combined with options that name or change one activation."""
    if any(option is not None for option in options):
        raise Error("--all takes the whole catalogue as it is", "leave out the name and the options that change it")


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


def progress(items: Iterable[T], unit: str, total: int | None = None) -> Iterable[T]:
    """The items, with a progress bar on stderr while they are gone through, if that is a terminal.

    Args:
        items: what is gone through.
        unit: what they are, in the plural.
        total: how many there are, where `items` does not know.
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if not console.is_terminal:
        return items
    return track(items, description=unit, total=total, console=console, transient=True)


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        Error: the place cannot be written.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise Error(f"cannot write '{path}': {error.strerror or error}", "choose another place") from None
