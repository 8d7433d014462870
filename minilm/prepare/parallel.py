"""The same work on many batches, by several processes, with the results in order.

Workers are fresh Python processes that import what their work needs and nothing else (above all no
torch, and not the script that called). They take batches of plain records, so a work function is
the same one that Ray Data, Spark or `datasets.map` would run; it must stand in a module, since
workers find it by its name. Which worker does what changes nothing in the result.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain, islice
from types import TracebackType
from typing import TypeVar

from minilm.errors import MinilmError

Batch = TypeVar("Batch")
Result = TypeVar("Result")
Item = TypeVar("Item")

AHEAD = 2  # batches that wait for each worker, so that none runs dry
BATCH_BYTES = 2**18


class Workers:
    """Up to `n` processes that live as long as the `with` block, started when there is work."""

    def __init__(self, n: int) -> None:
        if n < 1:
            raise MinilmError(f"workers is {n}; at least one process has to do the work.")
        self.n = n
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, work: Callable[[Batch], Result], batches: Iterable[Batch]) -> Iterator[Result]:
        """Yield `work(batch)` for each batch, in order; a few batches are read ahead, no more.

        A single batch, or a single worker, is worked through here. An error that `work` raises is
        raised here. Raises MinilmError when a worker is killed, or cannot be started.
        """
        first = list(islice(batches := iter(batches), 2))
        batches = chain(first, batches)
        if self.n == 1 or len(first) < 2:
            yield from map(work, batches)
            return
        function = work.func if isinstance(work, partial) else work
        if function.__module__ == "__main__":
            raise MinilmError(
                f"Workers cannot find {function.__name__}: it stands in the script or notebook that"
                " runs. Put it into a module of its own and import it, or take workers = 1."
            )
        waiting: deque[Future[Result]] = deque()
        try:
            for batch in batches:
                waiting.append(self._submit(work, batch))
                if len(waiting) > AHEAD * self.n:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise MinilmError(
                "A worker process ended before its work was done. Was it killed, or is the memory"
                " full? Try workers = 1."
            ) from error

    def _submit(self, work: Callable[[Batch], Result], batch: Batch) -> "Future[Result]":
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.n, context, initializer=_end_with_parent)
        with _interrupts_held_back(), _main_hidden():  # the pool starts its processes here
            return self._pool.submit(work, batch)


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Deliver Ctrl-C after the block. Processes started in it never see it: their parent does."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Let processes that start in the block not import the caller's script.

    They would run it once more, unless it guards itself, and its imports in any case.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _end_with_parent() -> None:
    """Let this worker end when its parent does, even if that was killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def in_batches(
    items: Iterable[Item], size_of: Callable[[Item], int], size: int = BATCH_BYTES
) -> Iterator[list[Item]]:
    """Group items, in order, into lists of about `size` (a larger item is a list of its own)."""
    batch: list[Item] = []
    filled = 0
    for item in items:
        batch.append(item)
        filled += size_of(item)
        if filled >= size:
            yield batch
            batch, filled = [], 0
    if batch:
        yield batch
