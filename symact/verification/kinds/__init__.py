"""What a claim can assert: one class a kind; its fields are the keys that a claims file gives.

A kind decides by itself. No verdict is typed in but for `Statement`, which is for what no computation can settle.
"""

from __future__ import annotations

from symact.verification.kinds import formulas, gpus, measures, shape, statement, tails
from symact.verification.kinds.base import VERDICTS, Finding, Kind
from symact.verification.kinds.statement import Fact

__all__ = ["VERDICTS", "Fact", "Finding", "Kind", "formulas", "gpus", "measures", "shape", "statement", "tails"]
