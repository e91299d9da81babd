"""Claims somebody printed about activations, each with its verdict: the files, the records, the document.

A claims file is TOML and may come from anybody: it is measured, every key is known or refused, and formulas go
through the grammar. `docs/claims.md` describes the format.
"""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from symact import catalog
from symact.activation import Activation
from symact.errors import Error

if TYPE_CHECKING:
    from symact.verification.kinds import Kind

#: The version of the claims document and of the file format.
SCHEMA = 1

_MOST_BYTES = 1_000_000
_MOST_CLAIMS = 1_000
_MOST_CHARACTERS = 2_000

#: Keys of a claim that every kind has; the others are the kind's own fields.
_COMMON = ("id", "subject", "definition", "parameters", "sentence", "printed", "kind", "read_as")


@dataclass(frozen=True)
class Claim:
    """One assertion about one subject, as read from a file.

    Attributes:
        id: unique in its file.
        subject: the activation that it is about.
        sentence: where it stands, verbatim.
        printed: the assertion itself, verbatim.
        kind: what is asserted, see `symact.verification.kinds`.
        read_as: the meaning that was given to vague words, or None.
    """

    id: str
    subject: Activation
    sentence: str
    printed: str
    kind: Kind
    read_as: str | None = None


@dataclass(frozen=True)
class ClaimResult:
    """A claim with its verdict; ``to_dict`` gives its entry in the claims document.

    Attributes:
        id, subject, sentence, printed: of the claim; the subject by its catalogue name.
        intended: how a misprinted formula was meant.
        verdict: one of `symact.verification.kinds.VERDICTS`.
        reason: one sentence.
        witness: a point with the printed and the true value, or None.
        corrected: what would be right, or None.
    """

    id: str
    subject: str
    sentence: str
    printed: str
    intended: str | None
    verdict: str
    reason: str
    witness: Mapping[str, str] | None
    corrected: str | None

    def to_dict(self) -> dict[str, Any]:
        """The entry of the claims document."""
        return asdict(self)


def verify(source: str | PathLike[str] = "article") -> list[ClaimResult]:
    """The verdict on every claim of a TOML file, or of the built-in ``"article"``, in the file's order.

    Raises:
        Error: the file cannot be read or is no claims file.
    """
    return [decide(claim) for claim in read(source)]


def decide(claim: Claim) -> ClaimResult:
    """The verdict on one claim.

    Raises:
        Error: the subject cannot be analysed.
    """
    from symact.verification.kinds import Finding

    try:
        finding = claim.kind.decide(claim.subject)
    except Error as error:
        raise Error(f"claim {claim.id}: {error.message}", error.hint) from None
    except Exception as error:  # SymPy gave up; one claim must not cost the verdicts on all others
        finding = Finding("undecided", f"it could not be computed: {type(error).__name__}: {_short(str(error))}")
    reason = finding.reason if claim.read_as is None else f"read as '{claim.read_as}': {finding.reason}"
    return ClaimResult(
        id=claim.id,
        subject=claim.subject.name,
        sentence=claim.sentence,
        printed=claim.printed,
        intended=getattr(claim.kind, "intended", None),
        verdict=finding.verdict,
        reason=reason,
        witness=finding.witness,
        corrected=finding.corrected,
    )


def document(source: str | PathLike[str], results: Iterable[ClaimResult]) -> dict[str, Any]:
    """The claims document; ``claims.schema.json`` describes it."""
    return {"schema": SCHEMA, "source": str(source), "claims": [result.to_dict() for result in results]}


@dataclass(frozen=True)
class Mention:
    """A claim as it is printed, neither read nor decided."""

    id: str
    printed: str


def article_on(activation: Activation) -> list[Mention]:
    """What the article claims about an activation of the catalogue; quick, since nothing is decided."""
    return [
        Mention(entry["id"], entry["printed"])
        for entry in _load("article")["claim"]
        if catalog.find(entry["subject"]) == activation
    ]


# --- reading ---------------------------------------------------------------------------------------------------------


def read(source: str | PathLike[str] = "article") -> list[Claim]:
    """The claims of a TOML file, or of the built-in ``"article"``.

    Raises:
        Error: the file cannot be read, is too large, or an entry is wrong; names the file, the claim and the key.
    """
    table = _load(source)
    if table.pop("schema", None) != SCHEMA:
        raise Error(f"{source}: this is no claims file of version {SCHEMA}", f"begin it with schema = {SCHEMA}")
    entries = table.pop("claim", None)
    if table:
        raise Error(f"{source}: the key '{_short(next(iter(table)))}' is unknown", "a file has schema and [[claim]]")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise Error(f"{source}: there are no claims in it", "write each as a [[claim]] table")
    if len(entries) > _MOST_CLAIMS:
        raise Error(f"{source}: it has {len(entries)} claims", f"at most {_MOST_CLAIMS} are read")
    claims: dict[str, Claim] = {}
    for number, entry in enumerate(entries, 1):
        claim = _claim(f"{source}: claim {number}", entry)
        if claim.id in claims:
            raise Error(f"{source}: claim {number}: the id '{claim.id}' is used twice", "make every id unique")
        claims[claim.id] = claim
    return list(claims.values())


def _load(source: str | PathLike[str]) -> dict[str, Any]:
    path = files("symact.verification").joinpath("article.toml") if source == "article" else Path(source)
    try:
        if isinstance(path, Path) and path.stat().st_size > _MOST_BYTES:
            raise Error(f"{source}: the file is too large", f"at most {_MOST_BYTES} bytes are read")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Error(f"{source}: there is no such file", "give a TOML file of claims, or: article") from None
    except UnicodeDecodeError:
        raise Error(f"{source}: the file is not text in UTF-8") from None
    except OSError as error:
        raise Error(f"{source}: the file cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, Error):
            raise
        raise Error(f"{source}: the file is not TOML: {_short(str(error))}", "see docs/claims.md") from None


def _claim(where: str, entry: dict[str, Any]) -> Claim:
    name = entry.get("id")
    if not isinstance(name, str) or not name or len(name) > 100:
        raise Error(f"{where}: it has no id", "give id = 'a-short-name'")
    where = f"{where} ({name})"
    texts = {key: _field(where, key, str, entry.get(key)) for key in ("sentence", "printed")}
    read_as = _field(where, "read_as", str | None, entry.get("read_as"))
    subject = _subject(where, entry)
    return Claim(id=name, subject=subject, kind=_kind(where, entry, subject), read_as=read_as, **texts)


def _subject(where: str, entry: Mapping[str, Any]) -> Activation:
    name = _field(where, "subject", str, entry.get("subject"))
    definition = _field(where, "definition", str | None, entry.get("definition"))
    parameters = _field(where, "parameters", dict | None, entry.get("parameters"))
    try:
        if definition is None:
            return catalog.get(name).with_values(parameters or {})
        from symact import grammar

        return grammar.parse(definition, parameters, name=name)
    except Error as error:
        if definition is not None:
            raise Error(f"{where}: {error.message}", error.hint) from None
        hint = f"{error.hint}; a subject that is not in the catalogue needs definition = '...'"
        raise Error(f"{where}: {error.message}", hint) from None


def _kind(where: str, entry: Mapping[str, Any], subject: Activation) -> Kind:
    from symact.verification.kinds import Kind

    name = _field(where, "kind", str, entry.get("kind"))
    kind = Kind.known.get(name)
    if kind is None:
        raise Error(f"{where}: the kind '{_short(name)}' is unknown", f"use one of {', '.join(Kind.known)}")
    hints = typing.get_type_hints(kind)
    own = {field.name.rstrip("_"): field for field in fields(kind)}  # type: ignore[arg-type]
    for key in entry:
        if key not in own and key not in _COMMON:
            has = f"the kind {name} has {', '.join(own)}" if own else f"the kind {name} has no keys of its own"
            raise Error(f"{where}: the key '{_short(key)}' is unknown", has)
    values = {
        field.name: _field(where, key, hints[field.name], entry.get(key))
        for key, field in own.items()
        if key in entry or field.default is MISSING
    }
    try:
        made = kind(**values)
        made.check(subject)
    except Error as error:
        raise Error(f"{where}: {error.message}", error.hint) from None
    return made


def _field(where: str, key: str, expected: Any, value: Any) -> Any:
    """The value of a key in the type of the field: text, truth value, one of several words, or a list of these."""
    where = f"{where}: {key}"
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin is types.UnionType:
        return None if value is None else _field(where.removesuffix(f": {key}"), key, arguments[0], value)
    if origin is Literal:
        if value not in arguments:
            raise Error(f"{where} is not one of its words", f"use {' or '.join(arguments)}")
        return value
    if value is None:
        raise Error(f"{where} is missing", "see docs/claims.md")
    if origin is tuple:
        if not isinstance(value, list) or len(value) > 50:
            raise Error(f"{where} is not a list of at most 50 entries", f"write {key} = [...]")
        return tuple(_element(where, arguments[0], item) for item in value)
    if expected is str and isinstance(value, str) and len(value) > _MOST_CHARACTERS:
        raise Error(f"{where} has {len(value)} characters", f"at most {_MOST_CHARACTERS} are read")
    if type(value) is not expected:
        words = {str: "a text in quotes", bool: "true or false", dict: "a table"}
        raise Error(f"{where} is not {words[expected]}", "see docs/claims.md")
    return value


def _element(where: str, expected: Any, item: Any) -> Any:
    from symact.verification.kinds import Fact

    if expected is not Fact:
        return _field(where, "entry", expected, item)
    if not isinstance(item, dict):
        raise Error(f"{where}: a fact is a table", "write [[claim.facts]]")
    subject = _subject(where, item)
    return Fact(subject, _kind(where, item, subject))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}..."
