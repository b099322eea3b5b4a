"""Resource limits that a child sets on itself before it reads any line of the subject (level `limits`).

A hard limit cannot be raised again, except by root, for whom it is therefore only `partial`. Where the platform
cannot set a limit it is `absent`, and reports say so.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import Any

from gradcheck.subject.answer import Guarantee

LEVELS = ("limits", "none")
FILE_SIZE = 64 << 20
MEMORY = 2 << 30
"""Bytes of address space that a subject has unless told otherwise."""
SMALLEST_MEMORY = 1 << 30
"""Minimum bytes of address space: with less, NumPy may fail to start, since its BLAS reserves memory per thread."""

SET_BY_CHILD = ("memory", "processor time", "file size", "core dumps")
"""Names of the limits that a child sets on itself and reports on."""


def guarantees(level: str) -> dict[str, Guarantee]:
    """The guarantees at `level`, before the child reports which of its own limits it could set."""
    shared: dict[str, Guarantee] = {
        "wall clock": "enforced",
        "environment": "enforced",  # none of the caller's variables but the library path
        # Its process group is killed, on Windows its descendants; one that leaves group and environment gets away.
        "processes": "partial" if hasattr(os, "killpg") or os.name == "nt" else "absent",
        "gradcheck's oracles hidden": "partial",  # from imports; the files stay readable
        "grader's memory": "absent",
        "file system": "absent",
        "network": "absent",
    }
    return {**dict.fromkeys(SET_BY_CHILD, "absent"), **shared}


def apply(memory: int, processor_seconds: int) -> dict[str, Guarantee]:
    """Set the limits on this process and its future children; the guarantees that now hold."""
    try:
        import resource
    except ImportError:
        return dict.fromkeys(SET_BY_CHILD, "absent")
    wanted = {
        "memory": ("RLIMIT_AS", memory),
        "processor time": ("RLIMIT_CPU", processor_seconds),
        "file size": ("RLIMIT_FSIZE", FILE_SIZE),
        "core dumps": ("RLIMIT_CORE", 0),
    }
    _keep_signals_in()
    held: dict[str, Guarantee] = {}
    for what, (constant, most) in wanted.items():
        try:
            limit = getattr(resource, constant)
            hard = resource.getrlimit(limit)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(limit, (most, most))
        except (AttributeError, ValueError, OSError):
            held[what] = "absent"
        else:
            unsure = os.geteuid() == 0 or (sys.platform == "darwin" and what == "memory")
            held[what] = "partial" if unsure else "enforced"
    return held


_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same numbers on every architecture
_VERSION, _SCOPE_SIGNAL, _SIGNALS_SINCE = 1, 2, 6
_NO_NEW_PRIVILEGES = 38


def signals_kept_in() -> bool:
    """Whether the kernel can keep a subject's signals within its own processes (Landlock 6, Linux 6.12)."""
    libc = _libc()
    return libc is not None and libc.syscall(_CREATE_RULESET, None, _size(0), _VERSION) >= _SIGNALS_SINCE


def _keep_signals_in() -> None:
    """Restrict signals of this process and its children to one another, where the kernel can.

    Otherwise a subject could stop gradcheck itself: no process can catch SIGSTOP, and then no time limit would work.
    """
    libc = _libc()
    if libc is None or not signals_kept_in():
        return
    wanted = struct.pack("QQQ", 0, 0, _SCOPE_SIGNAL)  # handled files, handled ports, scopes
    rules = libc.syscall(_CREATE_RULESET, wanted, _size(len(wanted)), 0)
    if rules >= 0:
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        libc.syscall(_RESTRICT_SELF, rules, 0)
        os.close(rules)


def _size(count: int) -> Any:
    import ctypes

    return ctypes.c_size_t(count)


def _libc() -> Any:
    """The C library of this process; None without Landlock."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # takes 10 ms, so only a child imports it

    try:
        return ctypes.CDLL(None)
    except OSError:
        return None
