"""Stand-ins for packages that only show things: a file that draws can be judged where nothing can be drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

SHOWING = ("matplotlib", "graphviz", "seaborn", "IPython", "tqdm", "plotly", "pygraphviz", "pydot", "PIL", "cv2")
"""Packages that draw, show pictures or show progress; none of them computes a derivative."""


class Finder:
    """A last finder, for the packages of SHOWING that are not installed; `used` are those that were asked for."""

    def __init__(self) -> None:
        self.used: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec whose module takes every attribute."""
        top = name.partition(".")[0]
        if top not in SHOWING:
            return None
        if top not in self.used:
            self.used.append(top)
        return ModuleSpec(name, _Maker(), is_package=True)


class _Maker(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = []


class Anything:
    """Takes every call, attribute, item and `with`, and gives itself; iterated it is empty."""

    def __call__(self, *given: Any, **named: Any) -> Anything:
        return self

    def __getattr__(self, name: str) -> Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Anything:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Anything:
        return self

    def __exit__(self, *exception: object) -> None:
        return None


class _Module(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return iterated if name in ("tqdm", "trange") else Anything()


def iterated(iterable: Any = (), *_: Any, **__: Any) -> Any:
    """`tqdm.tqdm` and `tqdm.trange` without a bar."""
    return range(iterable) if isinstance(iterable, int) else iterable


@contextmanager
def standing_in() -> Iterator[Finder]:
    """Missing packages of SHOWING are stood in for, for all that is imported inside."""
    finder = Finder()
    sys.meta_path.append(finder)
    try:
        yield finder
    finally:
        sys.meta_path.remove(finder)
