"""Work under a time limit: in a Python process of its own, which can be stopped whatever SymPy does at that moment.

The process runs `symact.analysis.worker`, never the caller's main module, so it works from a notebook, from a script on
stdin and from threads. It stays for the next task, since importing SymPy takes half a second. Both sides speak JSON
lines. Whoever waits for it kills it where its time is over, at Ctrl-C and at the end of the interpreter; should the
caller itself be killed, the end of its input ends it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from symact.errors import Error

#: Seconds until a new process has to have imported SymPy. They do not count as time of the task.
_START = 60

#: More of them at once would only wait for processors.
_MOST = max(2, os.cpu_count() or 1)


class StartError(Exception):
    """No worker can be started here."""


@dataclass(frozen=True)
class Outcome:
    """What a task achieved.

    Attributes:
        parts: each finished part's name and value.
        failed: the names of parts that came to no end by themselves, and why.
        stopped: why the task was stopped before its end; None if it was not.
    """

    parts: dict[str, Any]
    failed: dict[str, str]
    stopped: str | None


def run(task: str, argument: Any, seconds: float | None) -> Outcome:
    """Have a task done by an idle worker, or a new one where there is none.

    Args:
        task: a key of `symact.analysis.worker.TASKS`.
        argument: what JSON can say; passed to the task.
        seconds: when to stop it; None for never. The start of a worker is not counted.

    Raises:
        Error: the task found its argument wrong.
        StartError: no worker can be started.
    """
    pool = _pool
    with pool.slots:
        while True:
            process = pool.take()
            try:
                return process.run(task, argument, seconds)
            except Error:
                raise
            except StartError:
                if not process.has_served:
                    raise
                # It died while it waited, which is nobody's fault: another one.
            except BaseException:  # Ctrl-C above all
                process.stop()
                raise
            finally:
                pool.put_back(process)


# --- one process -----------------------------------------------------------------------------------------------------


class _Process:
    """The caller's side of a worker."""

    def __init__(self) -> None:
        path = os.pathsep.join(map(os.path.abspath, sys.path))
        try:
            self._process = subprocess.Popen(
                # -P: the folder somebody happens to be in is no place to import from.
                [sys.executable, "-P", "-m", "symact.analysis.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"},
                start_new_session=True,  # Ctrl-C is for the caller, who then stops this process
            )
        except (OSError, ValueError) as error:
            raise StartError(str(error)) from None
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self._usable = True
        self.has_served = False

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):  # closed by `stop`
            for line in self._process.stdout:
                self._lines.put(line)
        self._lines.put(None)

    def is_alive(self) -> bool:
        """Whether the worker waits for a task."""
        return self._usable and self._process.poll() is None

    def run(self, task: str, argument: Any, seconds: float | None) -> Outcome:
        """See the function `run`; raises StartError where the worker does not take the task."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it is dead or stopped: there is nothing to read either
            self._process.stdin.write(json.dumps({"task": task, "argument": argument, "seconds": seconds}) + "\n")
            self._process.stdin.flush()
        if not any("taken" in message for message in self._messages(time.monotonic() + _START)):
            if not self._usable:
                return Outcome({}, {}, "was stopped")
            self.stop()
            raise StartError("it did not answer")
        self.has_served = True
        outcome = Outcome({}, {}, None)
        deadline = None if seconds is None else time.monotonic() + seconds
        for message in self._messages(deadline):
            match message:
                case {"part": name, "value": value}:
                    outcome.parts[name] = value
                case {"failed": name, "reason": reason}:
                    outcome.failed[name] = reason
                case {"done": stays}:
                    self._usable = stays
                    return outcome
                case {"error": text, "hint": hint}:
                    raise Error(text, hint)
        if not self._usable:
            stopped = "was stopped"
        elif self._process.poll() is None:
            stopped = f"timed out after {seconds:g} s"
        else:
            stopped = f"ran out of memory or crashed (exit code {self._process.returncode})"
        self.stop()
        return Outcome(outcome.parts, outcome.failed, stopped)

    def _messages(self, deadline: float | None) -> Iterator[dict[str, Any]]:
        """What the worker says until the deadline or its death."""
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                return
            if line is None:
                self._process.wait()
                return
            yield json.loads(line)

    def stop(self) -> None:
        """Kill the worker and wait for its death, which is at once."""
        self._usable = False
        self._process.kill()
        self._process.wait()
        self.close()

    def close(self) -> None:
        """Let go of the pipes; a worker that reads from nobody ends."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


# --- all processes ---------------------------------------------------------------------------------------------------


class _Pool:
    """The workers of this process, those at work and those that wait."""

    def __init__(self) -> None:
        self.slots = threading.BoundedSemaphore(_MOST)
        self._lock = threading.Lock()
        self._all: list[_Process] = []
        self._idle: list[_Process] = []

    def take(self) -> _Process:
        """A worker that waits, or a new one."""
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.is_alive():
                    return process
                self._drop(process)
            process = _Process()
            self._all.append(process)
            return process

    def put_back(self, process: _Process) -> None:
        """A worker that is needed no more."""
        with self._lock:
            if process.is_alive():
                self._idle.append(process)
            elif process in self._all:
                self._drop(process)

    def stop(self) -> None:
        """Stop all workers, also those that somebody waits for."""
        with self._lock:
            self._idle.clear()
            while self._all:
                self._all.pop().stop()

    def _drop(self, process: _Process) -> None:
        self._all.remove(process)
        process.stop()


_pool = _Pool()


def stop_all() -> None:
    """Stop the workers, also those at work for other threads, whose tasks end unfinished at once."""
    _pool.stop()


def _forget() -> None:
    """A forked child must not speak to its parent's workers."""
    global _pool  # noqa: PLW0603 - that a child has its own is the point
    _pool = _Pool()


atexit.register(stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
