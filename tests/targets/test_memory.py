"""C kernels read and write their arrays and nothing else, wherever those are; sanitizers and valgrind would say so.

A few entries of the catalogue; `python scripts/check_c.py sanitizers` (or `valgrind`) does it for all.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from symact import catalog, targets
from symact.kernel.store import compiled
from symact.targets import render
from symact.verification import memory


def without_sanitizers(compiler: str, folder: Path) -> str | None:
    """Why the sanitizers of a compiler cannot be used here."""
    if shutil.which(compiler) is None:
        return f"{compiler} is not installed"
    (folder / "probe.c").write_text("int main(void) { return 0; }")
    command = [compiler, "-fsanitize=address,undefined", "probe.c", "-o", "probe"]
    built = subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0
    return None if built else f"{compiler} has no sanitizers here"


@pytest.fixture(params=["gcc", "clang"])
def compiler(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    reason = without_sanitizers(request.param, tmp_path)
    if reason is not None:
        pytest.skip(reason)
    return str(request.param)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "flags"), [("leaky_relu", []), ("softsign", ["-DSYMACT_SETS=0"])])
def test_sanitizers_find_nothing(name: str, flags: Sequence[str], compiler: str) -> None:
    assert memory.check(compiled(catalog.get(name)), compiler, (*memory.SANITIZERS, *flags)) == "clean"


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_valgrind_finds_nothing() -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    types = [t for t in targets.get("c").types if t.dtype == "float32"]
    assert memory.check(compiled(catalog.get("relu")), "gcc", ("-O2", "-g"), types, memory.VALGRIND) == "clean"


FAULTS = {
    "a write past the end": ("loop(n - rest,", "loop(n - rest + SYMACT_UNIT,", "AddressSanitizer"),
    "a write before the start": ("loop(n - rest,", "((char *)to[0])[-1] = 0; loop(n - rest,", ""),
    "a read past the end": ("memcpy(read[k], in[k], n * size)", "memcpy(read[k], in[k], n * size + 1)", "AddressS"),
    "an overflow": ("const size_t rest =", "int k = 2147483647; k += inputs; n += k < 0; const size_t rest =", "over"),
    "wrong in place": ("const size_t rest =", "if (to[0] == from[0]) return; const size_t rest =", "n = 1, place 0"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_would_be_found(fault: str, compiler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after, said = FAULTS[fault]

    def faulty(*arguments: object) -> dict[str, str]:
        files = render.activation_files(*arguments)  # type: ignore[arg-type]
        assert any(before in text for text in files.values())
        return {path: text.replace(before, after) for path, text in files.items()}

    monkeypatch.setattr(memory, "activation_files", faulty)
    types = [t for t in targets.get("c").types if t.dtype == "float32"][:1]
    found = memory.check(compiled(catalog.get("relu")), compiler, memory.SANITIZERS, types)
    assert found != "clean"
    assert said in found
