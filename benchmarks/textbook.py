"""The formula as a textbook prints it, as one program that every peer without the function prints in its own words.

It comes from the definition: f as it is defined, f' as `symact.symbolic` derives it for people to read, with
``log(1 + u)`` as log1p, ``exp(u) - 1`` as expm1, ``u/|u|`` as a sign, what occurs twice computed once, constant factors
as one, and whole powers as products. Nothing in it is chosen for accuracy or speed beyond that, and nothing of how
symact's own kernels are made is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from typing import NamedTuple

import numpy as np
from sympy import Abs, Add, Expr, Max, Min, Mul, Piecewise, Pow, S, exp, log, preorder_traversal
from sympy.core.relational import Eq, Ge, Gt, Le, Lt
from sympy.logic.boolalg import And, Boolean, Or

from benchmarks.tasks import definition
from symact.errors import Error
from symact.kernel.program import OPERATIONS, Builder, Kernel
from symact.symbolic.derivatives import derive
from symact.symbolic.forms import joined

#: What most languages write alike.
INFIX: dict[str, str] = {
    "add": "({0} + {1})",
    "sub": "({0} - {1})",
    "mul": "({0} * {1})",
    "div": "({0} / {1})",
    "neg": "(-{0})",
    "lt": "({0} < {1})",
    "le": "({0} <= {1})",
    "eq": "({0} == {1})",
}

#: The functions that array libraries and libm call by these names.
FUNCTIONS = (
    *("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc", "floor"),
)

#: Significant digits of constants before they are rounded to a dtype.
_DIGITS = 40


@dataclass(frozen=True)
class Words:
    """How a peer writes a program.

    Attributes:
        peer: its name, for messages.
        texts: operation -> text with ``{0}``, ``{1}``, ``{2}`` for the operands. In ``copysign`` the first operand is
            always 1, so that a function sign will do.
        number: around each constant.
    """

    peer: str
    texts: Mapping[str, str]
    number: str = "{0}"

    def text(self, operation: str) -> str:
        """The text of an operation.

        Raises:
            Error: the peer does not have it.
        """
        if operation not in self.texts:
            raise Error(f"{self.peer} has no {operation}")
        return self.texts[operation]


class Step(NamedTuple):
    """``name = text``; `truth` says that the value is a truth value."""

    name: str
    text: str
    truth: bool


def words(peer: str, texts: Mapping[str, str], number: str = "{0}") -> Words:
    """A peer's words: `INFIX`, and the texts given; see `Words`."""
    return Words(peer, {**INFIX, **texts}, number)


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
    forward = pass_ == "forward"
    formula = activation.expression if forward else joined(derive(activation).first)
    formula = formula.subs(activation.values)
    if activation.x not in formula.free_symbols:
        what = "f" if forward else "f'"
        raise Error(f"{what} of {name} is a constant")
    builder = Builder()
    value = _Writer(builder, activation.x, formula)(formula)
    if pass_ == "backward":
        return builder.kernel(pass_, ["x", "grad_y"], [], {"grad_x": builder("mul", builder.input("grad_y"), value)})
    return builder.kernel(pass_, ["x"], [], {"y": value})


def statements(formula: Kernel, peer: Words, dtype: str) -> tuple[list[Step], str]:
    """A program as the steps whose value would be written twice, and the text of the result.

    Raises:
        Error: the peer lacks an operation.
    """
    uses = [0] * len(formula.instructions)
    for step in formula.instructions:
        for place, operand in enumerate(step.operands):
            uses[operand] += peer.text(step.operation).count(f"{{{place}}}")
    texts: list[str] = []
    steps: list[Step] = []
    for step, count in zip(formula.instructions, uses, strict=True):
        if step.operation == "const":
            texts.append(peer.number.format(_decimal(step.value, dtype)))
        elif step.operation == "input":
            texts.append(step.value)
        else:
            text = peer.text(step.operation).format(*(texts[operand] for operand in step.operands))
            if count > 1:
                steps.append(Step(f"t{len(steps)}", text, OPERATIONS[step.operation].boolean))
                text = steps[-1].name
            texts.append(text)
    ((_, result),) = formula.outputs
    return steps, texts[result]


def expression(formula: Kernel, peer: Words, dtype: str) -> tuple[str, dict[str, str]]:
    """A program as one expression, its constants under names: the text, and {name: decimal}.

    Raises:
        Error: the peer lacks an operation.
    """
    texts: list[str] = []
    constants: dict[str, str] = {}
    for step in formula.instructions:
        if step.operation == "const":
            texts.append(f"c{len(constants)}")
            constants[texts[-1]] = _decimal(step.value, dtype)
        elif step.operation == "input":
            texts.append(step.value)
        else:
            texts.append(peer.text(step.operation).format(*(texts[operand] for operand in step.operands)))
    ((_, result),) = formula.outputs
    return texts[result], constants


def _decimal(value: str, dtype: str) -> str:
    """The shortest decimal that is a constant rounded to a dtype."""
    return str(np.dtype(dtype).type(float(Fraction(value))))


class _Writer:
    """Writes parts of a formula into a builder; one that is met twice is one step."""

    def __init__(self, builder: Builder, x: Expr, formula: Expr) -> None:
        self._b = builder
        self._done: dict[Expr, int] = {x: builder.input("x")}
        # 1/(1 + exp(-x)) that is needed itself is multiplied with, where else one would divide once more.
        self._reciprocals = {part for node in preorder_traversal(formula) for part in _reciprocals(node)}

    def __call__(self, e: Expr) -> int:
        if e not in self._done:
            self._done[e] = self._write(e)
        return self._done[e]

    def _write(self, e: Expr) -> int:
        if e.is_number:
            return self._b.const(str(e) if e.is_Rational else str(e.evalf(_DIGITS)))
        kinds: dict[type, Callable[[Expr], int]] = {
            Add: self._sum,
            Mul: self._product,
            Pow: self._power,
            log: self._logarithm,
            Piecewise: self._choice,
            Abs: lambda e: self._b("abs", self(e.args[0])),
            Max: lambda e: self._chain("max", _numbers_first(e.args)),
            Min: lambda e: self._chain("min", _numbers_first(e.args)),
        }
        for kind, write in kinds.items():
            if isinstance(e, kind):
                return write(e)
        name = e.func.__name__
        if name not in FUNCTIONS:
            raise Error(f"a textbook formula cannot have the function {name}")
        return self._b(name, self(e.args[0]))

    def _chain(self, operation: str, parts: Iterable[Expr]) -> int:
        return reduce(lambda total, part: self._b(operation, total, part), map(self, parts))

    def _sum(self, e: Add) -> int:
        """What is added first, then what is subtracted; numbers last. c*exp(u) - c is c*expm1(u)."""
        terms = list(reversed(_numbers_first(e.args)))
        constant = terms[-1]
        for term in terms:
            size, power = term.as_coeff_Mul()
            if isinstance(power, exp) and constant == -size:
                step = self._b("expm1", self(power.args[0]))
                step = step if size == 1 else self._b("mul", self(size), step)
                rest = e - term - constant
                return step if rest == 0 else self._b("add", self(rest), step)
        plus = [term for term in terms if not _is_negative(term)]
        minus = [-term for term in terms if _is_negative(term)]
        if not plus:
            return self._b("neg", self._chain("add", minus))
        return reduce(lambda total, part: self._b("sub", total, self(part)), minus, self._chain("add", plus))

    def _product(self, e: Mul) -> int:
        number = Mul(*(part for part in e.args if part.is_number))
        others = [part for part in e.args if not part.is_number]
        # x/|x| is a sign, and nobody multiplies by x first to divide by |x| in the end.
        signed = [part for part in others if 1 / Abs(part) in others]
        sizes = [Abs(part) for part in signed]
        divided = [p for p in others if p.is_Pow and p.exp.is_negative and p not in self._reciprocals]
        below = [1 / part for part in divided if part.base not in sizes]
        above = [part for part in others if part not in signed and part not in divided]
        if number.is_Rational and abs(number.p) == 1 and number.q & (number.q - 1):
            number, below = S(number.p), [*below, S(number.q)]  # x/6; but 0.044715 and powers of 2 are factors
        factors = [self(part) for part in above]
        if abs(number) != 1 or (not factors and not signed):
            factors.insert(0, self(abs(number)))
        if not factors:
            factors.append(self(S.One))
        value = reduce(lambda total, part: self._b("mul", total, part), factors)
        if below:
            value = self._b("div", value, self._chain("mul", below))
        for part in signed:
            value = self._b("mul", self._b("copysign", self(S.One), self(part)), value)
        return self._b("neg", value) if number.is_negative else value

    def _logarithm(self, e: Expr) -> int:
        argument = e.args[0]
        if argument.is_Pow and argument.exp == -1:
            return self._b("neg", self(log(argument.base)))
        if isinstance(argument, Add) and S.One in argument.args:
            return self._b("log1p", self(argument - 1))
        return self._b("log", self(argument))

    def _power(self, e: Pow) -> int:
        base, power = e.base, e.exp
        if power.is_negative:
            return self._b("div", self(S.One), self(1 / e))
        if power == S.Half:
            return self._b("sqrt", self(base))
        if not power.is_Integer:
            return self._b("pow", self(base), self(power))
        half = self(base ** (power // 2))
        square = self._b("mul", half, half)
        return square if power % 2 == 0 else self._b("mul", square, self(base))

    def _choice(self, e: Piecewise) -> int:
        *arms, (otherwise, _) = e.args
        value = self(otherwise)
        for result, condition in reversed(arms):
            value = self._b("select", self._truth(condition), self(result), value)
        return value

    def _truth(self, condition: Boolean) -> int:
        if isinstance(condition, And | Or):
            name = "and" if isinstance(condition, And) else "or"
            return reduce(lambda total, part: self._b(name, total, part), map(self._truth, condition.args))
        for kinds, name in (((Lt, Gt), "lt"), ((Le, Ge), "le"), ((Eq,), "eq")):
            if isinstance(condition, kinds):
                left, right = self(condition.lhs), self(condition.rhs)
                if isinstance(condition, Gt | Ge):
                    left, right = right, left
                return self._b(name, left, right)
        raise Error(f"a textbook formula cannot ask whether {condition}")


def _reciprocals(node: Expr) -> list[Expr]:
    """The 1/u that a part of a formula needs for themselves and not as divisors."""
    if isinstance(node, Mul):
        others = [part for part in node.args if not part.is_number]
        return others if len(others) == 1 and others[0].is_Pow and others[0].exp == -1 else []
    return [part for part in node.args if isinstance(part, Pow) and part.exp == -1]


def _numbers_first(parts: Iterable[Expr]) -> list[Expr]:
    return sorted(parts, key=lambda part: (not part.is_number, str(part)))


def _is_negative(term: Expr) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)
