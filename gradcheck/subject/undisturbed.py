"""Some steps must not be broken off in the middle: a signal that comes meanwhile is delivered after them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP wait until this ends; a process that is started in it would inherit that."""
    if threading.current_thread() is not threading.main_thread():  # Python's handlers run in the main thread alone
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
