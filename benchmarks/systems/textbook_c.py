"""The textbook formula as a loop in C, with libm and with what -ffast-math makes of it.

There the vector functions of libmvec are called, of which log is faster than log1p, and exp than expm1; so that nobody
is shown slower than needed, both ways to write the formula take part.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from benchmarks import native
from benchmarks.systems.base import Bound, Kernel, System, writing
from benchmarks.tasks import Arrays, Task
from benchmarks.textbook import called, program, statements, words

_TYPES = {"float32": ("float", "f"), "float64": ("double", "")}

_SOURCE = """
#include <math.h>
#include <stddef.h>
void textbook(size_t n, {arguments}, {type} *restrict out)
{{
    for (size_t i = 0; i < n; i++) {{
{lines}
    }}
}}
"""


class TextbookC(System):
    """A loop over the textbook formula."""

    def __init__(self, name: str, about: str, flags: Sequence[str], literal: bool = False) -> None:
        self.name, self.about, self._flags, self._literal = name, about, tuple(flags), literal

    def missing(self) -> str | None:
        """See `System`."""
        return native.missing()

    def version(self) -> str:
        """See `System`."""
        return native.version()

    def kernel(self, task: Task) -> Kernel:
        """See `System`."""
        vectors = ("-fveclib=libmvec",) if self._flags and native.is_clang() else ()
        function = _built(
            source(task.name, task.pass_, task.dtype, self._literal), task.pass_ == "backward", self._flags + vectors
        )

        def bind(arrays: Arrays) -> Bound:
            read = [arrays.x] if arrays.gradient is None else [arrays.x, arrays.gradient]
            return writing(arrays, native.bind(function, *read, arrays.out))

        return bind


@lru_cache
def _built(text: str, backward: bool, flags: tuple[str, ...]) -> Any:
    return native.build(text, "textbook", 3 if backward else 2, ["-O3", *flags])


def source(name: str, pass_: str, dtype: str, literal: bool = False) -> str:
    """The text that is compiled; function ``textbook(n, x, [grad_y,] out)``.

    Args:
        name, pass_, dtype: of a task.
        literal: write ``log(1 + u)`` and ``exp(u) - 1`` where they could be log1p and expm1.
    """
    type_, suffix = _TYPES[dtype]
    plain = {"log1p": f"log{suffix}(1.0{suffix} + {{0}})", "expm1": f"(exp{suffix}({{0}}) - 1.0{suffix})"}
    texts = {
        **called(f"NAME{suffix}"),
        **(plain if literal else {}),
        "abs": f"fabs{suffix}({{0}})",
        "copysign": f"copysign{suffix}({{0}}, {{1}})",
        "min": "({1} < {0} ? {1} : {0})",
        "max": "({1} > {0} ? {1} : {0})",
        "pow": f"pow{suffix}({{0}}, {{1}})",
        "and": "({0} && {1})",
        "or": "({0} || {1})",
        "select": "({0} ? {1} : {2})",
    }
    formula = program(name, dtype, pass_)
    steps, result = statements(formula, words("C", texts, f"{{0}}{suffix}"), dtype)
    pad = " " * 8
    lines = [f"{pad}const {type_} {read} = {read}_[i];" for read in formula.inputs]
    lines += [f"{pad}const {'int' if truth else type_} {step} = {text};" for step, text, truth in steps]
    lines.append(f"{pad}out[i] = {result};")
    arguments = ", ".join(f"const {type_} *restrict {read}_" for read in formula.inputs)
    return _SOURCE.format(arguments=arguments, type=type_, lines="\n".join(lines))


_FAST = "textbook formula, -O3 -march=native -ffast-math, with libmvec where the C library has it"
_OUT = "writes into the given array"

SYSTEMS = (
    TextbookC("C -O3", f"textbook formula, -O3 -march=native, libm; {_OUT}", ()),
    TextbookC("C -ffast-math", f"{_FAST}; {_OUT}", ("-ffast-math",)),
    TextbookC(
        "C -ffast-math literal",
        f"{_FAST}, log(1 + u) for log1p(u) and exp(u) - 1 for expm1(u); {_OUT}",
        ("-ffast-math",),
        literal=True,
    ),
)
