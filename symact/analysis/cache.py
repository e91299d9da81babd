"""Finished analyses in the user's cache folder, as text.

An entry's name is the hash of all that decides its content: the question, symact's code, the libraries' versions. So
nothing ever has to be invalidated, and two that write the same entry write the same. An entry appears whole or not at
all; one that was damaged is recognised by its check sum, ignored, and written anew.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from symact.files import write_whole

#: The parts of symact on which an analysis depends.
_CODE = ("activation.py", "errors.py", "grammar.py", "catalog", "symbolic", "analysis")

#: The libraries on which it depends, and the files that state their versions.
_LIBRARIES = {"sympy": "release.py", "mpmath": "__init__.py", "flint": "__init__.py"}


def load(question: Any) -> Any:
    """The stored answer to a question, which is something that JSON can say; None if there is none."""
    try:
        checksum, _, text = _place(question).read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError):
        return None
    return json.loads(text) if _hash(text.encode()) == checksum else None


def store(question: Any, answer: Any) -> None:
    """Keep the answer to a question; where the system does not let us, it is not kept."""
    text = json.dumps(answer)
    place = _place(question)
    with suppress(OSError):
        write_whole(place, f"{_hash(text.encode())}\n{text}")


def folder() -> Path:
    """Where the entries are."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("symact")) / "analysis"


def _place(question: Any) -> Path:
    key = json.dumps([_versions(), question], sort_keys=True)
    return folder() / f"{_hash(key.encode())}.json"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _versions() -> str:
    """Hash of symact's code and of the libraries' versions; read as files, since importing SymPy takes long."""
    package = Path(__file__).parents[1]
    code = [file for part in _CODE for file in sorted([package / part, *(package / part).rglob("*.py")])]
    libraries = [
        Path(place) / file
        for library, file in _LIBRARIES.items()
        if (spec := find_spec(library)) is not None
        for place in spec.submodule_search_locations or ()
    ]
    hashes = [_hash(file.read_bytes()) for file in [*code, *libraries] if file.is_file()]
    return _hash("\n".join(hashes).encode())
