"""A trusted callable as a subject, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from gradcheck.errors import SubjectError, UsageError
from gradcheck.subject import calling, limits
from gradcheck.subject.answer import ENTRY_POINTS, NATIVE, Answer, Declared, Guarantee, Origin, TrainingAnswer
from gradcheck.subject.point import rounded
from gradcheck.subject.trouble import Place


class InProcessSubject:
    """A trusted callable of the native signature that runs in this process: a case's own subject, or a fault.

    Nothing limits its time, and its output goes where this process prints. It gets the same copies as a child, and its
    answer has to meet the same requirements.
    """

    def __init__(self, function: Callable[..., Any], *, entry: str = NATIVE, declared: Declared | None = None) -> None:
        if entry not in ENTRY_POINTS:
            raise UsageError(f"an entry point must be one of {', '.join(ENTRY_POINTS)}, got {entry!r}")
        self._function = function
        self._entry = entry
        self.declared = declared or Declared()
        code = getattr(function, "__code__", None)
        self._place = Place(Path(code.co_filename).parent) if code is not None else None

    def __repr__(self) -> str:
        return f"InProcessSubject({getattr(self._function, '__qualname__', self._function)!s})"

    @property
    def guarantees(self) -> Mapping[str, Guarantee]:
        """No limit applies."""
        return MappingProxyType(dict.fromkeys(limits.guarantees("none"), "absent"))

    def entry_points(self) -> frozenset[str]:
        """The single entry point of the callable."""
        return frozenset({self._entry})

    def ask(
        self,
        problem: Any,
        point: Mapping[str, ArrayLike],
        dtype: DTypeLike = np.float64,
        entry: str = NATIVE,
        *,
        count: bool = False,
        most: int | None = None,
    ) -> Answer:
        """As `ChildSubject.ask`, without GC005."""
        self._require(entry)
        names, values = rounded(problem, point, dtype)
        named = dict(zip(point if names is None else names, values, strict=True))
        begun = time.monotonic()
        answer = calling.ask(self._function, problem, named, place=self._place, trusted=True, count=count, most=most)
        return replace(answer, seconds=time.monotonic() - begun)

    def origins(
        self,
        problem: Any,
        point: Mapping[str, ArrayLike],
        blocks: Collection[str],
        dtype: DTypeLike = np.float64,
        entry: str = NATIVE,
    ) -> Mapping[str, Origin]:
        """None: a suite's own subject, or a fault of the catalogue, is in no file that is on trial."""
        return {}

    def train(self, training: Any) -> TrainingAnswer:
        """As `ChildSubject.train`, without GC005."""
        self._require("train")
        begun = time.monotonic()
        answer = calling.train(self._function, training, place=self._place, trusted=True)
        return replace(answer, seconds=time.monotonic() - begun)

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def _require(self, entry: str) -> None:
        if entry != self._entry:
            raise no_entry(repr(self), entry, self.entry_points())


def no_entry(file: str, entry: str, found: frozenset[str]) -> SubjectError:
    """GC003 for a subject without the entry point `entry`; `found` are those that it has."""
    return SubjectError("GC003", file=file, looked_for=[entry], found=sorted(found), near=[])
