"""What all kinds of claims have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Expr, oo, simplify

from symact import grammar
from symact.activation import Activation
from symact.errors import Error

#: What a verdict can be; `docs/claims.md` says what each means.
VERDICTS = (
    "confirmed",
    "confirmed-after-repair",
    "refuted",
    "approximation",
    "convention",
    "qualified",
    "undecided",
)


@dataclass(frozen=True)
class Finding:
    """A verdict with its reason, a witness where something is refuted, and what would be right."""

    verdict: str
    reason: str
    witness: Mapping[str, str] | None = None
    corrected: str | None = None


class Kind:
    """The base of all kinds; a subclass is known by its name and its dataclass fields."""

    name: ClassVar[str]
    known: ClassVar[dict[str, type[Kind]]] = {}

    def __init_subclass__(cls, name: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if name:
            cls.name = name
            Kind.known[name] = cls

    def check(self, subject: Activation) -> None:
        """Refuse what does not fit the subject.

        Raises:
            Error: a formula cannot be read.
        """

    def decide(self, subject: Activation) -> Finding:
        """The verdict on the assertion about the subject."""
        raise NotImplementedError


def decimal(text: str) -> str:
    """An exact constant with, where it is not plain, its decimals."""
    if text in ("undefined", "oo", "-oo"):
        return text
    try:
        value = grammar.parse_expression(text, {})
    except Error:  # a constant that SymPy simplified to a function outside the grammar
        return text
    return text if value.is_Integer else f"{text} = {float(value.evalf(15)):.9g}"


def checked(key: str, read: Callable[[str], Any], text: str) -> None:
    """Let an error in the text name the key that holds it."""
    try:
        read(text)
    except Error as error:
        raise Error(f"{key}: {error.message}", error.hint) from None


def read(text: str, subject: Activation) -> Expr:
    """A formula of x and the subject's parameters, whose values are put in."""
    return grammar.parse_expression(text, {"x": subject.x, **subject.symbols}).subs(subject.values)


def constant(text: str) -> Expr:
    """A number as text, exact; oo is one.

    Raises:
        Error: the text is no number.
    """
    return oo if text == "oo" else grammar.parse_expression(text, {})


def same(first: Expr, second: Expr) -> bool:
    """Whether two exact numbers are proved equal."""
    return bool(first == second or (first.is_finite and second.is_finite and simplify(first - second) == 0))
