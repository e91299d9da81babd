"""A target is data: ``templates/NAME/target.toml`` says how it writes each operation, constant and type.

The file has these sections:

``description``, ``emits``
    one line each, printed by ``symact targets``;
``reserved``
    identifiers that a parameter may not be called in the output (they get a ``_`` appended);
``[[types]]``
    one per array type: ``dtype`` (of the arrays), ``level``, ``arithmetic`` (whose programs are evaluated, see
    `symact.kernel.arithmetic`), and whatever further words the target's templates need, such as ``suffix``. With
    ``tables`` activations may have programs with tables for it, written in the words of that arithmetic. With
    ``otherwise`` too there is nothing else, and the functions of that level do what the tables do not;
``[arithmetics.NAME]``
    for each arithmetic of a type: how ``inf``, ``-inf`` and ``nan`` are written, ``number`` (text around a decimal,
    ``{0}`` if not given), and again any word that the templates need;
``[operations]``
    operation = text with ``{0}``, ``{1}``, ``{2}`` for the operands, or a table of such texts keyed by arithmetic;
``[own]``
    the operations whose program from `symact.kernel.functions` the templates print as a helper function, a list for
    each arithmetic, and ``call``, the text of such a call, with OPERATION, ARITHMETIC and OPERANDS in their places;
``[settings]``
    whatever else the target's templates and its module share.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symact.errors import Error
from symact.kernel.arithmetic import WRITTEN
from symact.kernel.program import OPERATIONS

_PLACEHOLDER = re.compile(r"\{(\d)\}")

#: What every target says of a type in the same words.
_TYPE = ("dtype", "level", "arithmetic", "tables", "otherwise", "usual")


@dataclass(frozen=True)
class Operations:
    """How one target writes each operation, for each format it computes in.

    Attributes:
        target: the target's name, for messages.
        texts: operation -> arithmetic -> text with ``{0}``...; the arithmetic "" stands for every other one.
        own: arithmetic -> the operations that the target writes out as functions of its own.
        call: the text of a call of such a function.
        arithmetics: arithmetic -> {"number", "inf", "-inf", "nan", ...} -> text.
    """

    target: str
    texts: Mapping[str, Mapping[str, str]]
    own: Mapping[str, frozenset[str]]
    call: str
    arithmetics: Mapping[str, Mapping[str, str]]

    def text(self, operation: str, arithmetic: str) -> str:
        """The text of an operation in an arithmetic, with ``{0}`` for the first operand and so on.

        Raises:
            Error: the target has no such operation.
        """
        if operation in self.own.get(arithmetic, ()):
            operands = ", ".join(f"{{{i}}}" for i in range(OPERATIONS[operation].arity))
            words = {"OPERATION": operation, "ARITHMETIC": arithmetic, "OPERANDS": operands}
            return re.sub("|".join(words), lambda found: words[found[0]], self.call)
        texts = self.texts.get(operation, {})
        if arithmetic not in texts and "" not in texts:
            raise Error(
                f"target {self.target} has no {operation} ({OPERATIONS[operation].meaning}) in {arithmetic} arithmetic",
                "choose another target, or write the activation without it",
            )
        return texts.get(arithmetic, texts.get("", ""))

    def literal(self, kind: str, arithmetic: str) -> str:
        """The text of "number" (around ``{0}``), "inf", "-inf" or "nan" in an arithmetic."""
        words = {"number": "{0}", **self.arithmetics.get(arithmetic, {})}
        if kind not in words:
            raise Error(f"target {self.target} has no literal for {kind} in {arithmetic} arithmetic")
        return words[kind]


@dataclass(frozen=True)
class DataType:
    """An array type that a target offers.

    Attributes:
        dtype: of the arrays, "float32".
        level: "accurate", "fast", "table".
        arithmetic: whose programs the kernel evaluates.
        words: what the target's templates call things (``suffix``, ``scalar``, ...).
        tables: the arithmetic in whose words programs with tables are written, where an activation may have such for
            this level; else "".
        otherwise: the level of the functions that do what tables do not, where there is no other program.
        usual: the arithmetic of short programs for usual inputs, where the kernel begins with such; else "".
    """

    dtype: str
    level: str
    arithmetic: str
    words: Mapping[str, str]
    tables: str = ""
    otherwise: str = ""
    usual: str = ""

    @property
    def searched_tables(self) -> str:
        """The level, where it is nothing without tables, so that they are searched for; else ""."""
        return self.level if self.otherwise else ""

    @property
    def arithmetics(self) -> list[str]:
        """Those whose programs it needs, tables apart."""
        return [self.arithmetic, *([self.usual] if self.usual else [])]


@dataclass(frozen=True)
class Target:
    """One target, read from its folder of templates."""

    name: str
    folder: Path
    description: str
    emits: str
    reserved: frozenset[str]
    types: tuple[DataType, ...]
    operations: Operations
    settings: Mapping[str, Any]

    def type(self, dtype: str, level: str) -> DataType:
        """The array type of that dtype and level.

        Raises:
            Error: the target has none; the message lists what there is.
        """
        for type_ in self.types:
            if (type_.dtype, type_.level) == (dtype, level):
                return type_
        levels = [t.level for t in self.types if t.dtype == dtype]
        if levels:
            raise Error(f"target {self.name} has no level '{level}' for {dtype}", f"it has {', '.join(levels)}")
        dtypes = ", ".join(dict.fromkeys(t.dtype for t in self.types))
        raise Error(f"target {self.name} has no dtype '{dtype}'", f"it has {dtypes}")

    def identifier(self, name: str) -> str:
        """A name from the definition as the target can spell it: ``lambda`` becomes ``lambda_`` where reserved."""
        return f"{name}_" if name in self.reserved or re.fullmatch(r"[cst]\d+", name) else name


def read(folder: Path) -> Target:
    """The target that a folder of templates describes.

    Raises:
        Error: ``target.toml`` names an unknown operation or arithmetic, or a text does not use its operands.
    """
    document = tomllib.loads((folder / "target.toml").read_text(encoding="utf-8"))
    name = folder.name
    own = dict(document.get("own", {}))
    call = own.pop("call", "")
    texts = {operation: _texts(name, operation, entry) for operation, entry in document["operations"].items()}
    types = []
    for entry in document["types"]:
        own_words = {key: entry[key] for key in _TYPE if key in entry}
        words = {key: value for key, value in entry.items() if key not in _TYPE}
        types.append(DataType(**own_words, words=words))
    for arithmetic in {name for type_ in types for name in type_.arithmetics} | set(document["arithmetics"]) | set(own):
        if arithmetic not in WRITTEN:
            raise Error(f"target {name}: '{arithmetic}' is no arithmetic", f"use one of {', '.join(WRITTEN)}")
        for operation in own.get(arithmetic, ()):
            if operation not in WRITTEN[arithmetic].functions:
                raise Error(f"target {name}: symact has no program for '{operation}'", "write it in [operations]")
    return Target(
        name=name,
        folder=folder,
        description=document["description"],
        emits=document["emits"],
        reserved=frozenset(document.get("reserved", ())),
        types=tuple(types),
        operations=Operations(
            name, texts, {key: frozenset(value) for key, value in own.items()}, call, document["arithmetics"]
        ),
        settings=document.get("settings", {}),
    )


def _texts(target: str, operation: str, entry: Any) -> dict[str, str]:
    if operation not in OPERATIONS:
        raise Error(f"target {target}: '{operation}' is no operation", "symact.kernel.program.OPERATIONS has them")
    texts: dict[str, str] = {"": entry} if isinstance(entry, str) else dict(entry)
    for text in texts.values():
        if {int(i) for i in _PLACEHOLDER.findall(text)} != set(range(OPERATIONS[operation].arity)):
            raise Error(f"target {target}: '{text}' does not use the operands of {operation} once each or more")
    return texts
