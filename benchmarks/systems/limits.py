"""What the memory allows: the same traffic without a function.

Forward and derivative passes read one array and write one, a copy; backward passes read two, a product. Plain stores
are the measure of all ratios. Stores past the caches move a third less out of cache; they stand beside.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from benchmarks import native
from benchmarks.systems.base import Bound, Kernel, System, writing
from benchmarks.tasks import Arrays, Task
from symact.errors import Error

#: The system to which all speeds are compared.
REFERENCE = "limit"

#: The sources, with `WORDS` of a dtype to be put in.
PLAIN = """
#include <stddef.h>
void copy(size_t n, const {type} *restrict x, {type} *restrict y)
{{
    for (size_t i = 0; i < n; i++) y[i] = x[i];
}}
void product(size_t n, const {type} *restrict x, const {type} *restrict g, {type} *restrict y)
{{
    for (size_t i = 0; i < n; i++) y[i] = x[i] * g[i];
}}
"""


_PAST = """
#include <stddef.h>
#include <stdint.h>
#include <emmintrin.h>
#define WIDE (sizeof(__m128{suffix}) / sizeof({type}))
void copy(size_t n, const {type} *restrict x, {type} *restrict y)
{{
    size_t i = 0;
    for (; i < n && (uintptr_t)(y + i) % 16; i++) y[i] = x[i];
    for (; i + WIDE <= n; i += WIDE) _mm_stream_p{letter}(y + i, _mm_loadu_p{letter}(x + i));
    for (; i < n; i++) y[i] = x[i];
    _mm_sfence();
}}
void product(size_t n, const {type} *restrict x, const {type} *restrict g, {type} *restrict y)
{{
    size_t i = 0;
    for (; i < n && (uintptr_t)(y + i) % 16; i++) y[i] = x[i] * g[i];
    for (; i + WIDE <= n; i += WIDE)
        _mm_stream_p{letter}(y + i, _mm_mul_p{letter}(_mm_loadu_p{letter}(x + i), _mm_loadu_p{letter}(g + i)));
    for (; i < n; i++) y[i] = x[i] * g[i];
    _mm_sfence();
}}
"""

WORDS = {
    "float32": {"type": "float", "suffix": "", "letter": "s"},
    "float64": {"type": "double", "suffix": "d", "letter": "d"},
}


class Limit(System):
    """A copy, or a product of two arrays, in C."""

    kind = "limit"

    def __init__(self, name: str, about: str, source: str) -> None:
        self.name, self.about, self._source = name, about, source

    def missing(self) -> str | None:
        """See `System`."""
        return native.missing()

    def version(self) -> str:
        """See `System`."""
        return native.version()

    def kernel(self, task: Task) -> Kernel:
        """See `System`."""
        function = _built(self._source, task.dtype, task.pass_ == "backward")

        def bind(arrays: Arrays) -> Bound:
            read = [arrays.x] if arrays.gradient is None else [arrays.x, arrays.gradient]
            return writing(arrays, native.bind(function, *read, arrays.out))

        return bind


class Past(Limit):
    """The same with non-temporal stores of SSE2."""

    def kernel(self, task: Task) -> Kernel:
        """See `System`."""
        try:
            return super().kernel(task)
        except Error as error:
            raise Error("stores past the caches are written for x86 only") from error


@lru_cache
def _built(source: str, dtype: str, product: bool) -> Any:
    name, arrays = ("product", 3) if product else ("copy", 2)
    return native.build(source.format(**WORDS[dtype]), name, arrays, flags())


def flags() -> list[str]:
    """Of the compiler: else it turns the copy into a call of memcpy, which chooses its stores itself."""
    return ["-O3", "-fno-builtin" if native.is_clang() else "-fno-tree-loop-distribute-patterns"]


SYSTEMS = (
    Limit(REFERENCE, "copy (backward: product of two arrays) in C with plain stores", PLAIN),
    Past("limit (streaming stores)", "the same with non-temporal stores", _PAST),
)
