"""Reports as Markdown with formulas in dollar signs, as GitHub and most static sites read them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from symact.report import formulas
from symact.report.content import Formula, Inline, Report, Section

_SPECIAL = re.compile(r"([\\|*_<>`$#])")


def text(report: Report) -> str:
    """The report as one Markdown document, without a newline at the end."""
    head = f"# {_inline((report.name,))}\n"
    for line in filter(None, (report.summary, report.reference)):
        head += f"\n{_inline((line,))}\n"
    return "\n".join([head, *("\n".join(_section(section)) for section in report.sections)]).rstrip()


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}\n"
    if section.columns:
        yield _row((("",), *section.columns))
        yield "|" + "---|" * (len(section.columns) + 1)
        yield from map(_row, section.rows)
    else:
        yield from (f"- **{_inline(label)}**: {_inline(cell)}" for label, cell in section.rows)
    yield ""
    for note in section.notes:
        yield f"{_inline(note)}\n"


def _row(cells: tuple[Inline, ...]) -> str:
    return f"| {' | '.join(_inline(cell) for cell in cells)} |"


def _inline(inline: Inline) -> str:
    return "".join(
        f"${formulas.latex(part.exact)}$" if isinstance(part, Formula) else _SPECIAL.sub(r"\\\1", part)
        for part in inline
    )
