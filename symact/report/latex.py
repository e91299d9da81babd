"""Reports as a LaTeX document."""

from __future__ import annotations

import re
from collections.abc import Iterator

from symact.report import formulas
from symact.report.content import Formula, Inline, Report, Section

_HEAD = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage[margin=25mm]{geometry}
\begin{document}"""

_WORDS = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": "$|$",
    "<": "$<$",
    ">": "$>$",
    "→": r"$\to$",
    "∞": r"$\infty$",
    "ε": r"$\varepsilon$",
    "∂": r"$\partial$",
    "“": "``",
    "”": "''",
    "’": "'",
}
_SPECIAL = re.compile("|".join(map(re.escape, _WORDS)))


def text(report: Report) -> str:
    """The report as a document that compiles as it is, without a newline at the end."""
    lines = [_HEAD, rf"\section*{{{_inline((report.name,))}}}"]
    lines += [_inline((line,)) + "\n" for line in (report.summary, report.reference) if line]
    for section in report.sections:
        lines += _section(section)
    return "\n".join([*lines, r"\end{document}"])


def _section(section: Section) -> Iterator[str]:
    yield rf"\subsection*{{{section.title}}}"
    if section.columns:
        width = 0.72 / len(section.columns)
        yield r"\begin{tabular}{l" + rf"p{{{width:.2f}\linewidth}}" * len(section.columns) + "}"
        yield from (" & ".join(map(_inline, row)) + r" \\" for row in ((("",), *section.columns), *section.rows))
        yield r"\end{tabular}" + "\n"
    else:
        yield r"\begin{description}"
        yield from (rf"\item[{_inline(label)}] {_inline(cell)}" for label, cell in section.rows)
        yield r"\end{description}"
    for note in section.notes:
        yield _inline(note) + "\n"


def _inline(inline: Inline) -> str:
    return "".join(
        rf"$\displaystyle {formulas.latex(part.exact)}$"
        if isinstance(part, Formula)
        else _SPECIAL.sub(lambda match: _WORDS[match[0]], part)
        for part in inline
    )
