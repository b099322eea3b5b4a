"""A sequence whose items are made when they are first needed, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """An iterable that may be walked many times, also by several iterators at once; each item is made once."""

    def __init__(self, source: Iterable[T]) -> None:
        self._source = iter(source)
        self._items: list[T] = []

    def __iter__(self) -> Iterator[T]:
        for k in count():
            if k == len(self._items):
                try:
                    self._items.append(next(self._source))
                except StopIteration:
                    return
            yield self._items[k]
