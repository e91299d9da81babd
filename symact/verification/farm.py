"""Independent pieces of work by several processes, here or on other machines: joblib and its backends.

With Dask, work goes to the scheduler that Dask's own configuration names (``DASK_SCHEDULER_ADDRESS=tcp://host:8786``),
or to the client that is open in this process; where there is neither, to a cluster of processes on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from symact.errors import Error

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Iterable[T], jobs: int, scheduler: str | None) -> Iterator[R]:
    """The results in the order in which they are finished.

    Args:
        work: a function of a module, so that other processes find it; its argument and result can be pickled.
        items: its arguments.
        jobs: processes at once; -1 for one a core.
        scheduler: a backend of joblib, such as "dask"; None for processes here.

    Raises:
        Error: joblib is not installed, or cannot use the backend.
    """
    try:
        import joblib
    except ImportError:
        raise Error("several jobs need joblib, which is not installed", "pip install 'symact[farm]'") from None
    # A cluster has as many workers as it has: one job is what nobody asked it for.
    count = -1 if scheduler is not None and jobs == 1 else jobs
    with _cluster(scheduler, jobs):
        try:
            configured = joblib.parallel_config(backend=scheduler or "loky", n_jobs=count)
        except (ImportError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise Error(f"joblib cannot use '{scheduler}': {reason}", "install it, or leave it out") from None
        with configured:
            run = joblib.Parallel(return_as="generator_unordered")
            yield from run(joblib.delayed(work)(item) for item in items)


@contextmanager
def _cluster(scheduler: str | None, jobs: int) -> Iterator[None]:
    """Something to hand work to, for a scheduler that needs it."""
    if scheduler != "dask":
        yield
        return
    try:
        import dask
        from distributed import Client, LocalCluster, get_client
    except ImportError:
        raise Error("Dask is not installed here", "pip install dask distributed") from None
    with ExitStack() as opened:
        try:
            get_client()
        except ValueError:  # none is open
            address = dask.config.get("scheduler-address", None)
            workers = jobs if jobs > 1 else None
            started = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
            cluster = address or opened.enter_context(
                LocalCluster(**started)  # type: ignore[no-untyped-call]
            )
            opened.enter_context(Client(cluster))  # type: ignore[no-untyped-call]
        yield
