"""Small C functions, compiled and loaded for one run."""

from __future__ import annotations

import atexit
import ctypes
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from symact.errors import Error


def compiler() -> list[str]:
    """The command of the C compiler, as `symact.load` chooses it."""
    return shlex.split(os.environ.get("CC", "")) or ["cc"]


def missing() -> str | None:
    """Why nothing can be compiled here; None if it can."""
    command = compiler()[0]
    return None if shutil.which(command) else f"there is no C compiler '{command}'; install gcc or clang"


@lru_cache
def version() -> str:
    """The compiler as it names itself, and its C library where that is glibc."""
    done = subprocess.run([*compiler(), "--version"], capture_output=True, text=True, check=False)
    name = (done.stdout.splitlines() or [shlex.join(compiler())])[0]
    library = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else None
    return f"{name}, {library}" if library else name


@lru_cache
def is_clang() -> bool:
    """Whether the compiler is clang, by what it predefines."""
    done = subprocess.run([*compiler(), "-dM", "-E", "-"], input="", capture_output=True, text=True, check=False)
    return "__clang__" in done.stdout


def build(source: str, name: str, arrays: int, flags: Sequence[str]) -> Any:
    """The function ``void name(size_t n, pointer...)`` of a source with so many pointers; a call releases the GIL.

    Raises:
        Error: see `library`.
    """
    function = getattr(ctypes.CDLL(str(library(source, name, flags))), name)
    function.argtypes = [ctypes.c_size_t, *[ctypes.c_void_p] * arrays]
    function.restype = None
    return function


def library(source: str, name: str, flags: Sequence[str]) -> Path:
    """A shared library of one source, for this processor.

    It is linked without the flags: linked with -ffast-math it would switch off subnormal numbers in the whole process,
    and with that change what everybody else computes.

    Raises:
        Error: the compiler fails; the message has `name` and the first complaint.
    """
    folder = Path(tempfile.mkdtemp(dir=_folder()))
    (folder / "source.c").write_text(source, encoding="utf-8")
    for arguments in (
        [*flags, "-fPIC", "-march=native", "-c", "source.c", "-o", "source.o"],
        ["-shared", "source.o", "-o", "library.so", "-lm"],
    ):
        done = subprocess.run([*compiler(), *arguments], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            complaints = [line for line in done.stderr.splitlines() if "error" in line] or [done.stderr.strip()]
            raise Error(f"the C compiler failed on {name}: {complaints[0]}")
    return folder / "library.so"


def bind(function: Any, *arrays: NDArray[Any]) -> Callable[[], None]:
    """A call with these arrays; their addresses are looked up once, as a caller in C has them."""
    arguments = (arrays[0].size, *(array.ctypes.data for array in arrays))
    return lambda: function(*arguments)


@lru_cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="symact-benchmarks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
