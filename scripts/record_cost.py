"""Count the machine instructions of the catalogue's CuPy kernels: generated/COST.json and generated/COST.md.

    python scripts/record_cost.py                 the whole catalogue, all passes and dtypes
    python scripts/record_cost.py gelu logsig     some activations; the others' rows stay

Nothing is written where a kernel does not pass the gates (symact/verification/cuda/gates.py). Needs NVIDIA's compiler
and disassembler (pip install 'symact[cuda-check]'), no GPU.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from symact import catalog, targets
from symact.files import write_whole
from symact.kernel import store
from symact.verification import cost
from symact.verification.cost import record
from symact.verification.cuda import gates, kernels, nvrtc

FOLDER = Path(__file__).resolve().parents[1] / "generated"


def main() -> None:
    """Count what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="activations; the whole catalogue by default")
    given = parser.parse_args()
    reason = cost.missing()
    if reason is not None:
        parser.error(reason)
    names = given.names or catalog.names()
    kept = [row for row in record.read(FOLDER / "COST.json") if row["activation"] not in names]
    new = []
    activations = [store.compiled(catalog.get(name)) for name in names]
    for dtype in dict.fromkeys(type_.dtype for type_ in targets.get(cost.TARGET).types):
        for compiled, found in zip(activations, cost.compute(activations, dtype), strict=True):
            new += record.rows(compiled, found)
        wanted = [kernels.Wanted(one, pass_, dtype) for one in activations for pass_ in one.signatures]
        for architecture in nvrtc.ARCHITECTURES:
            problems = gates.problems(kernels.build(wanted, architecture).compiled, dtype, architecture)
            if problems:
                parser.error("\n".join([f"{dtype}, {architecture}: nothing is recorded", *map(str, problems)]))
        print(dtype, len(wanted), "kernels pass the gates on", ", ".join(nvrtc.ARCHITECTURES), flush=True)
    rows = [row for row in [*kept, *new] if row["activation"] in catalog.names()]
    for file, text in (
        ("COST.json", record.to_json(rows, nvrtc.tool())),
        ("COST.md", record.to_markdown(rows, nvrtc.tool())),
    ):
        write_whole(FOLDER / file, text)


if __name__ == "__main__":
    main()
