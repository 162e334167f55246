"""Independent jobs on all cores, largest first, interruptible between jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from manylabel.core.capacity import n_threads

Job = TypeVar("Job")
Result = TypeVar("Result")


def run_jobs(
    work: Callable[[Job], Result], jobs: Sequence[Job], *, threads: int | None = None
) -> Iterator[tuple[Job, Result]]:
    """Yield (job, result) as jobs finish, in no particular order.

    The jobs run in threads, so `work` must spend its time in code that releases the interpreter lock (compiled with
    ``nogil=True``). They start in the order given: put the largest first. An error or Ctrl-C lets the running jobs
    end, starts no further ones, and is raised here.

    Args:
        work: called with each job.
        jobs: what to do.
        threads: at most so many at once; by default one for each processor.
    """
    width = threads or n_threads()
    if width == 1 or len(jobs) <= 1:
        for job in jobs:
            yield job, work(job)
        return
    pool = ThreadPoolExecutor(max_workers=width)
    try:
        queue = iter(jobs)
        running: dict[Future[Result], Job] = {}
        for job in queue:
            running[pool.submit(work, job)] = job
            if len(running) < width + 1:  # one job in waiting keeps the pool busy while results are taken
                continue
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_blocks(n: int, size: int, work: Callable[[slice, Result], None], scratch: Callable[[], Result]) -> None:
    """Do something with blocks of n rows on all cores; conditions as for :func:`run_jobs`.

    Args:
        n: number of rows.
        size: of a block at most.
        work: called with each block and the scratch space of its thread, which it leaves as it found it.
        scratch: makes the space, once for each thread.
    """
    of_thread = threading.local()

    def run(start: int) -> None:
        if not hasattr(of_thread, "scratch"):
            of_thread.scratch = scratch()
        work(slice(start, min(start + size, n)), of_thread.scratch)

    for _ in run_jobs(run, range(0, n, size)):
        pass
