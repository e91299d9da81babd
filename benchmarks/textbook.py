"""The formula as a textbook prints it, as one program that every peer without the function prints in its own words.

It comes from the definition: f as it is defined, f' as `symact.symbolic` derives it for people to read, with
``log(1 + u)`` as log1p, ``exp(u) - 1`` as expm1, ``u/|u|`` as a sign, what occurs twice computed once, constant factors
as one, and whole powers as products. Nothing in it is chosen for accuracy or speed beyond that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sympy import Abs, Expr, Max, Min, Mul, Piecewise, S
from sympy.core.relational import Eq, Ge, Gt, Le, Lt, Relational
from sympy.logic.boolalg import And, Boolean, Or

from benchmarks.tasks import definition
from symact.errors import Error
from symact.kernel.lowering import Lowering, Style
from symact.kernel.program import OPERATIONS, Builder, Kernel
from symact.symbolic.derivatives import derive
from symact.symbolic.forms import joined
from symact.targets.printer import Text, body, constant, substitute
from symact.targets.table import Operations

#: What most languages write alike.
INFIX: dict[str, str] = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "neg": "-{0}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "eq": "{0} == {1}",
}

#: The functions that array libraries and libm call by these names.
FUNCTIONS = (
    *("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc", "floor"),
)


def words(peer: str, texts: Mapping[str, str], number: str = "{0}") -> Operations:
    """A peer's operation table. In ``copysign`` the first operand is always 1, so that a function sign will do.

    Args:
        peer: its name, for messages.
        texts: operation -> text, beyond `INFIX`.
        number: around each constant.
    """
    formats = {compute: {"number": number} for compute in ("float32", "float64")}
    return Operations(peer, {name: {"": text} for name, text in {**INFIX, **texts}.items()}, frozenset(), formats)


def called(pattern: str, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Texts for `FUNCTIONS`: the pattern with ``NAME`` replaced, by another name where `names` has one."""
    renamed = names or {}
    return {name: pattern.replace("NAME", renamed.get(name, name)) + "({0})" for name in FUNCTIONS}


@lru_cache
def program(name: str, dtype: str, pass_: str) -> Kernel:
    """The textbook formula of a pass of a catalogue entry.

    Raises:
        Error: the formula has a function without an operation, or does not depend on x.
    """
    activation = definition(name, dtype)
    order = 0 if pass_ == "forward" else 1
    formula = joined(derive(activation).first) if order else activation.expression
    formula = formula.subs(activation.values)
    if activation.x not in formula.free_symbols:
        raise Error(f"f{chr(39) * order} of {name} is a constant")
    builder = Builder()
    value = _Plain(builder, {activation.x: builder.input("x")}, {}, Style())(formula)
    if pass_ == "backward":
        return builder.kernel(pass_, ["x", "grad_y"], [], {"grad_x": builder("mul", builder.input("grad_y"), value)})
    return builder.kernel(pass_, ["x"], [], {"y": value})


def statements(kernel: Kernel, operations: Operations, compute: str) -> tuple[list[tuple[str, str, bool]], str]:
    """The program as (name, text, whether a truth value) of each step used twice, and the text of the result.

    Raises:
        Error: the peer has no such operation.
    """
    printed = body(kernel, operations, compute)
    (result,) = printed.outputs.values()
    return [(one.name, one.expression, one.boolean) for one in printed.statements], result


def expression(kernel: Kernel, operations: Operations, compute: str) -> tuple[str, dict[str, str]]:
    """The program as one expression, its constants under names: the text, and {name: decimal}.

    Raises:
        Error: the peer has no such operation.
    """
    texts: list[Text] = []
    constants: dict[str, str] = {}
    for step in kernel.instructions:
        if step.operation == "const":
            name = f"c{len(constants)}"
            constants[name] = constant(step.value, operations, compute).text
            texts.append(Text(name))
        elif step.operation in OPERATIONS:
            texts.append(substitute(operations.text(step.operation, compute), [texts[i] for i in step.operands]))
        else:
            texts.append(Text(step.value))
    ((_, result),) = kernel.outputs
    return texts[result].text, constants


class _Plain(Lowering):
    """Writes whole formulas, with the switches in them, and folds constant factors into one."""

    def _lower(self, e: Expr) -> int:
        b = self._b
        if isinstance(e, Piecewise):
            return self._choice(e)
        if isinstance(e, Abs):
            return b("abs", self(e.args[0]))
        if isinstance(e, Max | Min):
            name = "max" if isinstance(e, Max) else "min"
            # Numbers first: where x is NaN, max(0, x) gives what the peer's own comparison gives.
            steps = [self(part) for part in sorted(e.args, key=lambda part: (not part.is_number, str(part)))]
            total, *rest = steps
            for step in rest:
                total = b(name, total, step)
            return total
        if isinstance(e, Mul):
            signed = [part for part in e.args if 1 / Abs(part) in e.args]
            if signed:
                # x/|x| is a sign, and nobody multiplies by x first to divide by |x| in the end.
                (u, *_) = signed
                sign, rest = b("copysign", self._constant(S.One), self(u)), e * Abs(u) / u
                return sign if rest == 1 else b("mul", sign, self(rest))
            number = Mul(*(part for part in e.args if part.is_number))
            if not number.is_Rational and number != e:
                return b("mul", self._constant(number), self(e / number))
        return super()._lower(e)

    def _choice(self, e: Piecewise) -> int:
        *arms, (otherwise, _) = e.args
        value = self(otherwise)
        for result, condition in reversed(arms):
            value = self._b("select", self._truth(condition), self(result), value)
        return value

    def _truth(self, condition: Boolean) -> int:
        if isinstance(condition, And | Or):
            first, *rest = (self._truth(part) for part in condition.args)
            for step in rest:
                first = self._b("and" if isinstance(condition, And) else "or", first, step)
            return first
        if not isinstance(condition, Relational):
            raise Error(f"a textbook formula cannot ask whether {condition}")
        left, right = self(condition.lhs), self(condition.rhs)
        if isinstance(condition, Gt | Ge):
            left, right = right, left
        for kinds, name in (((Lt, Gt), "lt"), ((Le, Ge), "le"), ((Eq,), "eq")):
            if isinstance(condition, kinds):
                return self._b(name, left, right)
        raise Error(f"a textbook formula cannot ask whether {condition}")
