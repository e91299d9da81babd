"""The command line as a person meets it: what goes to stdout, what to stderr, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from symact import catalog
from symact.analysis.record import schema
from symact.cli import main
from symact.cli.options import write
from symact.errors import Error


@dataclass
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process, which has SymPy loaded already."""

    def run(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["symact", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return Ran(int(exit_.value.code or 0), captured.out, captured.err)

    return run


def spawn(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "symact", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100, **options)  # type: ignore[call-overload]


# --- what is printed -------------------------------------------------------------------------------------------------


def test_help_names_every_command(run: Run) -> None:
    shown = run("--help")
    assert shown.code == 0
    for command in ("list", "analyze", "compare", "generate", "verify", "targets"):
        assert f"\n  {command} " in shown.out


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    assert "Commands:" in (shown := run()).out + shown.err


def test_version(run: Run) -> None:
    import symact

    assert run("--version").out == f"symact {symact.__version__}\n"


def test_list_has_one_line_an_activation_with_its_parameters_and_aliases(run: Run) -> None:
    lines = run("list").out.splitlines()
    assert [line.split()[0] for line in lines] == catalog.names()
    assert any("softplus" in line and "beta=1" in line for line in lines)
    assert any("relu" in line and "also ramp" in line for line in lines)


def test_list_as_json_is_one_document(run: Run) -> None:
    document = json.loads(run("list", "--format", "json").out)
    assert [entry["name"] for entry in document["activations"]] == catalog.names()


def test_targets_are_listed_with_what_runs(run: Run) -> None:
    document = json.loads(run("targets", "--format", "json").out)
    assert {"c", "cupy", "numpy"} <= {target["name"] for target in document["targets"]}
    assert "float32" in run("targets").out


def test_the_report_says_what_matters_about_logsig(run: Run) -> None:
    shown = run("analyze", "logsig")
    assert (shown.code, shown.err) == (0, "")
    assert "1/((ln(|x| + 1) + 1)²·(|x| + 1))" in shown.out
    assert "vanishes as a power, index 1, log index 2" in shown.out
    assert "1/(t·ln(t)²)" in shown.out
    assert "-1 and 1" in shown.out


def test_a_piped_report_is_plain_and_at_most_80_columns_wide() -> None:
    shown = spawn("analyze", "elu").stdout
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_report_in_an_encoding_without_the_signs_is_ascii() -> None:
    shown = spawn("analyze", "logistic", env={"PYTHONIOENCODING": "ascii", "PATH": ""})
    assert shown.returncode == 0
    assert shown.stdout.isascii()
    assert "x -> -oo" in shown.stdout


@pytest.mark.parametrize("name", ["logsig", "relu", "softplus"])
def test_json_is_the_analysis_document_and_nothing_else(run: Run, name: str) -> None:
    shown = run("analyze", name, "--format", "json")
    document = json.loads(shown.out)
    jsonschema.validate(document, schema())
    assert (document["name"], shown.err) == (name, "")


def test_markdown_and_latex(run: Run) -> None:
    markdown = run("analyze", "tanh", "--format", "markdown").out
    assert markdown.startswith("# tanh\n")
    assert r"$4 e^{-2 t}$" in markdown
    latex = run("analyze", "tanh", "--format", "latex").out
    assert latex.startswith(r"\documentclass")
    assert latex.rstrip().endswith(r"\end{document}")


@pytest.mark.slow
def test_the_whole_catalogue_as_a_table_and_as_documents(run: Run) -> None:
    shown = run("analyze", "--all", "--jobs", "2")
    assert (shown.code, shown.err) == (0, "")
    assert [name for name in catalog.names() if f"\n  {name} " not in shown.out] == []
    documents = json.loads(run("analyze", "--all", "--format", "json").out)
    assert [document["name"] for document in documents] == catalog.names()
    for document in documents:
        jsonschema.validate(document, schema())


def test_a_comparison_has_the_heaviest_tail_first(run: Run) -> None:
    shown = run("compare", "tanh", "softsign", "logsig")
    assert (shown.code, shown.err) == (0, "")
    rows = [line.split() for line in shown.out.splitlines()]
    order = [row[0] for row in rows if row and row[0] in ("tanh", "softsign", "logsig")]
    assert order == ["logsig", "softsign", "tanh"]
    document = json.loads(run("compare", "tanh", "x/(1 + abs(x))", "--format", "json").out)
    assert document["order"]["-oo"] == [{"label": "x/(1 + abs(x))", "ratio": "oo"}, {"label": "tanh", "ratio": None}]


def test_the_sides_of_a_comparison_stand_apart_where_they_differ(run: Run) -> None:
    shown = run("compare", "relu", "elu", "--format", "markdown").out
    assert shown.index("## x → -∞") < shown.index("## x → ∞")


def test_a_comparison_can_be_drawn(run: Run, tmp_path: Path) -> None:
    for names in (("logsig", "tanh"), ("relu", "elu")):
        picture = tmp_path / "both.svg"
        assert run("compare", *names, "--plot", str(picture)).code == 0
        assert picture.read_bytes().startswith(b"<?xml")


def test_what_was_not_finished_is_in_the_report(run: Run) -> None:
    hostile = "*".join(f"erf(sin({k}*x) + exp(cos(x) + {k}))" for k in range(1, 40))
    run("analyze", "tanh", "--no-cache")
    shown = run("analyze", "--expr", hostile, "--timeout", "0.3")
    assert (shown.code, shown.err) == (0, "")
    assert "is undetermined: timed out after 0.3 s" in " ".join(shown.out.split())
    assert "Not finished" in shown.out
    assert "f'(x)" not in shown.out
    for format_ in ("markdown", "latex"):
        assert "timed out" in run("analyze", "--expr", hostile, "--timeout", "0.3", "--format", format_).out


# --- a user's own activation -----------------------------------------------------------------------------------------


def test_an_expression_with_a_parameter_from_stdin(run: Run) -> None:
    shown = run("analyze", "--expr", "-", "--set", "k=3", "--name", "mine", "--format", "json", stdin="tanh(k*x)\n")
    document = json.loads(shown.out)
    assert (document["name"], document["parameters"]) == ("mine", {"k": "3"})
    assert document["tails"]["+oo"]["rate"] == "6"


def test_set_changes_a_catalogue_entrys_parameter(run: Run) -> None:
    document = json.loads(run("analyze", "elu", "--set", "alpha=1/2", "--format", "json").out)
    assert document["limits"]["-oo"] == "-1/2"


def test_an_activation_from_a_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the file registers is gone after this test: others look at the whole catalogue.
    monkeypatch.setattr(catalog, "_entries", dict(catalog._entries))
    monkeypatch.setattr(catalog, "_aliases", dict(catalog._aliases))
    file = tmp_path / "mine.py"
    file.write_text(
        "import symact\n"
        "@symact.activation(summary='a test')\n"
        "def from_a_file_of_the_cli_tests(x):\n"
        "    return x / (2 + abs(x))\n"
    )
    document = json.loads(run("analyze", "--from", str(file), "--format", "json").out)
    assert document["name"] == "from_a_file_of_the_cli_tests"
    assert document["limits"]["+oo"] == "1"


# --- wrong input -----------------------------------------------------------------------------------------------------

WRONG = {
    "unknown name": (["analyze", "lgosig"], "logsig"),
    "nothing named": (["analyze"], "--expr"),
    "two things named": (["analyze", "tanh", "--expr", "x"], "--expr"),
    "name without expression": (["analyze", "tanh", "--name", "mine"], "--name"),
    "setting without value": (["analyze", "elu", "--set", "alpha"], "--set"),
    "unknown parameter": (["analyze", "tanh", "--set", "beta=1"], "beta"),
    "parameter out of its domain": (["analyze", "softplus", "--set", "beta=-1"], "positive"),
    "no number": (["analyze", "softplus", "--set", "beta=much"], "much"),
    "unknown function": (["analyze", "--expr", "foo(x)"], "foo"),
    "two variables": (["analyze", "--expr", "x*y"], "y"),
    "no syntax": (["analyze", "--expr", "x +* 2"], "expression"),
    "not real": (["analyze", "--expr", "log(x)"], "real"),
    "python": (["analyze", "--expr", "__import__('os').getcwd()"], "expression"),
    "no such file": (["analyze", "--from", "/nonexistent/mine.py"], "mine.py"),
    "no picture": (["analyze", "tanh", "--plot", "tanh.bmp"], ".png"),
    "unknown target": (["generate", "tanh", "--target", "abacus"], "abacus"),
    "all and one": (["generate", "tanh", "--all"], "--all"),
    "analyze all and one": (["analyze", "tanh", "--all"], "--all"),
    "all in one picture": (["analyze", "--all", "--plot", "all.png"], "--all"),
    "no time": (["analyze", "tanh", "--timeout", "0"], "time limit"),
    "nothing to compare": (["compare", "tanh"], "two different"),
    "unknown name to compare": (["compare", "tanh", "lgosig"], "logsig"),
    "comparison without a picture": (["compare", "tanh", "logsig", "--plot", "both.bmp"], ".png"),
    "no claims file": (["verify", "/nonexistent/claims.toml"], "claims.toml"),
    "unknown option": (["list", "--frobnicate"], "--frobnicate"),
    "unknown command": (["frobnicate"], "frobnicate"),
    "unknown format": (["list", "--format", "xml"], "xml"),
}


@pytest.mark.parametrize(("arguments", "named"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_input_is_one_sentence_and_exit_2(
    run: Run, arguments: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = run(*arguments)
    assert shown.code == 2
    assert shown.out == ""
    assert named in shown.err
    assert "Traceback" not in shown.err
    assert len(shown.err.splitlines()) == 1 or shown.err.startswith("Usage:")
    assert list(tmp_path.iterdir()) == []


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_plot_has_the_format_of_its_name(run: Run, tmp_path: Path, suffix: str, magic: bytes) -> None:
    picture = tmp_path / "new" / f"softsign.{suffix}"
    assert run("analyze", "softsign", "--plot", str(picture)).code == 0
    assert picture.read_bytes().startswith(magic)
    assert list(picture.parent.iterdir()) == [picture]


@pytest.mark.parametrize("arguments", [["analyze", "relu", "--plot"], ["generate", "relu", "--target", "c", "--out"]])
def test_a_place_that_cannot_be_written(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    shown = run(*arguments, str(tmp_path / "file" / "x.png"))
    assert shown.code == 2
    assert "cannot write" in shown.err
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    place = tmp_path / "kernel.c"
    place.write_text("old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(Error, match="No space left"):
        write(place, b"new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("kernel.c", "old")]


def test_generate_writes_one_activation_for_one_target(run: Run, tmp_path: Path) -> None:
    assert run("generate", "logsig", "--target", "c", "--out", str(tmp_path)).code == 0
    assert (tmp_path / "c" / "logsig.c").is_file()
    assert (tmp_path / "c" / "logsig.h").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_check_finds_stale_missing_and_left_over_files(run: Run, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path)]
    assert run("generate", "--all", *out).code == 0
    assert run("generate", "--all", "--check", *out).code == 0

    stale = tmp_path / "numpy" / "tanh.py"
    stale.write_text(stale.read_text() + "# touched\n")
    (tmp_path / "c" / "relu.c").unlink()
    (tmp_path / "c" / "forgotten.c").write_text("")
    (tmp_path / "c" / "relu.o").write_text("what a compiler leaves is no concern of ours")
    shown = run("generate", "--all", "--check", *out)
    assert shown.code == 1
    assert f"stale: {stale}" in shown.out
    assert "-# touched" in shown.out
    assert f"missing: {tmp_path / 'c' / 'relu.c'}" in shown.out
    assert f"left over: {tmp_path / 'c' / 'forgotten.c'}" in shown.out
    assert "relu.o" not in shown.out
    assert (tmp_path / "c" / "forgotten.c").exists()
    assert not (tmp_path / "c" / "relu.c").exists()


# --- verify ----------------------------------------------------------------------------------------------------------

CLAIMS = """
schema = 1

[[claim]]
id = "right"
subject = "tanh"
sentence = "The slope of tanh is 1 - tanh(x)^2."
printed = "1 - tanh(x)^2"
kind = "derivative"
reading = "1 - tanh(x)**2"

[[claim]]
id = "wrong"
subject = "tanh"
sentence = "The slope of tanh is 1 + tanh(x)^2."
printed = "1 + tanh(x)^2"
kind = "derivative"
reading = "1 + tanh(x)**2"
"""


def test_verify_prints_verdicts_and_fails_only_when_strict(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "claims.toml"
    file.write_text(CLAIMS)
    shown = run("verify", str(file))
    assert shown.code == 0
    assert "1 confirmed, 1 refuted" in shown.out
    document = json.loads(run("verify", str(file), "--format", "json").out)
    assert [claim["verdict"] for claim in document["claims"]] == ["confirmed", "refuted"]
    assert run("verify", str(file), "--strict").code == 1
    file.write_text(CLAIMS[: CLAIMS.rindex("[[claim]]")])
    assert run("verify", str(file), "--strict").code == 0


# --- the process -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["--help", "list"])
def test_help_and_list_import_nothing_heavy(command: str) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['symact', {command!r}]\n"
        "from symact.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('sympy', 'numpy', 'mpmath', 'flint', 'jinja2', 'matplotlib') if m in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "symact", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_errors_leave_no_traceback_in_a_process_of_their_own() -> None:
    ran = spawn("analyze", "lgosig")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("symact: there is no activation called 'lgosig' (did you mean logsig")


# --- accuracy --------------------------------------------------------------------------------------------------------


def test_accuracy_measures_every_pass(run: Run) -> None:
    shown = run("accuracy", "softsign", "--target", "numpy", "--count", "100", "--format", "json")
    assert shown.code == 0
    measurements = json.loads(shown.out)["measurements"]
    assert {measurement["pass"] for measurement in measurements} >= {"forward", "derivative", "backward"}
    assert all(0 <= measurement["accuracy"]["max_ulp"] <= 1 for measurement in measurements)


@pytest.mark.parametrize(
    "options",
    [
        ("softplus", "--set", "beta=0.3", "--dtype", "float64"),
        ("relu", "--dtype", "float16"),
        ("tanh", "--against", "numpy-naive", "--pass", "forward"),
        ("--expr", "x/(1 + x**2)", "--pass", "backward", "--dtype", "float32", "--level", "accurate"),
    ],
)
def test_accuracy_prints_a_document_that_its_schema_describes(run: Run, options: tuple[str, ...]) -> None:
    text = files("symact.verification").joinpath("accuracy.schema.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator.check_schema(json.loads(text))
    shown = run("accuracy", *options, "--target", "numpy", "--count", "200", "--format", "json")
    assert shown.err == ""
    document = json.loads(shown.out)
    jsonschema.validate(document, json.loads(text))
    assert document["measurements"]


def test_accuracy_against_a_library_is_one_table(run: Run) -> None:
    shown = run("accuracy", "tanh", "--against", "numpy-naive", "--target", "numpy", "--count", "500")
    assert shown.code == 0
    lines = [line.split() for line in shown.out.splitlines()]
    kernels = [line[:2] for line in lines if line and line[0] in ("forward", "derivative")]
    assert kernels == [[one, who] for one in ("forward", "derivative") for who in ("numpy-naive", "numpy")]


def test_accuracy_draws_errors(run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "errors.png"
    shown = run("accuracy", "relu", "--target", "numpy", "--count", "200", "--plot", str(picture))
    assert shown.code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = run("accuracy", "relu", "--target", "numpy", "--plot", str(tmp_path / "errors.doc"))
    assert (shown.code, shown.out) == (2, "")
    options = ("--target", "numpy", "--count", "200", "--pass", "backward", "--plot", str(picture))
    assert "depends on two numbers" in run("accuracy", "relu", *options).err


def test_accuracy_knows_levels(run: Run) -> None:
    shown = run("accuracy", "relu", "--target", "numpy", "--level", "sloppy")
    assert (shown.code, shown.out) == (2, "")
    assert "no level 'sloppy'" in shown.err


def test_accuracy_exits_1_where_a_kernel_breaks_its_contract(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from symact.verification import accuracy

    right = accuracy.single
    monkeypatch.setattr(accuracy, "single", lambda *which: lambda x: abs(right(*which)(x)))
    shown = run("accuracy", "softsign", "--target", "numpy", "--count", "100", "--pass", "forward")
    assert shown.code == 1
    assert "forward: sign of zero: x = -0.0" in shown.out
    assert shown.err == ""
