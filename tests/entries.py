"""The catalogue's entries as test parameters: most of them only where the slow tests run."""

from __future__ import annotations

import pytest

from symact import catalog

#: One of each kind: with a root of f', an error function, a parameter, a slow tail, a saturating one, pieces of lines.
REPRESENTATIVE = ("silu", "gelu", "softplus", "logsig", "tanh", "hardswish")

ENTRIES = [pytest.param(name, marks=[] if name in REPRESENTATIVE else pytest.mark.slow) for name in catalog.names()]
