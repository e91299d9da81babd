"""The article's claims get the verdicts that a careful reader gives them, and each kind decides both ways."""

from __future__ import annotations

import json
import math
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import mpmath
import pytest
from entries import ENTRIES

from symact import catalog
from symact.errors import Error
from symact.symbolic.derivatives import derive
from symact.symbolic.forms import joined
from symact.verification import claims
from symact.verification.claims import ClaimResult
from symact.verification.kinds import VERDICTS, Kind

#: What a reader finds who works the claims out by hand; the claims that are not here are undecided.
EXPECTED = {
    "confirmed": {
        "derivative-like-exponential-logistic",
        "derivative-like-exponential-tanh",
        "exponential-tail-logistic",
        "exponential-tail-tanh",
        "softsign-subexponential",
        "softsign-s-shaped",
        "softsign-bounded",
        "logsig-s-shaped",
        "logsig-bounded",
        "logsig-subgeometric",
        "softsign-function",
        "logsig-function",
        "softplus-smooth",
        "ramp-not-a-sigmoid",
        "softplus-not-a-sigmoid",
        "ramp-slope-limits",
        "softplus-slope-limits",
        "ramp-constant-slope",
        "semisigmoid-transforms-logsig",
        "semisigmoid-looks-like-a-sigmoid",
        "semisigmoid-unbounded",
        "logmin-upper-half",
        "ramp-function",
        "softplus-function",
        "logmin-function",
        "semisigmoid-function",
    },
    "confirmed-after-repair": {"softsign-derivative", "logsig-derivative"},
    "refuted": {
        "initialisation-matters-only-for-sigmoids",
        "derivative-like-exponential-arctan",
        "exponential-tail-arctan",
        "softsign-only-subexponential",
        "only-usable-sigmoids-softsign",
        "only-usable-sigmoids-logsig",
        "softplus-derivative",
        "semisigmoid-derivative",
    },
    "approximation": {"softplus-similar-to-ramp", "softplus-shortcut"},
    "convention": {"ramp-derivative", "logmin-derivative"},
    "qualified": {
        "logsig-derivative-is-slow",
        "relu-solves-vanishing",
        "relu-solves-exploding",
        "relu-avoids-gradient-problems",
        "product-of-slopes-logistic",
        "product-of-slopes-tanh",
        "product-of-slopes-arctan",
        "sigmoid-on-the-output-layer",
        "softplus-constant-slope",
        "ramp-mitigates-exploding",
        "softplus-mitigates-exploding",
        "ramp-ends-the-problems",
        "softplus-ends-the-problems",
        "logmin-ends-the-problems",
        "semisigmoid-ends-the-problems",
    },
}


@pytest.fixture(scope="module")
def article() -> dict[str, ClaimResult]:
    return {result.id: result for result in claims.verify("article")}


def number(text: str) -> float:
    """A witness's exact value, by Python's own arithmetic."""
    return float(eval(text, {"exp": math.exp, "E": math.e, "log": math.log, "__builtins__": {}}))


def test_every_verdict_of_the_article(article: dict[str, ClaimResult]) -> None:
    wanted = {claim: verdict for verdict, ids in EXPECTED.items() for claim in ids}
    assert {claim: result.verdict for claim, result in article.items()} == {
        claim: wanted.get(claim, "undecided") for claim in article
    }
    assert set(wanted) <= set(article)


def test_the_document_is_valid(article: dict[str, ClaimResult]) -> None:
    schema = json.loads(files("symact.verification").joinpath("claims.schema.json").read_text())
    document = claims.document("article", article.values())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(document)), schema)
    assert schema["$defs"]["claim"]["properties"]["verdict"]["enum"] == list(VERDICTS)
    for entry in document["claims"]:
        assert list(entry) == [
            *("id", "subject", "sentence", "printed", "intended", "verdict", "reason", "witness", "corrected")
        ]
        assert entry["printed"] in entry["sentence"]
        assert "\n" not in entry["reason"]


def test_what_is_refuted_has_a_witness(article: dict[str, ClaimResult]) -> None:
    for result in article.values():
        assert result.verdict != "refuted" or result.witness is not None


def test_softplus_derivative(article: dict[str, ClaimResult]) -> None:
    result = article["softplus-derivative"]
    assert result.printed == "exp(x) / exp(x + 1)"
    assert result.witness is not None
    x = number(result.witness["x"])
    assert number(result.witness["printed"]) == pytest.approx(math.exp(-1))
    assert number(result.witness["true"]) == pytest.approx(float(mpmath.diff(lambda t: mpmath.log1p(mpmath.exp(t)), x)))
    assert "constant exp(-1)" in result.reason
    assert result.corrected == "exp(x)/(exp(x) + 1)"


def test_semisigmoid_derivative(article: dict[str, ClaimResult]) -> None:
    result = article["semisigmoid-derivative"]
    assert result.witness is not None
    x = number(result.witness["x"])
    assert x < 0
    assert number(result.witness["printed"]) == -1 / (abs(x) + 1)
    slope = mpmath.diff(lambda t: -mpmath.log(1 + abs(t)), x)
    assert number(result.witness["true"]) == pytest.approx(float(slope))
    assert result.corrected is not None
    assert number(result.corrected.replace("Abs(x)", "3")) == 1 / 4


def test_repaired_formulas(article: dict[str, ClaimResult]) -> None:
    softsign = article["softsign-derivative"]
    assert softsign.printed == "1/(|x|+1)2"
    assert softsign.intended == "1/(abs(x) + 1)**2"
    assert "superscript" in softsign.reason
    logsig = article["logsig-derivative"]
    assert logsig.printed == "1/(|x|+1)(ln(|x|+1)+1)2)"
    assert logsig.sentence == "• logsig derivative:\u00a0 1/(|x|+1)(ln(|x|+1)+1)2)"
    assert "parenthesis" in logsig.reason


def test_the_shortcut_has_its_exact_error(article: dict[str, ClaimResult]) -> None:
    assert "1/(1 + exp(4)) = 0.0179862" in article["softplus-shortcut"].reason
    assert 1 / (1 + math.exp(4)) == pytest.approx(0.0179862, abs=1e-7)


def test_arctan_refutes_the_tails(article: dict[str, ClaimResult]) -> None:
    for claim in ("exponential-tail-arctan", "derivative-like-exponential-arctan"):
        assert "power (index 2)" in article[claim].reason
        witness = article[claim].witness
        assert witness is not None
        # For f' = 1/(1 + x**2) the hazard rate is 2*x/(1 + x**2); it would tend to a positive rate for an exponential.
        x = float(witness["x"])
        assert float(witness["hazard_rate"]) == pytest.approx(2 * x / (1 + x * x))
    assert "arctan" in article["softsign-only-subexponential"].reason


def test_a_kink_leaves_a_choice(article: dict[str, ClaimResult]) -> None:
    assert "the value 1 is a choice" in article["ramp-derivative"].reason
    assert "the value 0 is a choice" in article["logmin-derivative"].reason


def test_one_claim_a_subject() -> None:
    about = claims.article_on(catalog.get("relu"))
    assert [mention.id for mention in about] == [claim.id for claim in claims.read() if claim.subject.name == "relu"]
    assert "ramp-derivative" in {mention.id for mention in about}
    assert claims.article_on(catalog.get("softplus").with_values({"beta": 2})) == []
    assert len({claim.id for claim in claims.read()}) == len(claims.read())


# --- other people's claims -------------------------------------------------------------------------------------------


def toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def write(folder: Path, *entries: dict[str, Any]) -> Path:
    lines = ["schema = 1"]
    for number_, entry in enumerate(entries):
        whole = {"id": f"c{number_}", "sentence": "It is so.", "printed": "so", **entry}
        lines += ["[[claim]]", *(f"{key} = {toml(value)}" for key, value in whole.items())]
    path = folder / "claims.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


D, F = {"kind": "derivative"}, {"kind": "function"}
ELU = {"subject": "elu", "parameters": {"alpha": "2"}, **D}
LOST_STAR = {"subject": "tanh", **D, "reading": "1 - tanh(x)*2"}
SHORTCUT = {
    **{"subject": "softplus", "kind": "approximation", "of": "derivative"},
    **{"reading": "0 if x < 0 else 1", "beyond": "4"},
}
GELU_BY_TANH = {
    **{"subject": "gelu", "kind": "approximation", "of": "function"},
    "reading": "0.5*x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))",
}
QUALIFIED = {"subject": "relu", "kind": "statement", "reason": "r", "verdict": "qualified"}


@pytest.mark.parametrize(
    ("entry", "verdict"),
    [
        ({"subject": "tanh", **D, "reading": "1 - tanh(x)**2"}, "confirmed"),
        ({"subject": "tanh", **D, "reading": "1/cosh(x)**2"}, "confirmed"),
        ({"subject": "tanh", **D, "reading": "1 + tanh(x)**2"}, "refuted"),
        # Differs from the truth by less than 1e-12 everywhere.
        ({"subject": "tanh", **D, "reading": "1 - tanh(x)**2 + 1e-15*exp(-x**2)"}, "refuted"),
        ({"subject": "silu", **D, "reading": "(1 + exp(-x) + x*exp(-x))/(1 + exp(-x))**2"}, "confirmed"),
        ({"subject": "silu", **D, "reading": "(1 + exp(-x) - x*exp(-x))/(1 + exp(-x))**2"}, "refuted"),
        ({"subject": "gelu", **D, "reading": "(1+erf(x/sqrt(2)))/2 + x*exp(-x**2/2)/sqrt(2*pi)"}, "confirmed"),
        ({"subject": "gelu", **F, "reading": "x*erfc(-x/sqrt(2))/2"}, "confirmed"),
        ({"subject": "gelu", **F, "reading": "0.5*x*(1+tanh(sqrt(2/pi)*(x+0.044715*x**3)))"}, "refuted"),
        ({"subject": "relu", **D, "reading": "(1 + sign(x))/2"}, "convention"),
        ({"subject": "relu", **D, "reading": "(1 + x/abs(x))/2"}, "confirmed"),
        ({"subject": "softsign", **D, "reading": "1/(1 + abs(x))**2 if x != 0 else 0"}, "refuted"),
        ({"subject": "softsign", **D, "reading": "1/(1 + abs(x))**2 if x != 3 else 0"}, "refuted"),
        ({"subject": "softsign", **D, "reading": "1/(1 + abs(x))**2 if abs(x) < 700 else 0"}, "refuted"),
        ({"subject": "softsign", **D, "reading": "log(x)"}, "refuted"),
        ({**ELU, "reading": "1 if x > 0 else alpha*exp(x)"}, "convention"),
        ({**ELU, "reading": "1 if x > 0 else exp(x)"}, "refuted"),
        ({"subject": "bump", "definition": "exp(-x**2)", **D, "reading": "-2*x*exp(-x**2)"}, "confirmed"),
        ({**LOST_STAR, "intended": "1 - tanh(x)**2", "typo": "a star was lost"}, "confirmed-after-repair"),
        ({**LOST_STAR, "intended": "1 - tanh(x)**2"}, "refuted"),
        ({**LOST_STAR, "intended": "1 - tanh(x)**3", "typo": "t"}, "refuted"),
        ({"subject": "tanh", **D, "intended": "1 - tanh(x)**3", "typo": "t"}, "refuted"),
        ({"subject": "tanh", "kind": "transformation", "of": "logistic", "reading": "2*u - 1"}, "refuted"),
        ({"subject": "silu", "kind": "transformation", "of": "logistic", "reading": "u*log(u/(1 - u))"}, "confirmed"),
        ({"subject": "tanh", "kind": "tail", "class": "exponential", "rate": "2"}, "confirmed"),
        ({"subject": "tanh", "kind": "tail", "class": "exponential", "rate": "1"}, "refuted"),
        ({"subject": "tanh", "kind": "tail", "rate": "2.0"}, "confirmed"),
        ({"subject": "erf", "definition": "erf(x)", "kind": "tail", "order": "4/2"}, "confirmed"),
        ({"subject": "tanh", "kind": "tail", "subexponential": True}, "refuted"),
        ({"subject": "relu", "kind": "tail", "class": "dead"}, "refuted"),
        ({"subject": "relu", "kind": "tail", "class": "dead", "ends": ["-oo"]}, "confirmed"),
        ({"subject": "softsign", "kind": "only", "among": ["tanh", "softsign"], "subexponential": True}, "confirmed"),
        ({"subject": "softsign", "kind": "only", "among": ["tanh", "arctan"], "class": "power"}, "refuted"),
        ({"subject": "softplus", "kind": "slope-limits", "left": "0", "right": "1"}, "confirmed"),
        ({"subject": "softplus", "kind": "slope-limits", "left": "0", "right": "2"}, "refuted"),
        ({"subject": "ray", "definition": "max(x*sqrt(2), 0)", "kind": "slope-limits", "right": "2**0.5"}, "confirmed"),
        ({"subject": "tanh", "kind": "slope-limits", "different": True}, "refuted"),
        ({"subject": "square", "definition": "x**2", "kind": "slope-limits"}, "refuted"),
        ({"subject": "leaky_relu", "kind": "constant-slope"}, "confirmed"),
        ({"subject": "square", "definition": "x**2", "kind": "constant-slope"}, "refuted"),
        ({"subject": "elu", "kind": "bounded"}, "refuted"),
        ({"subject": "tanh", "kind": "bounded", "value": False}, "refuted"),
        ({"subject": "silu", "kind": "s-shaped"}, "refuted"),
        ({"subject": "relu", "kind": "s-shaped"}, "refuted"),
        ({"subject": "arctan", "kind": "s-shaped"}, "confirmed"),
        ({"subject": "relu", "kind": "smooth"}, "refuted"),
        ({"subject": "gelu", "kind": "smooth"}, "confirmed"),
        ({"subject": "logistic", "kind": "largest-slope", "value": "1/4"}, "confirmed"),
        ({"subject": "logistic", "kind": "largest-slope", "value": "0.26"}, "refuted"),
        ({"subject": "relu", "kind": "approximation", "of": "function", "reading": "x if x > 0 else 0"}, "confirmed"),
        ({"subject": "relu", "kind": "approximation", "of": "function", "reading": "x"}, "refuted"),
        ({**SHORTCUT, "within": "0.018"}, "approximation"),
        ({**SHORTCUT, "within": "0.017"}, "refuted"),
        ({**GELU_BY_TANH, "within": "0.0004"}, "refuted"),
        ({"subject": "relu", "kind": "gradient-gain", "variance": "2", "factor": "1"}, "confirmed"),
        ({"subject": "leaky_relu", "kind": "gradient-gain", "variance": "20000/10001", "factor": "1"}, "confirmed"),
        ({"subject": "tanh", "kind": "gradient-gain", "variance": "1", "factor": "1"}, "refuted"),
        ({"subject": "gelu", "kind": "gradient-gain", "variance": "2", "factor": "1"}, "refuted"),
        ({"subject": "gelu", "kind": "instruction-bound", "gpus": ["B200", "T4"]}, "qualified"),
        ({"subject": "relu", "kind": "instruction-bound", "gpus": ["T4"], "beside": ["tanh"]}, "refuted"),
        ({"subject": "tanh", "kind": "statement", "reason": "It needs taste"}, "undecided"),
        ({**QUALIFIED, "facts": [{"subject": "relu", "kind": "bounded", "value": False}]}, "qualified"),
        ({**QUALIFIED, "facts": [{"subject": "tanh", "kind": "bounded", "value": False}]}, "undecided"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(map(str, value.values())),
)  # fmt: skip
def test_a_kind_decides(entry: dict[str, Any], verdict: str, tmp_path: Path) -> None:
    (result,) = claims.verify(write(tmp_path, entry))
    assert result.verdict == verdict, result.reason
    assert result.verdict != "refuted" or result.witness is not None


def test_every_kind_is_documented() -> None:
    text = Path(__file__).parents[2].joinpath("docs/claims.md").read_text(encoding="utf-8")
    for name in Kind.known:
        assert f"| `{name}` |" in text


def test_the_examples_of_the_documentation_are_read(tmp_path: Path) -> None:
    text = Path(__file__).parents[2].joinpath("docs/claims.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.S)
    path = tmp_path / "docs.toml"
    path.write_text("\n".join(blocks), encoding="utf-8")
    assert [result.verdict for result in claims.verify(path)] == ["confirmed-after-repair", "qualified"]


def test_a_subject_that_is_not_real_names_the_claim(tmp_path: Path) -> None:
    entry = {"subject": "root", "definition": "sqrt(x)", "kind": "bounded"}
    with pytest.raises(Error, match="claim c0"):
        claims.verify(write(tmp_path, entry))


@pytest.mark.parametrize("name", ENTRIES)
def test_a_near_miss_is_refuted(name: str, tmp_path: Path) -> None:
    """The true derivative passes; with an error of at most 1e-20 it does not."""
    entry = catalog.get(name)
    right = str(joined(derive(entry).first.subs(entry.values)))
    readings = [right, f"{right} + 1e-20*exp(-x**2)"]
    good, bad = claims.verify(write(tmp_path, *({"subject": name, **D, "reading": reading} for reading in readings)))
    assert good.verdict in ("confirmed", "convention")
    assert bad.verdict == "refuted"


def test_one_claim_does_not_cost_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise NotImplementedError("no luck")

    monkeypatch.setattr(Kind.known["smooth"], "decide", fail)
    entries = {"subject": "tanh", "kind": "smooth"}, {"subject": "tanh", "kind": "bounded"}
    first, second = claims.verify(write(tmp_path, *entries))
    assert (first.verdict, second.verdict) == ("undecided", "confirmed")
    assert "NotImplementedError: no luck" in first.reason


def test_without_machine_code_nothing_is_said_of_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from symact.verification import cost

    monkeypatch.setattr(cost, "missing", lambda: "there is no compiler")
    own = {"subject": "own", "definition": "x/(2 + abs(x))", "kind": "instruction-bound"}
    (result,) = claims.verify(write(tmp_path, own))
    assert result.verdict == "undecided"
    assert "there is no compiler" in result.reason
    (result,) = claims.verify(write(tmp_path, {"subject": "logsig", "kind": "instruction-bound"}))
    assert result.verdict == "qualified"
    assert "no measurement" in result.reason
