"""Text to expression: a whitelist over Python's syntax tree. Nothing is evaluated that is not named here.

The text is measured before Python parses it (length, nesting, digits), and every power and exponential is bounded
before SymPy builds it, because SymPy computes numbers while it builds: ``9**9**9**9`` would never come back.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn

from symact.activation import Activation, Parameter, exact
from symact.errors import Error

if TYPE_CHECKING:
    from sympy import Basic, Expr

#: Functions of real arguments: name -> (SymPy's name, fewest arguments, most arguments).
FUNCTIONS: dict[str, tuple[str, int, int]] = {
    **{
        name: (name, 1, 1)
        for name in (
            *("exp", "log", "sqrt", "Abs", "sign", "floor", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
            *("asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc"),
        )
    },
    "ln": ("log", 1, 1),
    "abs": ("Abs", 1, 1),
    "LambertW": ("LambertW", 1, 2),
    **{name: (name.capitalize(), 1, 20) for name in ("min", "Min", "max", "Max")},
    "Rational": ("Rational", 1, 2),
}
#: Functions that make or take conditions: name -> (fewest arguments, most arguments).
CONDITIONAL: dict[str, tuple[int, int]] = {"Piecewise": (1, 50), "Eq": (2, 2), "Ne": (2, 2)}
#: Names of numbers; oo stands only beside a comparison sign.
CONSTANTS: dict[str, str] = {"pi": "pi", "E": "E", "oo": "oo", "True": "true", "False": "false"}

_KEYWORDS = ("if", "else", "and", "or", "not")
_RESERVED = {*FUNCTIONS, *CONDITIONAL, *CONSTANTS, *_KEYWORDS, "x"}

_MOST_CHARACTERS = 10_000
_MOST_TOKENS = 1_000
_MOST_DIGITS = 1_250
_MOST_TENS = 400
_MOST_BRACKETS = 32
_MOST_CALLS = 16
_MOST_DEPTH = 100
#: Bound on the bits that SymPy can be made to compute exactly, see `_Term.weight`.
_MOST_BITS = 4_000
#: Bound on the natural logarithm of a constant.
_MOST_LOGARITHM = 2_300

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?P<digits>\d+(?:\.\d*)?|\.\d+)(?:[eE](?P<tens>[+-]?\d+))?)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator>\*\*|<=|>=|==|!=|[-+*/<>&|~,()])",
    re.ASCII,
)
_INSTEAD = {
    "^": "** for a power",
    "%": "a quotient and floor",
    "[": "(",
    "]": ")",
    "{": "(",
    "}": ")",
    "=": "Eq(a, b) or a == b to compare",
    "!": "not or !=",
    "−": "-",
    "×": "*",
    "·": "*",
    "÷": "/",
    "π": "pi",
    "√": "sqrt(...)",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "²": "**2",
    "³": "**3",
    "∞": "a comparison without it",
    "'": "an expression without quotes",
    '"': "an expression without quotes",
}

_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARISONS = {
    ast.Lt: "StrictLessThan",
    ast.LtE: "LessThan",
    ast.Gt: "StrictGreaterThan",
    ast.GtE: "GreaterThan",
    ast.Eq: "Equality",
    ast.NotEq: "Unequality",
}


def parse_expression(text: str, symbols: Mapping[str, Expr]) -> Expr:
    """The SymPy expression that the text stands for; decimals become exact rationals.

    Args:
        text: an expression in the grammar of the module (see `FUNCTIONS`, `CONDITIONAL`, `CONSTANTS`).
        symbols: what each free name stands for, usually ``x`` and the parameters.

    Raises:
        Error: the text is not in the grammar, too large, or undefined or not real where it is constant.
    """
    source, tree = _syntax(text, symbols)
    expression = _Builder(source, symbols).value(tree.body, whole=True).expression
    from sympy import I, nan, oo, zoo

    for impossible in (nan, zoo, oo, I):
        if expression.has(impossible):
            raise Error(
                f"{_quote(text)} is not a real function of x: it contains {impossible}",
                "keep the arguments of log, sqrt and the like real and divide by nothing that is always 0",
            )
    return expression


def parse(
    text: str, parameters: Mapping[str, str | int | float | Fraction] | None = None, name: str = "custom"
) -> Activation:
    """An activation from an expression in ``x``; safe on text from strangers.

    Args:
        text: the expression, such as ``x*tanh(log(1 + exp(x)))``; without x it is a constant function.
        parameters: names that the text may use beside x, with their values. A positive value declares a
            positive parameter, 0 a nonnegative one, a negative value a real one.
        name: how the activation is to be called.

    Raises:
        Error: the text is not in the grammar, or a parameter is misnamed, unused or no number.
    """
    activation = declare(text, parameters, name)
    activation.define(activation.x, *activation.symbols.values())
    return activation


def declare(
    text: str, parameters: Mapping[str, str | int | float | Fraction] | None = None, name: str = "custom"
) -> Activation:
    """Like `parse`, without SymPy: what only SymPy finds wrong is raised when the expression is asked for.

    Raises:
        Error: the text is no expression, or a parameter is misnamed, unused or no number.
    """
    declared = tuple(_parameter(key, exact(value)) for key, value in (parameters or {}).items())
    if isinstance(text, str):
        text = text.strip()
    _syntax(text, ("x", *(p.name for p in declared)))
    used = {match["name"] for match in _TOKEN.finditer(text)}
    for parameter in declared:
        if parameter.name not in used:
            raise Error(f"the parameter {parameter.name} does not occur in {_quote(text)}", "leave it out or use it")
    define = definition(text, [p.name for p in declared])
    return Activation(name=name, define=define, parameters=declared, summary="an expression of the user")


def definition(text: str, parameters: Iterable[str]) -> Callable[..., Expr]:
    """What `Activation.define` is for an expression given as text: a function of the symbols (x, *parameters)."""
    return _Definition(text, tuple(parameters))


def text_of(activation: Activation) -> str | None:
    """The text that an activation was given as; None for a Python definition."""
    return activation.define.text if isinstance(activation.define, _Definition) else None


@dataclass(frozen=True)
class _Definition:
    """`Activation.define` of an expression given as text; a class, so that it compares and pickles."""

    text: str
    parameters: tuple[str, ...]

    def __call__(self, x: Expr, *values: Expr) -> Expr:
        return parse_expression(self.text, {"x": x, **dict(zip(self.parameters, values, strict=True))})


def _parameter(name: str, value: Fraction) -> Parameter:
    if name in _RESERVED or keyword.iskeyword(name):
        raise Error(f"'{name}' cannot name a parameter: it already means something in an expression", "rename it")
    domain = "positive" if value > 0 else "real" if value < 0 else "nonnegative"
    return Parameter(name, value, domain)


def _quote(text: str) -> str:
    text = " ".join(text.split())
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"


def _fault(column: int, message: str, hint: str | None = None) -> NoReturn:
    raise Error(f"{message} at column {column + 1} of the expression", hint) from None


# --- text to syntax tree -------------------------------------------------------------------------------------------


def _syntax(text: str, symbols: Collection[str]) -> tuple[str, ast.Expression]:
    """The text with plain spaces, and its tree, both known to be small."""
    if not isinstance(text, str):
        raise Error(f"an expression is a text, not {type(text).__name__}", "such as 'x/(1 + abs(x))'")
    if len(text) > _MOST_CHARACTERS:
        raise Error(f"the expression has {len(text)} characters", f"at most {_MOST_CHARACTERS} are read")
    if not text.strip():
        raise Error("the expression is empty", "write one such as x/(1 + abs(x))")
    _check_tokens(list(_tokens(text)), symbols)
    source = re.sub(r"\s", " ", text)
    start = len(source) - len(source.lstrip())
    try:
        # The brackets keep leading spaces from being read as indentation without moving a column.
        bracketed = source if start == 0 else f"({source[1:]})"
        tree = ast.parse(bracketed, mode="eval")
    except SyntaxError as error:
        hint = "write abs(x) for |x|" if "|" in text else "check the operators and brackets around it"
        _fault(min(max((error.offset or 1) - 1, 0), len(text) - 1), f"{_quote(text.strip())} does not parse", hint)
    except (RecursionError, MemoryError):
        raise Error("the expression is nested too deeply", "write it with fewer nested operations") from None
    _check_depth(tree)
    return source, tree


def _tokens(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            character = text[position]
            plain = unicodedata.normalize("NFKC", character)
            instead = _INSTEAD.get(character, plain if plain != character and plain.isascii() else None)
            _fault(
                position,
                f"the character {character!r} means nothing",
                f"write {instead}" if instead else "use ASCII letters, digits and + - * / ** ( ) , < > = ! & | ~",
            )
        if match.lastgroup != "space":
            yield match
        position = match.end()


def _check_tokens(tokens: list[re.Match[str]], symbols: Collection[str]) -> None:
    """Bound the numbers and the nesting; name a missing multiplication sign and an unknown name where they stand."""
    if len(tokens) > _MOST_TOKENS:
        raise Error(f"the expression has {len(tokens)} words and signs", f"at most {_MOST_TOKENS} are read")
    opened: list[int] = []
    before: re.Match[str] | None = None
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        column, word = token.start(), token.group()
        if token["name"] and word not in symbols and word not in _RESERVED - {"x"}:
            _unknown(token, is_function=after is not None and after.group() == "(", symbols=symbols)
        if token["digits"] and len(token["digits"]) > _MOST_DIGITS:
            _fault(column, f"a number has {len(token['digits'])} digits", f"at most {_MOST_DIGITS} are read")
        if token["tens"] and (len(token["tens"]) > 5 or abs(int(token["tens"])) > _MOST_TENS):
            _fault(column, f"the number {_quote(word)} is out of range", f"up to 1e{_MOST_TENS} is read")
        if before is not None and before["number"] and token["name"] and before.end() == column:
            _fault(column, f"{_quote(before.group())} and {_quote(word)} touch", "write * to multiply, or a space")
        if before is not None and _ends_operand(before) and _starts_operand(token):
            first = before.group()
            if not (word == "(" and (first in FUNCTIONS or first in CONDITIONAL)):
                _fault(column, f"{_quote(first)} and {_quote(word)} stand side by side", "write * to multiply")
        if word == "(":
            opened.append(column)
            if len(opened) > _MOST_BRACKETS:
                _fault(column, "brackets are nested too deeply", f"up to {_MOST_BRACKETS} levels are read")
        elif word == ")":
            if not opened:
                _fault(column, "a bracket is closed that was never opened", "count the brackets")
            opened.pop()
        before = token
    if opened:
        _fault(opened[-1], "the bracket is never closed; it was opened", "count the brackets")


def _unknown(token: re.Match[str], is_function: bool, symbols: Collection[str]) -> NoReturn:
    functions = sorted({*FUNCTIONS, *CONDITIONAL})
    known = functions if is_function else sorted({*symbols, *CONSTANTS})
    near = difflib.get_close_matches(token.group()[:40], known, n=3, cutoff=0.6)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif is_function:
        hint = f"the functions are {', '.join(functions)}"
    else:
        hint = "the variable is x; other names must be declared as parameters with a value"
    _fault(token.start(), f"{'the function ' if is_function else ''}{_quote(token.group())} is not known", hint)


def _ends_operand(token: re.Match[str]) -> bool:
    return bool(token["number"]) or token.group() == ")" or (bool(token["name"]) and token.group() not in _KEYWORDS)


def _starts_operand(token: re.Match[str]) -> bool:
    return bool(token["number"]) or token.group() == "(" or (bool(token["name"]) and token.group() not in _KEYWORDS)


def _check_depth(tree: ast.Expression) -> None:
    """Bound what the builder recurses into; it follows the left arm of a sum or product by a loop."""
    stack: list[tuple[ast.AST, int, int]] = [(tree.body, 0, 0)]
    while stack:
        node, depth, calls = stack.pop()
        calls += isinstance(node, ast.Call)
        if depth > _MOST_DEPTH or calls > _MOST_CALLS:
            raise Error(
                "the expression is nested too deeply", f"up to {_MOST_CALLS} functions within each other are read"
            )
        for child in ast.iter_child_nodes(node):
            flat = isinstance(node, ast.BinOp) and child is node.left
            stack.append((child, depth if flat else depth + 1, calls))


# --- syntax tree to expression -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Term:
    """A built expression, and a bound on the bits of the exact numbers that SymPy may compute from it.

    The bound adds up over sums and products and multiplies with an exponent, as the numbers themselves do.
    """

    expression: Any
    weight: int


class _Builder:
    """Builds SymPy objects for the nodes it knows and refuses all others."""

    def __init__(self, source: str, symbols: Mapping[str, Expr]) -> None:
        import sympy

        self.sympy: Any = sympy
        self.source = source
        self.symbols = symbols

    def value(self, node: ast.expr, *, whole: bool = False, infinite: bool = False) -> _Term:
        """The number that a node stands for; `infinite` allows oo."""
        term = self._term(node, infinite)
        if self._is_condition(term.expression):
            hint = "write `a if condition else b`" if whole else "write a number or an expression of x"
            _fault(node.col_offset, "a condition stands where a number is needed", hint)
        return term

    def condition(self, node: ast.expr) -> _Term:
        """The truth value that a node stands for."""
        term = self._term(node, infinite=False)
        if not self._is_condition(term.expression):
            _fault(node.col_offset, "a number stands where a condition is needed", "compare it, such as x > 0")
        return term

    def _is_condition(self, expression: Basic) -> bool:
        return isinstance(expression, self.sympy.logic.boolalg.Boolean) and not isinstance(
            expression, self.sympy.Symbol
        )

    def _term(self, node: ast.expr, infinite: bool) -> _Term:
        build = getattr(self, f"_{type(node).__name__.lower()}", None)
        if build is None:
            _fault(node.col_offset, f"{_quote(self._text(node))} is not part of the language", "write a formula in x")
        try:
            term: _Term = build(node)
            expression = term.expression
            if not (infinite and expression in (self.sympy.oo, -self.sympy.oo)):
                self._check_real(node, expression)
        except (Error, MemoryError):
            raise
        except Exception as error:  # SymPy raises what it likes on odd input; all of it is the input's fault here
            _fault(
                node.col_offset,
                f"{_quote(self._text(node))} cannot be computed ({type(error).__name__})",
                "write it in another way",
            )
        if term.weight > _MOST_BITS:
            self._too_large(node)
        if isinstance(expression, self.sympy.Rational):
            return _Term(expression, _bits(expression))
        return term

    def _check_real(self, node: ast.expr, expression: Basic) -> None:
        s = self.sympy
        if expression in (s.nan, s.zoo, s.oo, -s.oo):
            named = isinstance(node, ast.Name)
            _fault(
                node.col_offset,
                f"{_quote(self._text(node))} is not a finite number",
                "oo stands only beside a comparison sign" if named else "it divides by 0 or the like",
            )
        if not self._is_condition(expression) and expression.is_number and expression.is_real is False:
            _fault(node.col_offset, f"{_quote(self._text(node))} is not a real number")

    def _text(self, node: ast.expr) -> str:
        return self.source[node.col_offset : node.end_col_offset]

    def _too_large(self, node: ast.expr) -> NoReturn:
        _fault(node.col_offset, f"the numbers in {_quote(self._text(node))} are too large", "use smaller numbers")

    # Numbers and names

    def _constant(self, node: ast.Constant) -> _Term:
        text = self._text(node)
        if text in ("True", "False"):
            return _Term(self.sympy.true if node.value else self.sympy.false, 1)
        number = Fraction(text)
        return _Term(self.sympy.Rational(number.numerator, number.denominator), 1)

    def _name(self, node: ast.Name) -> _Term:
        if node.id in self.symbols:
            return _Term(self.symbols[node.id], 1)
        if node.id in CONSTANTS:
            return _Term(getattr(self.sympy, CONSTANTS[node.id]), 1)
        return _fault(node.col_offset, f"'{node.id}' stands without arguments", f"write {node.id}(...)")

    # Arithmetic

    def _binop(self, node: ast.BinOp) -> _Term:
        spine = [node]
        while isinstance(spine[-1].left, ast.BinOp):
            spine.append(spine[-1].left)
        left = self._term(spine[-1].left, infinite=False)
        for step in reversed(spine):
            left = self._operate(step, left)
            self._check_real(step, left.expression)
            if left.weight > _MOST_BITS:
                self._too_large(step)
        return left

    def _operate(self, node: ast.BinOp, left: _Term) -> _Term:
        if isinstance(node.op, ast.BitAnd | ast.BitOr):
            if not self._is_condition(left.expression):
                _fault(node.left.col_offset, "a number stands where a condition is needed", "write abs(x) for |x|")
            right = self.condition(node.right)
            join = self.sympy.And if isinstance(node.op, ast.BitAnd) else self.sympy.Or
            return _Term(join(left.expression, right.expression), left.weight + right.weight)
        if type(node.op) not in _ARITHMETIC:
            _fault(node.left.col_offset, f"the operator in {_quote(self._text(node))} is unknown", "use + - * / **")
        if self._is_condition(left.expression):
            _fault(node.left.col_offset, "a condition stands where a number is needed", "use `a if c else b`")
        right = self.value(node.right)
        a, b, weight = left.expression, right.expression, left.weight + right.weight
        match node.op:
            case ast.Add():
                return _Term(a + b, weight)
            case ast.Sub():
                return _Term(a - b, weight)
            case ast.Mult():
                return _Term(a * b, weight)
            case ast.Div():
                return _Term(a / b, weight)
        return self._power(node, left, right)

    def _power(self, node: ast.expr, base: _Term, exponent: _Term) -> _Term:
        weight = base.weight * self._factor(exponent.expression) + exponent.weight
        if weight > _MOST_BITS:
            self._too_large(node)
        pieces = isinstance(base.expression, self.sympy.Piecewise)  # each of which SymPy raises to that power
        for each in [value for value, _ in base.expression.args] if pieces else [base.expression]:
            if each.is_number and each != 0 and exponent.expression.is_number:
                self._check_logarithm(node, exponent.expression * self.sympy.log(abs(each)))
        return _Term(base.expression**exponent.expression, weight)

    def _factor(self, exponent: Expr) -> int:
        """The largest number that multiplies a term of an exponent, rounded up: a base is raised to at most that."""
        factors = (abs(term.as_coeff_Mul()[0]) for term in self.sympy.Add.make_args(exponent))
        return max(1, *(int(self.sympy.ceiling(factor)) for factor in factors))

    def _check_logarithm(self, node: ast.expr, logarithm: Expr) -> None:
        if not abs(logarithm.evalf(5)) <= _MOST_LOGARITHM:
            self._too_large(node)

    def _unaryop(self, node: ast.UnaryOp) -> _Term:
        if isinstance(node.op, ast.Not | ast.Invert):
            term = self.condition(node.operand)
            return _Term(self.sympy.Not(term.expression), term.weight)
        term = self.value(node.operand, infinite=isinstance(node.operand, ast.Name))
        return _Term(-term.expression if isinstance(node.op, ast.USub) else term.expression, term.weight)

    # Conditions

    def _compare(self, node: ast.Compare) -> _Term:
        operands = [self.value(side, infinite=True) for side in (node.left, *node.comparators)]
        relations = []
        for op, a, b in zip(node.ops, operands, operands[1:], strict=False):
            if type(op) not in _COMPARISONS:
                _fault(node.col_offset, f"{_quote(self._text(node))} is no comparison", "use < <= > >= == !=")
            relations.append(self._relation(node, _COMPARISONS[type(op)], a.expression, b.expression))
        return _Term(self.sympy.And(*relations), sum(term.weight for term in operands))

    def _relation(self, node: ast.expr, kind: str, a: Expr, b: Expr) -> Basic:
        if a.has(self.sympy.Piecewise) or b.has(self.sympy.Piecewise):
            _fault(node.col_offset, "a comparison of cases stands", "compare plain expressions and nest the cases")
        relation: Basic = getattr(self.sympy, kind)(a, b)
        return relation.reversed if relation.args and a.is_number else relation

    def _boolop(self, node: ast.BoolOp) -> _Term:
        terms = [self.condition(side) for side in node.values]
        join = self.sympy.And if isinstance(node.op, ast.And) else self.sympy.Or
        return _Term(join(*(term.expression for term in terms)), sum(term.weight for term in terms))

    def _ifexp(self, node: ast.IfExp) -> _Term:
        yes, condition, no = self.value(node.body), self.condition(node.test), self.value(node.orelse)
        return self._pieces([(yes, condition), (no, _Term(self.sympy.true, 1))])

    def _pieces(self, pairs: list[tuple[_Term, _Term]]) -> _Term:
        weight = sum(value.weight + condition.weight for value, condition in pairs)
        if pairs[0][1].expression is self.sympy.true:
            return pairs[0][0]
        # Unevaluated: evaluation would solve every condition for x, which may take minutes.
        arguments = [(value.expression, condition.expression) for value, condition in pairs]
        return _Term(self.sympy.Piecewise(*arguments, evaluate=False), weight)

    # Functions

    def _call(self, node: ast.Call) -> _Term:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in FUNCTIONS:
            fewest, most = FUNCTIONS[name][1:]
        elif name in CONDITIONAL:
            fewest, most = CONDITIONAL[name]
        else:
            _fault(node.col_offset, f"{_quote(self._text(node.func))} is not a function", "write * to multiply")
        if node.keywords:
            _fault(node.col_offset, f"{name} takes no named arguments", "give them by position")
        if not fewest <= len(node.args) <= most:
            takes = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            _fault(
                node.col_offset,
                f"{name} is called with {len(node.args)} arguments",
                f"it takes {takes}" + ("; a logarithm to the base b is log(x)/log(b)" if name == "log" else ""),
            )
        if name == "Piecewise":
            return self._pieces([self._pair(argument) for argument in node.args])
        terms = [self.value(argument) for argument in node.args]
        weight = sum(term.weight for term in terms)
        arguments = [term.expression for term in terms]
        if name in CONDITIONAL:
            return _Term(self._relation(node, name, *arguments), weight)
        return self._apply(node, FUNCTIONS[name][0], arguments, weight)

    def _pair(self, node: ast.expr) -> tuple[_Term, _Term]:
        if not isinstance(node, ast.Tuple) or len(node.elts) != 2:
            _fault(node.col_offset, "Piecewise needs pairs", "write Piecewise((value, condition), (value, True))")
        return self.value(node.elts[0]), self.condition(node.elts[1])

    def _apply(self, node: ast.Call, function: str, arguments: list[Any], weight: int) -> _Term:
        s, first = self.sympy, arguments[0]
        if function in ("exp", "sinh", "cosh"):
            if first.is_number:
                self._check_logarithm(node, first)
            if first.has(s.log):  # exp(n*log(a)) is built as a**n
                weight *= self._factor(first)
                if weight > _MOST_BITS:
                    self._too_large(node)
        elif function == "erfc" and first.is_number:
            self._check_logarithm(node, first**2)
        elif function == "floor" and first.is_number and first != 0:
            self._check_logarithm(node, s.log(abs(first)))
        elif function == "Rational":
            if not all(isinstance(argument, s.Rational) for argument in arguments):
                _fault(node.col_offset, "Rational takes numbers", "such as Rational(1, 2)")
            return _Term(s.Rational(*arguments), weight)
        elif function in ("Max", "Min") and not first.is_number:
            # Unevaluated: evaluation compares every two arguments, which may take minutes.
            return _Term(getattr(s, function)(*arguments, evaluate=False), weight)
        return _Term(getattr(s, function)(*arguments), weight)


def _bits(number: Expr) -> int:
    return int(number.p).bit_length() + int(number.q).bit_length()
