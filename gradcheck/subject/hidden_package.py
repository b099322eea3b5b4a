"""Hides the modules of this package: a file may look for one to find out that it is judged."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


def _ours() -> list[str]:
    package = __name__.partition(".")[0]
    return [name for name in sys.modules if name.partition(".")[0] == package]


@contextmanager
def hidden_package() -> Iterator[None]:
    """They are not there in the block; what it imports of them anew is dropped after it."""
    ours = {name: sys.modules.pop(name) for name in _ours()}
    try:
        yield
    finally:
        for name in _ours():
            del sys.modules[name]
        sys.modules.update(ours)
