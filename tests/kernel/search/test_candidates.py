"""Forms as programs: each once, in every style that makes a difference."""

from itertools import product

import pytest
from sympy import Symbol, exp, log, tanh

from symact.activation import Activation
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.rewrite import forms
from symact.kernel.search import candidates
from symact.kernel.search.candidates import Writer
from symact.kernel.search.line import Line
from symact.symbolic.derivatives import derive

x = Symbol("x", real=True)


@pytest.fixture(params=["float64", "fast", "paired"])
def arithmetic(request):
    return ARITHMETICS[request.param]


@pytest.mark.parametrize("expression", [x / (1 + exp(-x)), x * tanh(log(1 + exp(x))), x**3 / (1 + x**2) ** 2])
def test_styles_that_are_passed_over_would_have_given_nothing_new(expression, arithmetic, monkeypatch):
    """The candidates are those of lowering every form in all of an arithmetic's styles."""
    activation = Activation("custom", lambda _: expression)
    line = Line(activation, derive(activation).first)
    writer = Writer(line, arithmetic)
    found = forms(line.regions(1)[0].expression, line.t)
    written = []
    as_it_was = Writer._written

    def counted(*given):
        written.append(given)
        return as_it_was(*given)

    monkeypatch.setattr(Writer, "_written", counted)
    got = [candidate.kernel for candidate in writer.candidates(found, line.t, False)]
    styles = [(style, False) for style in candidates._STYLES[arithmetic.name]]
    every = [as_it_was(writer, form, line.t, False, *style) for form, style in product(found, styles)]
    if arithmetic.is_paired:
        styles = [(style, True) for style in candidates._PAIRED_STYLES]
        every += [as_it_was(writer, form, line.t, False, *style) for form, style in product(found, styles)]
    assert got == list(dict.fromkeys(every))
    assert len(written) < len(every)


def test_a_candidate_is_named_after_its_form_and_the_style():
    activation = Activation("custom", lambda _: x / (1 + exp(-x)))
    line = Line(activation, derive(activation).function)
    found = forms(line.regions(-1)[0].expression, line.t)
    names = [each.name for each in Writer(line, ARITHMETICS["float64"]).candidates(found, line.t, True)]
    assert any(name.endswith(", halves") for name in names)
    assert len(set(names)) == len(names)
