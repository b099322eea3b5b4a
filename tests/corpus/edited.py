"""A right derivative with one slip: its own source, edited and compiled from a file of its own, as if written so."""

import inspect
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_FOLDER = TemporaryDirectory(prefix="gradcheck-corpus-")


def edited(function: Callable[..., Any], *changes: tuple[str, str]) -> Callable[..., Any]:
    """`function` with the text of every first of `changes`, which stands in it once, replaced by the second.

    Raises ValueError where a text stands in it never, or more than once.
    """
    source = inspect.getsource(function)
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} stands {source.count(old)} times in {function.__name__}")
        source = source.replace(old, new)
    n = len(list(Path(_FOLDER.name).iterdir()))
    path = Path(_FOLDER.name) / f"{function.__name__}_{n}.py"
    path.write_text(source, encoding="utf-8")
    space: dict[str, Any] = {}
    exec(compile(source, str(path), "exec"), function.__globals__, space)  # the corpus's own text
    return space[function.__name__]
