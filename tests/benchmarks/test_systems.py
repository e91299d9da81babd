"""Every system that is installed computes what symact computes."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks import native, systems, tasks
from benchmarks.systems import all_systems, chosen, limits
from benchmarks.systems.base import optional
from benchmarks.systems.ours import Ours
from benchmarks.tasks import Arrays, Task, arrays
from benchmarks.textbook import program
from symact import catalog, targets
from symact.errors import Error
from symact.kernel.store import compiled

#: Some have a function of their own everywhere, some nowhere; with pieces, with an error function, with a parameter.
TASKS = [
    Task(name, pass_, dtype, 3 * 64 + 5, 1)
    for name, dtype in (("logsig", "float32"), ("gelu", "float64"), ("elu", "float32"), ("leaky_relu", "float64"))
    for pass_ in tasks.PASSES
] + [Task("relu6", "forward", "float32", 64, 1)]

#: Far above anybody's rounding errors, far below the values.
COARSE = {"float32": 2e-5, "float64": 1e-12}

#: What peers do not have.
LACKS = {
    "NumPy": lambda task: task.name == "gelu" and optional("scipy.special") is None,  # the error function is SciPy's
    "numexpr": lambda task: task.name == "gelu",  # no error function
    "torch eager": lambda task: task.pass_ == "derivative",
    "torch.compile": lambda task: task.pass_ == "derivative",
}


def lacks(name: str, task: Task) -> bool:
    """Whether a system cannot do a task."""
    system = all_systems()[name]
    if isinstance(system, Ours):
        return (task.dtype, system.level) not in {(t.dtype, t.level) for t in targets.get(system.target).types}
    return name in LACKS and LACKS[name](task)


SLOW = {"torch.compile": pytest.mark.slow}
COMPARED = [
    pytest.param(name, marks=SLOW.get(name, ()))
    for name, system in all_systems().items()
    if system.kind != "limit" and name != "symact NumPy accurate"
]
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


def computed(name: str, task: Task, given: Arrays) -> np.ndarray:
    """A system's results; skips the test, by name, where the system or the function is missing."""
    system = all_systems()[name]
    missing = system.missing()
    if missing:
        pytest.skip(f"{name}: {missing}")
    return np.array(system.kernel(task)(given).result())


@pytest.mark.parametrize("name", COMPARED)
def test_a_system_computes_the_same_functions_as_symact(name: str) -> None:
    for task in TASKS:
        if name in SLOW and task.name != "logsig":
            continue
        given = arrays(task)
        if lacks(name, task):
            with pytest.raises(Error, match=r"no erf|backward passes only|no level"):
                computed(name, task, given)
            continue
        if name == "symact C table" and "table" not in compiled(catalog.get(task.name)).tables:
            with pytest.raises(Error, match="has no level 'table'"):
                computed(name, task, given)
            continue
        expected = computed("symact NumPy accurate", task, given)
        found = computed(name, task, given)
        assert found.dtype == expected.dtype == np.dtype(task.dtype)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=COARSE[task.dtype], err_msg=f"{name}: {task}")


@needs_compiler
@pytest.mark.parametrize("name", [name for name, system in all_systems().items() if system.kind == "limit"])
@pytest.mark.parametrize("dtype", tasks.DTYPES)
@pytest.mark.parametrize("elements", [1, 7, 64, 1001])
def test_limits_move_what_they_should(name: str, dtype: str, elements: int) -> None:
    for pass_ in tasks.PASSES:
        given = arrays(Task("relu", pass_, dtype, elements, 1))
        found = computed(name, Task("relu", pass_, dtype, elements, 1), given)
        np.testing.assert_array_equal(found, given.x if given.gradient is None else given.x * given.gradient)


@needs_compiler
def test_a_library_built_for_fast_math_leaves_subnormal_numbers_alone() -> None:
    task = Task("silu", "forward", "float32", 64, 1)
    computed("C -ffast-math", task, arrays(task))
    # By its bits: a processor that takes subnormal numbers for 0 finds 0 equal to them.
    assert (np.array([5e-324]) * np.array([1.0])).view(np.int64)[0] == 1


@needs_compiler
@pytest.mark.parametrize("dtype", tasks.DTYPES)
def test_the_limit_is_a_loop_and_no_call_of_memcpy(dtype: str) -> None:
    source = limits.PLAIN.format(**limits.WORDS[dtype])
    assert b"memcpy" not in native.library(source, "copy", limits.flags()).read_bytes()


@needs_compiler
def test_what_the_compiler_complains_about_is_passed_on() -> None:
    with pytest.raises(Error, match=r"the C compiler failed on f: .*error"):
        native.build("void f(", "f", 1, [])


def test_slices_cover_all_elements_and_share_no_cache_line() -> None:
    for elements in (1, 63, 64, 65, 1000, 4096):
        whole = arrays(Task("relu", "backward", "float32", elements, 3))
        parts = whole.slices(3)
        assert len(parts) == 3
        np.testing.assert_array_equal(np.concatenate([part.x for part in parts]), whole.x)
        for part in parts:
            assert part.gradient is not None
            assert part.x.shape == part.out.shape == part.gradient.shape
            assert part.x.ctypes.data % 64 == 0 or not len(part.x)


def test_parameters_are_what_the_dtype_can_hold_for_everybody() -> None:
    (parameter,) = Task("leaky_relu", "forward", "float32", 1, 1).activation.parameters
    assert float(parameter.value) == float(np.float32(0.01))
    (parameter,) = Task("leaky_relu", "forward", "float64", 1, 1).activation.parameters
    assert float(parameter.value) == 0.01


@pytest.mark.parametrize(
    ("name", "pass_", "x", "expected"),
    [
        ("softplus", "forward", 0.0, 0.69314718055994530942),  # ln 2
        ("logsig", "forward", -1.0, -0.40938389085035876),  # -ln 2/(1 + ln 2)
        ("relu6", "forward", 7.5, 6.0),
        ("relu6", "derivative", 5.0, 1.0),
        ("tanh", "derivative", 0.5493061443340548457, 0.75),  # artanh(1/2)
        ("selu", "forward", -math.log(2), -0.87904967042368843),  # half of both constants' product
        ("hardswish", "derivative", 1.5, 1.0),
    ],
)
def test_textbook_formulas_are_the_functions(name: str, pass_: str, x: float, expected: float) -> None:
    given = Arrays(np.array([x]), np.empty(1))
    found = computed("NumPy", Task(name, pass_, "float64", 1, 1), given)
    assert found[0] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "pass_", "operations"),
    [
        ("logsig", "forward", "abs add copysign div log1p mul"),
        ("silu", "derivative", "add add div exp mul mul neg sub"),  # s = 1/(1 + exp(-x)); s*(1 + x*(1 - s))
        ("elu", "forward", "expm1 lt select"),
        ("softplus", "forward", "exp log1p"),
        ("logsigmoid", "forward", "exp log1p neg neg"),
        ("hardsigmoid", "forward", "add div max min"),
        ("gelu", "forward", "add erf mul mul mul"),
        ("gelu_tanh", "forward", "add add mul mul mul mul mul mul tanh"),
    ],
)
def test_textbook_formulas_have_the_steps_that_a_person_writes(name: str, pass_: str, operations: str) -> None:
    steps = program(name, "float64", pass_).instructions
    assert sorted(step.operation for step in steps if step.operation not in ("input", "const")) == operations.split()


def test_a_constant_derivative_is_no_task_for_a_textbook() -> None:
    with pytest.raises(Error, match="constant"):
        program("identity", "float32", "derivative")


def test_systems_are_chosen_by_the_beginning_of_their_names_and_limits_always_take_part() -> None:
    assert set(chosen(["torch"])) == {"limit", "limit (streaming stores)", "torch eager", "torch.compile"}
    assert list(chosen([])) == list(all_systems())
    with pytest.raises(Error, match="no system 'tensorflow'"):
        chosen(["tensorflow"])


def test_a_new_module_is_enough_to_add_a_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "another.py").write_text(
        "from benchmarks.systems.textbook_numpy import TextbookNumPy\n"
        "class Another(TextbookNumPy):\n    name = 'another'\n"
        "SYSTEMS = (Another(),)\n"
    )
    monkeypatch.setattr(systems, "__path__", [*systems.__path__, str(tmp_path)])
    all_systems.cache_clear()
    try:
        assert "another" in all_systems()
    finally:
        all_systems.cache_clear()
