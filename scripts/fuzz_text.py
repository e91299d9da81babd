"""Parse many random texts and analyse some of them: what came out, how long it took, how much memory it needed.

    python scripts/fuzz_text.py [--texts 100000] [--analyses 1000] [--timeout 2] [--seed 0]

Exit code 1 where anything but `symact.Error` was raised, a process or a socket was opened, a file written, an answer
came more than half a second after the limit, or memory exceeded 1 GiB. Parsing happens in
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import symact
from symact import grammar

#: How many seconds after the limit an answer may come, and how many MiB a process may need.
_TOLERANCE = 0.5
_MEMORY = 1024

_FUNCTIONS = [name for name, (_, fewest, _) in grammar.FUNCTIONS.items() if fewest == 1 and name != "Rational"]
_LEAVES = ["x", "x", "x", "x", "1", "2", "3", "0", "0.5", "1e-3", "1e9", "10**6", "pi", "E", "1/3", "-x", "abs(x)"]
_TOKENS = [
    *grammar.FUNCTIONS,
    *grammar.CONDITIONAL,
    *grammar.CONSTANTS,
    *("x", "(", ")", ",", "+", "-", "*", "/", "**", "<", "<=", ">", "==", "!=", "&", "|", "~"),
    *("if", "else", "and", "or", "not", "0", "1", "2", "9", "0.5", "1e3", "1e400", "1e99999", "9**9**9"),
    *(" ", "lambda", ".", ":", "=", "[", "]", "{", "}", "'", '"', "@", "for", "in", "import", "yield", "await"),
    *("__class__", "__import__", "os.system", "eval", "open"),
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

    forbidden = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename")

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.active = False
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.active:
            return
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if writes or event.startswith((*self.forbidden, "socket")):
            self.events[event] += 1


@dataclass
class Tally:
    """What came out of a number of texts."""

    outcomes: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)

    def count(self, text: str, attempt: Callable[[str], list[str]]) -> None:
        """Try a text; everything but `symact.Error` is a defect."""
        start = time.perf_counter()
        try:
            self.outcomes.update(attempt(text))
        except symact.Error:
            self.outcomes["refused"] += 1
        except Exception:
            self.defects.append(f"{text[:200]!r}\n{traceback.format_exc()}")
        self.times[text] = time.perf_counter() - start

    def print(self) -> None:
        """The figures."""
        for outcome, count in sorted(self.outcomes.items()):
            print(f"  {outcome}: {count}")
        slowest, took = max(self.times.items(), key=lambda item: item[1])
        print(f"  slowest: {took:.2f} s, {slowest[:100]!r}")
        print(f"  anything but symact.Error: {len(self.defects)}")
        print("\n".join(self.defects[:20]), end="", flush=True)


def parse_all(count: int, seed: int) -> tuple[Tally, list[str], Counter[str]]:
    """Parse texts: the figures, the formulas among them, and the forbidden events."""
    formulas: dict[str, None] = {}
    tally, watch = Tally(), Watch()

    def attempt(text: str) -> list[str]:
        watch.active = True
        try:
            symact.parse(text)
        finally:
            watch.active = False
        formulas[text.strip()] = None
        return ["parsed"]

    symact.parse("tanh(x)")  # importing SymPy reads files
    for text in texts(count, seed):
        tally.count(text, attempt)
    return tally, list(formulas), watch.events


def analyse_all(formulas: list[str], timeout: float) -> Tally:
    """Analyse formulas under a time limit."""
    tally = Tally()

    def attempt(text: str) -> list[str]:
        analysis = symact.analyze(text, timeout=timeout, cache=False)
        reasons = {reason.removesuffix(f" after {timeout:g} s") for reason in analysis.budget.unfinished.values()}
        kinds = [f"tail {tail.kind}" for tail in analysis.tails.values()]
        return [f"unfinished: {reason}" for reason in reasons] + kinds + (["complete"] if not reasons else [])

    for text in formulas:
        symact.analyze("x", cache=False)  # starts a process where the last one was stopped; that is not counted
        tally.count(text, attempt)
    return tally


def main() -> int:
    """Run it; prints figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--analyses", type=int, default=1_000)
    parser.add_argument("--timeout", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()

    parsed, formulas, events = parse_all(asked.texts, asked.seed)
    print(f"{asked.texts} texts, {len(formulas)} different formulas among them")
    parsed.print()
    print(f"  most memory: {_peak(resource.RUSAGE_SELF):.0f} MiB; forbidden events: {dict(events)}", flush=True)

    hostile = [text for text in _HOSTILE if text in formulas]
    others = sorted(set(formulas) - set(hostile))
    random.Random(asked.seed).shuffle(others)
    analysed = analyse_all([*hostile, *others][: asked.analyses], asked.timeout)
    late = sum(took > asked.timeout + _TOLERANCE for took in analysed.times.values())
    memory = _peak(resource.RUSAGE_SELF), _peak(resource.RUSAGE_CHILDREN)
    print(f"{len(analysed.times)} analyses with --timeout {asked.timeout:g}")
    analysed.print()
    print(f"  later than {asked.timeout + _TOLERANCE:g} s: {late}")
    print(f"  most memory: {memory[0]:.0f} MiB here, {memory[1]:.0f} MiB in a worker that was stopped")
    return 1 if parsed.defects or analysed.defects or late or events or max(memory) > _MEMORY else 0


def _peak(who: int) -> float:
    """The most memory in MiB (Linux counts in KiB)."""
    return resource.getrusage(who).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
