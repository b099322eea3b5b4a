"""Workers: outcomes by number, errors as they were raised, and an end that leaves no process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gradcheck.errors import HarnessFault, Interrupted
from gradcheck.run import workers as module
from gradcheck.run.workers import Alone, Task, Workers, fitting, processors

Open = Callable[[], AbstractContextManager[Task[Any]]]


def opening(task: Task[Any]) -> Open:
    @contextmanager
    def opened() -> Iterator[Task[Any]]:
        yield task

    return opened


@contextmanager
def working(task: Task[Any], count: int, tasks: range, here: Task[Any] | None = None) -> Iterator[Workers[Any]]:
    workers: Workers[Any] = Workers(count, opening(task), here or task, tasks)
    try:
        yield workers
    finally:
        workers.close()
    assert multiprocessing.active_children() == []


def test_every_outcome_is_that_of_its_task() -> None:
    with working(lambda k: (k, os.getpid()), 3, range(20)) as workers:
        outcomes = [workers.result(k) for k in (7, *range(7), *range(8, 20))]
    assert sorted(k for k, _ in outcomes) == [*range(20)]
    assert os.getpid() not in {process for _, process in outcomes}
    assert len({process for _, process in outcomes}) <= 3


def test_several_work_at_the_same_time() -> None:
    """Each task waits for the other: one worker alone would wait for ever."""
    a, b = os.pipe(), os.pipe()

    def meet(k: int) -> bytes:
        mine, other = (a, b) if k == 0 else (b, a)
        os.write(other[1], b"x")
        return os.read(mine[0], 1)

    with working(meet, 2, range(2)) as workers:
        assert [workers.result(k) for k in range(2)] == [b"x", b"x"]
    for end in (*a, *b):
        os.close(end)


def test_what_a_task_raises_is_raised_where_it_is_asked_for() -> None:
    def fails(k: int) -> int:
        if k == 1:
            raise HarnessFault("two proofs that do not meet")
        return k

    with working(fails, 2, range(3)) as workers:
        assert workers.result(0) == 0
        with pytest.raises(HarnessFault, match="two proofs that do not meet"):
            workers.result(1)
        assert workers.result(2) == 2


class Odd(Exception):
    """Can be written, and not be read again."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} {two}")


@pytest.mark.parametrize("kind", ["a lock", "an exception"])
def test_what_cannot_be_sent_is_done_here(kind: str) -> None:
    here = os.getpid()

    def awkward(k: int) -> Any:
        if os.getpid() == here:
            return "here"
        if kind == "an exception":
            raise Odd(1, 2)
        return threading.Lock()

    with working(awkward, 2, range(2)) as workers:
        assert [workers.result(k) for k in range(2)] == ["here", "here"]


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (lambda: os._exit(3), "exited with status 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by SIGKILL"),
    ],
)
def test_a_worker_that_dies_costs_its_own_task_alone(end: Callable[[], None], says: str) -> None:
    def dies(k: int) -> int:
        if k in (1, 4):
            end()
        return k

    with working(dies, 2, range(8)) as workers:
        for k in range(8):
            if k in (1, 4):
                with pytest.raises(HarnessFault, match=says):
                    workers.result(k)
            else:
                assert workers.result(k) == k


def test_no_other_task_is_begun(tmp_path: Path) -> None:
    def mark(k: int) -> int:
        (tmp_path / str(k)).touch()
        return k

    with working(mark, 1, range(50)) as workers:
        workers.result(0)
        workers.only([40])
        assert workers.result(40) == 40
    # One more may have been begun when that was said.
    assert len({int(path.name) for path in tmp_path.iterdir()} - {0, 40}) <= 1


def test_what_has_arrived_is_known_without_waiting() -> None:
    reading, writing = os.pipe()

    def block_once(k: int) -> int:
        if k == 0:
            os.read(reading, 1)
        return k

    with working(block_once, 2, range(3)) as workers:
        assert workers.result(2) == 2
        assert workers.arrived() == {1}
        os.write(writing, b"x")
        assert (workers.result(0), workers.result(1)) == (0, 1)
        assert workers.arrived() == set()
    os.close(reading)
    os.close(writing)


def test_what_others_give_meanwhile_is_told_once_and_kept() -> None:
    reading, writing = os.pipe()

    def block_once(k: int) -> int:
        if k == 0:
            os.read(reading, 1)
        if k == 2:
            raise HarnessFault("has no result")
        return k * k

    with working(block_once, 2, range(5)) as workers:
        told = workers.ahead(0)
        assert [next(told) for _ in range(3)] == [(1, 1), (3, 9), (4, 16)]
        os.write(writing, b"x")
        assert [*told, *workers.ahead(1)] == []
        assert [workers.result(k) for k in (0, 1, 3, 4)] == [0, 1, 9, 16]
    os.close(reading)
    os.close(writing)


def test_what_a_worker_opened_is_closed_when_it_ends(tmp_path: Path) -> None:
    @contextmanager
    def opened() -> Iterator[Task[int]]:
        (tmp_path / str(os.getpid())).touch()
        try:
            yield lambda k: k
        finally:
            (tmp_path / str(os.getpid())).unlink()

    workers: Workers[int] = Workers(2, opened, lambda k: k, range(4))
    assert [workers.result(k) for k in range(4)] == [0, 1, 2, 3]
    assert list(tmp_path.iterdir())
    workers.close()
    assert list(tmp_path.iterdir()) == []
    workers.close()  # twice


def test_a_worker_that_is_busy_is_ended(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    begun = os.pipe()

    def block(k: int) -> int:
        if k == 1:
            return k
        try:
            os.write(begun[1], b"x")
            os.read(reading, 1)
        finally:
            (tmp_path / "tidied").touch()
        return k

    with working(block, 2, range(2)) as workers:
        assert workers.result(1) == 1
        os.read(begun[0], 1)
    assert (tmp_path / "tidied").exists()
    for end in (reading, writing, *begun):
        os.close(end)


def test_no_worker_is_there_before_it_is_needed() -> None:
    with working(lambda k: k, 2, range(3)) as workers:
        assert workers.arrived() == set()


def test_signals_of_a_terminal_do_not_reach_a_worker() -> None:
    def look(k: int) -> tuple[int, bool]:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGHUP)
        return os.getpgrp(), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

    with working(look, 1, range(1)) as workers:
        group, default = workers.result(0)
    assert group != os.getpgrp()
    assert not default


def test_an_interrupt_while_waiting_loses_no_outcome() -> None:
    reading, writing = os.pipe()
    us = os.getpid()

    def task(k: int) -> int:
        if k == 0:
            os.read(reading, 1)
        if k == 2:
            os.kill(us, signal.SIGUSR1)
        return k

    def came(number: int, frame: object) -> None:
        raise Interrupted(number)

    before = signal.signal(signal.SIGUSR1, came)
    try:
        with working(task, 2, range(3)) as workers:
            with pytest.raises(Interrupted):
                workers.result(0)
            assert 1 in workers.arrived()
    finally:
        signal.signal(signal.SIGUSR1, before)
    os.close(reading)
    os.close(writing)


def test_alone_does_what_is_asked_for() -> None:
    done: list[int] = []

    def task(k: int) -> int:
        done.append(k)
        return k

    alone = Alone(task)
    alone.only([])
    assert [*alone.ahead(3)] == []
    assert (alone.result(3), alone.arrived(), done) == (3, frozenset(), [3])
    alone.close()


def test_the_processors_of_this_process() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("platform", "tasks", "count"),
    [("linux", 0, 1), ("linux", 15, 1), ("linux", 16, 2), ("linux", 31, 3), ("linux", 400, 4), ("darwin", 400, 1)],
)
def test_workers_fit_the_tasks_and_the_processors(
    monkeypatch: pytest.MonkeyPatch, platform: str, tasks: int, count: int
) -> None:
    monkeypatch.setattr(module, "processors", lambda: 4)
    monkeypatch.setattr("sys.platform", platform)
    assert fitting(tasks) == count
