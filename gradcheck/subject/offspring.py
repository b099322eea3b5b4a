"""One child process: its start, what it inherits (nearly nothing), and its end with all processes it started."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.errors import HarnessFault
from gradcheck.subject.channel import Channel
from gradcheck.subject.endings import how_it_ended, signal_name
from gradcheck.subject.leftovers import MARK, Folder, fresh, kill_marked, sweep
from gradcheck.subject.undisturbed import undisturbed

_CHILD = Path(__file__).with_name("child.py")
_SERVICE = "GRADCHECK_SERVICE"
_PARENT = "GRADCHECK_PARENT"
FILES_NEEDED = 32
"""Number of open files of a process with one child: three pipes, and what Python itself has open."""
_LAST_SECONDS = 10.0
"""Seconds that a killed child is waited for; a child that the system does not end is left behind."""
_INHERITED = (
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),  # an interpreter outside the system finds its libraries there
    *("SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT"),  # without these no program starts on Windows
)


class Offspring:
    """A child with its own session, process group and temporary folder.

    `service` is the module whose `Service` answers in the child.

    Raises HarnessFault where the system gives no folder, no pipe or no process for it.

    Attributes
    ----------
    channel: the pipes to it.
    loaded: whether it has loaded the subject.
    answered_for: seconds spent on its answers so far.
    """

    def __init__(self, service: str = "gradcheck.subject.service") -> None:
        self.loaded = False
        self.answered_for = 0.0
        mark = secrets.token_hex(8)
        self._process, folder = _started(mark, service)
        self.channel = Channel(self._process)
        self._end = weakref.finalize(self, _end, self._process, self.channel, folder, mark, os.getpid())
        _sweep_once()

    def is_gone(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def how_it_ended(self) -> dict[str, Any]:
        """Facts about a child that hung up: its signal or its status, or that it still runs."""
        with suppress(subprocess.TimeoutExpired):  # it closes its pipes a moment before it ends
            self._process.wait(1.0)
        status = self._process.returncode
        if status is None:
            return {"how": "closed the pipe that answers go through"}
        if status < 0:
            return {"how": how_it_ended(status), "signal": signal_name(status)}
        return {"how": how_it_ended(status), "exit_status": status}

    def end(self) -> None:
        """Kill it and what it started, and remove its folder; a signal to this process waits until that is done.

        Never raises.
        """
        with undisturbed():
            self._end()


@cache
def _sweep_once() -> None:
    """Remove what runs left behind that were killed; while the first child starts, so that it costs no time."""
    sweep()


def _started(mark: str, service: str) -> tuple[subprocess.Popen[bytes], Folder]:
    """The process, and its temporary folder."""
    folder = None
    try:
        folder = fresh(mark)
        process = subprocess.Popen(
            # -I without -E: every environment variable comes from here, the hash seed included.
            [sys.executable, "-s", "-P", "-B", "-u", "-X", "utf8", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=folder.path,
            env={**_environment(folder.path, mark), _SERVICE: service},
            start_new_session=True,
        )
    except BaseException as wrong:  # a signal, or no process could be started
        kill_marked(mark)
        if folder is not None:
            folder.remove()
        if not isinstance(wrong, OSError):
            raise
        hint = _HINTS.get(wrong.errno or 0, "")
        raise HarnessFault(f"a child process for the subject cannot be started: {wrong}{hint}") from None
    return process, folder


_HINTS = {
    errno.EMFILE: f"; gradcheck needs about {FILES_NEEDED} open files (`ulimit -n` shows the limit, and raises it)",
    errno.EAGAIN: "; the limit on processes is reached (`ulimit -u` shows it)",
    errno.ENOMEM: "; there is not enough memory left",
}


def _environment(folder: Path, mark: str) -> dict[str, str]:
    numpy_from = str(Path(np.__file__).resolve().parents[1])
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        **inherited,
        MARK: mark,
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "TEMP": str(folder),
        "TMP": str(folder),
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "VECLIB_MAXIMUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",  # a file that plots while it is imported opens no window
        "GRADCHECK_LIBRARIES": numpy_from,
        # The system tells a child of its parent's end when the thread ends that started it.
        **({_PARENT: str(os.getpid())} if threading.current_thread() is threading.main_thread() else {}),
    }


def _end(process: subprocess.Popen[bytes], channel: Channel, folder: Folder, mark: str, owner: int) -> None:
    if os.getpid() != owner:
        return  # only the process that started the child may end it
    # The group outlives its leader, and its number is not reused before the leader has been waited for. A leader that
    # has been waited for may have left others, which are found by their mark.
    if process.returncode is None:
        with suppress(OSError, subprocess.SubprocessError):
            kill(process)
    channel.close()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    with suppress(OSError):
        kill_marked(mark)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LAST_SECONDS)
    folder.remove()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process with its group; with its descendants on Windows; alone where there is neither."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    elif os.name == "nt":
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, timeout=_LAST_SECONDS, check=False
        )
    process.kill()  # has no effect on a process that has ended
