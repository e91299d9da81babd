"""Comparisons and the overview in print."""

from __future__ import annotations

import symact
from symact import catalog
from symact.report import comparison, overview
from symact.report.content import Formula, Inline, Report
from symact.symbolic import numeric


def rows(report: Report, section: int = 0) -> list[list[str]]:
    """The cells of a section's table, formulas by their exact text."""

    def words(inline: Inline) -> str:
        return "".join(part.exact if isinstance(part, Formula) else part for part in inline)

    return [list(map(words, row)) for row in report.sections[section].rows]


def test_alike_ends_share_a_table() -> None:
    shown = comparison.report(symact.compare("tanh", "logsig").to_dict())
    assert [section.title for section in shown.sections] == ["Far from 0 on both sides"]
    assert rows(shown) == [
        ["logsig", "1/(t*log(t)**2)", "vanishes as a power, index 1, log index 2", "oo"],
        ["tanh", "4*exp(-2*t)", "vanishes exponentially, rate 2", "-"],
    ]


def test_ends_that_differ_have_tables_of_their_own() -> None:
    shown = comparison.report(symact.compare("relu", "x/2").to_dict())
    assert rows(shown, 0) == [["x/2", "1/2", "is exactly 1/2", "-"], ["relu", "0", "is exactly 0", "-"]]
    assert rows(shown, 1) == [["relu", "1", "is exactly 1", "2"], ["x/2", "1/2", "is exactly 1/2", "-"]]


def test_an_order_that_was_not_found_says_so() -> None:
    document = symact.compare("tanh", "logsig").to_dict()
    document["unfinished"] = {"+oo": "timed out after 1 s", "-oo": "timed out after 1 s"}
    notes = comparison.report(document).sections[0].notes
    assert notes[0] == ("The order is as given; finding it timed out after 1 s.",)


def test_the_picture_is_the_same_for_the_same_input() -> None:
    document = symact.compare("relu", "tanh").to_dict()
    pictures = [
        comparison.draw(document, dict.fromkeys(("relu", "tanh"), numeric.function), format_)
        for format_ in ("svg", "svg", "png")
    ]
    assert pictures[0] == pictures[1]
    assert b"relu" in pictures[0] or b"<path" in pictures[0]
    assert pictures[2].startswith(b"\x89PNG")


def test_the_overview_has_a_row_each() -> None:
    documents = [symact.analyze(catalog.get(name)).to_dict() for name in ("relu", "tanh")]
    documents[1]["smoothness"] = None
    assert rows(overview.report(documents)) == [
        ["relu", "is exactly 0", "is exactly 1", "C0"],
        ["tanh", "vanishes exponentially, rate 2", "vanishes exponentially, rate 2", "-"],
    ]
