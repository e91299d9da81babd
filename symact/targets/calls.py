"""Cheap calls of C functions with arrays: for short arrays the call takes longer than the kernel.

Asking an array for the address of its data costs as much as calling C does. So functions are called with the array
objects, and a line of C for each of them, compiled beside the kernels, finds the data: its address stands first after
what every Python object has, by NumPy's C interface (``PyArrayObject_fields``). That is checked when this module is
imported; where it does not hold, addresses are asked for. ctypes releases the GIL while a function runs.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symact.targets.loaded import Run


def _offset() -> int | None:
    """How many bytes after the start of an array object the address of its data is; None where that is not known."""
    if platform.python_implementation() != "CPython":
        return None
    offset = object.__basicsize__
    arrays = (np.zeros(3), np.zeros((2, 2), np.float32)[1:])
    found = [ctypes.c_void_p.from_address(id(array) + offset).value == array.ctypes.data for array in arrays]
    return offset if all(found) else None


def _address(array: Any) -> int:
    return int(array.ctypes.data)


_OFFSET = _offset()


def called(symbol: str) -> str:
    """The name of the function in a library that `run` calls for a kernel."""
    return symbol if _OFFSET is None else f"{symbol}_of_arrays"


def source(header: str, arrays: Mapping[str, int], parameters: Sequence[str]) -> str:
    """The C source to compile beside kernels.

    Args:
        header: declares the kernels.
        arrays: kernel -> how many arrays it takes, after their length.
        parameters: the types of the numbers that come last.
    """
    lines = [f'#include "{header}"']
    for symbol, count in arrays.items() if _OFFSET is not None else ():
        numbers = [f"p{i}" for i in range(len(parameters))]
        typed = [f"{kind} {number}" for kind, number in zip(parameters, numbers, strict=True)]
        head = ", ".join(["size_t n", *(f"const char *a{i}" for i in range(count)), *typed])
        data = [f"*(void *const *)(const void *)(a{i} + {_OFFSET})" for i in range(count)]
        lines.append(f"void {symbol}_of_arrays({head}) {{ {symbol}({', '.join(['n', *data, *numbers])}); }}")
    return "\n".join(lines) + "\n"


def run(function: Any, arrays: int, parameters: Sequence[Any]) -> Run:
    """A function of so many arrays (two or three, of one size) and parameters.

    Args:
        function: `called` of a library.
        arrays: how many it takes.
        parameters: the ctypes of the numbers that come last.
    """
    function.argtypes = [ctypes.c_size_t, *[ctypes.c_void_p] * arrays, *parameters]
    function.restype = None
    given: Callable[[Any], int] = _address if _OFFSET is None else id

    def two(x: Any, y: Any, *parameters: float) -> None:
        function(x.size, given(x), given(y), *parameters)

    def three(x: Any, y: Any, z: Any, *parameters: float) -> None:
        function(x.size, given(x), given(y), given(z), *parameters)

    return two if arrays == 2 else three
