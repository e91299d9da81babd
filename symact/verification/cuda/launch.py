"""A kernel's launch as CuPy does it: arrays and numbers as the bytes of its parameters."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from symact.oracle.formats import FORMATS
from symact.verification.cuda.machine import Machine

#: Elements a launch: the kernels for contiguous arrays count bytes in 32 bits.
_MOST = 1 << 24


def run(
    machine: Machine,
    inputs: Sequence[Any],
    parameters: Sequence[float],
    outputs: Sequence[Any],
    *,
    directions: Sequence[int] = (),
    fused: bool = False,
) -> None:
    """Execute a kernel on contiguous NumPy arrays of one dtype and size.

    Args:
        machine: the kernel.
        inputs, parameters, outputs: as its arguments stand; parameters are rounded to the arrays' dtype.
        directions, fused: see `Machine.run`.
    """
    arrays = [array.reshape(-1) for array in (*inputs, *outputs)]
    format = FORMATS[arrays[0].dtype.name]
    numbers = [format.encode(np.array(number, np.float64)).tobytes() for number in parameters]
    size = arrays[0].size
    for start in range(0, size, _MOST):
        parts = [array[start : start + _MOST] for array in arrays]
        given = [_array(part) for part in parts]
        arguments = [*given[: len(inputs)], *numbers, *given[len(inputs) :], _indexer(parts[0].size)]
        machine.run(arguments, directions, fused)


def _array(array: Any) -> bytes:
    """CuPy's CArray of one dimension: pointer, size, shape and strides."""
    return struct.pack("<4q", array.ctypes.data, array.size, array.size, array.itemsize)


def _indexer(size: int) -> bytes:
    """CuPy's CIndexer of one dimension: size, shape and index."""
    return struct.pack("<3q", size, size, 0)
