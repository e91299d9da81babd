"""Parse many random texts and analyse some of them: what came out, how long it took, how much memory it needed.

    python scripts/fuzz_text.py [--texts 100000] [--analyses 1000] [--timeout 2] [--seed 0]

Exit code 1 where anything but `symact.Error` was raised, a process or a socket was opened, a file written, an answer
came more than half a second (and the start of a process) after the limit, or memory exceeded 1 GiB. Parsing happens in
this process, whose audit events are watched; the analyses are those of `symact.analyze`, in worker processes.
"""

from __future__ import annotations

import argparse
import random
import resource
import string
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator

import symact
from symact import grammar

#: One worker process needs so many seconds to start on a busy machine; they are not part of the limit.
START = 5.0
GIBIBYTE = 1 << 30

_FUNCTIONS = [name for name, (_, fewest, _) in grammar.FUNCTIONS.items() if fewest == 1 and name != "Rational"]
_LEAVES = ["x", "x", "x", "x", "1", "2", "3", "0", "0.5", "1e-3", "1e9", "10**6", "pi", "E", "1/3", "-x", "abs(x)"]
_TOKENS = [
    *grammar.FUNCTIONS,
    *grammar.CONDITIONAL,
    *grammar.CONSTANTS,
    *("x", "(", ")", ",", "+", "-", "*", "/", "**", "<", "<=", ">", "==", "!=", "&", "|", "~", "if", "else", "and", "or"),
    *("not", "0", "1", "2", "9", "0.5", "1e3", "1e400", "1e99999", "9**9**9", " ", "lambda", ".", ":", "=", "[", "]", "{"),
    *("}", "'", '"', "__class__", "__import__", "os.system", "eval", "open", "for", "in", "import", "yield", "await", "@"),
]
_HOSTILE = [
    "9**9**9**9",
    "(" * 1000 + "x" + ")" * 1000,
    "x" * 20000,
    "x+" * 4000 + "x",
    "-" * 5000 + "x",
    "exp(" * 15 + "x" + ")" * 15,
    "x**" * 90 + "x",
    "x**x**x**x**x",
    "().__class__.__bases__[0].__subclasses__()",
    "__import__('os').system('touch /tmp/fuzzed')",
    "open('/tmp/fuzzed', 'w')",
    "(lambda: x)()",
    "[x for x in (1, 2)]",
    "ｘ + １",
    "x\u0000",
    "x\ud800",
    "x*(1+sin(exp(x**2)))",
    "(1 + x + x**2 + exp(x))**40",
    "((x + 1)**50 + 1)**50",
    "*".join(f"(x - {k})" for k in range(60)),
    "+".join(f"sin({k}*x)" for k in range(60)),
    "max(" + ", ".join(f"x**{k}" for k in range(1, 20)) + ")",
    "Piecewise(" + ", ".join(f"(x**{k}, x < {k})" for k in range(40)) + ", (x, True))",
    "exp(exp(exp(exp(x))))",
    "floor(exp(floor(exp(floor(x)))))",
    "tan(tan(tan(x)))",
    "LambertW(exp(LambertW(exp(x))))",
    "erf(erf(erf(x)))**erfc(x)",
    "sqrt(x**2 + sqrt(x**4 + sqrt(x**8 + 1)))",
    "x**(1/7919) * abs(x)**(1/7907)",
]


def texts(count: int, seed: int) -> Iterator[str]:
    """So many texts, the same for the same seed: formulas, formulas with damage, soups of words, noise."""
    chance = random.Random(seed)
    yield from _HOSTILE[:count]
    for _ in range(count - len(_HOSTILE)):
        kind = chance.random()
        if kind < 0.4:
            yield _formula(chance, chance.randint(1, 6))
        elif kind < 0.7:
            yield _damaged(chance, _formula(chance, chance.randint(1, 5)))
        elif kind < 0.9:
            yield "".join(chance.choices(_TOKENS, k=chance.randint(1, 40)))
        else:
            yield "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0x3000)))) for _ in range(30))


def _formula(chance: random.Random, depth: int) -> str:
    if depth == 0 or chance.random() < 0.1:
        return chance.choice(_LEAVES)
    first, second = (_formula(chance, depth - 1) for _ in range(2))
    match chance.randrange(8):
        case 0 | 1 | 2:
            return f"{chance.choice(_FUNCTIONS)}({first})"
        case 3:
            return f"({first})**{chance.choice(('2', '3', '(1/2)', '(-1)', f'({second})'))}"
        case 4:
            return f"({first} if {second} > {chance.choice(_LEAVES)} else {chance.choice(_LEAVES)})"
        case _:
            return f"({first} {chance.choice('+-*/')} {second})"


def _damaged(chance: random.Random, text: str) -> str:
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        with_ = chance.choice((chance.choice(_TOKENS), chance.choice(string.printable), text[at : at + 9], ""))
        text = text[:at] + with_ + text[at + chance.randint(0, 4) :]
    return text


class Watch:
    """Counts what has no business to happen while text is read."""

    forbidden = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename", "socket")

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.active = False
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.active:
            return
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if writes or event.startswith(self.forbidden):
            self.events[event] += 1


def main() -> int:
    """Run it; prints figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--analyses", type=int, default=1_000)
    parser.add_argument("--timeout", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()

    outcomes: Counter[str] = Counter()
    defects: list[str] = []
    good: dict[str, None] = {}
    slowest = (0.0, "")
    watch = Watch()
    symact.parse("tanh(x)")  # importing SymPy reads files
    for text in texts(asked.texts, asked.seed):
        start, watch.active = time.perf_counter(), True
        try:
            symact.parse(text)
            good[text.strip()] = None
            outcomes["parsed"] += 1
        except symact.Error:
            outcomes["refused"] += 1
        except Exception:  # every other exception is a defect; they are what is looked for
            defects.append(f"parse {text[:200]!r}\n{traceback.format_exc()}")
        watch.active = False
        slowest = max(slowest, (time.perf_counter() - start, text))
    print(f"texts: {asked.texts}, {dict(outcomes)}, {len(good)} different formulas")
    print(f"slowest: {slowest[0]:.2f} s, {slowest[1][:120]!r}")
    print(f"memory: {_peak(resource.RUSAGE_SELF):.0f} MiB; forbidden events: {dict(watch.events)}", flush=True)

    chosen = list(good)
    random.Random(asked.seed).shuffle(chosen)
    hostile = [text for text in _HOSTILE if text in good]
    chosen = [*hostile, *(text for text in chosen if text not in hostile)][: asked.analyses]
    outcomes.clear()
    slowest, late, total = (0.0, ""), 0, time.perf_counter()
    for text in chosen:
        start = time.perf_counter()
        try:
            analysis = symact.analyze(text, timeout=asked.timeout, cache=False)
            outcomes["unfinished" if analysis.budget.unfinished else "complete"] += 1
            outcomes.update(f"tail {tail.kind}" for tail in analysis.tails.values())
            outcomes.update(f"unfinished because it {_why(why)}" for why in set(analysis.budget.unfinished.values()))
        except symact.Error:
            outcomes["refused"] += 1
        except Exception:
            defects.append(f"analyse {text[:200]!r}\n{traceback.format_exc()}")
        took = time.perf_counter() - start
        late += took > asked.timeout + 0.5 + START
        slowest = max(slowest, (took, text))
    print(f"analyses: {len(chosen)} in {time.perf_counter() - total:.0f} s")
    for outcome, count in sorted(outcomes.items()):
        print(f"  {outcome}: {count}")
    print(f"slowest: {slowest[0]:.2f} s, {slowest[1][:120]!r}")
    memory = _peak(resource.RUSAGE_CHILDREN)
    print(f"memory: {_peak(resource.RUSAGE_SELF):.0f} MiB here, {memory:.0f} MiB in the largest stopped worker")
    print(f"defects: {len(defects)}")
    print("\n".join(defects[:20]))
    return 1 if defects or late or watch.events or memory * 2**20 > GIBIBYTE else 0


def _why(reason: str) -> str:
    return "timed out" if reason.startswith("timed out") else reason


def _peak(who: int) -> float:
    """The most memory in MiB (Linux counts in KiB)."""
    return resource.getrusage(who).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
