"""Calls of the user's code, when a file is looked at and when a pair is asked: quiet, steady, under its own name."""

from __future__ import annotations

import inspect
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any

import numpy as np

Function = Callable[..., Any]


@contextmanager
def steady() -> Iterator[None]:
    """The global generators start the same every time, and are put back: dropout draws the same mask in each call."""
    numpys, pythons = np.random.get_state(), random.getstate()  # noqa: NPY002 - the generator that users' code draws from
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(pythons)


@contextmanager
def quiet() -> Iterator[None]:
    """A trial: no warnings, and steady."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), steady():
        warnings.simplefilter("ignore")
        yield


def attempt(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """The answer of a trial, or what it raised."""
    try:
        with quiet():
            return call(), None
    except Exception as wrong:  # the user's code may raise anything at arguments of our choosing
        return None, wrong


def called(function: Function, like: Function, name: str, arguments: Sequence[str]) -> Function:
    """`function` under the name and place of the user's own, with arguments of these names; `like` may be itself."""
    wrapped = function if like is function else update_wrapper(function, like)
    wrapped.__qualname__ = wrapped.__name__ = name
    parameters = [inspect.Parameter(argument, inspect.Parameter.POSITIONAL_OR_KEYWORD) for argument in arguments]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # read by inspect.signature
    return wrapped
