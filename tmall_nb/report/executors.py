"""Where runs happen: local processes. Anything else with ``map_unordered`` can stand in (a cluster, warm kernels)."""

from __future__ import annotations

import multiprocessing
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, as_completed
from typing import Any, Protocol, TypeVar

__all__ = ["Executor", "InProcess", "LocalProcesses", "local_executor"]

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]
_messages: Any = None


class Executor(Protocol):
    """Runs ``work(item, progress)`` for every item, in any order, wherever it likes."""

    def map_unordered(
        self, work: Callable[[Item, Progress], Any], items: Sequence[Item], progress: Progress
    ) -> Iterator[tuple[Item, Any]]:
        """Yield (item, what ``work`` returned, or the exception it died of) as each is done."""
        ...


class InProcess:
    """One after the other, here."""

    def map_unordered(
        self, work: Callable[[Item, Progress], Any], items: Sequence[Item], progress: Progress
    ) -> Iterator[tuple[Item, Any]]:
        for item in items:
            yield item, work(item, progress)


class LocalProcesses:
    """At most ``jobs`` processes at once; a process that dies takes its own item with it, never another's."""

    def __init__(self, jobs: int):
        self.jobs = jobs

    def map_unordered(
        self, work: Callable[[Item, Progress], Any], items: Sequence[Item], progress: Progress
    ) -> Iterator[tuple[Item, Any]]:
        context = multiprocessing.get_context("spawn")
        messages: Any = context.Queue()
        over = threading.Event()
        listener = threading.Thread(target=_listen, args=(messages, progress, over), daemon=True)
        listener.start()
        try:
            left: list[Item] = []
            for item, outcome in self._pool(context, messages, work, items, self.jobs):
                if isinstance(outcome, BrokenExecutor):
                    left.append(item)
                else:
                    yield item, outcome
            for item in left:  # some process died: run what it took along alone, so that only the culprit fails
                yield from self._pool(context, messages, work, [item], 1)
        finally:
            over.set()
            listener.join(timeout=2)

    @staticmethod
    def _pool(context: Any, messages: Any, work: Any, items: Sequence[Item], jobs: int) -> Iterator[tuple[Item, Any]]:
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(messages,)) as pool:
            futures: dict[Future[Any], Item] = {pool.submit(_work, work, item): item for item in items}
            for future in as_completed(futures):
                error = future.exception()
                yield futures[future], error if error is not None else future.result()


def local_executor(jobs: int) -> Executor:
    """Return what runs ``jobs`` at once on this machine."""
    return InProcess() if jobs <= 1 else LocalProcesses(jobs)


def _begin(messages: Any) -> None:
    global _messages
    _messages = messages


def _work(work: Callable[[Any, Progress], Any], item: Any) -> Any:
    return work(item, lambda *message: _messages.put(message))


def _listen(messages: Any, progress: Progress, over: threading.Event) -> None:
    while not over.is_set():
        try:
            progress(*messages.get(timeout=0.2))
        except queue.Empty:
            continue
