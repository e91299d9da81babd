"""The C compilers that are here, each once: a name with a version may stand for the same program as one without."""

from __future__ import annotations

import os
import shutil

import pytest

_FOUND = {name: path for name in ("clang-14", "clang", "gcc") if (path := shutil.which(name))}
COMPILERS = sorted({os.path.realpath(path): name for name, path in _FOUND.items()}.values(), reverse=True)

#: As test parameters: the first one, and the others where the slow tests run.
FIRST_COMPILER = [*COMPILERS[:1], *(pytest.param(name, marks=pytest.mark.slow) for name in COMPILERS[1:])]
