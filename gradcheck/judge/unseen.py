"""A derivative that answers otherwise while it is judged: it looks for the checker, or changes what judges it.

It is asked once where neither a frame nor a module of this package can be seen. And the functions by which its answers
are compared, NumPy's and this package's, have to be the same after the check as before it.
"""

from __future__ import annotations

import builtins
import contextvars
import math
import sys
import threading
from collections.abc import Callable
from functools import cache
from operator import is_
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.judge.raised import is_ours
from gradcheck.judge.user_names import listed
from gradcheck.subject.hidden_package import hidden_package
from gradcheck.verdict.finding import Finding, finding

MODULES = (np, np.linalg, math, builtins)
"""Modules by whose functions answers are compared."""
PACKAGE = __name__.partition(".")[0]
"""The package that compares them."""
OF_PYTHON = frozenset({"__slotnames__", "__annotations__", "__annotations_cache__", "__abstractmethods__", "_abc_impl"})
"""Attributes that Python itself adds to a class, such as the one that copying an instance leaves."""
MOST_NAMES = 3
"""Maximum number of changed names in a finding."""
STACK = 2**26
"""Bytes of stack of the thread: as deep a recursion has to be possible there as in the main one."""

_CALL = compile("answers.append(function(*arguments))", "<string>", "exec")
"""A call from code that belongs to no file of this package."""


def asked_unseen(function: Callable[..., Any], arguments: tuple[Any, ...]) -> list[Any]:
    """The answer of a call from a thread of its own, in a list; [] where it raises, or is code of this package."""
    code = getattr(function, "__code__", None)
    if code is not None and is_ours(code.co_filename):
        return []
    answers: list[Any] = []
    space = {"function": function, "arguments": arguments, "answers": answers}
    hook, threading.excepthook = threading.excepthook, lambda _: None  # what it raises there is no finding
    size = threading.stack_size(STACK)
    try:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(exec, _CALL, space), daemon=True)
        with hidden_package():
            thread.start()
            thread.join()
    finally:
        threading.stack_size(size)
        threading.excepthook = hook
    return answers


@cache
def _classes(module: ModuleType) -> tuple[type, ...]:
    """The classes that a module of this package defines."""
    return tuple(c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__)


class Originals:
    """The functions of NumPy, `math`, Python and this package as they are now, and the methods of its classes."""

    def __init__(self) -> None:
        own = [m for name, m in list(sys.modules.items()) if name.partition(".")[0] == PACKAGE and m is not None]
        self._known = [(space, dict(space)) for space in map(vars, (*MODULES, *own))]
        self._classes = [(one, vars(one).copy()) for m in own for one in _classes(m)]

    def findings(self) -> list[Finding]:
        """The finding about names that were bound to something else meanwhile; [] where none were."""
        changed = self._put_back()
        return [finding("GC020", who="the subject", what=listed(changed[:MOST_NAMES]))] if changed else []

    def _put_back(self) -> list[str]:
        """Puts such names back, and returns them."""
        found = []
        for space, known in self._known:
            if len(space) == len(known) and all(map(is_, space.values(), known.values())):
                continue  # as a rule; one name after the other took 70 us, this 21 to 35
            for name, value in known.items():
                if space.get(name) is not value:
                    space[name] = value
                    found.append(f"{known.get('__name__', '')}.{name}")
        for one, methods in self._classes:
            now = vars(one)
            if len(now) == len(methods) and all(map(is_, now.values(), methods.values())):
                continue
            for name in [n for n, value in now.items() if methods.get(n) is not value and n not in OF_PYTHON]:
                if name in methods:
                    setattr(one, name, methods[name])
                else:
                    delattr(one, name)
                found.append(f"{one.__module__}.{one.__qualname__}.{name}")
        return found
