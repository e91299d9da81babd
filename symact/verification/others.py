"""Other people's activation functions, measured as symact's own: those of PyTorch and JAX, and plain formulas."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from symact import catalog
from symact.activation import Activation
from symact.errors import Error
from symact.oracle.formats import Float64s, Format
from symact.oracle.oracle import Oracle
from symact.verification.accuracy import Plan, Subject
from symact.verification.contract import Implementation as Function
from symact.verification.contract import Violation, compare
from symact.verification.sampling import Implementation

#: The passes that a library is asked for: the function, and its derivative as the library differentiates.
PASSES = ("forward", "derivative")


class Library(Protocol):
    """Something with activation functions."""

    version: str

    def implementations(self, activation: Activation, values: Mapping[str, float]) -> tuple[Function, ...]:
        """f and f' as functions of an array, at these parameter values.

        Raises:
            Error: it has no such function, or not with these parameters.
        """


class Torch:
    """PyTorch on the CPU, f' by its autograd."""

    #: Catalogue name -> the function, its fixed arguments, and what it calls the activation's parameters.
    NAMES: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, str]]] = {
        "arctan": ("atan", {}, {}),
        "celu": ("celu", {}, {"alpha": "alpha"}),
        "elu": ("nn.functional.elu", {}, {"alpha": "alpha"}),
        "erf": ("erf", {}, {}),
        "gelu": ("nn.functional.gelu", {}, {}),
        "gelu_tanh": ("nn.functional.gelu", {"approximate": "tanh"}, {}),
        "hardsigmoid": ("nn.functional.hardsigmoid", {}, {}),
        "hardswish": ("nn.functional.hardswish", {}, {}),
        "identity": ("positive", {}, {}),
        "leaky_relu": ("nn.functional.leaky_relu", {}, {"alpha": "negative_slope"}),
        "logistic": ("sigmoid", {}, {}),
        "logsigmoid": ("nn.functional.logsigmoid", {}, {}),
        "mish": ("nn.functional.mish", {}, {}),
        "relu": ("relu", {}, {}),
        "relu6": ("nn.functional.relu6", {}, {}),
        "selu": ("selu", {}, {}),
        "silu": ("nn.functional.silu", {}, {}),
        "softplus": ("nn.functional.softplus", {}, {"beta": "beta"}),
        "softsign": ("nn.functional.softsign", {}, {}),
        "tanh": ("tanh", {}, {}),
        "tanhshrink": ("nn.functional.tanhshrink", {}, {}),
    }

    def __init__(self) -> None:
        self.torch = _imported("torch", "pip install torch")
        self.version = f"torch {self.torch.__version__}"

    def function(self, activation: Activation, values: Mapping[str, float]) -> Callable[[Any], Any]:
        """Its own function of a tensor, at these parameter values.

        Raises:
            Error: it has no such function, or not with these parameters.
        """
        return _function(self.torch, self.NAMES, activation, values)

    def implementations(self, activation: Activation, values: Mapping[str, float]) -> tuple[Function, ...]:
        """See `Library`."""
        function = self.function(activation, values)

        def forward(x: NDArray[Any]) -> NDArray[Any]:
            found: NDArray[Any] = function(self.torch.from_numpy(x.copy())).numpy()
            return found

        def derivative(x: NDArray[Any]) -> NDArray[Any]:
            leaf = self.torch.from_numpy(x.copy()).requires_grad_()
            function(leaf).sum().backward()
            found: NDArray[Any] = leaf.grad.numpy()
            return found

        return forward, derivative


class Jax:
    """JAX on its default device, f' by its grad."""

    #: As for `Torch`.
    NAMES: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, str]]] = {
        "arctan": ("numpy.arctan", {}, {}),
        "celu": ("nn.celu", {}, {"alpha": "alpha"}),
        "elu": ("nn.elu", {}, {"alpha": "alpha"}),
        "erf": ("scipy.special.erf", {}, {}),
        "gelu": ("nn.gelu", {"approximate": False}, {}),
        "gelu_tanh": ("nn.gelu", {"approximate": True}, {}),
        "hardsigmoid": ("nn.hard_sigmoid", {}, {}),
        "hardswish": ("nn.hard_swish", {}, {}),
        "identity": ("nn.identity", {}, {}),
        "leaky_relu": ("nn.leaky_relu", {}, {"alpha": "negative_slope"}),
        "logistic": ("nn.sigmoid", {}, {}),
        "logsigmoid": ("nn.log_sigmoid", {}, {}),
        "mish": ("nn.mish", {}, {}),
        "relu": ("nn.relu", {}, {}),
        "relu6": ("nn.relu6", {}, {}),
        "selu": ("nn.selu", {}, {}),
        "silu": ("nn.silu", {}, {}),
        "softplus": ("nn.softplus", {}, {}),
        "softsign": ("nn.soft_sign", {}, {}),
        "tanh": ("numpy.tanh", {}, {}),
    }

    def __init__(self) -> None:
        self.jax = _imported("jax", "pip install jax")
        self.jax.config.update("jax_enable_x64", True)  # else float64 arrays silently become float32
        importlib.import_module("jax.scipy.special")
        self.version = f"jax {self.jax.__version__}"

    def function(self, activation: Activation, values: Mapping[str, float]) -> Callable[[Any], Any]:
        """Its own function of an array, at these parameter values.

        Raises:
            Error: it has no such function, or not with these parameters.
        """
        return _function(self.jax, self.NAMES, activation, values)

    def implementations(self, activation: Activation, values: Mapping[str, float]) -> tuple[Function, ...]:
        """See `Library`."""
        function = self.function(activation, values)
        slope = self.jax.vmap(self.jax.grad(function))
        return (lambda x: np.asarray(function(self.jax.numpy.asarray(x)))), (
            lambda x: np.asarray(slope(self.jax.numpy.asarray(x)))
        )


class Naive:
    """The textbook formulas of f and f', every step a NumPy function in the arrays' dtype."""

    version = "numpy-naive"

    def implementations(self, activation: Activation, values: Mapping[str, float]) -> tuple[Function, ...]:
        """See `Library`."""
        return tuple(self._formula(activation, values, order) for order in range(len(PASSES)))

    @staticmethod
    def _formula(activation: Activation, values: Mapping[str, float], order: int) -> Function:
        import math

        from sympy import lambdify

        from symact.symbolic.derivatives import derive
        from symact.symbolic.forms import joined

        derivation = derive(activation)
        exact = activation.with_values({name: Fraction(value) for name, value in values.items()}).values
        branches = (derivation.function, derivation.first)[order].subs(exact)
        # Numbers in decimal: a NumPy constant such as sqrt(2) would turn float32 into float64.
        text = joined(branches).evalf(17)
        own = {"erf": np.vectorize(math.erf, otypes=[float]), "erfc": np.vectorize(math.erfc, otypes=[float])}
        function = lambdify(branches.x, text, [own, "numpy"])

        def implementation(x: NDArray[Any]) -> NDArray[Any]:
            with np.errstate(all="ignore"):
                return np.broadcast_to(np.asarray(function(x)), x.shape).astype(x.dtype)

        return implementation


#: What can be measured against, by name.
LIBRARIES: Mapping[str, Callable[[], Library]] = {"torch": Torch, "jax": Jax, "numpy-naive": Naive}


def plan(
    activation: Activation | str,
    library: str,
    target: str = "c",
    dtype: str = "float32",
    passes: Sequence[str] = PASSES,
    *,
    level: str = "accurate",
) -> Plan:
    """A library's function and the target's kernels, to be measured at the same inputs and parameter values.

    For each pass the library comes first. What is called a violation is less for a library than for a kernel: only
    results of the wrong class or with the wrong sign of zero.

    Args:
        activation, target, dtype, level: as for `symact.verification.accuracy.run`.
        library: a name of `LIBRARIES`.
        passes: some of `PASSES`.

    Raises:
        Error: no such library, it is not installed, it lacks the function, or no such pass.
    """
    if library not in LIBRARIES:
        raise Error(f"'{library}' is nothing to measure against", f"use one of {', '.join(LIBRARIES)}")
    for pass_ in passes:
        if pass_ not in PASSES:
            raise Error(f"the pass '{pass_}' is not measured against others", f"use one of {', '.join(PASSES)}")
    if dtype == "bfloat16":
        raise Error("others are not measured in bfloat16, which NumPy arrays do not carry to them", "use float16")
    activation = catalog.resolve(activation)
    other = LIBRARIES[library]()
    planned = Plan(activation)
    parameters = planned.execution(target, dtype, level).parameters
    calls = other.implementations(activation, parameters)
    for pass_ in passes:
        implementation = Implementation(calls[PASSES.index(pass_)], _classes)
        planned.put(Subject(other.version, dtype, pass_, level=""), 0, implementation, parameters)
        planned.add(Subject(target, dtype, pass_, level))
    return planned


def _classes(call: Function, oracle: Oracle, format: Format, x: Float64s) -> list[Violation]:
    """Results of the wrong class; a library has not promised the rest of the contract."""
    return list(compare(call(format.encode(x)), oracle.reference(x, format), x))


def _imported(name: str, hint: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Error(f"{name} is not installed here", hint) from None


def _function(
    module: ModuleType,
    names: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, str]]],
    activation: Activation,
    values: Mapping[str, float],
) -> Callable[[Any], Any]:
    """The library's function with its arguments set."""
    if activation.name not in names:
        raise Error(f"{module.__name__} has no function for {activation.name}", "measure against numpy-naive")
    path, fixed, words = names[activation.name]
    arguments = dict(fixed)
    defaults = {parameter.name: float(parameter.value) for parameter in catalog.get(activation.name).parameters}
    for parameter in activation.parameters:
        if parameter.name in words:
            arguments[words[parameter.name]] = values[parameter.name]
        elif values[parameter.name] != defaults[parameter.name]:
            raise Error(f"{path} of {module.__name__} has no {parameter.name}", "leave the parameter at its default")
    found: Any = module
    for part in path.split("."):
        found = getattr(found, part)
    return lambda x: found(x, **arguments)
