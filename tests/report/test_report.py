"""The report says what the document says, in every form."""

from __future__ import annotations

from typing import Any

import pytest

from symact import analyze, catalog
from symact.report import content, latex, markdown, terminal
from symact.report.content import Formula, Report
from symact.symbolic import numeric

NAMES = ["logsig", "relu", "softplus", "gelu", "elu"]


def report(name: str) -> Report:
    entry = catalog.get(name)
    document = analyze(entry).to_dict()

    def evaluator(formula: str, variable: str) -> Any:
        return numeric.function(formula, variable, document["parameters"])

    return content.report(document, evaluator, entry.summary, entry.reference)


def cells(shown: Report, title: str) -> dict[str, list[str]]:
    """A section's rows: label -> cells, formulas by their exact text."""
    (section,) = (section for section in shown.sections if section.title == title)

    def words(inline: content.Inline) -> str:
        return "".join(part.exact if isinstance(part, Formula) else part for part in inline)

    return {words(label): [words(cell) for cell in row] for label, *row in section.rows}


def test_both_ends_share_a_column_where_they_are_alike() -> None:
    tails = cells(report("logsig"), "Far from 0")
    assert tails["f tends to"] == ["-1 and 1"]
    assert tails["f' is close to"] == ["1/(t*log(t)**2)"]


def test_the_ends_of_softplus_differ() -> None:
    tails = cells(report("softplus"), "Far from 0")
    assert tails["f tends to"] == ["0", "oo"]
    assert tails["f' is close to"] == ["exp(-t)", "1"]
    assert tails["f' therefore"][0] == "vanishes exponentially, rate 1"
    assert tails["subexponential"] == ["no", "-"]


def test_parameters_as_symbols() -> None:
    shown = report("softplus")
    tails = cells(shown, "For all positive values of the parameters")
    assert tails["f' is close to"] == ["exp(-beta*t)", "1"]
    assert tails["f' therefore"][0] == "vanishes exponentially, rate beta"
    assert "∂f/∂beta" in cells(shown, "Definition")
    assert "For all positive" not in str(report("tanh"))


def test_how_much_gradient_passes_through_tanh() -> None:
    # 1 - tanh(10)^2 = 8.2446e-9; its tenth power is 1.45e-81. At 1000 it is far below every float.
    passing = cells(report("tanh"), "How much gradient passes")
    assert passing["f'(x)"] == ["0.42", "8.2e-9", "5.5e-87", "below 1e-323"]
    assert passing["through 10 layers"][1] == "1.5e-81"


def test_a_dead_side_passes_exactly_nothing() -> None:
    assert cells(report("relu"), "How much gradient passes")["f'(-x)"] == ["0", "0", "0", "0"]


def test_a_kink_says_what_kernels_give() -> None:
    assert cells(report("relu"), "Smoothness")["kink at 0"] == ["f' goes from 0 to 1; kernels give 0"]


def test_a_minimum_without_a_closed_form_is_given_to_six_digits() -> None:
    # min of x*Phi(x): -0.16997120747990369 at x = -0.75179152713806955
    assert cells(report("gelu"), "Shape")["minimum"] == ["-0.169971 at x = -0.751792"]


def test_every_tail_class_has_words() -> None:
    from symact.analysis.record import schema

    assert set(content._BEHAVIOUR) == set(schema()["$defs"]["tail"]["properties"]["class"]["enum"])


@pytest.mark.parametrize("name", NAMES)
def test_every_form_has_every_section(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = report(name)
    terminal.print_report(shown)
    text, md, tex = capsys.readouterr().out, markdown.text(shown), latex.text(shown)
    for section in shown.sections:
        assert f"\n{section.title}\n" in text
        assert f"\n## {section.title}\n" in md
        assert rf"\subsection*{{{section.title}}}" in tex
    assert tex.count("{") == tex.count("}")
    assert tex.isascii()


def test_markdown_tables_have_as_many_cells_as_columns() -> None:
    for line in markdown.text(report("softplus")).splitlines():
        if line.startswith("|"):
            assert line.replace(r"\|", "").count("|") in (4, 6)


def test_markdown_escapes_what_would_be_markup() -> None:
    shown = Report("a_b", "1 * 2 <script>", "", ())
    assert markdown.text(shown) == "# a\\_b\n\n1 \\* 2 \\<script\\>"


def test_latex_escapes_what_would_be_markup() -> None:
    assert r"50\% \& \$x\_1\$" in latex.text(Report("f", "50% & $x_1$", "", ()))
