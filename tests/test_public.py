"""What `import symact` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

import symact


def test_all_names_exist() -> None:
    assert [name for name in symact.__all__ if not hasattr(symact, name)] == []


def test_the_decorator_is_not_hidden_by_the_module_of_its_name() -> None:
    code = (
        "import symact, symact.activation\n"
        "from symact.activation import Activation\n"
        "symact.get('tanh').expression\n"
        "@symact.activation(summary='test')\n"
        "def mine(x):\n    return x\n"
        "assert isinstance(mine, Activation) and symact.get('mine') is mine\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_loads_neither_sympy_nor_numpy() -> None:
    code = "import symact, sys; sys.exit(bool({'sympy', 'numpy', 'mpmath', 'typer', 'rich'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_an_expression_and_an_activation_are_the_same_to_analyze() -> None:
    documents = [symact.analyze(given).to_dict() for given in ("softsign", "x/(1 + abs(x))", symact.get("softsign"))]
    for document in documents:
        del document["name"]
    assert documents[0] == documents[1] == documents[2]


def test_parameters_are_values_for_a_name_and_declared_for_an_expression() -> None:
    assert symact.analyze("softplus", parameters={"beta": 2}).parameters == {"beta": "2"}
    assert symact.analyze("tanh(k*x)", parameters={"k": 0.5}).tails["+oo"].to_dict()["rate"] == "1"


def test_an_error_is_a_value_error_with_message_and_hint() -> None:
    with pytest.raises(ValueError, match="there is no activation called") as caught:
        symact.get("lgosig")
    assert isinstance(caught.value, symact.Error)
    assert caught.value.hint is not None
    assert "logsig" in caught.value.hint


def test_the_package_is_typed() -> None:
    spec = find_spec("symact")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    from pathlib import Path

    assert (Path(spec.submodule_search_locations[0]) / "py.typed").is_file()
