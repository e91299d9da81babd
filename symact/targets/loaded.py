"""Kernels as Python functions of arrays: the part that every loadable target shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike

from symact.activation import DOMAINS, exact
from symact.errors import Error
from symact.kernel.compiled import CompiledActivation
from symact.oracle.formats import get

#: Runs a pass: the arrays read, then those written (all of one shape and dtype), then the parameters' values.
Run = Callable[..., None]

#: How many sets of parameters a `Loaded` remembers.
_REMEMBERED = 64


def dtype_name(dtype: DTypeLike) -> str:
    """The name of a dtype that is given as a name or as NumPy takes them.

    Raises:
        Error: it is none.
    """
    if isinstance(dtype, str):  # maybe that of one which is not in this process
        return dtype
    try:
        return np.dtype(dtype).name
    except TypeError:
        raise Error(f"{dtype!r} is no dtype", "give a name, such as 'float32', or NumPy's own") from None


class Loaded:
    """The kernels of one activation, for arrays of one dtype.

    Every method takes arrays of any shape and any strides (0-d and empty ones too) and returns new arrays of the same
    shape and dtype, or writes into `out`, which may be an input (in place) and may overlap it in any way. The
    activation's parameters are keyword arguments; one that is left out has the value that the activation was
    loaded with. Methods may be called from several threads at once.

    Raises (every method):
        Error: an array of another dtype, an `out` that does not fit, inputs of different shapes, an unknown
            parameter or one outside its domain.

    Attributes:
        name: of the activation.
        dtype: of the arrays.
    """

    def __init__(
        self,
        compiled: CompiledActivation,
        dtype: str,
        runs: Mapping[str, Run],
        *,
        scalar: Callable[[float], Any] = float,
        contiguous: bool = False,
        arrays: ModuleType = np,
    ) -> None:
        """Wrap functions that run passes.

        Args:
            compiled: the activation.
            dtype: of the arrays.
            runs: for each pass a function of arrays that were checked; it may be called from several threads at once.
            scalar: rounds a parameter to the type in which the kernels take it.
            contiguous: whether `runs` need contiguous arrays.
            arrays: the array module, numpy or one that follows it.

        Raises:
            Error: bfloat16, and no package here that adds it to NumPy.
        """
        self.name = compiled.name
        self.dtype = dtype
        self._dtype = get(dtype).dtype
        if self._dtype.name != dtype:
            raise Error(f"arrays of {dtype} need the package ml_dtypes", "pip install 'symact[bfloat16]'")
        self._runs = runs
        self._scalar = scalar
        self._contiguous = contiguous
        self._arrays = arrays
        self._array, self._empty = arrays.ndarray, arrays.empty
        self._parameters = {p.name: p for p in compiled.parameters}
        self._outputs = {name: [o for o, _ in kernel.outputs] for name, kernel in compiled.signatures.items()}
        self._defaults = tuple(self._value(p.name, Fraction(p.default)) for p in compiled.parameters)
        self._known: dict[tuple[tuple[str, float], ...], tuple[float, ...]] = {}

    def __repr__(self) -> str:
        parameters = "".join(f", {name}={value:g}" for name, value in self.parameters.items())
        return f"<kernels of {self.name} for {self.dtype}{parameters}>"

    @property
    def passes(self) -> tuple[str, ...]:
        """The names of the passes that there are."""
        return tuple(self._outputs)

    @property
    def parameters(self) -> dict[str, float]:
        """The values of parameters that are left out, rounded to the type in which the kernels take them."""
        return dict(zip(self._parameters, self._defaults, strict=True))

    def forward(self, x: Any, /, out: Any = None, **parameters: float) -> Any:
        """f(x)."""
        return self._of_one("forward", x, out, parameters)

    def derivative(self, x: Any, /, out: Any = None, **parameters: float) -> Any:
        """f'(x)."""
        return self._of_one("derivative", x, out, parameters)

    def second_derivative(self, x: Any, /, out: Any = None, **parameters: float) -> Any:
        """f''(x)."""
        return self._of_one("second_derivative", x, out, parameters)

    # For short arrays a call takes as long as its checks. So the usual case is told from all others by few of them.

    def value_and_derivative(self, x: Any, /, out: tuple[Any, Any] | None = None, **parameters: float) -> Any:
        """(f(x), f'(x)) in one sweep; `out` is a pair of arrays."""
        scalars = self._scalars(parameters) if parameters else self._defaults
        if out is None and type(x) is self._array and x.dtype is self._dtype and x.flags.c_contiguous:
            y, dydx = self._empty(x.shape, self._dtype), self._empty(x.shape, self._dtype)
            self._runs["value_and_derivative"](x, y, dydx, *scalars)
            return y, dydx
        return self._of_any("value_and_derivative", (x,), out, scalars)

    def backward(self, x: Any, grad_output: Any, /, out: Any = None, **parameters: float) -> Any:
        """grad_output * f'(x), the gradient with respect to x; both arrays have one shape."""
        return self._of_two("backward", x, grad_output, out, parameters)

    def backward_from_output(self, y: Any, grad_output: Any, /, out: Any = None, **parameters: float) -> Any:
        """grad_output * f'(x) from y = f(x), for activations where that is accurate; both arrays have one shape.

        Raises:
            Error: the activation has no such pass.
        """
        if "backward_from_output" not in self._outputs:
            raise Error(
                f"{self.name} has no backward pass from its output: that would not be accurate",
                "use backward, which takes the input",
            )
        return self._of_two("backward_from_output", y, grad_output, out, parameters)

    def _of_one(self, name: str, x: Any, out: Any, parameters: dict[str, float]) -> Any:
        """A pass with one input and one result."""
        scalars = self._scalars(parameters) if parameters else self._defaults
        if (
            type(x) is self._array
            and x.dtype is self._dtype
            and x.flags.c_contiguous
            and (out is None or self._takes(out, x, x))
        ):
            y = self._empty(x.shape, self._dtype) if out is None else out
            self._runs[name](x, y, *scalars)
            return y
        return self._of_any(name, (x,), out, scalars)

    def _of_two(self, name: str, x: Any, grad_output: Any, out: Any, parameters: dict[str, float]) -> Any:
        """A pass with an input and a gradient, and one result."""
        scalars = self._scalars(parameters) if parameters else self._defaults
        if (
            type(x) is type(grad_output) is self._array
            and x.dtype is grad_output.dtype is self._dtype
            and x.flags.c_contiguous
            and grad_output.flags.c_contiguous
            and x.shape == grad_output.shape
            and (out is None or self._takes(out, x, grad_output))
        ):
            grad_x = self._empty(x.shape, self._dtype) if out is None else out
            self._runs[name](x, grad_output, grad_x, *scalars)
            return grad_x
        return self._of_any(name, (x, grad_output), out, scalars)

    def _takes(self, out: Any, x: Any, y: Any) -> bool:
        """Whether `out` can be written while two arrays that were checked are read; True is certain, False is not."""
        if type(out) is not self._array or out.dtype is not self._dtype or out.shape != x.shape:
            return False
        flags = out.flags
        if not flags.carray:
            return False
        if flags.owndata and (out is x or x.flags.owndata) and (out is y or y.flags.owndata):
            return True
        shares = self._arrays.may_share_memory
        return (out is x or not shares(out, x)) and (out is y or not shares(out, y))

    def _of_any(self, name: str, values: Sequence[Any], out: Any, scalars: tuple[float, ...]) -> Any:
        """A pass of any arrays, after all checks."""
        inputs = [self._input(value) for value in values]
        shape = inputs[0].shape
        if inputs[-1].shape != shape:
            raise Error(f"{self.name}: x has shape {shape} and grad_output {inputs[-1].shape}", "give both one shape")
        names = self._outputs[name]
        if out is None:
            results = written = [self._arrays.empty(shape, self._dtype) for _ in names]
        else:
            results = list(out) if isinstance(out, tuple) and len(out) == len(names) != 1 else [out]
            written = self._writable(results, inputs, names)
        if self._contiguous:
            inputs = [array if array.flags.c_contiguous else array.copy() for array in inputs]
        self._runs[name](*inputs, *written, *scalars)
        for result, array in zip(results, written, strict=True):
            if result is not array:
                result[...] = array
        return results[0] if len(names) == 1 else tuple(results)

    def _input(self, value: Any) -> Any:
        array = value if isinstance(value, self._arrays.ndarray) else self._arrays.asarray(value)
        if array.dtype != self._dtype:
            self._wrong_dtype("the array", array)
        return array

    def _writable(self, results: list[Any], inputs: list[Any], names: list[str]) -> list[Any]:
        """Where to write: each `out` array itself, or a new one if it is not safe to write there while reading."""
        if len(results) != len(names):
            raise Error(f"{self.name}: out must be a pair of arrays for two results", f"they are {' and '.join(names)}")
        for result in results:
            if not isinstance(result, self._arrays.ndarray):
                raise Error(f"{self.name}: out must be an array, not {type(result).__name__}")
            if result.dtype != self._dtype:
                self._wrong_dtype("out", result)
            if result.shape != inputs[0].shape:
                raise Error(f"{self.name}: out has shape {result.shape}, and the result {inputs[0].shape}")
            if not getattr(result.flags, "writeable", True):  # CuPy's arrays always are
                raise Error(f"{self.name}: out is read-only")
        shares = self._arrays.may_share_memory
        if len(results) == 2 and shares(*results):
            raise Error(f"{self.name}: the two arrays of out share memory", "give two separate arrays")

        def safe(result: Any) -> bool:
            if self._contiguous and not result.flags.c_contiguous:
                return False
            return all(result is array or not shares(result, array) or _same(result, array) for array in inputs)

        return [result if safe(result) else self._arrays.empty(result.shape, self._dtype) for result in results]

    def _wrong_dtype(self, what: str, array: Any) -> NoReturn:
        raise Error(
            f"{self.name} was loaded for {self.dtype}, and {what} is {array.dtype}",
            f"convert it with astype('{self.dtype}'), or load the activation for another dtype",
        )

    def _scalars(self, values: dict[str, float]) -> tuple[float, ...]:
        """All parameters as the kernels get them; the last few answers are remembered."""
        key = tuple(values.items())
        try:
            known = self._known.get(key)
        except TypeError:  # a value without a hash is no number
            return self._checked(values)
        if known is None:
            known = self._checked(values)
            if 0 not in values.values():  # 0.0 and -0.0 would be one key
                if len(self._known) >= _REMEMBERED:
                    self._known = {}
                self._known[key] = known
        return known

    def _checked(self, values: dict[str, float]) -> tuple[float, ...]:
        for name in values:
            if name not in self._parameters:
                has = f"its parameters are {', '.join(self._parameters)}" if self._parameters else "it has none"
                raise Error(f"{self.name} has no parameter '{name}'", has)
        return tuple(
            self._value(name, values[name]) if name in values else default
            for name, default in zip(self._parameters, self._defaults, strict=True)
        )

    def _value(self, name: str, value: float | Fraction) -> float:
        """A parameter's value as the kernels get it, still within its domain after rounding."""
        domain = self._parameters[name].domain
        try:
            with np.errstate(all="ignore"):
                rounded = float(self._scalar(float(value)))
        except (TypeError, ValueError, OverflowError):
            raise Error(f"{self.name}: parameter {name} must be a number, and '{value}' is not") from None
        if not np.isfinite(rounded) or not DOMAINS[domain][1](exact(rounded)):
            given = "" if rounded == value else f", which is {rounded} in {self.dtype}"
            raise Error(f"{self.name}: parameter {name} must be finite and {domain}, and it is {value}{given}")
        return rounded


def _same(a: Any, b: Any) -> bool:
    """Whether two arrays of one shape and dtype are the same memory, element for element."""
    return _address(a) == _address(b) and bool(a.strides == b.strides)


def _address(array: Any) -> int:
    interface = getattr(array, "__array_interface__", None) or array.__cuda_array_interface__
    return int(interface["data"][0])
