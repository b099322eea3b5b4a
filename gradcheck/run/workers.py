"""Tasks done in several worker processes at once, their outcomes asked for in any order.

Workers are forked, so that they have the tasks and whatever these refer to without its being written down. Each opens
what it needs for itself (a child of its own for the subject). It ends in order when it is told to, when it gets
SIGTERM, and when the parent is gone, however that ended; Ctrl-C and SIGHUP in a terminal are the parent's business.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar, cast

from gradcheck.errors import HarnessFault, Interrupted
from gradcheck.subject.endings import how_it_ended
from gradcheck.subject.undisturbed import NUMBERS, undisturbed

FEWEST = 8
"""Minimum number of tasks for each worker where the number of workers is chosen: a worker takes a second to start."""
LAST_SECONDS = 5.0
"""Seconds that a worker has to end its own child before it is killed."""

T = TypeVar("T")
Task = Callable[[int], T]
"""Does the task of a number."""


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fitting(tasks: int) -> int:
    """The number of workers for so many tasks; 1 where forking a process that has run numerical code is not safe."""
    return max(1, min(processors(), tasks // FEWEST)) if sys.platform.startswith("linux") else 1


class Alone(Generic[T]):
    """Does numbered tasks in this process, each when its outcome is asked for."""

    def __init__(self, task: Task[T]) -> None:
        self._task = task

    def result(self, number: int) -> T:
        """What the task of this number gives."""
        return self._task(number)

    def ahead(self, number: int) -> Iterator[tuple[int, T]]:
        """None is done before it is asked for."""
        return iter(())

    def arrived(self) -> frozenset[int]:
        """None is done before it is asked for."""
        return frozenset()

    def only(self, numbers: Iterable[int]) -> None:
        """Nothing is begun that is not asked for."""

    def close(self) -> None:
        """There is nothing to end."""


class Workers(Generic[T]):
    """Does numbered tasks in `count` processes, the first ones first.

    `opened` is called in each worker; what it gives is entered there, does the tasks, and is left at the end. `here`
    does a task in this process, where its outcome cannot be sent. `close` ends all workers, and must be called.
    """

    def __init__(
        self, count: int, opened: Callable[[], AbstractContextManager[Task[T]]], here: Task[T], tasks: Iterable[int]
    ) -> None:
        self._opened, self._here = opened, here
        self._count = count
        self._waiting = deque(tasks)
        self._busy: dict[Connection, tuple[Any, int | None]] = {}
        self._outcomes: dict[int, tuple[str, Any]] = {}
        self._untold: deque[int] = deque()

    def result(self, number: int) -> T:
        """What the task of this number gives, or raises; waits for it.

        Raises HarnessFault where the worker was ended while it was at it, or no worker can be started.
        """
        while number not in self._outcomes:
            self._keep_busy()
            self._receive()
        how, what = self._outcomes.pop(number)
        if how == "result":
            return cast(T, what)
        if how == "unsent":
            return self._here(number)
        raise what

    def ahead(self, number: int) -> Iterator[tuple[int, T]]:
        """Wait for the task of this number, and tell what other tasks give meanwhile, each once and as it comes.

        `result` gives it again when it is asked for. Raises HarnessFault where no worker can be started.
        """
        patience: float | None = 0
        while True:
            self._keep_busy()
            self._receive(patience)
            while self._untold:
                other = self._untold.popleft()
                how, what = self._outcomes.get(other, ("gone", None))
                if other != number and how == "result":
                    yield other, what
            if number in self._outcomes:
                return
            patience = None

    def arrived(self) -> frozenset[int]:
        """The numbers of tasks that are done, and whose outcomes can be had without waiting."""
        while self._busy and self._receive(patience=0):
            pass
        return frozenset(number for number, (how, _) in self._outcomes.items() if how == "result")

    def only(self, numbers: Iterable[int]) -> None:
        """Begin no other task than these any more."""
        kept = set(numbers)
        self._waiting = deque(number for number in self._waiting if number in kept)

    def close(self) -> None:
        """End all workers and what they started."""
        with undisturbed():
            for connection, (process, _) in self._busy.items():
                with suppress(OSError):
                    process.terminate()
                connection.close()
            for process, _ in self._busy.values():
                process.join(LAST_SECONDS)
                if process.is_alive():
                    process.kill()
                    process.join()
                process.close()
            self._busy.clear()

    def _keep_busy(self) -> None:
        """A task for every worker that has none."""
        while self._waiting and len(self._busy) < self._count:
            self._start()
        for connection, (process, at) in list(self._busy.items()):
            if at is None and self._waiting:
                number = self._waiting.popleft()
                self._busy[connection] = process, number
                with suppress(OSError):  # it has ended, which the next look shows
                    connection.send(number)

    def _start(self) -> None:
        with undisturbed(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads: none holds a lock that a worker takes
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.get_context("fork").Process(
                target=_work, args=(theirs, [*self._busy, ours], self._opened), daemon=True
            )
            try:
                process.start()
            except OSError as wrong:
                ours.close()
                if not self._busy:
                    raise HarnessFault(f"a worker process cannot be started: {wrong}") from None
                self._count = len(self._busy)
            else:
                self._busy[ours] = process, None
            finally:
                theirs.close()

    def _receive(self, patience: float | None = None) -> bool:
        """Take in what has come; False if nothing had come within `patience` seconds."""
        ready = wait(list(self._busy), patience)
        with undisturbed():
            for connection in cast(list[Connection], ready):
                process, _ = self._busy[connection]
                try:
                    number, how, what = connection.recv()
                except (EOFError, OSError):
                    self._lost(connection)
                else:
                    self._outcomes[number] = how, what
                    self._untold.append(number)
                    self._busy[connection] = process, None
        return bool(ready)

    def _lost(self, connection: Connection) -> None:
        """A worker has ended by itself: its task cannot be trusted to any other, since it may have been the reason."""
        process, at = self._busy.pop(connection)
        connection.close()
        process.join()
        if at is not None:
            how = how_it_ended(process.exitcode or 0)
            self._outcomes[at] = "error", HarnessFault(f"the worker process that judged it {how}")
        process.close()


def _work(
    connection: Connection, others: list[Connection], opened: Callable[[], AbstractContextManager[Task[T]]]
) -> None:
    """The life of a worker."""
    try:
        for other in others:
            other.close()
        os.setpgid(0, 0)  # a signal to the group is the parent's business alone
        _heed()
        sys.stdout, sys.stderr = _fresh(1), _fresh(2)  # another thread may have held the locks of the old ones
        threading.Thread(target=_until_orphaned, daemon=True).start()
        with opened() as task:
            while True:
                number = connection.recv()
                connection.send_bytes(_outcome(task, number))
    except (EOFError, OSError, Interrupted):
        pass
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
        os._exit(0)


def _outcome(task: Task[T], number: int) -> bytes:
    try:
        sent: tuple[int, str, Any] = number, "result", task(number)
    except Exception as wrong:
        wrong.__traceback__ = None
        sent = number, "error", wrong
    try:
        whole = pickle.dumps(sent)
        if sent[1] == "error":
            pickle.loads(whole)  # an exception may be written, and yet not be read
    except Exception:
        return pickle.dumps((number, "unsent", None))
    return whole


def _heed() -> None:
    """SIGTERM ends this process in order; the other signals of a terminal do nothing, and are no child's default."""

    def end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, nothing)
        raise Interrupted(number)

    def nothing(number: int, frame: object) -> None:
        pass

    for number in NUMBERS:
        signal.signal(number, end if number == signal.SIGTERM else nothing)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, NUMBERS)


def _until_orphaned() -> None:
    """Ends this process once the parent is gone: then nobody asks for outcomes any more."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _fresh(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.FileIO(number, "w", closefd=False), encoding="utf-8", errors="replace", write_through=True
    )
