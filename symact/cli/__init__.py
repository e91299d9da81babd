"""The command line: each command is a thin module here; everything it does is also there in Python.

Exit codes: 0 done, 1 a check failed, 2 a wrong input, told in one sentence on stderr. Nothing in this package is
imported at start-up that needs SymPy or NumPy, so that ``--help`` and ``list`` answer at once.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from symact import Error, __version__
from symact.cli.accuracy import accuracy
from symact.cli.analyze import analyze
from symact.cli.compare import compare
from symact.cli.cost import cost
from symact.cli.generate import generate
from symact.cli.listing import catalogue, targets
from symact.cli.verify import verify

app = typer.Typer(
    name="symact",
    help="Activation functions: derivatives, tails, stable kernels, checked claims.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(catalogue)
app.command("analyze")(analyze)
app.command("compare")(compare)
app.command("generate")(generate)
app.command("verify")(verify)
app.command("accuracy")(accuracy)
app.command("cost")(cost)
app.command("targets")(targets)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"symact {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; every error that a user can cause ends here as one sentence."""
    # A sign that the output's encoding lacks becomes a question mark, not a traceback.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        try:
            app(prog_name="symact")
        finally:
            sys.stdout.flush()
    except Error as error:
        print(f"symact: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # The reader (head, less) has gone; what the interpreter flushes at exit has to go somewhere else.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
