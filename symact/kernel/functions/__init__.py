"""symact's own elementary functions as programs of basic operations, for each arithmetic.

C libraries differ in their errors from platform to platform, and their functions stop a loop from being vectorised;
NumPy has no error function. These programs are straight lines with selects, so every target prints them as it prints
any kernel. Each has the input ``a`` (some ``b`` and ``c`` too) and the output ``y``; a NaN goes through, but for those
that quick programs alone use. They may be evaluated with or without fused multiply-add, for no step depends on a
product being rounded.

Errors measured over ten thousands of points each stand in tests/kernel/test_functions.py, which measures them again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symact.kernel.functions import arctangent, error, exponential, logarithm, native, products, quick
from symact.kernel.functions.polynomial import Precision
from symact.kernel.program import Builder, Kernel

_Build = Callable[[Builder, int, Precision], int]
_BUILDERS: Mapping[str, _Build] = {
    **exponential.BUILDERS,
    **logarithm.BUILDERS,
    **arctangent.BUILDERS,
    **error.BUILDERS,
}


def _programs(arithmetic: str, builders: Mapping[str, _Build] = _BUILDERS) -> dict[str, Kernel]:
    programs = {}
    for name, build in builders.items():
        b = Builder()
        programs[name] = b.kernel(name, ("a",), (), {"y": build(b, b.input("a"), Precision(arithmetic))})
    b = Builder()
    step = products.product_error(b, b.input("a"), b.input("b"), b.input("c"), Precision(arithmetic))
    programs["product_error"] = b.kernel("product_error", ("a", "b", "c"), (), {"y": step})
    return programs


#: Arithmetic -> operation -> program with the output ``y``.
FUNCTIONS: dict[str, Mapping[str, Kernel]] = {
    "wide": _programs("wide", {**_BUILDERS, "log1p_positive": logarithm.log1p_positive}),
    **{name: _programs(name) for name in ("float64", "paired", "float32")},
    "fast": _programs("fast", {**_BUILDERS, **quick.BUILDERS}),
}
FUNCTIONS["mixed"] = FUNCTIONS["float64"]

#: What a language with functions of arrays may lack.
_LACKING = ("erf", "erfc", "erfcx", "gauss", "bell", "product_error")


def _plain_log1p() -> Kernel:
    """log(1 + a), good enough in float64 for float32 results where a is not small, and faster than NumPy's log1p."""
    b = Builder()
    return b.kernel("log1p", ("a",), (), {"y": b("log", b("add", b.input("a"), b.const(1)))})


FUNCTIONS["usual_wide"] = {**{name: FUNCTIONS["wide"][name] for name in _LACKING}, "log1p": _plain_log1p()}
FUNCTIONS["usual_mixed"] = {name: FUNCTIONS["mixed"][name] for name in _LACKING}
FUNCTIONS["usual_float32"] = _programs("fast", native.BUILDERS)
