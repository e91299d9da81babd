"""The process that `symact.analysis.process` starts: does tasks that come as JSON lines, a part at a time.

A line on stdin is ``{"task": NAME, "argument": ANY, "seconds": NUMBER or null}``. The answer begins with
``{"taken": true}``. Each part of it is a line on stdout as soon as it is there: ``{"part": NAME, "value": ANY}`` or
``{"failed": NAME, "reason": TEXT}``; the last is
``{"done": BOOLEAN}`` (whether this process can do another task) or ``{"error": TEXT, "hint": TEXT or null}``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any, TextIO

from symact.errors import Error

#: The address space of this process. SymPy, FLINT and what an ordinary analysis needs are 0.1 GiB of it.
MEMORY = 1 << 30

#: A process that has needed so much leaves the next task to a new one.
_MUCH = MEMORY // 4

#: The caller stops this process when time is over, and its own death does. Where both fail, since a library holds the
#: interpreter's lock, an alarm ends it so many seconds later.
_GRACE = 10

#: A part of a task: its name, and the computation of what JSON can say.
Part = tuple[str, Callable[[], Any]]


def _analysis(argument: Any) -> Iterator[Part]:
    from symact.analysis import request, sections

    return sections.sections(request.activation(argument))


def _comparison(argument: Any) -> Iterator[Part]:
    from symact.analysis import ratios

    return ratios.orders(argument)


TASKS: Mapping[str, Callable[[Any], Iterator[Part]]] = {"analysis": _analysis, "comparison": _comparison}


def main() -> None:
    """Do tasks until nobody is there to give any."""
    # What a library prints must not get between the messages.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _limit_memory()
    import symact.analysis.sections  # noqa: F401 - so that tasks find it loaded

    lines: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    while True:
        line = lines.get()
        _say(output, {"taken": True})
        request = json.loads(line)
        _set_alarm(request["seconds"])
        _answer(output, TASKS[request["task"]], request["argument"])
        _set_alarm(None)
        _forget()


def _listen(lines: SimpleQueue[str]) -> None:
    """Take in lines; where the caller has gone, end this process at once, whatever it is doing."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _answer(output: TextIO, task: Callable[[Any], Iterator[Part]], argument: Any) -> None:
    try:
        for name, compute in task(argument):
            try:
                _say(output, {"part": name, "value": compute()})
            except Error:
                raise
            except MemoryError:
                _say(output, {"failed": name, "reason": "ran out of memory"})
            except Exception as error:  # SymPy raises what it likes; the other parts shall still come
                _say(output, {"failed": name, "reason": f"failed with {type(error).__name__}"})
    except Error as error:
        _say(output, {"error": error.message, "hint": error.hint})
    else:
        _say(output, {"done": _used_memory() < _MUCH})


def _say(output: TextIO, message: Mapping[str, Any]) -> None:
    output.write(json.dumps(message) + "\n")
    output.flush()


def _forget() -> None:
    """Drop SymPy's caches: no answer depends on what was asked before, and memory does not grow."""
    from sympy.core.cache import clear_cache

    clear_cache()


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):  # not every system has such limits
        pass


def _used_memory() -> int:
    """The most memory this process has had, in bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _set_alarm(seconds: float | None) -> None:
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 0 if seconds is None else seconds + _GRACE)


if __name__ == "__main__":
    main()
