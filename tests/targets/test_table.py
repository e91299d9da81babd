"""A target's table: read from its folder, checked against the operations, complete or honest about what it lacks."""

from pathlib import Path

import pytest

from symact import targets
from symact.errors import Error
from symact.targets import table

MINIMAL = """
description = "d"
emits = "e"
reserved = ["lambda"]
[[types]]
dtype = "float32"
level = "accurate"
arithmetic = "float64"
suffix = "f32"
[arithmetics.float64]
inf = "INF"
"""


def read(folder: Path, operations: str) -> table.Target:
    folder.mkdir(exist_ok=True)
    (folder / "target.toml").write_text(MINIMAL + operations)
    return table.read(folder)


def test_texts_may_depend_on_the_arithmetic(tmp_path: Path) -> None:
    target = read(tmp_path / "t", '[operations]\nexp = {float64 = "exp({0})", float32 = "expf({0})"}\nneg = "-{0}"')
    assert target.operations.text("exp", "float32") == "expf({0})"
    assert target.operations.text("exp", "float64") == "exp({0})"
    assert target.operations.text("neg", "float32") == "-{0}"


def test_a_missing_operation_is_named(tmp_path: Path) -> None:
    target = read(tmp_path / "web", '[operations]\nneg = "-{0}"\nexp = {float64 = "exp({0})"}')
    with pytest.raises(Error, match="target web has no log1p"):
        target.operations.text("log1p", "float64")
    with pytest.raises(Error, match=r"target web has no exp .* in wide"):
        target.operations.text("exp", "wide")
    with pytest.raises(Error, match="no literal for nan"):
        target.operations.literal("nan", "float64")


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ('[operations]\nexpp = "{0}"', "'expp' is no operation"),
        ('[operations]\nadd = "{0}"', "operands of add"),
        ('[operations]\nneg = "{0}{1}"', "operands of neg"),
        ('[operations]\nneg = "-{0}"\n[own]\nwide = ["erff"]', "no program for 'erff'"),
        ('[operations]\nneg = "-{0}"\n[arithmetics.float8]\ninf = "i"', "'float8' is no arithmetic"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, operations: str, message: str) -> None:
    with pytest.raises(Error, match=message):
        read(tmp_path / "t", operations)


def test_types_are_found_by_dtype_and_level(tmp_path: Path) -> None:
    target = read(tmp_path / "t", '[operations]\nneg = "-{0}"')
    assert target.type("float32", "accurate").words["suffix"] == "f32"
    with pytest.raises(Error, match=r"no dtype 'float64' \(it has float32\)"):
        target.type("float64", "accurate")
    with pytest.raises(Error, match=r"no level 'fast' for float32 \(it has accurate\)"):
        target.type("float32", "fast")


def test_names_the_target_reserves_get_an_underscore(tmp_path: Path) -> None:
    target = read(tmp_path / "t", '[operations]\nneg = "-{0}"')
    assert [target.identifier(name) for name in ("beta", "lambda", "t0", "t", "to")] == [
        "beta",
        "lambda_",
        "t0_",
        "t",
        "to",
    ]


def test_every_folder_is_a_target_and_an_unknown_one_is_an_error_that_lists_them() -> None:
    templates = Path(__file__).parents[2] / "templates"
    assert targets.names() == sorted(path.name for path in templates.iterdir() if (path / "target.toml").exists())
    assert "c" in targets.names()
    with pytest.raises(Error, match=r"no target 'fortran'.*c"):
        targets.get("fortran")


def test_every_target_is_available_or_says_why_not() -> None:
    for target in targets.available():
        assert target.description
        assert target.emits
        assert "float32" in target.dtypes
        assert target.missing is None or target.missing
