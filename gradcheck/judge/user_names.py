"""How messages call the user's functions, and how they list things."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from gradcheck.judge.definition import LAMBDA, definition


def function_name(function: Callable[..., Any]) -> str:
    """The name of a function as its author knows it: "Layer.backward", "<lambda> (test_x.py:12)".

    A function defined within another goes by its own name; a callable object by its class.
    """
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if not isinstance(name, str) or not name:
        return type(function).__name__
    name = name.rpartition("<locals>.")[2]
    if inspect.isbuiltin(function) and name.startswith("_"):  # a package's own class: torch.sigmoid's
        name = name.rpartition(".")[2]
    place = str(definition(function)) if name == LAMBDA else ""
    return f"{name} ({place})" if place else name


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"; "none"."""
    return "".join(names) or "none" if len(names) < 2 else f"{', '.join(names[:-1])} and {names[-1]}"
