"""A derivative that answers otherwise while it is judged: it looks for the checker, or changes what judges it.

It is asked once where neither a frame nor a module of this package can be seen. And NumPy's functions, by which its
answers are compared, have to be the same after the check as before it.
"""

from __future__ import annotations

import builtins
import contextvars
import math
import threading
from collections.abc import Callable
from operator import is_
from typing import Any

import numpy as np

from gradcheck.judge.raised import is_ours
from gradcheck.subject.hidden_package import hidden_package

MODULES = (np, np.linalg, math, builtins)
"""Modules by whose functions answers are compared."""
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


class Originals:
    """The functions of NumPy, `math` and Python itself as they are now."""

    def __init__(self) -> None:
        self._known = [(space, dict(space)) for space in (vars(module) for module in MODULES)]

    def changed(self) -> list[str]:
        """Names that were bound to something else meanwhile; they are put back."""
        found = []
        for space, known in self._known:
            if len(space) == len(known) and all(map(is_, space.values(), known.values())):
                continue  # as a rule; one name after the other took 70 us, this 21 to 35
            for name, value in known.items():
                if space.get(name) is not value:
                    space[name] = value
                    found.append(f"{known.get('__name__', '')}.{name}")
        return found
