"""Write down what is right in 16 bits: for each catalogue entry a digest of its 65,536 correctly rounded results.

The results are the oracle's, never a kernel's. They take minutes for the catalogue, so the tests compare digests, and
ask the oracle itself only where an entry has none, and for another entry each day.

    python scripts/sixteen_bits.py [NAME ...]     (all entries that are new or have changed, if none is named)
"""

from __future__ import annotations

import hashlib
import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from symact import catalog
from symact.activation import Activation
from symact.files import write_whole
from symact.oracle.formats import Float64s, get
from symact.oracle.oracle import Oracle
from symact.verification.accuracy import oracles

RECORD = Path(__file__).parents[1] / "tests" / "verification" / "sixteen_bits.json"
DTYPES = ("float16", "bfloat16")
ORDERS = {"f": 0, "f'": 1, "f''": 2}


def digest(values: Float64s, dtype: str) -> str:
    """Hash of numbers of a 16-bit format, given as float64: signs of zeros count, those and payloads of NaN do not."""
    bits = np.where(np.isnan(values), 0xFFFF, get(dtype).encode(values).view(np.uint16))
    return hashlib.sha256(bits.astype("<u2").tobytes()).hexdigest()[:32]


def parameters(activation: Activation) -> dict[str, float]:
    """The values that 16-bit kernels take by default: float32."""
    return {p.name: float(np.float32(float(p.value))) for p in activation.parameters}


def key(activation: Activation) -> str:
    """What an entry's digests hold for: its definition and its parameters' values."""
    return " ".join([activation.digest, *(f"{n}={Fraction(v)}" for n, v in parameters(activation).items())])


def record() -> dict[str, Any]:
    """Name -> {"key": ..., dtype: {"f": digest, ...}} as it is written down."""
    return dict(json.loads(RECORD.read_text(encoding="utf-8"))) if RECORD.is_file() else {}


def rounded(name: str, order: int, dtype: str, oracle: Oracle) -> Float64s:
    """The correctly rounded values of f, f' or f'' (order 0, 1, 2) on all inputs of a dtype."""
    x = get(dtype).every()
    found = oracle.reference(x, dtype).rounded
    if (name, order, dtype) == ("tanhshrink", 0, "float16"):
        # x - tanh(x) is x - 1 + 2/(exp(2*x) + 1). Beyond 2048 x - 1 is in the middle between two numbers, or nearer
        # to x, so x is right; from 2838 on the oracle's 8192 bits do not reach the last term and leave a tie.
        with np.errstate(invalid="ignore"):
            found = np.where((np.abs(x) > 2048) & np.isfinite(x), x, found)
    return found


def entry(activation: Activation) -> dict[str, Any]:
    """The digests of one activation, from the oracle."""
    functions: tuple[Oracle, ...] = oracles(activation, parameters(activation))
    found: dict[str, Any] = {"key": key(activation)}
    for dtype in DTYPES:
        values = {name: rounded(activation.name, i, dtype, functions[i]) for name, i in ORDERS.items()}
        found[dtype] = {name: digest(value, dtype) for name, value in values.items()}
    return found


def main(names: list[str]) -> None:
    known = {name: found for name, found in record().items() if name in catalog.names()}
    for name in names or catalog.names():
        activation = catalog.get(name)
        if names or known.get(name, {}).get("key") != key(activation):
            print(name, flush=True)
            known[name] = entry(activation)
            lines = (f"{json.dumps(name)}: {json.dumps(known[name])}" for name in sorted(known))
            write_whole(RECORD, "{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
