"""Many analyses in one short table."""

from __future__ import annotations

from collections.abc import Sequence

from symact.report import content
from symact.report.content import Document, Inline, Report, Section


def report(documents: Sequence[Document]) -> Report:
    """A row for each analysis document: what f' does at both ends, and how smooth f is."""
    columns: tuple[Inline, ...] = (("f' as x → -∞",), ("f' as x → ∞",), ("class of f",))
    section = Section("The tails of f'", tuple(map(_row, documents)), columns)
    return Report("The catalogue", f"{len(documents)} activations", "", (section,))


def _row(document: Document) -> tuple[Inline, ...]:
    tails = (content.behaviour(document["tails"][end]) for end in content.ENDS)
    smoothness = document["smoothness"]
    return ((document["name"],), *tails, ((smoothness and smoothness["class"]) or "-",))
