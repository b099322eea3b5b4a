"""Hides the modules of this package: a file may look for one to find out that it is judged."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

PACKAGE = __name__.partition(".")[0]


def _ours(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(PACKAGE) and name.partition(".")[0] == PACKAGE]


@contextmanager
def hidden_package() -> Iterator[None]:
    """They are not there in the block; what it imports of them anew is dropped after it."""
    ours = {name: sys.modules.pop(name) for name in _ours(list(sys.modules))}
    others = set(sys.modules)
    try:
        yield
    finally:
        for name in _ours(sys.modules.keys() - others):  # 145 us in all, 200 where every name was looked at
            del sys.modules[name]
        sys.modules.update(ours)
