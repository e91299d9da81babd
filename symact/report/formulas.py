"""Formulas as people write them, made from the exact text that the documents carry.

The text is Python syntax, so the standard parser reads it and nothing is evaluated: the form that was chosen for
people arrives unchanged, which it would not if an algebra system took it in again.
"""

from __future__ import annotations

import ast
from typing import ClassVar, NamedTuple

#: Cases that together are longer than this stand on lines of their own.
_LINE = 60

_CONDITION, _SUM, _PRODUCT, _POWER, _ATOM = range(5)

#: The brackets of ``Interval(a, b)``, ``Interval.open(a, b)`` and so on.
_OPEN = {"": "[]", "open": "()", "Lopen": "(]", "Ropen": "[)"}


class _Printed(NamedTuple):
    """A printed subexpression and how strongly its outermost operation binds."""

    text: str
    binds: int


class _Plain:
    """Formulas in ASCII: ``1/((1 + |x|)*(1 + ln(1 + |x|))^2)``."""

    names: ClassVar[dict[str, str]] = {"E": "e"}
    functions: ClassVar[dict[str, str]] = {
        "log": "ln",
        "atan": "arctan",
        "asin": "arcsin",
        "acos": "arccos",
        "Max": "max",
        "Min": "min",
    }
    bars = "|{}|"
    parentheses = "({})"
    times = "*"
    signs: ClassVar[dict[str, str]] = {
        "Lt": "<",
        "LtE": "<=",
        "Gt": ">",
        "GtE": ">=",
        "Eq": "=",
        "NotEq": "!=",
        "Ne": "!=",
    }
    words: ClassVar[dict[str, str]] = {"and": " and ", "or": " or "}

    def show(self, node: ast.expr) -> _Printed:
        match node:
            case ast.Constant(value=value):
                return _Printed(str(value), _ATOM)
            case ast.Name(id=name):
                return _Printed(self.name(name), _ATOM)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _Printed(f"-{self.within(operand, _PRODUCT)}", _SUM)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _Printed(f"{self.within(left, _SUM)} + {self.within(right, _SUM)}", _SUM)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return _Printed(f"{self.within(left, _SUM)} - {self.within(right, _PRODUCT)}", _SUM)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self.product(left, right)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self.quotient(left, right)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.power(left, right)
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
                word = self.words["and" if isinstance(op, ast.BitAnd) else "or"]
                return _Printed(f"{self.within(left, _SUM)}{word}{self.within(right, _SUM)}", _CONDITION)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self.relation(type(op).__name__, left, right)
            case ast.Call(func=ast.Name(id="Eq" | "Ne" as relation), args=[left, right]):
                return self.relation(relation, left, right)
            case ast.Call(func=ast.Name(id="Piecewise"), args=args):
                return self.cases([(a.elts[0], a.elts[1]) for a in args if isinstance(a, ast.Tuple)])
            case ast.Call(func=ast.Name(id="Abs"), args=[argument]):
                return _Printed(self.bars.format(self.show(argument).text), _ATOM)
            case (
                ast.Call(func=ast.Name(id="Interval") as kind, args=[lower, upper, *_])
                | ast.Call(func=ast.Attribute(value=ast.Name(id="Interval")) as kind, args=[lower, upper])
            ):
                return self.interval(_OPEN[getattr(kind, "attr", "")], lower, upper)
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args)
        raise ValueError(f"no formula: {ast.unparse(node)}")

    def within(self, node: ast.expr, binds: int) -> str:
        """The node as an operand: in parentheses if it binds more weakly than it must."""
        shown = self.show(node)
        return shown.text if shown.binds >= binds else self.parentheses.format(shown.text)

    def first(self, node: ast.expr) -> str:
        """The first factor, which keeps a leading minus without parentheses."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self.show(node).text
        return self.within(node, _PRODUCT)

    def name(self, name: str) -> str:
        return self.names.get(name, name)

    def relation(self, kind: str, left: ast.expr, right: ast.expr) -> _Printed:
        return _Printed(f"{self.show(left).text} {self.signs[kind]} {self.show(right).text}", _SUM)

    def product(self, left: ast.expr, right: ast.expr) -> _Printed:
        variable = right.left if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Pow) else right
        number = left.operand if isinstance(left, ast.UnaryOp) else left
        between = "" if isinstance(number, ast.Constant) and isinstance(variable, ast.Name) else self.times
        return _Printed(f"{self.first(left)}{between}{self.within(right, _POWER)}", _PRODUCT)

    def interval(self, brackets: str, lower: ast.expr, upper: ast.expr) -> _Printed:
        opening = "(" if ast.unparse(lower) == "-oo" else brackets[0]
        closing = ")" if ast.unparse(upper) == "oo" else brackets[1]
        return _Printed(f"{opening}{self.show(lower).text}, {self.show(upper).text}{closing}", _ATOM)

    def quotient(self, left: ast.expr, right: ast.expr) -> _Printed:
        return _Printed(f"{self.first(left)}/{self.within(right, _POWER)}", _PRODUCT)

    def power(self, base: ast.expr, exponent: ast.expr) -> _Printed:
        return _Printed(f"{self.within(base, _ATOM)}^{self.within(exponent, _ATOM)}", _POWER)

    def call(self, name: str, args: list[ast.expr]) -> _Printed:
        inside = ", ".join(self.show(argument).text for argument in args)
        return _Printed(self.functions.get(name, name) + self.parentheses.format(inside), _ATOM)

    def cases(self, pieces: list[tuple[ast.expr, ast.expr]]) -> _Printed:
        shown = [
            f"{self.show(value).text} otherwise"
            if _always(condition)
            else f"{self.show(value).text} if {self.show(condition).text}"
            for value, condition in pieces
        ]
        between = ",\n" if sum(map(len, shown)) > _LINE else ", "
        return _Printed(between.join(shown), _CONDITION)


class _Text(_Plain):
    """Formulas in Unicode: ``1/((1 + |x|)·(1 + ln(1 + |x|))²)``."""

    names: ClassVar[dict[str, str]] = {"oo": "∞", "pi": "π", "E": "e"}
    times = "·"
    signs: ClassVar[dict[str, str]] = {**_Plain.signs, "LtE": "≤", "GtE": "≥", "NotEq": "≠", "Ne": "≠"}
    superscripts: ClassVar[dict[str, str]] = dict(zip("23456789", "²³⁴⁵⁶⁷⁸⁹", strict=True))

    def power(self, base: ast.expr, exponent: ast.expr) -> _Printed:
        raised = self.superscripts.get(self.show(exponent).text)
        if raised is None:
            return super().power(base, exponent)
        return _Printed(self.within(base, _ATOM) + raised, _POWER)

    def call(self, name: str, args: list[ast.expr]) -> _Printed:
        if name == "sqrt" and isinstance(args[0], ast.Constant | ast.Name):
            return _Printed(f"√{self.show(args[0]).text}", _ATOM)
        return super().call(name, args)


class _Latex(_Plain):
    r"""Formulas for TeX: ``\frac{1}{\left(1 + \left|x\right|\right)^{2}}``."""

    names: ClassVar[dict[str, str]] = {
        "oo": r"\infty",
        "pi": r"\pi",
        "E": "e",
        **{greek: rf"\{greek}" for greek in ("alpha", "beta", "gamma", "delta", "lambda", "mu", "sigma", "theta")},
    }
    functions: ClassVar[dict[str, str]] = {
        "log": r"\ln",
        "atan": r"\arctan",
        "asin": r"\arcsin",
        "acos": r"\arccos",
        "Max": r"\max",
        "Min": r"\min",
        **{name: rf"\{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    }
    bars = r"\left\lvert {} \right\rvert"
    parentheses = r"\left({}\right)"
    signs: ClassVar[dict[str, str]] = {
        "Lt": "<",
        "LtE": r"\le",
        "Gt": ">",
        "GtE": r"\ge",
        "Eq": "=",
        "NotEq": r"\ne",
        "Ne": r"\ne",
    }
    words: ClassVar[dict[str, str]] = {"and": r" \text{ and } ", "or": r" \text{ or } "}

    def name(self, name: str) -> str:
        return self.names.get(name, name if len(name) == 1 else r"\mathit{" + name.replace("_", r"\_") + "}")

    def product(self, left: ast.expr, right: ast.expr) -> _Printed:
        after = self.within(right, _POWER)
        between = r" \cdot " if after[0].isdigit() else " "
        return _Printed(self.first(left) + between + after, _PRODUCT)

    def quotient(self, left: ast.expr, right: ast.expr) -> _Printed:
        minus = "-" if _leads_with_minus(left) else ""
        over = self.show(left.operand if isinstance(left, ast.UnaryOp) else left).text
        over = over if isinstance(left, ast.UnaryOp) else over.removeprefix(minus)
        return _Printed(rf"{minus}\frac{{{over}}}{{{self.show(right).text}}}", _PRODUCT)

    def power(self, base: ast.expr, exponent: ast.expr) -> _Printed:
        return _Printed(f"{self.within(base, _ATOM)}^{{{self.show(exponent).text}}}", _POWER)

    def call(self, name: str, args: list[ast.expr]) -> _Printed:
        if name == "sqrt":
            return _Printed(rf"\sqrt{{{self.show(args[0]).text}}}", _ATOM)
        if name == "exp":
            return _Printed(f"e^{{{self.show(args[0]).text}}}", _POWER)
        inside = ", ".join(self.show(argument).text for argument in args)
        function = self.functions.get(name, rf"\operatorname{{{name}}}")
        return _Printed(function + self.parentheses.format(inside), _ATOM)

    def cases(self, pieces: list[tuple[ast.expr, ast.expr]]) -> _Printed:
        rows = [
            rf"{self.show(value).text} & \text{{otherwise}}"
            if _always(condition)
            else rf"{self.show(value).text} & \text{{if }} {self.show(condition).text}"
            for value, condition in pieces
        ]
        return _Printed(r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}", _SUM)


def _always(condition: ast.expr) -> bool:
    return isinstance(condition, ast.Constant) and condition.value is True


def _leads_with_minus(node: ast.expr) -> bool:
    """A product or quotient whose first factor carries a minus."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        node = node.left
    return isinstance(node, ast.UnaryOp)


def text(formula: str, ascii_only: bool = False) -> str:
    """A formula in SymPy syntax as people type it: ``4*exp(-2*t)`` gives ``4·exp(-2t)``."""
    printer = _Plain() if ascii_only else _Text()
    return printer.show(ast.parse(formula, mode="eval").body).text


def latex(formula: str) -> str:
    r"""A formula in SymPy syntax as LaTeX, without delimiters: ``4*exp(-2*t)`` gives ``4 e^{-2 t}``."""
    return _Latex().show(ast.parse(formula, mode="eval").body).text


def ends(interval: str) -> tuple[str, str]:
    """The two ends of an interval in SymPy syntax: ``Interval.open(-oo, 0)`` gives ``-oo`` and ``0``."""
    call = ast.parse(interval, mode="eval").body
    if not isinstance(call, ast.Call):
        raise ValueError(f"no interval: {interval}")
    return ast.unparse(call.args[0]), ast.unparse(call.args[1])
