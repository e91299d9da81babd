"""Whether C kernels touch only the memory that they are given: a program that calls them on arrays of all placements.

The program is to be compiled with sanitizers or run under valgrind, for those see a read or a write beside an array.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from symact import targets
from symact.errors import Error
from symact.kernel.compiled import CompiledActivation
from symact.targets.c import symbol
from symact.targets.render import activation_files, offered
from symact.targets.table import DataType

SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
#: Arrays that a sweep writes past the caches are long; here all are that fill its buffer.
STREAMED = "-DSYMACT_STREAM_BYTES=4096"
VALGRIND = ("valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full")

_MAIN = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EMPTY = 0xa5 };

/*
 * A block that ends where the array ends, of random bits. One bit of every byte is 0, so that no exponent is that of
 * NaN: the sign of a NaN is nobody's promise, and under valgrind it differs from one call to the next.
 */
static unsigned char *block(size_t offset, size_t bytes, unsigned seed)
{
    unsigned char *start = malloc(offset + bytes);
    if (offset + bytes && !start)
        exit(1);
    if (offset)
        memset(start, EMPTY, offset);
    for (size_t i = 0; i < bytes; ++i) {
        seed = seed * 1664525u + 1013904223u;
        start[offset + i] = (unsigned char)(seed >> 24 & 0xfbu);
    }
    return start;
}

static int beside(const unsigned char *start, size_t offset)
{
    for (size_t i = 0; i < offset; ++i)
        if (start[i] != EMPTY)
            return 1;
    return 0;
}

static int differ(const unsigned char *a, const unsigned char *b, size_t bytes)
{
    return bytes && memcmp(a, b, bytes) != 0;
}
CHECKS
int main(void)
{
    static const size_t longer[] = {1061, 2085};
    for (size_t place = 0; place < 32; ++place) {
        for (size_t n = 0; n <= 67; ++n) {
CALLS
        }
        for (size_t k = 0; k < 2; ++k) {
            const size_t n = longer[k];
CALLS
        }
    }
    puts("clean");
    return 0;
}
"""

# Places 0 to 15 are whole elements, the others are bytes.
_CHECK = """
static void FUNCTION_check(size_t n, size_t place)
{
    const size_t size = sizeof(TYPE), bytes = n * size, offset = place < 16 ? place * size : place - 16;
    unsigned char *in[INPUTS], *out[OUTPUTS], *same[INPUTS];
    int wrong = 0;
    for (unsigned k = 0; k < INPUTS; ++k)
        in[k] = block(offset, bytes, k + 1);
    for (unsigned k = 0; k < OUTPUTS; ++k)
        out[k] = block(offset, bytes, 99);
    FUNCTION(nAPART);
    for (unsigned k = 0; k < OUTPUTS; ++k)
        wrong |= beside(out[k], offset);
    for (unsigned k = 0; k < INPUTS; ++k) {
        wrong |= beside(in[k], offset);
        same[k] = block(offset, bytes, k + 1);
        wrong |= differ(in[k], same[k], offset + bytes);
    }
IN_PLACE
    for (unsigned k = 0; k < INPUTS; ++k) {
        free(in[k]);
        free(same[k]);
    }
    for (unsigned k = 0; k < OUTPUTS; ++k)
        free(out[k]);
    if (wrong) {
        printf("FUNCTION: n = %zu, place %zu\\n", n, place);
        exit(2);
    }
}
"""

_IN_PLACE = """
    memcpy(same[GIVEN] + offset, in[GIVEN] + offset, bytes);
    FUNCTION(nSAME);
    wrong |= beside(same[GIVEN], offset) || differ(same[GIVEN] + offset, out[WRITTEN] + offset, bytes);
    free(same[GIVEN]);
    same[GIVEN] = block(offset, bytes, GIVEN + 1);
"""


def program(compiled: CompiledActivation, types: Sequence[DataType]) -> str:
    """C text: calls every pass with 0 to 67 elements and with arrays that are streamed, at 32 placements, in place too.

    It ends with 0 and says "clean" if results in place are the same bits as apart, inputs are left as they were and
    nothing before an array has changed.
    """
    checks, calls = [], []
    for type_ in types:
        for pass_, kernel in compiled.signatures.items():
            function = symbol(compiled, pass_, type_)
            checks.append(_check(function, type_, len(kernel.inputs), len(kernel.outputs), compiled))
            calls.append(f"            {function}_check(n, place);")
    text = _MAIN.replace("CHECKS", "".join(checks)).replace("CALLS", "\n".join(calls))
    return f'#include "{compiled.name}.h"\n{text}'


def check(
    compiled: CompiledActivation,
    compiler: str,
    flags: Sequence[str] = SANITIZERS,
    types: Sequence[DataType] | None = None,
    under: Sequence[str] = (),
) -> str:
    """Compile an activation's C source with `program`, run it, and return what it says; "clean" is well.

    Args:
        compiled: the activation.
        compiler: its command.
        flags: of the compiler, with which sanitizers are asked for.
        types: of the arrays, by default all that the target has.
        under: the command that runs it, such as `VALGRIND`.

    Raises:
        Error: the compiler is not here or fails.
    """
    target = targets.get("c")
    types = offered(compiled, target.types if types is None else types)
    with tempfile.TemporaryDirectory(prefix="symact-") as name:
        folder = Path(name)
        for path, text in activation_files(compiled, target, types).items():
            (folder / Path(path).name).write_text(text, encoding="utf-8")
        (folder / "main.c").write_text(program(compiled, types), encoding="utf-8")
        command = [compiler, "-std=c99", *flags, STREAMED, "main.c", f"{compiled.name}.c", "-lm", "-o", "main"]
        done = _run(command, folder)
        if done.returncode != 0:
            raise Error(f"{compiler} failed: {done.stderr.strip()[:300]}", f"the command was: {' '.join(command)}")
        done = _run([*under, "./main"], folder)
    said = (done.stdout + done.stderr).strip()
    return said if done.returncode == 0 or said != "clean" else f"it ended with {done.returncode}"


def _check(function: str, type_: DataType, inputs: int, outputs: int, compiled: CompiledActivation) -> str:
    """The C function that calls one function of a kernel."""
    storage = type_.words["storage"]
    parameters = "".join(f", ({type_.words['parameter']}){p.default}" for p in compiled.parameters)

    def arguments(given: int = -1, written: int = -1) -> str:
        read = ["same" if k == given else "in" for k in range(inputs)]
        texts = [f", (const {storage} *)(void *)({name}[{k}] + offset)" for k, name in enumerate(read)]
        wrote = [f"same[{given}]" if k == written else f"out[{k}]" for k in range(outputs)]
        return "".join([*texts, *(f", ({storage} *)(void *)({name} + offset)" for name in wrote), parameters])

    again = _IN_PLACE.replace("FUNCTION", function)
    in_place = [
        again.replace("SAME", arguments(given, written)).replace("GIVEN", str(given)).replace("WRITTEN", str(written))
        for given in range(inputs)
        for written in range(outputs)
    ]
    text = _CHECK.replace("IN_PLACE", "".join(in_place)).replace("APART", arguments()).replace("FUNCTION", function)
    return text.replace("TYPE", storage).replace("INPUTS", str(inputs)).replace("OUTPUTS", str(outputs))


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Error(f"{command[0]} is not installed", "install it, or name another") from None
