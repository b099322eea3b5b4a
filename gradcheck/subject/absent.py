"""Stand-ins for packages that only show things: a file that draws can be judged where nothing can be drawn.

And for those that give Python 3 the names of Python 2, `past.builtins.xrange` and its like, which course files import.
Any other package that is missing, such as one that reads data, may be imported; what is called of it raises.
"""

from __future__ import annotations

import builtins
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
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

    `used` are those of SHOWING that were asked for; `lacking` the further packages that may be missing (`allow`).
    """

    def __init__(self) -> None:
        self.used: list[str] = []
        self.lacking: list[str] = []

    def allow(self, missing: ModuleNotFoundError) -> bool:
        """Whether a file whose import raised this can be imported again, with a stand-in for the package."""
        top = (missing.name or "").partition(".")[0]
        if not top or top in self.lacking or top in sys.stdlib_module_names or _is_known(top):
            return False
        self.lacking.append(top)
        return True

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec whose module takes every attribute."""
        top = name.partition(".")[0]
        if top in self.lacking:
            return ModuleSpec(name, _Maker(_Lacking), is_package=True)
        if top not in SHOWING + OF_PYTHON_2:
            return None
        if top in SHOWING and top not in self.used:
            self.used.append(top)
        return ModuleSpec(name, _Maker(_Module), is_package=True)


def _is_known(top: str) -> bool:
    """Whether a package of this name is installed: then a module of it is missing, and no stand-in tells which."""
    try:
        return find_spec(top) is not None
    except (ImportError, ValueError):  # a module without a spec
        return False


class _Maker(Loader):
    def __init__(self, kind: type[ModuleType]) -> None:
        self._kind = kind

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._kind(spec.name)

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


class Lacking:
    """What a missing package would hold: it may be named, as in an annotation; called or derived from, it raises."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __call__(self, *given: Any, **named: Any) -> Any:
        raise _missing(self._package)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        raise _missing(self._package)

    def __iter__(self) -> Iterator[Any]:
        raise _missing(self._package)

    def __getattr__(self, name: str) -> Lacking:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Lacking:
        return self

    def __or__(self, other: Any) -> Lacking:
        return self

    __ror__ = __or__

    def __instancecheck__(self, instance: Any) -> bool:
        return False


class _Lacking(ModuleType):
    def __getattr__(self, name: str) -> Lacking:
        package = self.__name__.partition(".")[0]
        if name == "__all__":  # of `from package import *`: the names that the file goes on with are missing
            raise _missing(package)
        if name.startswith("__"):
            raise AttributeError(name)
        return Lacking(package)


def _missing(package: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {package!r}", name=package)


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
        for name in [n for n in sys.modules if n.partition(".")[0] in finder.lacking]:
            del sys.modules[name]
