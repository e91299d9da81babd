"""The exponents of an expression's exponentials, each as a whole multiple of a common rate.

Polynomial algorithms see exp(851*x/500) as the 851st power of exp(x/500); with exp(851*x/500) itself as the letter they
have nothing to do.
"""

from __future__ import annotations

from functools import reduce
from math import gcd

from sympy import Add, Dummy, Expr, Integer, Mul, Pow, Rational, Symbol, exp, expand, ilcm


def number_and_rest(term: Expr) -> tuple[Rational, Expr]:
    """A product as a rational number times the rest."""
    number, rest = term.as_coeff_Mul()
    return (number, rest) if number.is_Rational else (Integer(1), term)


def rates(expression: Expr, variable: Symbol) -> dict[Expr, Rational]:
    """For each monomial m in the variable: the largest q such that every exp(c*m) is a whole power of exp(q*m)."""
    found: dict[Expr, list[Rational]] = {}
    for node in expression.atoms(exp):
        for term in Add.make_args(expand(node.args[0])):
            number, rest = number_and_rest(term)
            if rest.has(variable) and _is_monomial(rest):
                found.setdefault(rest, []).append(number)
    common = {}
    for rest, numbers in found.items():
        denominator = ilcm(*(n.q for n in numbers), 1)
        common[rest] = Rational(reduce(gcd, (abs(int(n * denominator)) for n in numbers)), denominator)
    return common


def lettered(expression: Expr, variable: Symbol) -> tuple[Expr, dict[Symbol, Expr]]:
    """The expression with powers of letters for its exponentials, and what each letter stands for."""
    letters = {rest: (Dummy("E", positive=True), rate) for rest, rate in rates(expression, variable).items()}
    powers = {}
    for node in expression.atoms(exp):
        factors = []
        for term in Add.make_args(expand(node.args[0])):
            number, rest = number_and_rest(term)
            if rest in letters:
                letter, rate = letters[rest]
                factors.append(letter ** (number / rate))
            else:
                factors.append(exp(term))
        powers[node] = Mul(*factors)
    return expression.xreplace(powers), {letter: exp(rate * rest) for rest, (letter, rate) in letters.items()}


def _is_monomial(rest: Expr) -> bool:
    return all(
        isinstance(f, Symbol) or (isinstance(f, Pow) and f.base.is_Symbol) or f.is_number for f in Mul.make_args(rest)
    )
