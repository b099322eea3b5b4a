"""Who looks on at the checks of functions: listeners that hear of every `check_*` call when its result is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import local
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pytest's plugin listens in every project, and must not import NumPy for that
    from gradcheck.verdict.result import Result


@dataclass(frozen=True)
class Observed:
    """One finished call of a check.

    Attributes
    ----------
    kind: which check: "gradient", "vjp", "hessian", ... as in `check_hessian`.
    result: what it returned.
    arguments, options: the positional and keyword arguments that it was called with.
    """

    kind: str
    result: Result
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]


Listener = Callable[[Observed], None]

_listeners: list[Listener] = []  # of the whole process: a test may check in threads and in tasks of its own
_here = local()  # `inside`: whether a check of this thread runs


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """While the block runs, call `listener` once for every check that returns, `assert_*` included.

    A check that calls another one, as `check_hessian` does, is one call. A check that raises has no result and is not
    told. What a listener raises goes to the caller of the check.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def observed(check: Callable[..., Result], arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Result:
    """The result of a check, told to the listeners if no other check asked for it."""
    __tracebackhide__ = True
    if getattr(_here, "inside", False):
        return check(*arguments, **options)
    _here.inside = True
    try:
        result = check(*arguments, **options)
    finally:
        _here.inside = False
    for listener in tuple(_listeners):
        listener(Observed(check.__name__.removeprefix("check_"), result, arguments, options))
    return result
