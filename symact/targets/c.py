"""C kernels in Python: compiled by the system's compiler, kept in the user's cache, called through ctypes.

A library is kept under a hash of its sources, the command line and all that the compiler predefines, which names its
version and the processor's features; so a kernel is compiled once, and never taken from another machine or compiler.
"""

from __future__ import annotations

import atexit
import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from symact.errors import Error
from symact.kernel.compiled import CompiledActivation
from symact.targets import calls
from symact.targets.loaded import Loaded
from symact.targets.render import activation_files
from symact.targets.table import DataType, Target

_SCALARS: dict[str, tuple[Any, Any]] = {
    "float": (ctypes.c_float, np.float32),
    "double": (ctypes.c_double, np.float64),
}
_lock = threading.Lock()


def missing() -> str | None:
    """Why C cannot be compiled and loaded here; None if it can."""
    if os.name == "nt":
        return "C kernels are not loaded on Windows; compile the sources that generate writes, or load numpy"
    command = _compiler()
    if shutil.which(command[0]) is None:
        return f"there is no C compiler '{command[0]}'; install gcc or clang, or name yours in the variable CC"
    return None


def load(compiled: CompiledActivation, target: Target, type_: DataType) -> Loaded:
    """The kernels of one activation as functions of NumPy arrays.

    Raises:
        Error: the compiler fails (the message has its first complaint), or the system does not load the library.
    """
    library = _open(_library(compiled, target, type_))
    argument, scalar = _SCALARS[type_.words["parameter"]]
    runs = {}
    parameters = [argument] * len(compiled.parameters)
    for name, kernel in compiled.signatures.items():
        function = library[calls.called(symbol(compiled, name, type_))]
        runs[name] = calls.run(function, len(kernel.inputs) + len(kernel.outputs), parameters)
    return Loaded(compiled, type_.dtype, runs, scalar=scalar, contiguous=True)


def symbol(compiled: CompiledActivation, pass_: str, type_: DataType) -> str:
    """The name of the C function of a pass: the suffix of the arrays' type, then a level other than accurate."""
    level = "" if type_.level == "accurate" else f"_{type_.level}"
    return f"symact_{compiled.name}_{pass_}_{type_.words['suffix']}{level}"


def _open(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise Error(f"the compiled kernel cannot be loaded: {error}", f"delete {path} and try again") from None


def tool() -> str:
    """The compiler as it names itself, and the processor as far as results may depend on it."""
    done = subprocess.run([*_compiler(), "--version"], capture_output=True, text=True, check=False)
    name = (done.stdout.splitlines() or [shlex.join(_compiler())])[0]
    _, predefined = _command(tuple(_compiler()), tuple(shlex.split(os.environ.get("CFLAGS", ""))))
    has = {
        "FMA": any(f"#define {macro} " in predefined for macro in ("__FMA__", "__ARM_FEATURE_FMA")),
        "AVX-512": "#define __AVX512DQ__ " in predefined,
    }
    features = " and ".join(feature for feature, here in has.items() if here)
    return f"{name}, {platform.machine()}{f' with {features}' if features else ''}"


def library(name: str, files: Mapping[str, str], flags: Sequence[str]) -> ctypes.CDLL:
    """A library of some sources, compiled once and loaded.

    Args:
        name: what it is called in the cache and in messages.
        files: path -> text; those that end in ``.c`` are compiled.
        flags: of the compiler; CFLAGS and LDFLAGS of the environment come after them.

    Raises:
        Error: the compiler fails, or the system does not load the library.
    """
    return _open(_built(name, files, flags))


def _library(compiled: CompiledActivation, target: Target, type_: DataType) -> Path:
    """The compiled library of an activation's functions for one type of arrays."""
    arrays = {symbol(compiled, name, type_): len(k.inputs) + len(k.outputs) for name, k in compiled.signatures.items()}
    parameters = [type_.words["parameter"]] * len(compiled.parameters)
    files = {
        **activation_files(compiled, target, [type_]),
        f"c/{compiled.name}_calls.c": calls.source(f"{compiled.name}.h", arrays, parameters),
    }
    return _built(compiled.name, files, target.settings["flags"])


def _built(name: str, files: Mapping[str, str], flags: Sequence[str]) -> Path:
    """A compiled library, from the cache or made now."""
    flags = (*flags, *shlex.split(os.environ.get("CFLAGS", "")))
    command, predefined = _command(tuple(_compiler()), flags)
    link = shlex.split(os.environ.get("LDFLAGS", ""))
    parts = [predefined, *command, *link, *(part for item in sorted(files.items()) for part in item)]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    path = _cache() / f"{name}-{key}.so"
    with _lock:
        if not path.exists():
            _compile(name, files, [*command, *link], path)
    return path


def _compile(name: str, files: Mapping[str, str], command: Sequence[str], path: Path) -> None:
    """Compile in a folder of its own, then rename: another process sees the whole library or none."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="building-") as folder:
        for file, text in files.items():
            (Path(folder) / Path(file).name).write_text(text, encoding="utf-8")
        sources = [Path(file).name for file in files if file.endswith(".c")]
        arguments = [*command, "-shared", "-o", "library.so", *sources, "-lm"]
        done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            complaints = [line for line in done.stderr.splitlines() if "error" in line] or [done.stderr.strip()]
            raise Error(
                f"the C compiler failed on {name}: {complaints[0]}", f"the command was: {shlex.join(arguments)}"
            )
        os.replace(Path(folder) / "library.so", path)


def _compiler() -> list[str]:
    return shlex.split(os.environ.get("CC", "")) or ["cc"]


@lru_cache
def _command(compiler: tuple[str, ...], flags: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The compiler's command line, for this processor where it can, and the macros that it predefines."""
    output = ""
    for native in (("-march=native",), ("-mcpu=native",), ()):
        command = (*compiler, *native, *flags)
        done = subprocess.run(
            [*command, "-dM", "-E", "-x", "c", os.devnull], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return command, done.stdout
        output = done.stderr.strip()
    raise Error(f"the C compiler does not run: {output}", f"the command was: {shlex.join(command)}")


@lru_cache
def _cache() -> Path:
    """The folder for compiled libraries: the user's cache, or one for this process where that cannot be written."""
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("symact")) / "c"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        temporary = Path(tempfile.mkdtemp(prefix="symact-"))
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        return temporary
