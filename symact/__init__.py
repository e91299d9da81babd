"""symact: write an activation function once; get its derivatives, its tails, stable kernels and checked claims.

`import symact` needs neither SymPy nor NumPy; they are imported when something is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from os import PathLike
from typing import TYPE_CHECKING, Any

# `symact.activation` is the decorator for users. Python also binds the submodule of that name here when it is
# first imported, so the import that triggers that comes first and the decorator's name is bound after it.
from symact.activation import Activation, Parameter
from symact.catalog import activation, get, register
from symact.errors import Error

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from symact.analysis.comparison import Comparison
    from symact.analysis.record import Analysis
    from symact.verification.claims import ClaimResult

__version__ = "0.1.0"

__all__ = [
    "Activation",
    "Error",
    "Parameter",
    "__version__",
    "activation",
    "analyze",
    "compare",
    "generate",
    "get",
    "load",
    "parse",
    "register",
    "verify",
]

#: What a parameter's value may be given as; text and floats are read as the decimal they show.
Number = str | int | float | Fraction


def parse(text: str, parameters: Mapping[str, Number] | None = None, name: str = "custom") -> Activation:
    """The activation that an expression in ``x`` defines; nothing in the text is executed.

    Args:
        text: such as ``"x*tanh(log(1 + exp(x)))"``.
        parameters: names the expression may use besides ``x``, with their values.
        name: what its kernels are called.

    Raises:
        Error: the text is no expression, uses an unknown name or function, or is not real on an interval.
    """
    from symact import grammar

    return grammar.parse(text, parameters, name)


def analyze(
    activation: Activation | str,
    parameters: Mapping[str, Number] | None = None,
    *,
    timeout: float | None = 20.0,
    cache: bool = True,
) -> Analysis:
    """Derivatives, tails, smoothness and shape of an activation; ``.to_dict()`` gives the JSON document.

    The work is done in a process of its own, which is stopped when time is over. What is missing then is None, or an
    ``undetermined`` tail, and named in ``.budget.unfinished``. A definition in Python whose functions the grammar of
    `parse` lacks is analysed in this process, without a limit, and ``.budget.seconds`` is None.

    Args:
        activation: a definition, a catalogue name, or an expression in ``x``.
        parameters: values of its parameters where they are not the defaults.
        timeout: seconds for the analysis (the start of a process, about one, is not counted); None for no limit.
        cache: whether a complete analysis is looked up in, and kept in, the user's cache folder.

    Raises:
        Error: the name, the expression, a parameter's value or the limit is wrong.
    """
    from symact import catalog
    from symact.analysis import bounded

    return bounded.analyze(catalog.resolve(activation, parameters, eager=False), timeout, cache)


def compare(*activations: Activation | str, timeout: float | None = 20.0, cache: bool = True) -> Comparison:
    """Activations in the order of their gradients far from 0; ``.to_dict()`` gives the JSON document.

    Args:
        activations: two or more definitions, catalogue names or expressions in ``x``.
        timeout: seconds for the analysis of each, and for the comparison; None for no limit.
        cache: whether results are looked up in, and kept in, the user's cache folder.

    Raises:
        Error: fewer than two different ones are given, or one of them or the limit is wrong.
    """
    from symact import catalog
    from symact.analysis import comparison

    subjects = {}
    for given in activations:
        subject = catalog.resolve(given, eager=False)
        subjects[given.strip() if isinstance(given, str) else comparison.label(subject)] = subject
    return comparison.compare(subjects, timeout, cache)


def generate(
    activation: Activation | str, target: str, parameters: Mapping[str, Number] | None = None
) -> dict[str, str]:
    """The source files of an activation for a target, as {relative path: text}.

    Args:
        activation: a definition, a catalogue name, or an expression in ``x``.
        target: one of those that `symact targets` lists.
        parameters: other defaults for the kernels' parameters.

    Raises:
        Error: the activation or the target is unknown, or the target lacks a function that is needed.
    """
    from symact import catalog, targets
    from symact.kernel import store

    return targets.generate(store.compiled(catalog.resolve(activation, parameters)), target)


def load(
    activation: Activation | str,
    target: str = "numpy",
    dtype: DTypeLike = "float32",
    level: str = "accurate",
    parameters: Mapping[str, Number] | None = None,
) -> Any:
    """Kernels that run here: an object with ``forward(x)``, ``derivative(x)``, ``backward(x, grad_output)``,
    ``value_and_derivative(x)``, ``second_derivative(x)`` and, where that is accurate,
    ``backward_from_output(y, grad_output)``.

    They take and return arrays of ``dtype`` of any shape (NumPy arrays; CuPy arrays for ``cupy``), each with
    ``out=None``; the activation's parameters are keyword arguments.

    Args:
        activation: a definition, a catalogue name, or an expression in ``x``.
        target: one of those that `symact targets` lists.
        dtype: of the arrays, as a name or as NumPy's.
        level: ``"accurate"``; for float32 also ``"fast"`` (C and NumPy) and ``"table"`` (C).
        parameters: other defaults for the kernels' parameters.

    Raises:
        Error: the activation, target, dtype or level is unknown, or the target cannot run here (no compiler,
            no device).
    """
    from symact import catalog, targets
    from symact.kernel import store
    from symact.targets.loaded import dtype_name

    name = dtype_name(dtype)
    type_ = targets.get(target).type(name, level)
    resolved = catalog.resolve(activation, parameters)
    compiled = store.compiled(resolved, type_.arithmetics, tables=type_.searched_tables)
    return targets.load(compiled, target, dtype=name, level=level)


def verify(source: str | PathLike[str] = "article") -> list[ClaimResult]:
    """The verdict on every claim of a TOML file, or of the built-in ``"article"``.

    Raises:
        Error: the file cannot be read or is no claims file.
    """
    from symact.verification import claims

    return claims.verify(source)
