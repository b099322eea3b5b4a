"""Stand-ins for packages that only show things: a file that draws can be judged where nothing can be drawn.

And for those that give Python 3 the names of Python 2, `past.builtins.xrange` and its like, which course files import.
"""

from __future__ import annotations

import builtins
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

SHOWING = ("matplotlib", "graphviz", "seaborn", "IPython", "tqdm", "plotly", "pygraphviz", "pydot", "PIL", "cv2")
"""Packages that draw, show pictures or show progress; none of them computes a derivative."""
OF_PYTHON_2 = ("past", "future", "six")
"""Packages of names that Python 2 had."""
_OLD_NAMES = {
    "xrange": range, "basestring": str, "unicode": str, "text_type": str, "long": int, "raw_input": input,
    "unichr": chr, "cPickle": pickle,
}  # fmt: skip


class Finder:
    """A last finder, for the packages of SHOWING and OF_PYTHON_2 that are not installed.

    `used` are those of SHOWING that were asked for.
    """

    def __init__(self) -> None:
        self.used: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec whose module takes every attribute."""
        top = name.partition(".")[0]
        if top not in SHOWING + OF_PYTHON_2:
            return None
        if top in SHOWING and top not in self.used:
            self.used.append(top)
        return ModuleSpec(name, _Maker(), is_package=True)


class _Maker(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = []


class Anything:
    """Takes every call, attribute, item and `with`, and gives itself; iterated it is empty."""

    def __init__(self, *given: Any, **named: Any) -> None:
        """Any arguments, as those of a class that is derived from a stand-in."""

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
        if self.__name__.partition(".")[0] in OF_PYTHON_2:
            found = _OLD_NAMES.get(name, getattr(builtins, name, None))
            if found is None:
                raise AttributeError(f"nothing stands in for {self.__name__}.{name}")
            return found
        return iterated if name in ("tqdm", "trange") else Anything()


def iterated(iterable: Any = (), *_: Any, **__: Any) -> Any:
    """`tqdm.tqdm` and `tqdm.trange` without a bar."""
    return range(iterable) if isinstance(iterable, int) else iterable


@contextmanager
def standing_in() -> Iterator[Finder]:
    """Missing packages of SHOWING and OF_PYTHON_2 are stood in for, for all that is imported inside."""
    finder = Finder()
    sys.meta_path.append(finder)
    try:
        yield finder
    finally:
        sys.meta_path.remove(finder)
