"""Delays signals during steps that must not be interrupted; they are delivered afterwards."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NUMBERS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that ask a command to end; Windows has no SIGHUP."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP wait until this ends; a process started inside inherits the delay, on POSIX."""
    if threading.current_thread() is not threading.main_thread():  # Python runs signal handlers in the main thread only
        yield
    elif hasattr(signal, "pthread_sigmask"):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    else:
        with _noted():
            yield


@contextmanager
def _noted() -> Iterator[None]:
    """Handlers that note the signals, in place of the usual ones; each signal noted is raised again afterwards."""
    came: list[int] = []
    usual = {number: signal.getsignal(number) for number in NUMBERS}
    kept = {number: handler for number, handler in usual.items() if handler is not None}  # None: set from C
    for number in kept:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)
