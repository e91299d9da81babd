"""`symact verify`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from symact.cli.options import Format, OutputFormat, progress


def verify(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A TOML file of claims, or: article.")],
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if any claim is refuted.")] = False,
    format_: OutputFormat = Format.text,
) -> None:
    """Check printed formulas and statements: confirmed or refuted, each with its reason and a witness."""
    from symact.verification import claims

    results = [claims.decide(claim) for claim in progress(claims.read(source), "claims")]
    document = claims.document(source, results)
    if format_ is Format.json:
        print(json.dumps(document, indent=2))
    else:
        from symact.report import terminal

        terminal.print_claims(document["claims"])
    if strict and any(result.verdict == "refuted" for result in results):
        raise typer.Exit(1)
