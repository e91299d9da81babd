"""`symact list` and `symact targets`."""

from __future__ import annotations

import dataclasses
import json

from symact import catalog
from symact.cli.options import Format, OutputFormat


def catalogue(format_: OutputFormat = Format.text) -> None:
    """List the catalogue."""
    entries = catalog.entries()
    if format_ is Format.json:
        document = [
            {
                "name": entry.name,
                "aliases": list(entry.aliases),
                "parameters": {p.name: str(p.value) for p in entry.parameters},
                "summary": entry.summary,
                "reference": entry.reference,
            }
            for entry in entries
        ]
        print(json.dumps({"schema": 1, "activations": document}, indent=2))
        return
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        notes = [f"{p.name}={p.value}" for p in entry.parameters]
        notes += [f"also {', '.join(entry.aliases)}"] if entry.aliases else []
        print(f"{entry.name:{width}}  {entry.summary}" + (f" ({'; '.join(notes)})" if notes else ""))


def targets(format_: OutputFormat = Format.text) -> None:
    """List the targets and which of them can run here."""
    from symact.targets import available

    found = available()
    if format_ is Format.json:
        print(json.dumps({"schema": 1, "targets": [dataclasses.asdict(target) for target in found]}, indent=2))
        return
    width = max(len(target.name) for target in found)
    for target in found:
        runs = "runs here" if target.missing is None else f"does not run here: {target.missing}"
        print(f"{target.name:{width}}  {target.description}")
        print(f"{'':{width}}  {', '.join(target.dtypes)}; {runs}")
