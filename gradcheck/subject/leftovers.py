"""The temporary folders of children: each belongs to a living process, and those of dead ones are removed.

A folder bears its child's mark in its name, and is locked by the process that made it. The lock ends with that process,
however it ends; so a folder that can be locked has no owner any more, and what still runs with its mark is an orphan.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from gradcheck.subject.removal import remove

MARK = "GRADCHECK_CHILD"
"""The environment variable that holds a child's mark."""
PROCESSES = Path("/proc")
"""Folder in which Linux shows every process; other systems have none."""
_NAME = re.compile("gradcheck-([0-9a-f]{16})")


@dataclass(frozen=True)
class Folder:
    """A temporary folder, and the open file that keeps its lock; None where nothing can be locked."""

    path: Path
    lock: int | None

    def remove(self) -> None:
        """Remove it with its content; never raises."""
        remove(self.path)
        if self.lock is not None:
            with suppress(OSError):
                os.close(self.lock)


def fresh(mark: str) -> Folder:
    """A new folder for the child with this mark of 16 hexadecimal digits; OSError where none can be made."""
    base = Path(tempfile.gettempdir())
    final = base / f"gradcheck-{mark}"
    path = base / f"gradcheck-new-{mark}"  # nobody takes it for a leftover before it is locked
    path.mkdir(0o700)
    locks = _locks()
    if locks is None:
        return Folder(path, None)
    lock = None
    try:
        lock = os.open(path, os.O_RDONLY)
        locks.flock(lock, locks.LOCK_EX | locks.LOCK_NB)
        path.rename(final)
    except OSError:  # a file system without locks: the folder keeps the name under which nobody removes it
        if lock is not None:
            os.close(lock)
        return Folder(path, None)
    return Folder(final, lock)


def sweep() -> None:
    """Remove the folders of dead processes, and end what still runs in their names; never raises."""
    locks = _locks()
    if locks is None:
        return
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if named := _NAME.fullmatch(entry.name):
                with suppress(OSError):
                    _swept(Path(entry.path), named[1], locks)


def kill_marked(mark: str) -> None:
    """Kill every process with this child's mark in its environment, such as a daemon in a session of its own."""
    wanted = f"{MARK}={mark}".encode()
    for _ in range(3):  # a process that forks during the search is found the next time
        found = False
        for entry in PROCESSES.glob("[0-9]*"):
            with suppress(OSError):  # gone, or another user's process
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found = True
                    os.kill(int(entry.name), signal.SIGKILL)
        if not found:
            return


def _swept(path: Path, mark: str, locks: ModuleType) -> None:
    if path.lstat().st_uid != os.getuid():
        return
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        locks.flock(lock, locks.LOCK_EX | locks.LOCK_NB)  # OSError: its owner lives
        kill_marked(mark)
        remove(path)
    finally:
        os.close(lock)


def _locks() -> ModuleType | None:
    """The module that locks files; None on Windows, where a folder in use cannot be removed anyway."""
    try:
        import fcntl
    except ImportError:
        return None
    return fcntl
