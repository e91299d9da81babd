"""JAX on the CPU under jit: its own functions where it has them, else the textbook formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.python_text import array_function
from benchmarks.systems.base import Bound, Kernel, System, absence, needed
from benchmarks.tasks import Arrays, Task
from benchmarks.textbook import called, program, words
from symact.verification.others import Jax

_NAMES = {name: f"arc{name[1:]}" for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")}
_TEXTS = {
    **called("jnp.NAME", _NAMES),
    **{name: f"special.{name}({{0}})" for name in ("erf", "erfc")},
    "abs": "jnp.abs({0})",
    "copysign": "jnp.sign({1})",
    "min": "jnp.minimum({0}, {1})",
    "max": "jnp.maximum({0}, {1})",
    "pow": "({0} ** {1})",
    "and": "({0} & {1})",
    "or": "({0} | {1})",
    "select": "jnp.where({0}, {1}, {2})",
}


class JaxJit(System):
    """jax.jit; derivatives by grad, backward passes by vjp, in one compiled function of x and the gradient."""

    name = "jax jit"
    threading = "own"
    about = (
        "jax.nn where it has the function, else the textbook formula, under jax.jit; derivative: vmap(grad), "
        "backward: vjp with the forward pass removed by its compiler; its threads are those of the processors that "
        "the process may use; allocates its result"
    )

    def missing(self) -> str | None:
        """See `System`."""
        return absence("jax")

    def version(self) -> str:
        """See `System`."""
        return f"jax {needed('jax').__version__}"

    def kernel(self, task: Task) -> Kernel:
        """See `System`."""
        library = Jax()  # sets 64 bits too
        jax = library.jax
        function = function_of(task, library)
        compiled = jax.jit(
            {
                "forward": function,
                "derivative": jax.vmap(jax.grad(function)),
                "backward": lambda x, gradient: jax.vjp(function, x)[1](gradient)[0],
            }[task.pass_]
        )

        def bind(arrays: Arrays) -> Bound:
            read = [jax.numpy.array(a) for a in (arrays.x, arrays.gradient) if a is not None]

            def call() -> Any:
                return compiled(*read).block_until_ready()

            return Bound(call, lambda: np.asarray(call()))

        return bind


def function_of(task: Task, library: Jax) -> Callable[[Any], Any]:
    """JAX's own function, else the textbook formula in JAX's words."""
    activation = task.activation
    if activation.name in library.NAMES:
        return library.function(activation, {p.name: float(p.value) for p in activation.parameters})
    names = {"jnp": library.jax.numpy, "special": library.jax.scipy.special}
    return array_function(program(task.name, task.dtype, "forward"), words("JAX", _TEXTS), task.dtype, names)


SYSTEMS = (JaxJit(),)
