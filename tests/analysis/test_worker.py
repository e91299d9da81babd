"""Analyses under a time limit: they stop, they say what is missing, and they work from wherever they are asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import pytest
from jsonschema import Draft202012Validator

import symact
from symact import catalog, grammar
from symact.analysis import analyze, bounded, document, process, request
from symact.analysis.record import ENDS, schema

ROOT = Path(__file__).parents[2]

#: Takes SymPy and FLINT far longer than any limit here.
HOSTILE = "*".join(f"erf(sin({k}*x) + exp(cos(x) + {k}))" for k in range(1, 40))


def python(code: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs a program that comes on stdin, in a process of its own."""
    return subprocess.run(
        [sys.executable, *(arguments or ("-",))],
        input=dedent(code),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,  # type: ignore[call-overload]
    )


def workers(parent: int) -> list[int]:
    """The processes that a process has started and that are not gone, zombies included."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[1]) == parent:
            found.append(int(folder.name))
    return found


def is_running(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


def gone(pid: int, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_running(pid)


# --- the same answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["logsig", "relu", "softplus", "gelu"])
def test_the_worker_says_what_this_process_says(name: str) -> None:
    activation = catalog.get(name)
    here, there = analyze(activation).to_dict(), bounded.analyze(activation, cached=False).to_dict()
    assert there.pop("budget") == {"seconds": 20.0, "unfinished": {}}
    assert here.pop("budget") == {"seconds": None, "unfinished": {}}
    assert here == there


def test_the_record_is_read_back_from_its_document() -> None:
    for name in ("logsig", "gelu", "elu"):
        analysis = analyze(catalog.get(name))
        assert document.read(analysis.to_dict()) == analysis


@pytest.mark.parametrize("name", catalog.names())
def test_an_entry_goes_by_its_name(name: str) -> None:
    sent = request.of(catalog.get(name))
    assert sent is not None
    assert sent["entry"] == name
    assert request.activation(sent) == catalog.get(name)


def test_values_domains_and_values_at_kinks_arrive() -> None:
    given = grammar.parse("max(x, k*x) + abs(m)", {"k": "0.1", "m": -2}, name="mine")
    sent = request.of(given)
    assert sent is not None
    arrived = request.activation(sent)
    assert (arrived.name, arrived.expression, arrived.values) == ("mine", given.expression, given.values)
    changed = symact.Activation("relu", catalog.get("relu").define, derivative_at={"0": "1/2"})
    assert bounded.analyze(changed).smoothness.kinks[0].value == "1/2"


def test_a_wrong_text_is_the_same_error_from_the_worker() -> None:
    for text in ("log(x)", "1/0", "sqrt(-1 - x**2)"):
        with pytest.raises(symact.Error) as here:
            analyze(grammar.parse(text))
        with pytest.raises(symact.Error) as there:
            symact.analyze(text, cache=False)
        assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)


def test_a_python_definition_that_text_can_say_goes_to_the_worker() -> None:
    from sympy import tanh

    mine = symact.Activation("mine", lambda x: x * tanh(x))
    assert symact.analyze(mine).budget.seconds == 20


def test_a_python_definition_that_text_cannot_say_is_analysed_here_and_says_so() -> None:
    from sympy import Function

    class Twice(Function):  # type: ignore[misc]
        @classmethod
        def eval(cls, x: object) -> object:
            return None

        def _eval_rewrite_as_Add(self, x: object) -> object:  # noqa: N802
            return 2 * x  # type: ignore[operator]

    assert request.of(symact.Activation("mine", Twice)) is None
    from sympy import sec

    analysis = symact.analyze(symact.Activation("mine", lambda x: x + 0 * sec(0) + sec(1) * x))
    assert analysis.budget.seconds is None


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x*(1+sin(exp(x**2)))", HOSTILE])
def test_hostile_text_returns_within_the_limit(text: str) -> None:
    symact.analyze("x", cache=False)  # a warm worker, whose start is not counted
    start = time.monotonic()
    analysis = symact.analyze(text, timeout=1.5, cache=False)
    assert time.monotonic() - start < 4.0  # a busy machine stops a worker late; without a limit it takes minutes
    Draft202012Validator(schema()).validate(analysis.to_dict())


def test_what_is_missing_is_said() -> None:
    symact.analyze("x", cache=False)
    found = symact.analyze(HOSTILE, timeout=0.2, cache=False).to_dict()
    assert set(found["budget"]["unfinished"].values()) == {"timed out after 0.2 s"}
    assert {"shape", "gradient"} <= set(found["budget"]["unfinished"])
    assert (found["shape"], found["gradient"]) == (None, None)
    for end in ENDS:
        tail = found["tails"][end]
        assert (tail["class"], tail["reason"]) == ("undetermined", "timed out after 0.2 s")
    assert found["expression"].count("erf") == 39


def test_what_was_finished_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = process.run("analysis", request.of(catalog.get("softplus")), None)
    names = list(whole.parts)
    assert names == list(document.SECTIONS)
    for count in range(len(names)):
        part = process.Outcome({name: whole.parts[name] for name in names[:count]}, {}, "timed out after 1 s")
        monkeypatch.setattr(process, "run", lambda *_, part=part: part)
        found = bounded.analyze(catalog.get("softplus"), timeout=1, cached=False).to_dict()
        Draft202012Validator(schema()).validate(found)
        assert list(found["budget"]["unfinished"]) == names[count:]
        for name in names:
            section, _, end = name.partition(".")
            value = found[section][end] if end else found[section]
            if name in names[:count]:
                assert value == whole.parts[name]
            elif end:
                assert (value["class"], value["reason"]) == ("undetermined", "timed out after 1 s")
            else:
                assert value in (None, {"+oo": None, "-oo": None}, "softplus")


def test_tails_do_not_wait_for_what_takes_long() -> None:
    # The tails of this take a tenth of a second, its shape takes ten.
    symact.analyze("x", cache=False)
    found = symact.analyze("+".join(f"tanh({k}*x)**{k}" for k in range(1, 9)), timeout=5, cache=False)
    assert not [name for name in found.budget.unfinished if name.startswith(("limits", "tails", "residuals"))]
    assert found.limits == {"+oo": "8", "-oo": "0"}
    assert found.tails["-oo"].parameters["rate"] == "2"


def test_the_next_call_after_one_that_was_stopped_is_answered() -> None:
    symact.analyze(HOSTILE, timeout=0.2, cache=False)
    assert symact.analyze("tanh", cache=False).tails["+oo"].parameters["rate"] == "2"


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_no_time(timeout: float) -> None:
    with pytest.raises(symact.Error, match="is no time"):
        symact.analyze("tanh", timeout=timeout)


def test_one_worker_serves_many_calls() -> None:
    symact.analyze("x", cache=False)
    before = workers(os.getpid())
    for _ in range(3):
        symact.analyze("x**2", cache=False)
    assert workers(os.getpid()) == before


def test_a_worker_that_dies_is_replaced() -> None:
    process._pool.put_back(process._pool.take())
    os.kill(process._pool._idle[-1]._process.pid, signal.SIGKILL)
    assert symact.analyze("x", cache=False).limits["+oo"] == "oo"


# --- memory ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the address space")
def test_the_workers_memory_is_limited() -> None:
    code = """
        from symact.analysis import worker
        worker._limit_memory()
        try:
            bytearray(worker.MEMORY)
        except MemoryError:
            print("limited")
        """
    assert python(code).stdout == "limited\n"


def test_a_section_that_fails_does_not_cost_the_others(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from symact.analysis import worker

    monkeypatch.setattr(worker, "_used_memory", lambda: 0)  # the process of many tests has used much

    def parts(argument: object) -> object:
        def too_much() -> object:
            raise MemoryError

        def defect() -> object:
            raise ZeroDivisionError

        yield from (("a", lambda: 1), ("b", too_much), ("c", defect), ("d", lambda: [2]))

    worker._answer(sys.stdout, parts, None)  # type: ignore[arg-type]
    assert capfd.readouterr().out.splitlines() == [
        '{"part": "a", "value": 1}',
        '{"failed": "b", "reason": "ran out of memory"}',
        '{"failed": "c", "reason": "failed with ZeroDivisionError"}',
        '{"part": "d", "value": [2]}',
        '{"done": true}',
    ]


def test_a_number_beyond_all_memory_costs_only_its_section() -> None:
    # On the way to f', SymPy asks GMP for a number of 10**12 bits, and GMP ends the process.
    text = "1/(exp(x*x)*(LambertW(abs(x)) if abs(x) - 10**6 > x else x)*(exp(1/2) + abs(2 if x > 1/1000 else x)))"
    found = symact.analyze(text, cache=False, timeout=5)
    assert found.tails["+oo"].kind == "superexponential"
    assert all(why.startswith(("ran out of memory", "timed out")) for why in found.budget.unfinished.values())


@linux
def test_a_crash_is_told() -> None:
    process.stop_all()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(symact.analyze, HOSTILE, timeout=30, cache=False)
        while not (started := workers(os.getpid())):
            time.sleep(0.02)
        time.sleep(1.5)
        os.kill(started[0], signal.SIGSEGV)
        reasons = set(waiting.result(timeout=3).budget.unfinished.values())
    assert reasons == {"ran out of memory or crashed (exit code -11)"}


# --- where it is called from -----------------------------------------------------------------------------------------

ASK = "import symact; print(symact.analyze('tanh', cache=False).tails['+oo'].leading)\n"


def test_from_a_script_on_stdin() -> None:
    ran = python(ASK)
    assert (ran.stdout, ran.stderr) == ("4*exp(-2*t)\n", "")


def test_from_an_unguarded_module_which_runs_once(tmp_path: Path) -> None:
    (tmp_path / "unguarded.py").write_text("print('once')\n" + ASK)
    ran = python("", str(tmp_path / "unguarded.py"))
    assert (ran.stdout, ran.stderr) == ("once\n4*exp(-2*t)\n", "")


def test_a_folder_with_modules_of_famous_names_is_not_imported_from(tmp_path: Path) -> None:
    for name in ("sympy", "flint", "json", "signal"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the current folder')\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "ask.py").write_text(ASK)
    ran = python("", str(tmp_path / "elsewhere" / "ask.py"), cwd=tmp_path)
    assert (ran.stdout, ran.stderr) == ("4*exp(-2*t)\n", "")


def test_the_caller_does_not_import_sympy() -> None:
    code = ASK + "import sys; print(bool({'sympy', 'numpy', 'flint', 'mpmath'} & set(sys.modules)))"
    assert python(code).stdout.splitlines()[1] == "False"


def test_from_threads() -> None:
    with ThreadPoolExecutor(4) as threads:
        rates = threads.map(lambda k: symact.analyze(f"tanh({k}*x)", cache=False).tails["+oo"], range(1, 9))
        assert [tail.parameters["rate"] for tail in rates] == [str(2 * k) for k in range(1, 9)]
    assert threading.active_count() < 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_child_starts_its_own() -> None:
    code = ASK + dedent(
        """
        import os
        if os.fork() == 0:
            print(symact.analyze('tanh(3*x)', cache=False).tails['+oo'].leading, flush=True)
            os._exit(0)
        print(os.wait()[1], symact.analyze('tanh(2*x)', cache=False).tails['+oo'].leading)
        """
    ).replace("import os\n", "import os, sys; sys.stdout.flush()\n")
    assert python(code).stdout.splitlines() == ["4*exp(-2*t)", "12*exp(-6*t)", "0 8*exp(-4*t)"]


# --- the end ---------------------------------------------------------------------------------------------------------


@linux
def test_stopping_all_ends_what_other_threads_wait_for() -> None:
    symact.analyze("x", cache=False)
    with ThreadPoolExecutor(1) as threads:
        for seconds in (0.5, 0.05):  # the second time, the worker has not even started
            waiting = threads.submit(symact.analyze, HOSTILE, timeout=15, cache=False)
            time.sleep(seconds)
            process.stop_all()
            assert set(waiting.result(timeout=10).budget.unfinished.values()) == {"was stopped"}
    assert workers(os.getpid()) == []
    assert symact.analyze("x", cache=False).limits["+oo"] == "oo"


@linux
def test_no_process_is_left_when_the_interpreter_ends() -> None:
    code = ASK + "from symact.analysis import process; print(process._pool._idle[0]._process.pid)\n"
    assert not is_running(int(python(code).stdout.splitlines()[1]))


@linux
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_whatever_ends_the_caller_ends_the_worker(name: str) -> None:
    # A shell starts background jobs with SIGINT ignored, and that would be inherited.
    code = (
        "import signal, symact; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"print(flush=True); symact.analyze({HOSTILE!r}, timeout=60, cache=False)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as caller:
        assert caller.stdout is not None
        caller.stdout.readline()
        end = time.monotonic() + 20
        while not (started := workers(caller.pid)) and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(1.5)
        caller.send_signal(getattr(signal, name))
        start = time.monotonic()
        _, error = caller.communicate(timeout=20)
    assert time.monotonic() - start < 15, "the caller waited for the analysis"
    assert len(started) == 1
    assert gone(started[0], 2)
    assert ("KeyboardInterrupt" in error) == (name == "SIGINT")
