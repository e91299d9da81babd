"""A claims file from a stranger is refused in one sentence, or read; nothing else happens."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symact.errors import Error
from symact.verification import claims

HEAD = 'schema = 1\n[[claim]]\nid = "a"\nsubject = "tanh"\nsentence = "s"\nprinted = "p"\n'


def refused(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(Error) as caught:
        claims.read(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "schema = 1"),
        ("schema = 2", "schema = 1"),
        ("schema = 1", "no claims"),
        ("schema = 1\nclaim = 3", "no claims"),
        ("schema = 1\nclaim = []", "no claims"),
        ("schema = 1\nclaim = [1]", "no claims"),
        ("schema = 1\ntitle = 'x'\n[[claim]]", "'title' is unknown"),
        ("schema = 1\n[[claim]]", "claim 1: it has no id"),
        ("schema = 1\n[[claim]]\nid = 3", "claim 1: it has no id"),
        ("schema = [", "not TOML"),
        (b"\xff\xfe", "UTF-8"),
        ("schema = 1\nx = " + "[" * 5000, "not TOML"),
        ("schema = " + "1" * 5000, "not TOML"),
        ("#" * 1_000_001, "too large"),
        ("schema = 1\n" + "[[claim]]\nid = 'a'\n" * 1001, "at most 1000"),
        (HEAD, "claim 1 (a): kind is missing"),
        (HEAD + "kind = 'spam'", "the kind 'spam' is unknown (use one of function, derivative"),
        (HEAD + "kind = 3", "kind is not a text in quotes"),
        (HEAD + "kind = 'derivative'", "no reading"),
        (HEAD + "kind = 'derivative'\nreading = 'exq(x)'", "reading: the function 'exq' is not known"),
        (HEAD + "kind = 'derivative'\nreading = '9**9**9**9'", "too large"),
        (HEAD + "kind = 'derivative'\nreading = 'y'", "'y' is not known"),
        (HEAD + "kind = 'derivative'\nreading = 1", "reading is not a text in quotes"),
        (HEAD + "kind = 'derivative'\nreading = 'x'\nsince = 'y'", "'since' is unknown"),
        (HEAD + "kind = 'derivative'\nintended = 'x'", "the typo"),
        (HEAD + f"kind = 'derivative'\nreading = '{'x' * 2001}'", "at most 2000"),
        (HEAD + "kind = 'bounded'\nvalue = 'yes'", "true or false"),
        (HEAD + "kind = 'smooth'\nvalue = true", "has no keys of its own"),
        (HEAD + "kind = 'tail'", "nothing is asserted"),
        (HEAD + "kind = 'tail'\nclass = 'exponental'", "class 'exponental' is unknown"),
        (HEAD + "kind = 'tail'\nends = ['oo']\nclass = 'power'", "use +oo or -oo"),
        (HEAD + "kind = 'tail'\nends = '+oo'\nclass = 'power'", "not a list"),
        (HEAD + "kind = 'only'\nsubexponential = true", "among is missing"),
        (HEAD + "kind = 'only'\namong = ['tahn']\nsubexponential = true", "did you mean tanh"),
        (HEAD + "kind = 'transformation'\nreading = 'u'", "of is missing"),
        (HEAD + "kind = 'transformation'\nreading = 'x'\nof = 'tanh'", "'x' is not known"),
        (HEAD + "kind = 'transformation'\nreading = 'u'\nof = 'tahn'", "did you mean tanh"),
        (HEAD + "kind = 'largest-slope'\nvalue = '1e999999999'", "value: "),
        (HEAD + "kind = 'approximation'\nof = 'f'\nreading = 'x'", "use function or derivative"),
        (HEAD + "kind = 'approximation'\nof = 'function'\nreading = 'x'\nbeyond = '-1'", "negative"),
        (HEAD + "kind = 'gradient-gain'\nvariance = 'v'\nfactor = '1'", "variance: 'v' is not a number"),
        (HEAD + "kind = 'statement'", "reason is missing"),
        (HEAD + "kind = 'instruction-bound'\ngpus = ['Abacus']", "no figures are known of the GPU 'Abacus'"),
        (HEAD + "kind = 'instruction-bound'\npass = 'sideways'", "pass is not one of its words"),
        (HEAD + "kind = 'statement'\nreason = 'r'\nverdict = 'confirmed'", "use undecided or qualified"),
        (HEAD + "kind = 'statement'\nreason = 'r'\nverdict = 'qualified'", "needs facts"),
        (HEAD + "kind = 'statement'\nreason = 'r'\nfacts = [1]", "a fact is a table"),
        (HEAD + "kind = 'statement'\nreason = 'r'\nfacts = [{ kind = 'smooth' }]", "subject is missing"),
        (HEAD.replace("tanh", "tahn") + "kind = 'smooth'", "did you mean tanh"),
        (HEAD.replace("tanh", "tahn") + "definition = 'x +'\nkind = 'smooth'", "does not parse"),
        (HEAD + "parameters = { beta = 1 }\nkind = 'smooth'", "no parameter 'beta'"),
        (HEAD + "parameters = 3\nkind = 'smooth'", "not a table"),
        (HEAD.replace('printed = "p"\n', "") + "kind = 'smooth'", "printed is missing"),
        (HEAD + "kind = 'smooth'\n" + HEAD.removeprefix("schema = 1") + "kind = 'smooth'", "used twice"),
    ],
)
def test_refused(content: str | bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.toml"
    start = time.perf_counter()
    message = refused(path, content)
    assert time.perf_counter() - start < 1
    assert said in message
    assert message.startswith(str(path))
    assert len(message) < 700 + len(str(path))
    assert "\n" not in message


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(Error, match="no such file"):
        claims.read(tmp_path / "nowhere.toml")
    with pytest.raises(Error, match="cannot be read"):
        claims.read(tmp_path)
    with pytest.raises(Error):
        claims.read("a\x00b")


VALUES = st.recursive(
    st.sampled_from(
        ["'tanh'", "'x'", "'power'", "'derivative'", "true", "3", "1.5", "nan", "1979-05-27", "''", "'1/0'"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.builds("{{ subject = {}, kind = {} }}".format, inner, inner)
    ),
    max_leaves=4,
)
KEYS = [
    "reading",
    "intended",
    "typo",
    "of",
    "ends",
    "class",
    "among",
    "value",
    "facts",
    "reason",
    "parameters",
    "definition",
]


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(["derivative", "tail", "only", "approximation", "statement", "bounded", "transformation"]),
    entries=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5),
)
def test_nothing_but_an_error_comes_out(
    kind: str, entries: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    lines = "\n".join(f"{key} = {value}" for key, value in entries.items())
    path.write_text(f"{HEAD}kind = '{kind}'\n{lines}\n", encoding="utf-8")
    with contextlib.suppress(Error):
        claims.read(path)
