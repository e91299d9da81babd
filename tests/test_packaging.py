"""What is built from the checkout is complete: the installed wheel works in another folder as the checkout does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.slow


def _files(folder: Path) -> set[str]:
    """The files that belong to a folder of the checkout, relative to it."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".pyc", ".o", ".a", ".so")
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel that is built from it."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return out


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was unpacked, which is how it is installed."""
    site = tmp_path_factory.mktemp("site")
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def _run(installed: Path, folder: Path, *arguments: str) -> str:
    """The output of Python in a folder that is not the checkout, with the wheel's package before all others."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_wheel_has_the_whole_package_and_the_templates(installed: Path) -> None:
    expected = {f"symact/{name}" for name in _files(ROOT / "symact")}
    expected |= {f"symact/templates/{name}" for name in _files(ROOT / "templates")}
    expected |= {"symact/generated/ACCURACY.json", "symact/generated/COST.json"}  # what headers and costs state
    found = _files(installed)
    assert {name for name in found if name.startswith("symact/")} == expected
    assert {"symact/py.typed", "symact/templates/c/target.toml"} <= expected
    assert all(name.startswith(("symact/", "symact-")) for name in found)


def test_the_wheel_says_what_it_is(installed: Path) -> None:
    (information,) = installed.glob("symact-*.dist-info")
    import symact

    assert f"\nVersion: {symact.__version__}\n" in (information / "METADATA").read_text()
    assert "symact = symact.cli:main" in (information / "entry_points.txt").read_text()
    assert (information / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_the_source_distribution_has_what_a_contributor_needs(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    expected = {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", ".ci/run"}
    for folder in ("benchmarks", "generated", "templates", "tests", "docs"):
        expected |= {f"{folder}/{name}" for name in _files(ROOT / folder)}
    assert expected <= names


def test_the_installed_package_analyses_and_verifies_elsewhere(installed: Path, tmp_path: Path) -> None:
    where = _run(installed, tmp_path, "-c", "import symact; print(symact.__file__)")
    assert where.startswith(str(installed))
    document = json.loads(_run(installed, tmp_path, "-m", "symact", "analyze", "logsig", "--format", "json"))
    assert document["tails"]["+oo"]["class"] == "power"
    code = "from symact.verification import claims; print(len(claims.read('article')))"
    assert int(_run(installed, tmp_path, "-c", code)) > 30


def test_the_installed_package_generates_what_is_checked_in(installed: Path, tmp_path: Path) -> None:
    _run(installed, tmp_path, "-m", "symact", "generate", "--all")
    written = tmp_path / "generated"
    checked_in = ROOT / "generated"
    assert len(_files(written)) > 40
    for name in _files(written):
        assert (written / name).read_bytes() == (checked_in / name).read_bytes(), name


def test_the_installed_package_computes(installed: Path, tmp_path: Path) -> None:
    code = "import numpy, symact; print(float(symact.load('tanh', dtype='float64').forward(numpy.array([1.0]))[0]))"
    assert float(_run(installed, tmp_path, "-c", code)) == pytest.approx(0.76159415595576488812, abs=2e-16)
